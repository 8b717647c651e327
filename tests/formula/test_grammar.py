"""What a formula text means: R's term algebra and lme4's random terms."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mixedeffects.formula import parse
from mixedeffects.formula.nodes import Chain, unparse


def fixed(text):
    formula = parse(f"y ~ {text}")
    return formula.fixed.intercept, formula.fixed.names


@pytest.mark.parametrize(
    ("text", "intercept", "names"),
    [
        ("x", True, ("x",)),
        ("1", True, ()),
        ("0 + x", False, ("x",)),
        ("x - 1", False, ("x",)),
        ("x + 0", False, ("x",)),
        ("-1 + x", False, ("x",)),
        ("0 + x + 1", True, ("x",)),
        ("b:a + a", True, ("a", "b:a")),
        ("a:b + b:a", True, ("a:b",)),
        ("a*b", True, ("a", "b", "a:b")),
        ("a*b*c - a:b:c", True, ("a", "b", "c", "a:b", "a:c", "b:c")),
        ("a:b + c", True, ("c", "a:b")),
        ("(a + b + c)^2", True, ("a", "b", "c", "a:b", "a:c", "b:c")),
        ("(a + b)**2", True, ("a", "b", "a:b")),
        ("a/b", True, ("a", "a:b")),
        ("(a + b)/c", True, ("a", "b", "a:b:c")),
        ("a/(b + c)", True, ("a", "a:b", "a:c")),
        ("a %in% b", True, ("a:b",)),
        ("a + b %in% a", True, ("a", "a:b")),
        ("a + b - a", True, ("b",)),
        ("(a + b) - (a)", True, ("b",)),
        ("log(x+1)*f", True, ("log(x + 1)", "f", "log(x + 1):f")),
        ("I( x**2 ) + I(x^2)", True, ("I(x^2)",)),
        ("poly(x,2,raw=TRUE)", True, ("poly(x, 2, raw=True)",)),
        ("total.fruits + `blood pressure`", True, ("total.fruits", "`blood pressure`")),
        ("_x + .y + größe", True, ("_x", ".y", "größe")),
        ("x + offset(log(n))", True, ("x",)),
        ("C(f, Treatment('b'))", True, ('C(f, Treatment("b"))',)),
    ],
)
def test_fixed_terms(text, intercept, names):
    assert fixed(text) == (intercept, names)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("(1|g)", ["(1 | g)"]),
        ("(x|g)", ["(1 + x | g)"]),
        ("(0+x|g)", ["(0 + x | g)"]),
        ("(-1+x|g)", ["(0 + x | g)"]),
        ("(x||g)", ["(1 + x || g)"]),
        ("(f*x||g)", ["(1 + f + x + f:x || g)"]),
        ("(1|a/b)", ["(1 | b:a)", "(1 | a)"]),
        ("(1|a/b/c)", ["(1 | c:b:a)", "(1 | b:a)", "(1 | a)"]),
        ("(1|(a/b))", ["(1 | b:a)", "(1 | a)"]),
        ("(1|a:b)", ["(1 | a:b)"]),
        ("(1|a*b)", ["(1 | a)", "(1 | b)", "(1 | a:b)"]),
        ("(1|a/(b:c))", ["(1 | b:c:a)", "(1 | a)"]),
        ("x + ((1|a) + (x|b))", ["(1 | a)", "(1 + x | b)"]),
        ("(((1|g)))", ["(1 | g)"]),
        ("(1|factor(id))", ["(1 | factor(id))"]),
        ("diag(1 + x | g)", ["(1 + x || g)"]),
        ("(1|a/b) + (1|a)", ["(1 | b:a)", "(1 | a)"]),
    ],
)
def test_random_terms(text, parts):
    assert [part.text for part in parse(f"y ~ {text}").random] == parts


def test_double_bar_is_diagonal_and_call_names_a_structure():
    formula = parse("y ~ (x || g) + us(t | h) + (1 | k)")
    assert [part.covariance for part in formula.random] == ["diag", "us", "us"]


def test_response_is_an_expression():
    ratio = parse("incidence / size ~ period").response
    assert isinstance(ratio, Chain)
    assert [unparse(part) for part in ratio.operands] == ["incidence", "size"]
    assert unparse(parse("cbind(a, b) ~ 1").response) == "cbind(a, b)"
    assert parse("log(y) ~ x").response_text == "log(y)"
    assert parse("~ x", response=False).response is None


def test_response_on_the_right_is_left_out():
    formula = parse("y ~ y + x")
    assert formula.fixed.names == ("x",)
    assert "left out" in formula.notes[0]


def test_a_bare_power_is_explained():
    assert parse("y ~ x^2").fixed.names == ("x",)
    assert "I(x^2)" in parse("y ~ x^2").notes[0]


def test_spans_point_into_the_text():
    text = "Reaction ~ Days + (1 + Days | Subject)"
    formula = parse(text)
    assert [text[name.start : name.end] for name in formula.columns] == [
        "Reaction", "Days", "Days", "Subject",
    ]  # fmt: skip
    part = formula.random[0]
    assert text[part.start : part.end] == "1 + Days | Subject"


def test_dot_waits_for_the_table():
    formula = parse("y ~ . + (1 | g)")
    assert formula.uses_dot
    resolved = formula.with_columns(("y", "a", "g", "b"))
    assert resolved.fixed.names == ("a", "b")
    assert resolved.column_names == ("y", "g", "a", "b")
    assert parse("y ~ (.)^2").with_columns(("y", "a", "b")).fixed.names == ("a", "b", "a:b")


def test_parse_is_cached():
    assert parse("y ~ x + (1 | g)") is parse("y ~ x + (1 | g)")


def test_long_sums_are_fine():
    names = [f"x{i}" for i in range(2_000)]
    assert parse("y ~ " + " + ".join(names)).fixed.names == tuple(names)


def test_parsing_needs_no_arrays():
    code = "import sys, mixedeffects.formula as f; f.parse('y ~ x'); print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_every_function_a_formula_can_call_is_implemented():
    from mixedeffects.design.transforms import PLAIN, STATEFUL
    from mixedeffects.formula import FUNCTIONS

    structural = {"factor", "as.factor", "C", "offset", "cbind", "c"}
    assert set(FUNCTIONS) == structural | set(PLAIN) | set(STATEFUL)
