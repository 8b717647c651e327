"""marginaleffects and maketables on generalised fits, against formulas written out by hand."""

from __future__ import annotations

import warnings

import marginaleffects as mfx
import numpy as np
import polars as pl
import pytest
from maketables import ETable

import mixedeffects as me
from mixedeffects.errors import NotAvailableError, OptionError
from tests import tolerances as tol
from tests.golden.glmm.frames import _frame


def numeric_delta(fit, value, n, step=1e-5):
    """Standard errors of a function of the first n parameters by central differences."""
    x = fit.estimates[:n]
    J = np.column_stack(
        [(value(x + step * e) - value(x - step * e)) / (2 * step) for e in np.eye(n)]
    )
    return np.sqrt(np.diag(J @ fit.vcov_parameters[:n, :n] @ J.T))


@pytest.fixture(scope="module")
def salamanders():
    frame = _frame("golden/salamanders").copy()
    frame["dry"] = (frame["mined"] == "yes").astype(float)
    return frame


@pytest.fixture(scope="module")
def zeros(salamanders):
    return me.glmm("count ~ dry + DOY + (1 | site)", salamanders, family="poisson", zi="~ cover")


@pytest.fixture(scope="module")
def cattle():
    frame = _frame("lme4/cbpp").copy()
    frame["visit"] = frame["period"].cat.codes.astype(float)
    return frame


@pytest.fixture(scope="module")
def wine():
    frame = _frame("ordinal/wine").copy()
    frame["warm"] = (frame["temp"] == "warm").astype(float)
    return me.glmm("rating ~ warm + (1 | judge)", frame, family="ordinal")


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_slopes_and_comparisons_of_a_probability(cattle, link):
    fit = me.glmm("incidence / size ~ visit + (1 | herd)", cattle, link=link)
    model = fit.to_marginaleffects()
    X, h = np.asarray(fit.design.X), fit.family.link.inverse

    def slope(x):
        step = np.array([0.0, 1e-4])
        return np.array([np.mean(h(X @ x + step[1] * x[1]) - h(X @ x - step[1] * x[1])) / 2e-4])

    found = mfx.avg_slopes(model)
    assert found["estimate"][0] == pytest.approx(slope(fit.beta)[0], rel=tol.TRUNCATION_E5)
    assert found["std_error"][0] == pytest.approx(
        numeric_delta(fit, slope, 2)[0], rel=tol.TRUNCATION_E3
    )

    def difference(x):
        return np.array([np.mean(h(X @ x + x[1]) - h(X @ x))])

    found = mfx.avg_comparisons(model, variables={"visit": 1.0}, comparison="difference")
    # marginaleffects centres the step: half of it to each side, or not, by release
    centred = np.mean(h(X @ fit.beta + fit.beta[1] / 2) - h(X @ fit.beta - fit.beta[1] / 2))
    assert (
        min(abs(found["estimate"][0] - v) for v in (difference(fit.beta)[0], centred))
        < tol.TRUNCATION_E8
    )


def test_log_odds_ratios_are_coefficients(cattle):
    fit = me.glmm("incidence / size ~ visit + (1 | herd)", cattle)
    model = fit.to_marginaleffects(scale="link")
    found = mfx.avg_slopes(model, eps_vcov=1.0)
    assert found["estimate"][0] == pytest.approx(fit.beta[1], rel=tol.TRUNCATION_E6)
    assert found["std_error"][0] == pytest.approx(
        np.sqrt(fit.vcov_beta[1, 1]), rel=tol.TRUNCATION_E6
    )


