"""Prediction intervals: errors against dense linear algebra, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

import mixedeffects as me
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.prediction import gls_errors
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, fits
from tests.oracles.dense import random_effects_matrix
from tests.oracles.prediction import error_covariance


def simulated(n=500, a=90, b=30, seed=1):
    rng = np.random.default_rng(seed)
    table = {
        "a": rng.integers(0, a, n),
        "b": rng.integers(0, b, n),
        "x": rng.standard_normal(n),
        "w": rng.uniform(0.5, 3.0, n),
    }
    u, v = rng.standard_normal(a), rng.standard_normal((b, 2))
    y = 1 + table["x"] + u[table["a"]] + v[table["b"], 0] + v[table["b"], 1] * table["x"]
    table["y"] = y + rng.standard_normal(n) / np.sqrt(table["w"])
    return table


def dense_errors(fit):
    """Standard errors of x'beta^ + z'b^ for the rows of the fit."""
    design = fit.design
    n = design.n
    blocks = [
        (b.factor.codes, np.ones((n, 1)) if b.Z is None else np.asarray(b.Z)) for b in design.blocks
    ]
    weights = np.ones(n) if design.weights is None else design.weights
    X = np.asarray(design.X)
    Z = np.hstack([random_effects_matrix(codes, z) for codes, z in blocks])
    covariance = error_covariance(X, blocks, fit.lambdas, weights, X, Z)
    return fit.sigma * np.sqrt(np.diag(covariance))


SMALL = [
    ("lme4", "sleepstudy", "Reaction ~ Days + (Days | Subject)", {}),
    ("lme4", "sleepstudy", "Reaction ~ Days + (Days || Subject)", {"reml": False}),
    ("lme4", "sleepstudy", "Reaction ~ 0 + (Days | Subject)", {}),
    ("lme4", "Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", {}),
    ("lme4", "Pastes", "strength ~ 1 + (1 | batch / cask)", {}),
    ("lme4", "Dyestuff2", "Yield ~ 1 + (1 | Batch)", {}),
    ("lme4", "cake", "angle ~ recipe * temperature + (1 | recipe:replicate)", {}),
    ("nlme", "Machines", "score ~ Machine + (Machine | Worker) + (1 | Worker:Machine)", {}),
    ("nlme", "Orthodont", "distance ~ age + (age | Subject)", {"weights": "age"}),
]


@pytest.mark.parametrize(("package", "name", "formula", "options"), SMALL)
def test_errors_of_small_models_are_the_dense_ones(rdata, package, name, formula, options):
    fit = me.lmm(formula, rdata(package, name), **options)
    assert fit.plan.layout.small or name == "cake"
    se = fit.predict(interval="confidence")["std_error"].to_numpy()
    assert se == pytest.approx(dense_errors(fit), rel=tol.PREDICTION_ERROR_RTOL)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x + (x | a)", {}),
        ("y ~ x + (1 | a) + (x | b)", {}),
        ("y ~ x + (x | a) + (x || b)", {"weights": "w"}),
        ("y ~ x + (1 | a) + (1 | b)", {"engine": "sparse"}),
        ("y ~ x + (x | a) + (x | b)", {"engine": "sparse"}),
    ],
)
def test_errors_of_larger_models_are_the_dense_ones(formula, options):
    fit = me.lmm(formula, simulated(), **options)
    assert not fit.plan.layout.small
    se = fit.predict(interval="confidence")["std_error"].to_numpy()
    assert se == pytest.approx(dense_errors(fit), rel=tol.PREDICTION_ERROR_RTOL)


@pytest.mark.parametrize("name", ["sleepstudy_slopes", "cake", "machines", "npk_aliased", "exam"])
def test_population_errors_are_rs(name):
    fit = fits(name, True)[-1]
    golden = SERIES[name]["population"]
    found = fit.predict(groups="population", interval="confidence").iloc[golden["rows"]]
    assert found["prediction"].to_numpy() == pytest.approx(golden["mean"], rel=tol.PROGRAM_E5)
    assert found["std_error"].to_numpy() == pytest.approx(golden["se"], rel=tol.PROGRAM_E4)


def test_new_rows_are_predicted_like_the_fits_own():
    table = simulated()
    fit = me.lmm("y ~ x + (x | a) + (1 | b)", table)
    some = {name: values[40:60] for name, values in table.items()}
    for options in (
        {"interval": "confidence"},
        {"interval": "prediction"},
        {"interval": "prediction", "groups": "population"},
        {"interval": "confidence", "groups": "population", "ddf": "wald"},
    ):
        new, own = fit.predict(some, **options), fit.predict(**options)
        for name, values in own.items():
            assert new[name].to_numpy() == pytest.approx(
                values[40:60].to_numpy(), rel=tol.ROUNDING_E12
            )


def test_what_each_interval_adds():
    table = simulated()
    fit = me.lmm("y ~ x + (x | b)", table)
    new = {"x": np.array([0.5, 0.5]), "b": np.array([3, 999])}
    G = fit.varcorr.terms[0].covariance
    z = np.array([1.0, 0.5])
    between, noise = z @ G @ z, fit.sigma**2

    def errors(**options):
        return np.asarray(fit.predict(new, **options)["std_error"]) ** 2

    fixed = z @ fit.vcov() @ z
    zero = errors(interval="confidence", new_levels="population")
    marginal = errors(interval="confidence", new_levels="marginal")
    assert zero[1] == pytest.approx(fixed)
    assert marginal - zero == pytest.approx([0.0, between])
    assert errors(interval="prediction", new_levels="marginal") - marginal == pytest.approx(noise)
    population = {"groups": "population"}
    assert errors(interval="confidence", **population) == pytest.approx(fixed)
    assert errors(interval="prediction", **population) == pytest.approx(fixed + between + noise)
    assert errors(interval="prediction", new_levels="population", **population) == pytest.approx(
        fixed + noise
    )
    assert zero[0] < between  # a seen group is known better than a new one


def test_quantiles(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)

    def half(**options):
        f = fit.predict(level=0.9, **options).iloc[5]
        assert f["prediction"] - f["lower"] == pytest.approx(f["upper"] - f["prediction"])
        return (f["upper"] - f["prediction"]) / f["std_error"]

    assert half(interval="confidence") == pytest.approx(norm.ppf(0.95))
    assert half(interval="prediction", groups="population", ddf="wald") == pytest.approx(
        norm.ppf(0.95)
    )
    # of a new observation of a new subject: more than the 17 of the mean alone
    new = half(interval="prediction", groups="population")
    assert norm.ppf(0.95) < new < t.ppf(0.95, 17)
    assert half(interval="confidence", groups="population", ddf="wald") == pytest.approx(
        norm.ppf(0.95)
    )
    # both coefficients have 17 degrees of freedom (lmerTest), and so has every combination here
    assert half(interval="confidence", groups="population") == pytest.approx(
        t.ppf(0.95, 17), rel=tol.APPROXIMATION_2E2
    )


def test_weights_of_new_observations():
    table = simulated()
    fit = me.lmm("y ~ x + (1 | b)", table, weights="w")
    own = fit.predict(interval="prediction").to_dict("series")
    own = {name: values.to_numpy() for name, values in own.items()}
    plain = fit.predict(interval="confidence")
    gain = own["std_error"] ** 2 - plain["std_error"].to_numpy() ** 2
    assert gain == pytest.approx(fit.sigma**2 / table["w"])
    some = {name: values[:7] for name, values in table.items()}
    by_column = fit.predict(some, interval="prediction", weights="w")
    assert by_column["std_error"].to_numpy() == pytest.approx(own["std_error"][:7])
    by_number = fit.predict(some, interval="prediction", weights=table["w"][:7])
    assert by_number["upper"].to_numpy() == pytest.approx(own["upper"][:7])
    with pytest.raises(OptionError, match="prior weights"):
        fit.predict(some, interval="prediction")
    assert np.all(fit.predict(some, interval="prediction", weights=1e12)["std_error"] > 0)
    for wrong in (-1.0, np.nan, "nobody", np.ones(3)):
        with pytest.raises((OptionError, DataError)):
            fit.predict(some, interval="prediction", weights=wrong)


def test_missing_predictors_are_nan_in_place(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    new = {"Days": [1.0, np.nan, 3.0], "Subject": ["308", "308", "309"]}
    found = fit.predict(new, interval="prediction", weights=[1.0, 1.0, 4.0])
    assert np.isnan(found.iloc[1].to_numpy()).all()
    assert np.isfinite(found.iloc[[0, 2]].to_numpy()).all()
    mean = fit.predict(new)
    assert found["prediction"].to_numpy() == pytest.approx(mean, nan_ok=True)


def test_refusals(sleepstudy, monkeypatch):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    for options in (
        {"interval": "credible"},
        {"interval": "confidence", "level": 1.0},
        {"groups": "nobody"},
        {"new_levels": "ignore"},
        {"interval": "confidence", "groups": "population", "ddf": "lme4"},
        {"interval": "confidence", "ddf": "containment"},
    ):
        with pytest.raises(OptionError):
            fit.predict(**options)
    with pytest.raises(DataError, match="not in the fit"):
        fit.predict({"Days": [1], "Subject": ["new"]}, interval="prediction")
    monkeypatch.setattr(gls_errors, "MOST_FLOPS", 100.0)
    with pytest.raises(NotAvailableError, match="rows at a time"):
        fit.predict(interval="confidence")
    assert fit.predict(groups="population", interval="confidence").shape == (180, 4)


def test_a_loaded_fit_predicts_the_same(sleepstudy, tmp_path):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    fit.save(tmp_path / "fit.npz", rows=True)
    loaded = me.load(tmp_path / "fit.npz").predict(interval="prediction")
    own = fit.predict(interval="prediction")
    assert loaded["upper"].to_numpy() == pytest.approx(own["upper"].to_numpy(), rel=tol.ROUNDING_E9)


def test_coverage_of_seen_and_new_groups():
    rng = np.random.default_rng(21)
    J, k, R = 40, 6, 150
    codes = np.repeat(np.arange(J), k)
    x = rng.standard_normal(J * k)
    covered = {"mean": [], "seen": [], "new": []}
    for _ in range(R):
        b = rng.standard_normal((J, 2)) @ np.array([[1.0, 0.3], [0.0, 0.6]])
        mean = 2 + x + b[codes, 0] + b[codes, 1] * x
        fit = me.lmm(
            "y ~ x + (x | g)", {"y": mean + rng.standard_normal(J * k), "x": x, "g": codes}
        )
        own = fit.predict(interval="confidence")
        covered["mean"].append(np.mean((own["lower"] < mean) & (mean < own["upper"])))
        again = mean + rng.standard_normal(J * k)
        seen = fit.predict(interval="prediction")
        covered["seen"].append(np.mean((seen["lower"] < again) & (again < seen["upper"])))
        u = rng.standard_normal(2) @ np.array([[1.0, 0.3], [0.0, 0.6]])
        at = rng.standard_normal(30)
        fresh = 2 + at + u[0] + u[1] * at + rng.standard_normal(30)
        new = fit.predict(
            {"x": at, "g": np.full(30, 999)}, interval="prediction", new_levels="marginal"
        )
        covered["new"].append(np.mean((new["lower"] < fresh) & (fresh < new["upper"])))
    for name, shares in covered.items():
        assert np.mean(shares) == pytest.approx(0.95, abs=tol.SAMPLED_3E2), name


def test_new_groups_of_few_are_predicted_with_the_uncertainty_of_the_variance():
    """Balanced one-way layout, exact moments: df of v = MSA (1/(an) + 1/n) + MSE (1 - 1/n)."""
    rng = np.random.default_rng(2)
    a, n = 6, 5
    g = np.repeat(np.arange(a), n)
    y = 3.0 * rng.normal(size=a)[g] + rng.normal(size=a * n)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    means = y.reshape(a, n).mean(axis=1)
    between = n * means.var(ddof=1)
    within = ((y - means[g]) ** 2).sum() / (a * n - a)
    parts = np.array([between * (1 / (a * n) + 1 / n), within * (1 - 1 / n)])
    df = parts.sum() ** 2 / (parts**2 / [a - 1, a * n - a]).sum()
    got = fit.predict({"g": [99]}, groups="population", interval="prediction", level=0.9)
    assert got["std_error"][0] == pytest.approx(np.sqrt(parts.sum()), rel=tol.OPTIMUM_E5)
    half = (got["upper"][0] - got["lower"][0]) / 2
    assert half == pytest.approx(t.ppf(0.95, df) * np.sqrt(parts.sum()), rel=tol.OPTIMUM_E4)
    same = fit.predict({"g": [99]}, new_levels="marginal", interval="prediction", level=0.9)
    assert same["upper"][0] == pytest.approx(got["upper"][0], rel=tol.ROUNDING_E8)


def test_options_are_checked_also_where_no_interval_is_asked_for(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", sleepstudy)
    with pytest.raises(me.OptionError, match=r"0\.95"):
        fit.predict(level=95)


def test_only_rows_of_which_every_level_is_new_have_a_t_quantile():
    """A row with one known group is the normal's; with none it has degrees of freedom."""
    rng = np.random.default_rng(4)
    g, h = np.repeat(np.arange(8), 12), np.tile(np.arange(6), 16)
    y = rng.normal(size=8)[g] + rng.normal(size=6)[h] + rng.normal(size=96)
    fit = me.lmm("y ~ 1 + (1 | g) + (1 | h)", {"y": y, "g": g, "h": h})
    new = {"g": [1, 1, 99, 99], "h": [2, 99, 2, 99]}
    for interval in ("confidence", "prediction"):
        table = fit.predict(new, new_levels="marginal", interval=interval, level=0.9)
        width = (table["upper"] - table["lower"]) / (2 * table["std_error"])
        assert width[:3].to_numpy() == pytest.approx(norm.ppf(0.95), rel=tol.ROUNDING_E9)
        assert width[3] > norm.ppf(0.955)
