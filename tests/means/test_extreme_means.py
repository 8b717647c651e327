"""Fitted means of 0 and 1 to the last digit, dispersions of nothing and of everything.

References: formulas in the complement of the mean (which is known to all digits where the mean is
not), scipy's distributions, and the limits that distributions tend to.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

import mixedeffects as me
from mixedeffects import family as families
from mixedeffects.family import Response
from mixedeffects.inference.residual.pool import monte_carlo_p
from tests import tolerances as tol

KINDS = ("response", "pearson", "scaled", "working", "deviance")
LINKS = ("logit", "probit", "cloglog", "loglog")


def dose_table(family="binomial", seed=5):
    """Ten trials a row; the probability is 1 to the last digit for the larger doses."""
    rng = np.random.default_rng(seed)
    n = 90
    g = np.repeat(np.arange(15), 6)
    dose = np.linspace(0, 60, n)[rng.permutation(n)]
    p = expit(-20 + 1.5 * dose + 0.4 * rng.normal(size=15)[g])
    if family == "betabinomial":
        p = rng.beta(np.maximum(3 * p, 1e-9), np.maximum(3 * (1 - p), 1e-9))
    return {"k": rng.binomial(10, p), "n": np.full(n, 10), "dose": dose, "g": g}


def fitted(family="binomial", link="logit"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(
            "k / n ~ dose + (1 | g)", dose_table(family=family), family=family, link=link
        )


def complement(fit):
    """One minus the mean, and the mean, by scipy's survival functions of the linear predictor."""
    eta = fit.predictors[0]
    tails = {
        "logit": (stats.logistic.sf, stats.logistic.cdf), "probit": (stats.norm.sf, stats.norm.cdf),
        "cloglog": (stats.gumbel_l.sf, stats.gumbel_l.cdf),
        "loglog": (stats.gumbel_r.sf, stats.gumbel_r.cdf),
    }  # fmt: skip
    above, below = tails[fit.family.link.name]
    return above(eta), below(eta)


@pytest.mark.parametrize("link", LINKS)
def test_residuals_where_the_mean_is_one(link):
    fit = fitted(link=link)
    nu, mu = complement(fit)
    y, n = fit.response.y, fit.response.size
    assert (mu == 1.0).sum() > 10
    difference = np.where(mu > 0.5, nu - (n - y) / n, y / n - mu)
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = np.where(difference == 0, 0.0, difference / np.sqrt(mu * nu / n))
    for kind in ("pearson", "scaled"):
        np.testing.assert_allclose(
            fit.residuals(kind), pearson, rtol=tol.TAIL_RTOL, atol=tol.ROUNDING_E12
        )
    np.testing.assert_allclose(
        fit.residuals("response"), difference, rtol=tol.TAIL_RTOL, atol=tol.ROUNDING_E15
    )
    for kind in (*KINDS, "quantile"):
        assert np.isfinite(fit.residuals(kind, rng=1)).all(), kind


def test_working_residuals_of_sure_successes_are_one():
    """(1 - mu) / (mu (1 - mu)) = 1 / mu."""
    fit = fitted()
    sure = (fit.fitted == 1.0) & (fit.response.y == fit.response.size)
    np.testing.assert_allclose(fit.residuals("working")[sure], 1.0, rtol=tol.TAIL_RTOL)


def test_dispersion_where_the_mean_is_one():
    fit = fitted()
    found = fit.check_dispersion(199, rng=1)
    nu, mu = complement(fit)
    squares = fit.response.size * (nu - 1 + fit.response.y / fit.response.size) ** 2 / (mu * nu)
    used = mu * nu > 1e-300
    assert found["statistic"][0] == pytest.approx(squares[used].sum(), rel=tol.OPTIMUM_E6)
    assert np.isfinite(found["p_value"]).all() and (found["p_value"] >= 1 / 200).all()


def test_a_monte_carlo_p_value_is_never_zero():
    """(1 + count) / (1 + n), whatever the values are."""
    for first in (5.0, np.inf, -np.inf):
        for rest in (np.zeros(9), np.full(9, np.inf), np.arange(9.0)):
            values = np.r_[first, rest]
            assert monte_carlo_p(values) >= 1 / 10
            assert monte_carlo_p(values, upper_only=True) >= 1 / 10
    assert np.isnan(monte_carlo_p(np.array([np.nan, 1.0, 2.0])))
    assert monte_carlo_p(np.r_[np.inf, np.arange(9.0)]) == pytest.approx(2 / 10)