def test_predictions_of_zero_inflated_counts(zeros, salamanders):
    model = zeros.to_marginaleffects()
    X, Z = np.asarray(zeros.design.X), np.asarray(zeros.design.others["zi"].X)

    def mean(x):
        return np.exp(X @ x[:3]) / (1 + np.exp(Z @ x[3:]))

    found = mfx.predictions(model)
    np.testing.assert_allclose(found["estimate"], mean(zeros.estimates[:5]), rtol=tol.ROUNDING_E10)
    se = numeric_delta(zeros, mean, 5)
    np.testing.assert_allclose(found["std_error"], se, rtol=tol.MARGINAL_SE_RTOL)
    by = mfx.avg_predictions(model, by="dry").sort("dry")
    for value, row in zip((0.0, 1.0), by["estimate"], strict=True):
        rows = salamanders["dry"].to_numpy() == value
        assert row == pytest.approx(mean(zeros.estimates[:5])[rows].mean(), rel=tol.ROUNDING_E10)
    # a column that only the zeros' formula reads has a slope too
    assert set(mfx.avg_slopes(model)["term"]) == {"DOY", "cover", "dry"}
    same = mfx.predictions(zeros.to_marginaleffects(salamanders))
    np.testing.assert_allclose(same["estimate"], found["estimate"], rtol=tol.ROUNDING_E12)


def test_probabilities_of_categories(wine):
    found = mfx.predictions(wine.to_marginaleffects())
    P = wine.family.probabilities(np.asarray(wine.design.X) @ wine.beta, wine.extras["thresholds"])
    frame = pl.DataFrame({"rowid": found["rowid"], "group": found["group"]}).with_columns(
        found["estimate"], found["std_error"]
    )
    for k, label in enumerate("12345"):
        own = frame.filter(pl.col("group") == label).sort("rowid")
        np.testing.assert_allclose(own["estimate"], P[:, k], rtol=tol.ROUNDING_E10)
    table = wine.emmeans("warm", scale="response").tidy()
    for label in "12345":
        row = frame.filter((pl.col("group") == label) & (pl.col("rowid") == 0))
        value = float(wine.design.X[0, 0])
        ours = table[(table["rating"] == label) & (table["warm"] == value)]
        assert row["std_error"][0] == pytest.approx(
            ours["std_error"].iloc[0], rel=tol.TRUNCATION_E4
        )
    slopes = mfx.avg_slopes(wine.to_marginaleffects(), variables="warm")
    assert abs(slopes["estimate"].sum()) < tol.TRUNCATION_E8


def test_offsets_count(salamanders):
    frame = _frame("golden/owls")
    fit = me.glmm(
        "SiblingNegotiation ~ ArrivalTime + offset(log(BroodSize)) + (1 | Nest)",
        frame,
        family="poisson",
    )
    found = mfx.predictions(fit.to_marginaleffects())
    eta = np.asarray(fit.design.X) @ fit.beta + np.log(frame["BroodSize"])
    np.testing.assert_allclose(found["estimate"], np.exp(eta), rtol=tol.ROUNDING_E10)


def test_refusals_say_why(zeros, wine):
    with pytest.raises(NotAvailableError, match="linear mixed models"):
        zeros.to_marginaleffects(vcov="CR2")
    with pytest.raises(OptionError, match="scale="):
        zeros.to_marginaleffects(scale="mean")
    model = zeros.to_marginaleffects()
    with pytest.raises(NotAvailableError, match="normal distribution"):
        model.t_tests(mfx.avg_slopes(model))
    with pytest.raises(NotAvailableError, match="linear mixed models"):
        model.get_vcov("CR0")
    assert model.get_vcov(False) is None


def test_tables_of_generalised_models(zeros, salamanders, wine):
    linear = me.lmm("count ~ dry + (1 | site)", salamanders)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = ETable([zeros, linear, wine]).df
    text = table.to_string()
    for word in ("cover (zi)", "zero_inflated_poisson (log)", "ordinal (logit)", "z (Wald)"):
        assert word in text
    frame = zeros.__maketables_coef_table__
    np.testing.assert_allclose(frame["b"], zeros.estimates[:5], rtol=tol.ROUNDING_E12)
    assert frame.index.tolist() == ["Intercept", "dry", "DOY", "Intercept (zi)", "cover (zi)"]
    assert zeros.__maketables_stat__("ll") == zeros.loglik
    assert zeros.__maketables_stat__("Residual SD") is None
    assert linear.__maketables_stat__("Family") is None
    assert "Family" in zeros.__maketables_default_stat_keys__
    with pytest.raises(NotAvailableError):
        zeros.to_maketables(ddf="kenward-roger")
