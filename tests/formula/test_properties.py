"""Properties of the parser that hold for every text."""

from __future__ import annotations

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mixedeffects.errors import FormulaError
from mixedeffects.formula import parse

NAMES = st.sampled_from(["a", "b", "c", "x", "log(x)", "I(x^2)", "`a b`", "poly(x, 2)"])


def combine(inner):
    pair = st.tuples(inner, st.sampled_from([" + ", ":", "*", " - ", " %in% ", "/"]), inner)
    return pair.map("".join) | inner.map(lambda text: f"({text})")


TERMS = st.recursive(NAMES, combine, max_leaves=6)
BARS = st.sampled_from(["|", "||"])
GROUPS = st.sampled_from(["g", "g/h", "g:h", "factor(g)"])
RANDOM = st.tuples(st.sampled_from(["1", "x", "0 + x", "a*x"]), BARS, GROUPS).map(
    lambda parts: f"({' '.join(parts)})"
)


@given(TERMS, st.lists(RANDOM, max_size=3))
@settings(max_examples=200, deadline=None)
def test_canonical_text_means_the_same(terms, random):
    formula = parse(" + ".join([f"y ~ {terms}", *random]))
    again = parse(str(formula))
    assert again.fixed.intercept == formula.fixed.intercept
    assert set(map(frozenset, _sets(again))) == set(map(frozenset, _sets(formula)))
    assert [part.text for part in again.random] == [part.text for part in formula.random]


def _sets(formula):
    names = [variable.text for variable in formula.fixed.variables]
    return [[names[i] for i in term] for term in formula.fixed.terms]


@given(st.text(alphabet="yxg~+-*/:|()^.01 ,`'\"=<>!&[]%in_éß\n\t\\", max_size=40))
@example("y ~ \\")
@settings(max_examples=500, deadline=None)
def test_any_text_parses_or_is_a_formula_error(text):
    try:
        formula = parse(text)
    except FormulaError:
        return
    assert parse(str(formula)).fixed.intercept == formula.fixed.intercept


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_unicode_parses_or_is_a_formula_error(text):
    with contextlib.suppress(FormulaError):
        parse("y ~ " + text)


@given(st.permutations(["a", "b", "c"]), st.permutations(["a", "b", "c"]))
def test_interactions_do_not_depend_on_order(one, two):
    terms = parse(f"y ~ {':'.join(one)} + {':'.join(two)}").fixed.terms
    assert len(terms) == 1
