"""Every unreadable formula gives a FormulaError that points at the fault and says what to do."""

from __future__ import annotations

import itertools
import re
import time

import pytest

from mixedeffects.errors import FormulaError
from mixedeffects.formula import parse
from mixedeffects.formula.functions import FUNCTIONS
from mixedeffects.formula.parser import ELSEWHERE
from tests.tolerances import PARSE_SECONDS


def caret(error):
    """The piece of the formula that the carets underline."""
    lines = str(error).split("\n")
    for above, below in itertools.pairwise(lines):
        if below.strip() and set(below.strip()) == {"^"}:
            start = below.index("^")
            return above[start : len(below)]
    return None


@pytest.mark.parametrize(
    ("text", "message", "marked", "advice"),
    [
        ("y x", "has no '~'", "y x", "(1 | group)"),
        ("", "has no '~'", "", "(1 | group)"),
        ("y ~", "nothing is on the right of '~'", "~", "intercept"),
        ("~ x", "has no response", "~", "before '~'"),
        ("y ~ x ~ z", "two '~'", "~", ""),
        ("y ~ x +", "nothing follows '+'", "+", ""),
        ("y ~ * x", "missing before '*'", "*", ""),
        ("y ~ 1|g", "needs parentheses", "1|g", "did you mean (1 | g)?"),
        ("y ~ x + 1|g", "needs parentheses", "x + 1|g", "did you mean (x + 1 | g)?"),
        ("y ~ x > 5 + z + (1|g)", "not a term", "x > 5 + z + (1|g)", "I(x > 5) + z + (1 | g)?"),
        ("y ~ x + corr(1|g)", "unknown covariance structure 'corr'", "corr", "us, diag, cs"),
        ("y ~ (1|)", "no grouping factor", "|", "(1 | g)"),
        ("y ~ (|g)", "left of the bar", "|", "(1 | g)"),
        ("y ~ (0|g)", "no effects", "0|g", "(1 | g)"),
        ("y ~ x + (1|g", "never closed", "(", ""),
        ("y ~ log(x", "never closed", "(", ""),
        ("y ~ x)", "closes nothing", ")", ""),
        ("y ~ ()", "nothing is inside", "()", ""),
        ("y ~ patient id", "an operator is missing", "id", "`patient id`"),
        ("y ~ Age (years) + x", "unknown function 'Age'", "Age", "`Age (years)`"),
        ("y ~ x + Error(id)", "unknown function 'Error'", "Error", "(1 | subject)"),
        ("y ~ s(x) + (1 | g)", "unknown function 's'", "s", "ns(x, 4)"),
        ("y ~ x + random(g)", "unknown function 'random'", "random", "(1 | g)"),
        ("y ~ lag(x)", "unknown function 'lag'", "lag", "make it there"),
        ("y ~ a b", "an operator is missing", "b", "'+'"),
        ("y ~ x$b", "'$' is not part of a formula", "$", "name the column itself"),
        ("y ~ x; z", "';' is not part", ";", "one formula"),
        ("y ~ 2x", "neither a number nor a name", "2x", "`2x`"),
        ("y ~ 'a", "never closed", "'", "closing quote"),
        ("y ~ `a", "never closed", "`", "closing backtick"),
        ("y ~ ``", "empty", "``", ""),
        ("y ~ 3", "3 is not a term", "3", "I(...)"),
        ("y ~ x > 3", "not a term", "x > 3", "I(x > 3)"),
        ("y ~ x^z", "whole number", "z", "I(x^z)"),
        ("y ~ x^0", "1 or more", "0", ""),
        ("y ~ lgo(x)", "unknown function 'lgo'", "lgo", "did you mean 'log'"),
        ("y ~ np.log(x)", "unknown function 'np.log'", "np.log", "did you mean 'log'"),
        ("y ~ x * (1|g)", "can only be added", "x * (1|g)", "+ (1 | g)"),
        ("y ~ x - (1|g)", "cannot be subtracted", "(1|g)", "leave it out"),
        ("y ~ (1|a+b)", "not a grouping factor", "a+b", "(1 | a) + (1 | b)"),
        ("y ~ (1|1)", "not a grouping factor", "1", "column"),
        ("y ~ ((1|a)|b)", "bar inside", "(1|a)|b", ""),
        ("y ~ (.|g)", "'.' cannot", ".|g", ""),
        ("y ~ log(.)", "cannot be used inside", ".", ""),
        ("y ~ log(a:b)", "cannot be used inside", "a:b", "log(x):f"),
        ("y ~ offset(a, b)", "one expression", "offset(a, b)", ""),
        ("y ~ x - offset(z)", "cannot be removed", "offset(z)", ""),
        ("y ~ cbind(a, b)", "not a predictor", "cbind(a, b)", ""),
        ("1 ~ x", "names no column", "1", ""),
        ("y ~ poly(x, degree=2, degree=3)", "given twice", "degree", ""),
        ("y ~ poly(degree=2, x)", "without a name", "x", ""),
    ],
)
def test_message_place_and_advice(text, message, marked, advice):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert advice in str(caught.value)
    if marked:
        assert caret(caught.value) == marked


@pytest.mark.parametrize(
    "text",
    [
        "y ~ I(__import__('os').system('x'))",
        "y ~ eval('1')",
        "y ~ open('/etc/passwd')",
        "y ~ I((lambda: 0)())",
        "y ~ x.__class__()",
        "y ~ I(x[0])",
        "y ~ getattr(x, 'a')",
        "y ~ `log`(x)",
        "y ~ {x}",
        "y ~ I(x := 3)",
        "y ~ f'{x}'",
    ],
)
def test_nothing_outside_the_registry_can_be_called(text):
    with pytest.raises(FormulaError):
        parse(text)


def test_import_is_named_as_unknown_function():
    with pytest.raises(FormulaError, match="unknown function '__import__'"):
        parse("y ~ I(__import__('os').system('x'))")


@pytest.mark.parametrize(
    "text",
    [
        "y ~ " + "(" * 10_000,
        "y ~ " + "-" * 10_000 + "x",
        "y ~ " + "log(" * 5_000 + "x" + ")" * 5_000,
        "y ~ " + "!" * 10_000 + "x",
        "y ~ " + "x^" * 10_000 + "2",
        "y ~ (" + " + ".join(f"a{i}" for i in range(60)) + ")^50",
        "y ~ " + "*".join(f"a{i}" for i in range(60)),
        "y ~ " + ":".join(["(" + "+".join(f"a{j}_{i}" for i in range(20)) + ")" for j in range(9)]),
        "y ~ (1|" + "/".join(f"a{i}" for i in range(500)) + ")",
        "y ~ " + "x + " * 100_000 + "x",
        "y ~ x^99999999999999999999",
    ],
    ids=range(11),
)
def test_hostile_formulas_are_refused_quickly(text):
    start = time.process_time()
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert time.process_time() - start < PARSE_SECONDS
    assert len(str(caught.value)) < 1_000


def test_text_is_needed():
    with pytest.raises(FormulaError, match="a formula is a text, not int"):
        parse(3)


def test_what_is_written_here_for_functions_of_other_packages_can_be_read():
    offered = " ".join(ELSEWHERE.values())
    found = re.findall(r"(?:ns|bs|C)\(x, [^()]*(?:\([^()]*\))?\)|\(1[^()]*\)", offered)
    assert len(found) >= 8
    for term in found:
        assert parse(f"y ~ 1 + {term}")
    assert not set(ELSEWHERE) & set(FUNCTIONS)
