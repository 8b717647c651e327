"""The doctor on what a formula says: numbers in interactions only, random terms that fixed effects
determine, and links that leave the range of the mean. Right values: dense linear algebra, the same
columns made by hand, and the definition of a probability.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.inference.checkup import column_sizes, lost_columns, spanned_effects
from tests import tolerances as tol

pytestmark = [
    pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::mixedeffects.DataWarning"),
]


def table(n=200, groups=20, seed=1):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"g": np.arange(n) % groups, "u": rng.normal(size=n)})
    d["c"] = np.array(list("ab"))[rng.integers(0, 2, n)]
    d["k"] = rng.integers(0, 5, n)
    d["year"] = 2000 + 5 * d["u"]
    d["stamp"] = 1.7e9 + d["u"]  # seconds
    d["big"], d["small"] = 1e6 * rng.normal(size=n), 1e-5 * rng.normal(size=n)
    d["y"] = rng.normal(size=groups)[d["g"]] + (d["c"] == "b") + 0.3 * d["u"] + rng.normal(size=n)
    return d


def said(fit, name):
    checks = fit.diagnose(remedies=False).checks().set_index("check")
    return checks.loc[name, "verdict"], checks.loc[name, "words"]


# --- numbers that occur in interactions only ---------------------------------------------------


@pytest.mark.parametrize(
    "formula", ["y ~ c:year + (1 | g)", "y ~ c + c:year + (1 | g)", "y ~ u + (c:year | g)",
                "y ~ c / year + (1 | g)", "y ~ year:u + (1 | g)"],
)  # fmt: skip
def test_sizes_of_numbers_in_interactions_are_those_of_the_table(formula):
    d = table()
    found = {s.name: s for s in column_sizes(me.lmm(formula, d))}
    assert found["year"].mean == pytest.approx(d["year"].mean())
    assert found["year"].sd == pytest.approx(d["year"].std(ddof=0), rel=tol.OPTIMUM_E6)


@pytest.mark.parametrize("formula", ["y ~ c:stamp + (1 | g)", "y ~ c + c:stamp + (1 | g)",
                                     "y ~ c * stamp + (1 | g)"])  # fmt: skip
def test_a_time_stamp_lost_in_an_interaction_is_named_and_brought_back(formula):
    d = table()
    fit = me.lmm(formula, d)
    assert lost_columns(fit) == ["stamp"]
    verdict, words = said(fit, "scale")
    assert verdict == "problem" and "center(stamp)" in words
    assert "stamp is constant to 7 digits; subtract its mean" in str(fit)
    diagnosis = fit.diagnose()
    assert diagnosis.formula == formula.replace("stamp", "center(stamp)").replace(
        "c * center(stamp)", "c + center(stamp) + c:center(stamp)"
    )
    by_hand = d.assign(stamp=d["stamp"] - d["stamp"].mean())
    known = me.lmm(formula, by_hand)
    assert diagnosis.fit.loglik == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    mended = me.lmm(formula, d, remedy=True)
    assert mended.loglik == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)


def test_empty_cells_are_not_taken_for_distance():
    d = table()
    d = d[(d["c"] == "a") | (d["k"] != 3)]
    fit = me.lmm("y ~ c * factor(k) * u + (1 | g)", d)
    assert fit.design.aliased and not lost_columns(fit)


def test_collinearity_by_the_place_of_zero_is_explained_in_interactions_too():
    verdict, words = said(me.lmm("y ~ c + c:year + (1 | g)", table()), "collinearity")
    assert verdict == "problem" and "center(year)" in words
    verdict, _ = said(me.lmm("y ~ c + c:u + (1 | g)", table()), "collinearity")
    assert verdict == "fine"


def test_units_in_interactions_are_seen():
    verdict, words = said(me.lmm("y ~ c:big + c:small + (1 | g)", table()), "scale")
    assert verdict == "look" and "'big' and 'small'" in words
    verdict, words = said(me.lmm("y ~ u + (c:year || g)", table()), "scale")
    assert verdict == "look" and "center(year)" in words


# --- random terms that the fixed effects determine ---------------------------------------------

SPANNED = {
    "y ~ c + (1 | c)": {"(1 | c)": ("1",)},
    "y ~ c + (1 | g) + (1 | c)": {"(1 | c)": ("1",)},
    "y ~ 0 + c + (1 | g) + (1 | c)": {"(1 | c)": ("1",)},
    "y ~ factor(k) + (1 | g) + (1 | k)": {"(1 | k)": ("1",)},
    "y ~ c * u + (1 | g) + (u | c)": {"(1 + u | c)": ("1", "u")},
    "y ~ c + (1 | g) + (u | c)": {"(1 + u | c)": ("1",)},
    "y ~ c * factor(k) + (1 | g) + (1 | c:k)": {"(1 | c:k)": ("1",)},
    "y ~ k + (1 | g) + (1 | k)": {},
    "y ~ c + (1 | g)": {},
    "y ~ u + (u | g)": {},
    "y ~ c * u + (1 | g) + (1 | k)": {},
}


def dense_reml(fit, theta):
    """REML criterion at relative factors, by dense matrices, up to a constant."""
    X, y, n = np.asarray(fit.design.X), fit.design.y, fit.design.n
    V = np.eye(n)
    at = 0
    for block in fit.design.blocks:
        k = block.k
        L = np.zeros((k, k))
        L[np.tril_indices(k)] = theta[at : at + k * (k + 1) // 2]
        at += k * (k + 1) // 2
        Z = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z)
        same = block.factor.codes[:, None] == block.factor.codes
        V += same * (Z @ L @ L.T @ Z.T)
    inverse = np.linalg.inv(V)
    XVX = X.T @ inverse @ X
    P = inverse - inverse @ X @ np.linalg.solve(XVX, X.T @ inverse)
    size = n - X.shape[1]
    return np.linalg.slogdet(V)[1] + np.linalg.slogdet(XVX)[1] + size * np.log(y @ P @ y)


@pytest.mark.parametrize("formula", SPANNED)
def test_terms_that_the_fixed_effects_determine_are_those_reml_does_not_depend_on(formula):
    fit = me.lmm(formula, table())
    found = spanned_effects(fit)
    assert found == SPANNED[formula]
    # intercepts alone, first entry of each term: REML moves with it, or it does not
    theta = np.full(fit.theta.size, 0.7)
    at = 0
    for block in fit.design.blocks:
        (term,) = block.terms
        flat = "1" in found.get(term.text, ()) and block.k == 1
        moved = theta.copy()
        moved[at] = 2.5
        change = abs(dense_reml(fit, moved) - dense_reml(fit, theta))
        assert (change < 1e-6) == flat or block.k > 1
        at += block.k * (block.k + 1) // 2


@pytest.mark.parametrize("formula", [f for f, gone in SPANNED.items() if gone and "g)" in f])
def test_such_a_term_is_dropped_and_no_optimiser_is_tried(formula):
    d = table()
    diagnosis = me.lmm(formula, d).diagnose()
    assert diagnosis.changed and not spanned_effects(diagnosis.fit)
    assert "(1 | g)" in diagnosis.formula
    tried = diagnosis.tidy()
    assert tried.loc[tried["remedy"] == "another optimiser", "formula"].tolist() == [""]
    assert "cannot be told from the fixed effects" in diagnosis.reason
    asked = diagnosis.asked
    assert diagnosis.fit.loglik == pytest.approx(asked.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert "anything to mend" not in str(diagnosis)
    # the same by maximum likelihood and of counts, where the variance is put at zero
    ml = me.lmm(formula, d, reml=False).diagnose()
    assert ml.formula == diagnosis.formula
    d["y"] = np.random.default_rng(2).poisson(np.exp(0.3 * d["y"]))
    counts = me.glmm(formula, d, family="poisson").diagnose()
    assert not spanned_effects(counts.fit)


def test_where_no_random_effect_would_be_left_that_is_said():
    d = table()
    diagnosis = me.lmm("y ~ c + (1 | c)", d).diagnose()
    assert not diagnosis.changed
    assert "Leave out (1 | c)" in diagnosis.reason and "ordinary regression" in diagnosis.reason
    X = np.column_stack([np.ones(200), d["c"] == "b"]).astype(float)
    rss = float(np.linalg.lstsq(X, d["y"], rcond=None)[1][0])
    sign, log = np.linalg.slogdet(X.T @ X)
    reml = -0.5 * (198 * (1 + np.log(2 * np.pi * rss / 198)) + log)
    assert sign > 0 and f"log-likelihood {reml:.3f}" in diagnosis.reason


# --- the edge of the mean's range --------------------------------------------------------------


def risks(n=400, groups=40, seed=1):
    """Probabilities near 1 and counts near 0, for links that do not keep to either."""
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"g": np.arange(n) % groups, "x": rng.uniform(size=n)})
    p = np.minimum(np.exp(-1.2 + 1.3 * d["x"] + 0.3 * rng.normal(size=groups)[d["g"]]), 1.0)
    d["y"] = (rng.random(n) < p).astype(int)
    d["k"], d["n"] = rng.binomial(10, p), 10
    d["count"] = rng.poisson(np.maximum(0.3 + 3 * d["x"] - 2 * (d["x"] < 0.1), 1e-3))
    d["f"] = np.where(d["x"] > 0.7, "high", np.where(d["x"] > 0.4, "middle", "low"))
    return d


@cache
def risky(formula, family, link):
    """The fit to `risks`, kept: it takes hundreds of evaluations to come to rest at an edge."""
    return me.glmm(formula, risks(), family=family, link=link)


EDGES = {
    ("y ~ x + (1 | g)", "binomial", "log"): (1, "logit"),
    ("k / n ~ x + (1 | g)", "binomial", "log"): (1, "logit"),
    ("y ~ x + (1 | g)", "binomial", "identity"): (1, "logit"),
    ("count ~ x + (1 | g)", "poisson", "identity"): (0, "log"),
    ("count ~ x + (1 | g)", "nbinom2", "identity"): (0, "log"),
}


@pytest.mark.parametrize("case", EDGES)
def test_the_edge_is_named_in_certificate_summary_and_diagnosis_and_nothing_is_tried(case):
    (formula, family, link), (edge, better) = case, EDGES[case]
    fit = risky(*case)
    nearest = np.abs(fit.fitted - edge).min()
    assert nearest < tol.AT_THE_EDGE and not fit.converged
    certificate = fit.certificate
    assert f"are {edge} (" in certificate.message and f"'{link}'" in certificate.message
    assert certificate.advice[0].startswith(f'use link="{better}"')
    assert not any("scale" in words for words in certificate.advice)
    assert f'link="{better}"' in str(fit)
    diagnosis = fit.diagnose()
    assert not diagnosis.trials and not diagnosis.changed
    assert f'link="{better}"' in diagnosis.reason and "scale" not in diagnosis.reason
    assert "not suit" in " ".join(diagnosis.notes) and "problem: edge" in str(diagnosis)
    if family == "binomial" and link == "log":
        assert 'family="poisson"' in diagnosis.reason
    healthy = me.glmm(formula, risks(), family=family, link=better)
    assert healthy.converged and "edge" not in str(healthy.diagnose(remedies=False))


def test_a_link_that_stays_inside_of_the_data_is_not_accused():
    rng = np.random.default_rng(5)
    d = risks()
    d["y"] = (rng.random(400) < np.exp(-2.5 + 0.8 * d["x"])).astype(int)
    fit = me.glmm("y ~ x + (1 | g)", d, family="binomial", link="log")
    assert fit.converged and "edge" not in str(fit.diagnose(remedies=False))


@pytest.mark.parametrize("interval", [None, "confidence", "prediction"])
@pytest.mark.parametrize("groups", ["conditional", "population"])
def test_a_prediction_that_is_no_mean_is_nan_with_the_reason(interval, groups):
    fit = risky("y ~ x + (1 | g)", "binomial", "log")
    new = {"x": [0.0, 0.5, 1.4, 3.0], "g": [0, 0, 0, 0]}
    with pytest.warns(me.DataWarning, match=r"2 of 4 predictions are nan: .*above 1"):
        found = fit.predict(new, groups=groups, interval=interval, new_levels="population")
    eta = fit.predict(new, scale="link", groups=groups, new_levels="population")
    wanted = np.where(eta > 0, np.nan, np.exp(eta))
    given = found if interval is None else found["prediction"].to_numpy()
    np.testing.assert_allclose(given, wanted)
    if interval is not None:
        assert found.iloc[2:].isna().all(axis=None) and (found["upper"].iloc[:2] <= 1).all()


def test_negative_counts_are_nan_and_lower_limits_end_at_zero():
    fit = risky("count ~ x + (1 | g)", "poisson", "identity")
    new = {"x": [-0.5, 0.02, 0.5], "g": [0, 0, 0]}
    with pytest.warns(me.DataWarning, match="below 0"):
        found = fit.predict(new, interval="confidence")
    assert found.iloc[0].isna().all() and (found["lower"].iloc[1:] >= 0).all()


def test_usual_links_predict_as_ever_and_warn_of_nothing():
    d = risks()
    new = {"x": [-5.0, 0.5, 9.0], "g": [0, 1, 2]}
    for formula, family, link in (
        ("y ~ x + (1 | g)", "binomial", "logit"), ("count ~ x + (1 | g)", "poisson", "log"),
        ("count ~ x + (1 | g)", "poisson", "sqrt"), ("x ~ f + (1 | g)", "gaussian", "identity"),
    ):  # fmt: skip
        rows = new | ({"f": ["low", "high", "middle"]} if "f" in formula else {})
        fit = me.glmm(formula, d, family=family, link=link)
        with warnings.catch_warnings():
            warnings.simplefilter("error", me.DataWarning)
            assert np.isfinite(fit.predict(rows)).all()


def test_marginal_means_that_are_none_are_nan():
    fit = me.glmm("y ~ x + f + (1 | g)", risks(), family="binomial", link="log")
    means = fit.emmeans("f", at={"x": 2.0}, scale="response")
    link = fit.emmeans("f", at={"x": 2.0}, scale="link").tidy()
    eta = np.asarray(link["estimate"])
    np.testing.assert_allclose(means.tidy()["estimate"], np.where(eta > 0, np.nan, np.exp(eta)))
    assert np.isnan(means.tidy()["estimate"]).any()
    assert any("beyond 1" in note for note in means.notes)
    inside = fit.emmeans("f", at={"x": 0.2}, scale="response")
    assert np.isfinite(inside.tidy()["estimate"]).all()
    assert (inside.tidy()["upper"] <= 1).all()
    assert not any("beyond" in note for note in inside.notes)