def test_no_degrees_of_freedom_are_not_fine():
    y = {"y": [3, 1, 4, 1, 5, 9], "x": [0, 1, 2, 3, 4, 5], "z": [1, 0, 0, 1, 0, 1],
         "g": list("aabbcc")}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = me.glmm("y ~ x * z + I(x**2) + (1 | g)", y, family="poisson")
        found = fit.check_dispersion(20, rng=1)
    assert np.isnan(found["p_value"][0])
    assert found["meaning"][0].startswith("cannot be said")


@pytest.mark.parametrize("link", [*LINKS, "cauchit"])
def test_a_beta_binomial_with_means_of_zero_and_one(link):
    fit = fitted("betabinomial", link)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        warnings.simplefilter("ignore", me.DataWarning)
        for groups in ("new", "conditional"):
            y = fit.simulate(40, rng=1, groups=groups)
            assert ((y >= 0) & (y <= 10)).all()
        for kind in ("pearson", "scaled", "quantile", "response", "working"):
            assert np.isfinite(fit.residuals(kind, rng=1)).all()
        tests = fit.quantile_residuals(40, rng=1).tests()
        assert np.isfinite(tests["p_value"]).all()
        assert len(fit.check_dispersion(20, rng=1)["p_value"]) == 3
        assert np.isfinite(fit.predict(interval="prediction")).all().all()
        fit.bootstrap(3, rng=1)


