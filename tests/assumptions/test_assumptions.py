"""What response and residuals say against a model, against lme4 (tests/golden/make/assumptions.R),
SciPy, dense linear algebra, and simulations of models that are true.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.assumptions import assumptions
from mixedeffects.assumptions.counts import dispersion_ratio
from mixedeffects.assumptions.covariates import numeric_predictors
from mixedeffects.assumptions.curvature import score_of_square
from mixedeffects.assumptions.limits import critical
from mixedeffects.assumptions.moments import (
    excess_kurtosis,
    kurtosis_score,
    skewness,
    skewness_score,
)
from mixedeffects.assumptions.spread import _along
from mixedeffects.assumptions.standardised import row_leverages, standardised
from mixedeffects.estimation.laplace import LaplaceObjective, row_slopes
from mixedeffects.fitting import problem_of
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/assumptions/assumptions.json").read_text()
)["models"]
PLAIN = "y ~ x + t + c + (1 | g)"

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")
every_golden = pytest.mark.parametrize("name", GOLDEN)


@cache
def golden_fit(name):
    model = golden_models()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return me.lmm(
            model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"]
        )


def verdicts(fit):
    """Name of every check of assumptions to its verdict."""
    return {check.name: check.verdict for check in assumptions(fit)[0]}


def grouped(rng, n=200, groups=20):
    """Predictors of rows, groups (x, t, c) and of groups (w), and a linear predictor of them."""
    g = np.arange(n) % groups
    d = pd.DataFrame({"g": g, "x": rng.normal(size=n), "t": rng.integers(0, 6, n)})
    d["c"] = np.array(list("uvw"))[rng.integers(0, 3, n)]
    d["w"] = rng.normal(size=groups)[g]
    eta = 0.5 * d["x"] + 0.3 * d["t"] + (d["c"] == "v") + 0.5 * rng.normal(size=groups)[g]
    return d, eta.to_numpy()


# --- the numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [25, 100, 1000])
@pytest.mark.parametrize("kind", ["normal", "exponential"])
def test_moments_in_standard_errors_are_scipys(n, kind):
    z = getattr(np.random.default_rng(n), kind)(size=n)
    assert skewness_score(skewness(z), n) == pytest.approx(stats.skewtest(z).statistic)
    assert kurtosis_score(excess_kurtosis(z), n) == pytest.approx(stats.kurtosistest(z).statistic)


@every_golden
def test_standardised_residuals_are_lme4s(name):
    known, found = GOLDEN[name], standardised(golden_fit(name))
    assert found.n == pytest.approx(known["independent"], abs=tol.RESIDUAL_DF_ABS)
    for function, key in ((skewness, "skewness"), (excess_kurtosis, "kurtosis")):
        assert function(found.z) == pytest.approx(known[key], abs=tol.RESIDUAL_MOMENT_ABS)


@every_golden
def test_scores_of_squares_are_likelihood_ratios_to_first_order(name):
    fit, known = golden_fit(name), GOLDEN[name]["squares"]
    found = {x: score_of_square(fit, v) for x, v in numeric_predictors(fit).items()}
    found = {x: one for x, one in found.items() if one is not None}
    for x, ratio in known.items():
        t, size = found[x]
        if ratio <= tol.SMALL_RATIO and name != "mmmec_offset":  # its variances change with it
            assert t**2 == pytest.approx(ratio, abs=tol.SCORE_AND_RATIO_ABS)
        # accused only where lme4's test rejects as clearly
        if size >= 0.2 and verdicts(fit).get("curvature") != "fine":
            assert stats.chi2.sf(ratio, 1) < 1e-2


@every_golden
def test_golden_models_are_accused_where_lme4s_residuals_say_so_and_nowhere_else(name):
    known, said = GOLDEN[name], verdicts(golden_fit(name))
    n = known["independent"]
    curved = any(stats.chi2.sf(ratio, 1) < 1e-4 for ratio in known["squares"].values())
    if said.get("curvature", "fine") != "fine":
        assert curved
    if "tails" not in said:  # too few rows for moments
        assert len(golden_fit(name).design.y) <= 20
        return
    if said["skewness"] != "fine":
        assert abs(known["skewness"]) >= 0.5
        assert abs(skewness_score(known["skewness"], n)) > stats.norm.isf(5e-4)
    heavy = known["kurtosis"] >= 1 and kurtosis_score(known["kurtosis"], n) > stats.norm.isf(5e-4)
    assert (said["tails"] != "fine") == heavy


# standard deviations of residuals by thirds of the fitted values, predictors or levels: of the
# data sets whose spread is named, that of the widest part is so many times that of the narrowest
@pytest.mark.parametrize(
    "name", ["cake_temp_ml", "glucose2_nested", "ratpup", "soybean", "spruce", "wheat2_many_fixed",
             "chickweight", "grunfeld_zero_year"],
)  # fmt: skip
def test_where_spread_is_named_it_differs_by_simple_means(name):
    fit = golden_fit(name)
    assert verdicts(fit)["spread"] != "fine"
    z = pd.Series(fit.residuals("scaled"))
    ways = [pd.qcut(fit.fitted, 3, duplicates="drop")]
    frame = golden_frame(golden_models()[name])
    for column in fit.design.sources.columns:
        values = frame[column]
        if values.nunique() <= 12:
            ways.append(values)
        elif pd.api.types.is_numeric_dtype(values):
            ways.append(pd.qcut(values, 3, duplicates="drop"))
    apart = []
    for way in ways:
        parts = [part for _, part in z.groupby(np.asarray(way)) if len(part) >= 10]
        if len(parts) < 2:
            continue
        sds = [part.std() for part in parts]
        apart.append((max(sds) / min(sds), stats.levene(*parts).pvalue))
    assert any(ratio > 1.5 and p < 1e-3 for ratio, p in apart)


@pytest.mark.parametrize("nested", [False, True])
def test_row_slopes_are_derivatives_by_a_further_column(nested):
    rng = np.random.default_rng(3)
    d, eta = grouped(rng)
    d["y"] = rng.poisson(np.exp(eta))
    terms = "(1 + x | g)" if nested else "(1 | g)"
    fit = me.glmm(f"y ~ x + c + {terms}", d, family="poisson")
    slopes = np.asarray(row_slopes(fit.evaluation))
    if fit.row_of is not None:
        slopes = (slopes / np.bincount(fit.row_of))[fit.row_of]
    q = d["x"].to_numpy() ** 2
    values = []
    for step in (-tol.ROW_SLOPE_STEP, tol.ROW_SLOPE_STEP):
        d["o"] = step * q
        moved = me.glmm(f"y ~ x + c + offset(o) + {terms}", d, family="poisson")
        problem, groups, _, _ = problem_of(moved.design, moved.family, moved.response)
        x = np.empty(problem.n_parameters)
        x[: problem.n_fixed] = np.linalg.solve(groups[0].T, fit.beta)
        x[problem.n_fixed :] = problem.covariance_parameters.from_user(fit.theta)
        objective = LaplaceObjective(problem)
        with objective.exactly():
            values.append(objective.value(x))
    slope = (values[1] - values[0]) / (2 * tol.ROW_SLOPE_STEP)
    assert q @ slopes == pytest.approx(slope, rel=tol.ROW_SLOPE_RTOL)


def test_the_score_of_a_square_is_that_of_dense_linear_algebra():
    """q'Py / sqrt(q'Pq) with V as a matrix, of a column of rows and of one of groups."""
    rng = np.random.default_rng(8)
    d, eta = grouped(rng, 120, 12)
    d["y"] = eta + d["w"] + d["w"] ** 2 + rng.normal(size=120)
    fit = me.lmm("y ~ x + w + (1 | g)", d)
    Z = np.eye(12)[d["g"]]
    V = fit.sigma**2 * (np.eye(120) + fit.theta[0] ** 2 * Z @ Z.T)
    X = np.asarray(fit.design.X)
    inverse = np.linalg.inv(V)
    P = inverse - inverse @ X @ np.linalg.inv(X.T @ inverse @ X) @ X.T @ inverse
    for name in ("x", "w"):
        q = ((d[name] - d[name].mean()) / d[name].std(ddof=0)).to_numpy() ** 2
        wanted = q @ P @ d["y"] / np.sqrt(q @ P @ q)
        assert score_of_square(fit, d[name].to_numpy())[0] == pytest.approx(wanted)


def test_dispersion_is_chi_squared_over_dense_degrees_of_freedom():
    rng = np.random.default_rng(5)
    frame, eta = grouped(rng, 300, 30)
    frame["y"] = rng.negative_binomial(1.5, 1.5 / (1.5 + np.exp(eta)))
    fit = me.glmm(PLAIN, frame, family="poisson")
    mu = np.exp(fit.predictors[0])
    Z, X = np.eye(30)[frame["g"]] * fit.theta[0], np.asarray(fit.design.X)
    both = np.column_stack([X, Z])
    inner = both.T @ (mu[:, None] * both)
    penalty = np.diag(np.r_[np.zeros(X.shape[1]), np.ones(30)])
    trace = np.trace(np.linalg.solve(inner + penalty, inner))
    assert row_leverages(fit).sum() == pytest.approx(trace, rel=tol.GLMM_HAT_TRACE_RTOL)
    chi2 = ((frame["y"] - mu) ** 2 / mu).sum()
    ratio, _ = dispersion_ratio(fit)
    assert ratio == pytest.approx(chi2 / (300 - row_leverages(fit).sum()))


# --- models that are plainly wrong ------------------------------------------------------------

WRONG = {
    "exponentiated": ("skewness", lambda e, rng: np.exp(e + rng.normal(size=e.size))),
    "scores at a cap": (
        "values",
        lambda e, rng: np.minimum(np.round(50 + 10 * (e + rng.normal(size=e.size))), 62.0),
    ),
    "a floor of zero": (
        "values", lambda e, rng: np.maximum(e - 1.0 + rng.normal(size=e.size), 0.0)
    ),
    "0 / 1": ("values", lambda e, rng: (e + rng.normal(size=e.size) > 1).astype(int)),
    "true / false": ("values", lambda e, rng: e + rng.normal(size=e.size) > 1),
    "two other numbers": ("values", lambda e, rng: np.where(e > 1 + rng.normal(size=e.size), 7, 3)),
    "noise that grows": ("spread", lambda e, rng: 5 * e + np.exp(e) * rng.normal(size=e.size)),
    "gross errors": (
        "tails", lambda e, rng: e + rng.normal(size=e.size) + 40.0 * (np.arange(e.size) == 5)
    ),
}  # fmt: skip


@pytest.mark.parametrize("flavour", ["pandas", "polars", "dict"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_linear_model_is_not_healthy_though_its_optimum_is_certified(name, flavour):
    if flavour == "polars":
        pl = pytest.importorskip("polars")
    check, make = WRONG[name]
    rng = np.random.default_rng(11)
    d, eta = grouped(rng)
    table = d.assign(y=make(eta, rng))
    if flavour == "polars":
        table = pl.DataFrame({column: table[column].to_list() for column in table})
    elif flavour == "dict":
        table = {column: table[column].to_numpy() for column in table}
    diagnosis = me.lmm(PLAIN, table).diagnose()
    said = {c.name: c.verdict for c in diagnosis._facts.checks}
    assert said["optimum"] == "fine" and said[check] == "problem"
    assert not diagnosis.healthy
    for text in (str(diagnosis), diagnosis._repr_html_()):
        assert "anything to mend" not in text and "Assumptions: " in text and "problem" in text
    assert str(diagnosis).startswith("Optimum: certified")


def test_a_curved_effect_is_seen_of_rows_of_groups_in_interactions_and_of_counts():
    rng = np.random.default_rng(12)
    d, eta = grouped(rng, 400, 40)
    bent = eta + 0.7 * d["x"] ** 2
    for y, formula in (
        (bent + rng.normal(size=400), PLAIN),
        (bent + rng.normal(size=400), "y ~ c + c:x + (1 | g)"),
        (bent + rng.normal(size=400), "y ~ center(x) + c + (1 | g)"),
        (eta + 1.5 * d["w"] ** 2 + rng.normal(size=400), "y ~ w + (1 | g)"),
    ):
        assert verdicts(me.lmm(formula, d.assign(y=y)))["curvature"] != "fine"
    counts = d.assign(y=rng.poisson(np.exp(eta - 0.4 * d["x"] ** 2)))
    for more in ({}, {"nagq": 5}, {"nagq": 0}):
        fit = me.glmm(PLAIN, counts, family="poisson", **more)
        assert verdicts(fit)["curvature"] != "fine"
    mended = me.glmm("y ~ poly(x, 2) + t + c + (1 | g)", counts, family="poisson")
    assert verdicts(mended)["curvature"] == "fine"
    for formula in ("y ~ x + I(x^2) + (1 | g)", "y ~ factor(t) + t + (1 | g)"):
        fit = me.lmm(formula, d.assign(y=bent + rng.normal(size=400)))
        assert verdicts(fit).get("curvature", "fine") == "fine"


def test_counts_that_vary_more_or_have_more_zeros_are_named():
    rng = np.random.default_rng(13)
    d, eta = grouped(rng, 400, 40)
    wild = d.assign(y=rng.negative_binomial(1.0, 1.0 / (1.0 + np.exp(eta + 1))))
    said = verdicts(me.glmm(PLAIN, wild, family="poisson"))
    assert said["dispersion"] == "problem"
    assert verdicts(me.glmm(PLAIN, wild, family="nbinom2")).get("dispersion", "fine") == "fine"
    empty = d.assign(y=rng.poisson(np.exp(eta + 1)) * (rng.random(400) > 0.4))
    assert verdicts(me.glmm(PLAIN, empty, family="poisson"))["zeros"] == "problem"
    trials = d.assign(n=12, y=rng.binomial(12, rng.beta(1 / (1 + np.exp(-eta)), 0.7)))
    fit = me.glmm("y / n ~ x + t + c + (1 | g)", trials, family="binomial")
    assert verdicts(fit)["dispersion"] == "problem"


# --- models that are true ---------------------------------------------------------------------


def true_model(rng):
    """A fit of data that its own model made, of some shape and family; None if refused."""
    n = int(rng.choice([40, 80, 200, 500]))
    groups = int(max(5, n // rng.choice([2, 4, 10])))
    d, eta = grouped(rng, n, groups)
    eta = eta + rng.choice([0.0, 1.5]) * rng.normal(size=groups)[d["g"]]
    family = rng.choice(["lmm", "slopes", "rounded", "poisson", "binomial", "gamma", "nbinom2"])
    formula, options = "y ~ x + t + c + w + (1 | g)", {"family": str(family)}
    mean = np.exp(np.clip(0.5 * eta, -3, 3))
    if family in ("lmm", "slopes", "rounded"):
        y = eta + rng.normal(size=n)
        if family == "slopes":
            y = y + 0.7 * rng.normal(size=groups)[d["g"]] * d["x"]
            formula = "y ~ x + t + c + w + (x | g)"
        d["y"] = np.round(4 * y) / 4 if family == "rounded" else y
        options = None
    elif family == "poisson":
        d["y"] = rng.poisson(mean)
    elif family == "nbinom2":
        d["y"] = rng.negative_binomial(2.0, 2.0 / (2.0 + mean))
    elif family == "gamma":
        d["y"] = rng.gamma(3.0, mean / 3.0)
        options["link"] = "log"
    else:
        d["n"] = rng.integers(1, 10, n)
        d["y"] = rng.binomial(d["n"], 1 / (1 + np.exp(-0.5 * eta)))
        formula = formula.replace("y ~", "y / n ~")
    try:
        return me.lmm(formula, d) if options is None else me.glmm(formula, d, **options)
    except me.MixedEffectsError:
        return None


def accused(seeds):
    """How many true models are accused, and of how many."""
    found = [verdicts(fit) for seed in seeds
             if (fit := true_model(np.random.default_rng(seed))) is not None]  # fmt: skip
    return sum(any(v != "fine" for v in said.values()) for said in found), len(found)


def test_true_models_are_hardly_ever_accused():
    wrong, n = accused(range(80))
    assert n > 60 and wrong <= tol.FALSE_ALARMS * n


@pytest.mark.slow
def test_of_many_true_models_few_are_accused():
    wrong, n = accused(range(1000, 2500))
    assert n > 1200 and wrong <= 0.2 * tol.FALSE_ALARMS * n


@pytest.mark.parametrize("groups", [500, 12_000])
def test_a_large_true_model_is_not_accused_of_trifles(groups):
    rng = np.random.default_rng(21)
    n = 50_000
    g = rng.integers(0, groups, n)
    x, t = rng.normal(size=n), rng.integers(0, 6, n)
    y = 0.5 * x + 0.3 * t + 0.01 * x**2 + rng.normal(size=groups)[g] + rng.normal(size=n)
    fit = me.lmm("y ~ x + t + (1 | g)", {"y": y, "x": x, "t": t, "g": g})
    assert set(verdicts(fit).values()) == {"fine"}


def small_groups(rng, mean, sd, groups, rows):
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(size=g.size)
    return {"g": g, "x": x}, np.log(mean) + 0.3 * x + sd * rng.normal(size=groups)[g]


@pytest.mark.parametrize(
    ("mean", "sd", "groups", "rows"),
    [(5.0, 1.0, 4000, 1), (0.5, 1.5, 4000, 1), (0.1, 2.0, 2000, 2), (3.0, 1.0, 2000, 2)],
)
def test_counts_of_many_small_groups_are_not_accused_of_what_their_modes_do(mean, sd, groups, rows):
    """At the modes of small groups a true model has too few zeros, and too little variance."""
    rng = np.random.default_rng(31)
    d, eta = small_groups(rng, mean, sd, groups, rows)
    d["y"] = rng.poisson(np.exp(eta))
    assert set(verdicts(me.glmm("y ~ x + (1 | g)", d, family="poisson")).values()) == {"fine"}


def test_proportions_with_an_effect_for_each_row_are_not_accused_of_varying():
    rng = np.random.default_rng(32)
    d, eta = small_groups(rng, 1.0, 2.0, 3000, 1)
    d |= {"n": np.full(3000, 20), "y": rng.binomial(20, 1.0 / (1.0 + np.exp(-eta)))}
    said = verdicts(me.glmm("y / n ~ x + (1 | g)", d, family="binomial"))
    assert set(said.values()) == {"fine"}


def test_a_row_far_out_is_named_by_its_label():
    """Row 56 of the sleep study, counted from 0, is the farthest; a label stands for it."""
    data = me.datasets.sleepstudy()
    text = str(me.lmm("Reaction ~ Days + (Days | Subject)", data).diagnose(remedies=False))
    assert "row 56 (counted from 0)" in " ".join(text.split())
    pandas = pytest.importorskip("pandas")
    for index, label in ((range(1000, 1180), "1056"), ([f"r{i}" for i in range(180)], "r56")):
        table = pandas.DataFrame(data).set_axis(list(index))
        text = str(me.lmm("Reaction ~ Days + (Days | Subject)", table).diagnose(remedies=False))
        assert f"the row labelled {label}, +" in " ".join(text.split())


def test_zeros_that_are_too_many_are_seen_in_small_groups_too():
    rng = np.random.default_rng(33)
    d, eta = small_groups(rng, 3.0, 0.5, 300, 3)
    d["y"] = rng.poisson(np.exp(eta)) * (rng.random(900) > 0.3)
    assert verdicts(me.glmm("y ~ x + (1 | g)", d, family="poisson"))["zeros"] != "fine"


# --- what is said -----------------------------------------------------------------------------


def healthy_fit():
    rng = np.random.default_rng(2)
    d, eta = grouped(rng)
    return me.lmm(PLAIN, d.assign(y=eta + rng.normal(size=200)))


def test_nothing_to_mend_only_where_both_were_looked_at():
    diagnosis = healthy_fit().diagnose()
    assert str(diagnosis) == (
        "The optimum is sound, and no check of the model found anything to mend.\n"
        "Optimum: certified, no variance on the boundary.\n"
        "Assumptions: nothing found against them (values, skewness, tails, spread, curvature, "
        "random terms looked at)."
    )
    table = diagnosis.checks()
    assert set(table["about"]) == {"optimum", "assumptions"} and diagnosis.healthy
    rng = np.random.default_rng(4)
    y = (rng.random(120) < 0.5).astype(int)
    binary = {"y": y, "c": np.tile(list("ab"), 60), "g": np.repeat(np.arange(12), 10)}
    unseen = str(me.glmm("y ~ 1 + (1 | g)", binary, family="binomial").diagnose(remedies=False))
    assert "Assumptions: not looked at" in unseen and "anything to mend" not in unseen


def test_without_an_optimum_residuals_are_not_looked_at_and_that_is_said():
    d = me.datasets.sleepstudy()
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", d, max_iterations=1)
    text = str(fit.diagnose(remedies=False))
    assert not fit.converged
    assert "Optimum: 2 problems found" in text
    assert "residuals were not looked at, as there is no certified optimum" in text
    assert "anything to mend" not in text


def test_both_kinds_of_problems_are_counted():
    rng = np.random.default_rng(6)
    d, _ = grouped(rng, 80, 8)
    d["y"] = np.exp(rng.normal(size=80))
    fit = me.lmm("y ~ x + (1 | g) + (0 + t | g)", d)
    assert fit.certificate.is_singular
    lines = str(fit.diagnose(remedies=False)).splitlines()
    assert lines[0].startswith("Optimum: 1 problem found in y ~ x")
    assert lines[1].startswith("Assumptions: 2 problems found")


def test_remedies_are_for_the_optimum_and_are_not_tried_for_an_assumption():
    rng = np.random.default_rng(7)
    d, eta = grouped(rng)
    diagnosis = me.lmm(PLAIN, d.assign(y=np.exp(eta + rng.normal(size=200)))).diagnose()
    assert not diagnosis.trials and not diagnosis.changed
    assert "What to do" not in str(diagnosis) and 'family="gamma"' in str(diagnosis)


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x + (1 | g)"])
def test_random_effects_of_the_zeros_alone_do_not_stop_the_checks(formula):
    rng = np.random.default_rng(1)
    d, _ = grouped(rng, 400, 40)
    absent = rng.random(400) < 1 / (1 + np.exp(0.5 - 1.5 * rng.normal(size=40)[d["g"]]))
    d["y"] = rng.poisson(np.exp(1 + 0.3 * d["x"])) * ~absent
    fit = me.glmm(formula, d, family="zero_inflated_poisson", zi="~ 1 + (1 | g)")
    assert verdicts(fit) == {"dispersion": "fine", "curvature": "fine"}


def test_residuals_that_are_fewer_than_rows_are_less_sure_of_their_spread():
    """A slope's White error (1980) grows by the root of rows over independent residuals."""
    rng = np.random.default_rng(4)
    n = 400
    x = rng.uniform(size=n)
    size = np.abs(rng.normal(size=n)) * (1.0 + 1.2 * x)
    X = np.column_stack([np.ones(n), x])
    inverse = np.linalg.inv(X.T @ X)
    left = size - X @ (inverse @ X.T @ size)
    V = inverse @ (X.T * left**2) @ X @ inverse
    t = (inverse @ X.T @ size)[1] / np.sqrt(V[1, 1])
    few = 0.25 * n
    limit, limit_of_few = critical(n - 2.0), critical(few - 2.0) / np.sqrt(few / n)
    assert limit < abs(t) < limit_of_few
    assert _along(size, x, n, 1)[1] and not _along(size, x, few, 1)[1]
    just = n * (limit / t) ** 2
    assert _along(size, x, 1.1 * just, 1)[1] and not _along(size, x, 0.9 * just, 1)[1]
