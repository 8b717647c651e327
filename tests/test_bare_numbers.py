"""No bare number in a test: every tolerance has a name, and its reason, in tests/tolerances.py."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from tests.bare_numbers import bare_numbers, tolerances_used

TESTS = Path(__file__).resolve().parent
FILES = [
    path
    for path in sorted(TESTS.rglob("*.py"))
    if path.name != "tolerances.py" and path.parent.name != "make"
]


def test_every_tolerance_has_a_name():
    found, used = [], 0
    for path in FILES:
        tree = ast.parse(path.read_text())
        used += len(tolerances_used(tree))
        found += [
            f"{path.relative_to(TESTS)}:{place.expression.lineno}: "
            f"{place.kind} {ast.unparse(place.expression)}"
            for place in bare_numbers(tree)
        ]
    assert used > 700
    assert found == [], "put them into tests/tolerances.py, with a reason:\n" + "\n".join(found)


def test_every_name_has_a_reason_and_is_used():
    """A comment stands above each name, or above the first of its group."""
    text = (TESTS / "tolerances.py").read_text()
    explained, names = False, []
    for line in text.splitlines():
        if line.startswith("#"):
            explained = not line.startswith("# ---")
        elif "=" in line and line[:1].isupper():
            assert explained, line
            names.append(line.split(" ")[0])
        elif not line:
            explained = False
    assert len(names) == len(set(names)) > 100
    tokens = set()
    for path in FILES:
        words = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        tokens |= {token.string for token in words if token.type == tokenize.NAME}
    assert sorted(set(names) - tokens) == []


@pytest.mark.parametrize(
    "line",
    [
        "approx(1.0, rel=1e-6)",
        "approx(1.0, 1e-6)",
        "assert_allclose(a, b, 1e-6)",
        "np.allclose(a, b, rtol=tol.ROUNDING, atol=1e-9)",
        "np.isclose(a, b, atol=1e-9 * np.abs(b).max())",
        "close(a, b, **{'rtol': 1e-9})",
        "OWN = 1e-9\nnp.isclose(a, b, atol=OWN * scale)",
        "def close(a, b, *, rtol=1e-9): ...",
        "assert abs(a - b) < 1e-6",
        "assert np.linalg.norm(a - b) <= 1e-6 * tol.ROUNDING",
        "assert 1e-6 > np.abs(a - b).max()",
        "assert (np.abs(a - b) < 4 * error).all()",
        "np.testing.assert_array_almost_equal(a, b, decimal=3)",
        "math.isclose(a, b, abs_tol=0.5)",
    ],
)
def test_a_bare_number_is_found(line):
    assert len(bare_numbers(ast.parse("from tests import tolerances as tol\n" + line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "approx(1.0)",
        "approx(1.0, abs=tol.ROUNDING)",
        "assert_allclose(a, b, rtol=0, atol=10 * tol.ROUNDING * np.abs(b).max())",
        "assert abs(a - b) < tol.ERRORS * np.sqrt(0.25 / n)",
        "assert abs(a - b) < np.abs(c).max()",
        "assert abs(a - b) > 3.0",
        "assert p_value < 0.05",
        "near = abs(a - b) < 0.3",
        "assert abs(a - b) < max(1.0, scale) * tol.ROUNDING",
        "assert abs(a - b) < row['se'] * found[3]",
    ],
)
def test_what_has_a_name_or_is_no_tolerance_is_not(line):
    assert bare_numbers(ast.parse("from tests import tolerances as tol\n" + line)) == []