def test_the_beta_binomial_report_is_written(tmp_path):
    fit = fitted("betabinomial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit.report(tmp_path / "page.html")
    assert "betabinomial" in (tmp_path / "page.html").read_text(encoding="utf-8")


# --- draws ----------------------------------------------------------------------------------------

ROWS = 4000


def draws(family, *predictors, size=None):
    response = Response(np.ones(ROWS), None if size is None else np.full(ROWS, size))
    wide = [np.full(ROWS, float(x)) for x in predictors]
    return family.sample(np.random.default_rng(7), wide, response)


# family, predictors, the distribution that the draws have
DRAWN = {
    "beta-binomial, mean 1": (families.BetaBinomial(), (800.0, 1.0), 10, stats.randint(10, 11)),
    "beta-binomial, mean 0": (families.BetaBinomial(), (-800.0, 1.0), 10, stats.randint(0, 1)),
    "beta-binomial, no precision": (families.BetaBinomial(), (0.0, -800.0), 10, "ends"),
    "beta-binomial, all precision": (families.BetaBinomial(), (0.0, 800.0), 10,
                                     stats.binom(10, 0.5)),
    "beta-binomial": (families.BetaBinomial(), (0.5, 1.0), 10,
                      stats.betabinom(10, np.e * expit(0.5), np.e * expit(-0.5))),
    "nbinom2, theta infinite": (families.NegativeBinomial2(), (1.0, 800.0), None,
                                stats.poisson(np.e)),
    "nbinom1, phi zero": (families.NegativeBinomial1(), (1.0, -800.0), None, stats.poisson(np.e)),
    "t, df infinite": (families.StudentT(), (0.0, 0.0, 800.0), None, stats.norm()),
    "log series": (families.TruncatedNegativeBinomial2(), (-40.0, -41.0), None,
                   stats.logser(expit(1.0))),
    "log series 1": (families.TruncatedNegativeBinomial1(), (-40.0, 1.0), None,
                     stats.logser(expit(1.0))),
    "Levy": (families.InverseGaussian("log"), (800.0, 0.0), None, stats.levy()),
    "gamma": (families.Gamma(), (1.0, -1.0), None, stats.gamma(np.e, scale=1.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.filterwarnings("ignore:overflow")
def test_draws_at_the_ends_have_the_limits_distribution(name):
    family, predictors, size, wanted = DRAWN[name]
    y = draws(family, *predictors, size=size)
    if wanted == "ends":
        assert set(np.unique(y)) == {0.0, 10.0}
        assert stats.binomtest(int((y == 10).sum()), ROWS, 0.5).pvalue > tol.UNLIKELY
        return
    if family.discrete:
        values, counts = np.unique(y, return_counts=True)
        expected = ROWS * wanted.pmf(values)
        assert (
            np.abs(counts - expected)
            < tol.STANDARD_ERRORS_5 * np.sqrt(expected) + tol.STANDARD_ERRORS_3
        ).all()
        assert wanted.pmf(values).sum() > 0.98
    else:
        assert stats.kstest(y, wanted.cdf).pvalue > tol.UNLIKELY


def test_huge_means_are_drawn_and_infinite_ones_refused():
    y = draws(families.Poisson(), 50.0)
    assert y.mean() == pytest.approx(np.exp(50.0), rel=tol.ROUNDING_E9) and np.isfinite(y).all()
    table = {"y": [1, 3, 2, 50, 4, 0] * 4, "g": np.repeat(np.arange(8), 3)}
    fit = me.glmm("y ~ 1 + (1 | g)", table, family="poisson")
    from mixedeffects.inference.prediction.simulate import finite_responses

    with pytest.raises(me.NotAvailableError, match="2 of 3 simulated responses are too large"):
        finite_responses(np.array([1.0, np.inf, np.nan]), fit.family)


# --- distribution functions -----------------------------------------------------------------------

Y = np.array([1.0, 2.0, 5.0, 40.0])
BELOW = {
    "log series": (families.TruncatedNegativeBinomial2(), (-40.0, -41.0), stats.logser(expit(1.0))),
    "log series 1": (families.TruncatedNegativeBinomial1(), (-40.0, 1.0), stats.logser(expit(1.0))),
    "truncated, rare": (families.TruncatedPoisson(), (-30.0,), stats.randint(1, 2)),
    "nbinom2": (families.NegativeBinomial2(), (1.0, 40.0), stats.poisson(np.e)),
    "nbinom2, theta infinite": (families.NegativeBinomial2(), (1.0, 800.0), stats.poisson(np.e)),
    "nbinom1, phi zero": (families.NegativeBinomial1(), (1.0, -800.0), stats.poisson(np.e)),
    "t, df infinite": (families.StudentT(), (0.0, 0.0, 800.0), stats.norm()),
    "gamma, precise": (families.Gamma(), (1.0, -45.0), stats.norm(np.e, np.e * np.exp(-22.5))),
    "inverse Gaussian": (families.InverseGaussian("log"), (1.0, -2.0),
                         stats.invgauss(np.exp(-1.0), scale=np.exp(2.0))),
    "inverse Gaussian, precise": (families.InverseGaussian("log"), (0.0, -45.0),
                                  stats.norm(1.0, np.exp(-22.5))),
    "Levy": (families.InverseGaussian("log"), (800.0, 0.0), stats.levy()),
}  # fmt: skip


@pytest.mark.parametrize("name", BELOW)
@pytest.mark.filterwarnings("ignore:overflow")
def test_distribution_functions_at_the_ends(name):
    family, predictors, wanted = BELOW[name]
    wide = [np.full(Y.size, float(x)) for x in predictors]
    found = family.cdf(Response(Y), *wide)
    np.testing.assert_allclose(
        found, wanted.cdf(Y), rtol=tol.LIMIT_CDF_RTOL, atol=tol.ROUNDING_E300
    )


@pytest.mark.parametrize(("mean", "excess"), [(1e9, 0.05), (1e10, 0.5), (1e12, 10.0)])
@pytest.mark.parametrize("kind", [1, 2])
def test_huge_counts_that_vary_more_than_poisson_ones_are_not_taken_for_these(kind, mean, excess):
    """The normal distribution with Edgeworth's correction for skewness, of order 1 / mean."""
    family, dispersion = (
        (families.NegativeBinomial1(), excess) if kind == 1
        else (families.NegativeBinomial2(), mean / excess)
    )  # fmt: skip
    sd = np.sqrt(mean * (1 + excess))
    y = np.floor(mean + sd * np.array([-2.0, -1.0, 0.5, 1.0]))
    predictors = np.full(y.size, np.log(mean)), np.full(y.size, np.log(dispersion))
    z, skewness = (y + 0.5 - np.exp(predictors[0])) / sd, (1 + 2 * excess) / sd
    wanted = stats.norm.cdf(z) - skewness / 6 * (z * z - 1) * stats.norm.pdf(z)
    found = family.cdf(Response(y), *predictors)
    np.testing.assert_allclose(found, wanted, rtol=tol.HUGE_COUNT_RTOL)
    above = family.above(Response(y), *predictors)
    np.testing.assert_allclose(above, 1 - wanted, rtol=tol.HUGE_COUNT_RTOL)


def test_intervals_of_counts_beyond_whole_numbers():
    """Counts of 1e17 are 16 apart in floating point: bisection between neighbours never ends."""
    from mixedeffects.inference.prediction.predictive import predictive_quantiles

    eta = np.array([np.log(1e17), np.log(1e30)])
    mean = np.exp(eta)
    for p in (0.025, 0.975):
        found = predictive_quantiles(families.Poisson(), {"conditional": eta}, {}, p)
        wanted = mean + stats.norm.ppf(p) * np.sqrt(mean)
        np.testing.assert_allclose(found, wanted, rtol=tol.HUGE_COUNT_RTOL)


def test_ordered_probabilities_of_one_have_limits():
    """The logit of the last category's probability is eta minus the last threshold, exactly."""
    rng = np.random.default_rng(2)
    g, z = np.repeat(np.arange(20), 8), np.linspace(0, 60, 160)
    y = np.digitize(1.5 * z + rng.logistic(size=160) + 0.5 * rng.normal(size=20)[g], [12.0, 24.0])
    fit = me.glmm("y ~ z + (1 | g)", {"y": y, "z": z, "g": g}, family="ordinal")
    table = fit.predict(interval="confidence", groups="population")
    last = np.asarray(table["category"]) == "2"
    prediction, lower, upper = (
        np.asarray(table[c])[last] for c in ("prediction", "lower", "upper")
    )
    assert (prediction == 1.0).any() and np.isfinite(np.asarray(table["lower"])).all()
    at = fit.beta[0] * z - fit.extras["thresholds"][1]
    V = fit.vcov_parameters
    error = np.sqrt(z**2 * V[0, 0] - 2 * z * V[0, 2] + V[2, 2])
    normal = stats.norm.ppf(0.975)
    np.testing.assert_allclose(lower, expit(at - normal * error), rtol=tol.ORDINAL_LIMIT_RTOL)
    np.testing.assert_allclose(upper, expit(at + normal * error), rtol=tol.ORDINAL_LIMIT_RTOL)


def truncated_table(all_ones=False):
    """Counts of one and two that vary less than truncated Poisson counts; or of one only."""
    rng = np.random.default_rng(3)
    n = 100
    y = np.ones(n) if all_ones else 1.0 + (rng.random(n) < 0.2)
    return {"y": y, "x": rng.normal(size=n), "g": np.repeat(np.arange(20), 5)}


@pytest.mark.parametrize("family", ["truncated_nbinom1", "truncated_nbinom2"])
@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_truncated_counts_at_the_poisson_limit_are_predicted(family):
    """The limit is the zero-truncated Poisson: mean mu / (1 - exp(-mu)), scipy's quantiles."""
    data = truncated_table()
    fit = me.glmm("y ~ x + (1 | g)", data, family=family)
    assert fit.certificate.infinite == ("dispersion: (Intercept)",)
    mu = np.exp(fit.predictors[0])
    mean = mu / -np.expm1(-mu)
    np.testing.assert_allclose(fit.predict(), mean, rtol=tol.ROUNDING_E6)
    for interval in ("confidence", "prediction"):
        table = fit.predict(interval=interval)
        np.testing.assert_allclose(table["prediction"], mean, rtol=tol.ROUNDING_E6)
        assert (table["lower"] <= mean).all() and (mean <= table["upper"]).all()
    with pytest.warns(me.DataWarning) as said:
        fit.confint()
    # a family's limit: no predictor separates responses, and none could be left out of a test
    assert "separation" not in str(said[0].message) and "lrt" not in str(said[0].message)


@pytest.mark.parametrize("family", ["truncated_poisson", "truncated_nbinom1", "truncated_nbinom2"])
@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_counts_that_are_all_one_are_predicted_as_one(family):
    fit = me.glmm("y ~ x + (1 | g)", truncated_table(all_ones=True), family=family)
    np.testing.assert_allclose(fit.predict(), 1.0, rtol=tol.ROUNDING_E6)
    assert set(fit.check_dispersion(rng=1)["meaning"]) == {"as the model says"}
    str(fit.summary())


def test_a_chart_of_shares_says_that_r_squared_is_not_known():
    g = np.repeat(np.arange(20), 5)
    y = np.where(g % 2 == 0, np.random.default_rng(1).poisson(2.0, g.size) + 1, 0)
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        fit = me.glmm("y ~ arm + (1 | g)", {"y": y, "arm": g % 2, "g": g}, family="poisson")
    with pytest.warns(me.DataWarning, match="infinite then"):
        chart = fit.plot.variance()
    assert chart.subtitle[0].startswith("R squared is not known")
