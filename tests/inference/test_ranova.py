"""Tests of random terms against lmerTest::ranova."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.inference.comparison.random_terms import reductions
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, as_list, fits


def bare(term):
    """A term as both programs write it."""
    return term.replace(" ", "").replace("(1+", "(")


@pytest.mark.parametrize("name", SERIES)
def test_ranova_is_lmertests(name):
    golden = SERIES[name]["ranova"]
    table = fits(name, True)[-1].ranova()
    terms = [bare(term) for term in table["term"]]
    places = [terms.index(bare(term)) for term in golden["term"]]
    assert len(places) == len(terms)
    ours = table.iloc[places]
    assert ours["npar"].tolist() == golden["npar"]
    assert ours["loglik"].to_numpy() == pytest.approx(golden["loglik"], abs=tol.CRITERION_ABS)
    assert ours["lrt"][1:].to_numpy() == pytest.approx(golden["lrt"][1:], abs=tol.CHISQ_ABS)
    assert ours["df"][1:].tolist() == golden["df"][1:]
    assert ours["p_naive"][1:].to_numpy() == pytest.approx(golden["p"][1:], rel=tol.P_RTOL)
    assert (ours["p_value"][1:] <= ours["p_naive"][1:]).all()


def test_the_last_random_term_leaves_least_squares(dyestuff):
    y = dyestuff["Yield"].to_numpy(float)
    n = y.size
    for reml, nu in ((True, n - 1), (False, n)):
        rss = ((y - y.mean()) ** 2).sum()
        loglik = -0.5 * (nu * (1 + np.log(2 * np.pi * rss / nu)) + (np.log(n) if reml else 0.0))
        fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff, reml=reml)
        assert fit.ranova()["loglik"][1] == pytest.approx(loglik, rel=tol.ROUNDING_E10)
        assert fit.ranova()["aic"][1] == pytest.approx(-2 * loglik + 4)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ x + (x | g)", ["x in (1 + x | g)"]),
        ("y ~ x + (x || g)", ["1 in (1 + x || g)", "x in (1 + x || g)"]),
        ("y ~ x + (x + f | g)", ["x in (1 + x + f | g)", "f in (1 + x + f | g)"]),
        ("y ~ x + (x * f | g)", ["x:f in (1 + x + f + x:f | g)"]),
        ("y ~ x + (0 + f | g)", ["f in (0 + f | g)"]),
        ("y ~ x + (0 + x | g)", ["(0 + x | g)"]),
        ("y ~ x + (1 | g) + (0 + x | g)", ["(1 | g)", "(0 + x | g)"]),
        ("y ~ x + (poly(x, 2) | g) + (1 | h)", ["poly(x, 2) in (1 + poly(x, 2) | g)", "(1 | h)"]),
        ("y ~ x + (1 | g / h)", ["(1 | h:g)", "(1 | g)"]),
    ],
)
def test_what_is_left_out(formula, words):
    rng = np.random.default_rng(5)
    n = 300
    table = {
        "y": rng.standard_normal(n),
        "x": rng.standard_normal(n),
        "f": np.array(list("abc"))[rng.integers(0, 3, n)],
        "g": rng.integers(0, 12, n),
        "h": rng.integers(0, 7, n),
    }
    fit = me.lmm(formula, table)
    assert [r.words for r in reductions(fit.design)] == words
    found = fit.ranova()
    assert found["term"].tolist() == ["<none>", *words]
    assert (found["df"][1:] > 0).all() and (found["lrt"][1:] >= 0).all()


def test_each_row_is_the_fit_of_the_smaller_formula(rdata):
    data = rdata("mlmRev", "ScotsSec")
    fit = me.lmm("attain ~ verbal + (verbal | second) + (1 | primary)", data)
    table = fit.ranova()
    for row, formula in enumerate(
        [
            "attain ~ verbal + (1 | second) + (1 | primary)",
            "attain ~ verbal + (verbal | second)",
        ]
    ):
        words = ["verbal in", "(1 | primary)"][row]
        (place,) = [i for i, t in enumerate(table["term"]) if t.startswith(words)]
        assert table["loglik"][place] == pytest.approx(
            me.lmm(formula, data).loglik, abs=tol.OPTIMUM_E5
        )


def test_cell_means_become_an_intercept_beside_another_term_of_the_group():
    rng = np.random.default_rng(6)
    n = 400
    g, f, x = rng.integers(0, 20, n), rng.integers(0, 3, n), rng.standard_normal(n)
    b = rng.standard_normal((20, 4))
    y = b[g, 0] + 0.5 * b[g, 1 + f] + 0.8 * x * rng.standard_normal(20)[g]
    table = {"y": y + rng.standard_normal(n), "x": x, "f": np.array(list("abc"))[f], "g": g}
    found = me.lmm("y ~ x + (0 + f | g) + (0 + x | g)", table).ranova()
    (place,) = np.flatnonzero(found["term"] == "f in (0 + f | g)")
    smaller = me.lmm("y ~ x + (1 | g) + (0 + x | g)", table)
    assert found["loglik"][place] == pytest.approx(smaller.loglik, abs=tol.OPTIMUM_E5)


def test_reml_or_ml_is_the_fits_own():
    assert as_list(SERIES["dyestuff"]["formulas"])
    reml, ml = fits("dyestuff", True)[0], fits("dyestuff", False)[0]
    assert reml.ranova()["loglik"][0] == reml.loglik
    assert ml.ranova()["loglik"][0] == ml.loglik


def test_ranova_of_weights_offset_and_no_fixed_columns():
    rng = np.random.default_rng(2)
    g = rng.integers(0, 15, 150)
    table = {
        "y": rng.standard_normal(15)[g] + rng.standard_normal(150),
        "x": rng.standard_normal(150),
        "w": rng.uniform(0.5, 2, 150),
        "g": g,
    }
    fit = me.lmm("y ~ 0 + offset(x) + (1 | g)", table, weights="w")
    w, r = table["w"], table["y"] - table["x"]
    n, rss = 150, float(w @ r**2)
    expected = -0.5 * (n * (1 + np.log(2 * np.pi * rss / n)) - np.log(w).sum())
    assert fit.ranova()["loglik"][1] == pytest.approx(expected, rel=tol.ROUNDING_E10)
