"""Deletion diagnostics against lme4's refits, dense formulas and our own refits of fewer rows."""

from __future__ import annotations

import json
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects import inference
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models
from tests.oracles import dense

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "influence" / "lme4.json").read_text())[
    "models"
]


@cache
def fitted(name: str) -> Any:
    model = golden_models()[name.split("__")[0]]
    return me.lmm(
        model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"]
    )


def studied(name: str) -> tuple[Any, list[int]]:
    """Our refits, and their order in R's record (which may name a nested factor a:b or b:a)."""
    fit, record = fitted(name), GOLDEN[name]
    by, units = record["by"], record["deleted"]["unit"]
    if by == "rows":
        facts = fit.influence(refit=True).facts
        return facts, [int(u) - 1 for u in units]
    if by not in [b.factor.name for b in fit.design.blocks]:
        by = ":".join(reversed(by.split(":")))
        units = [":".join(reversed(u.split(":"))) for u in units]
    facts = fit.influence(by).facts
    return facts, [[str(u) for u in facts.unit].index(str(u)) for u in units]


def close(ours, theirs, rtol):
    """Relative, with a thousandth of the largest for numbers near zero."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    floor = 1e-3 * np.abs(theirs).max(axis=0)
    assert np.max(np.abs(ours - theirs) / (np.abs(theirs) + floor)) < rtol


@pytest.mark.parametrize("name", GOLDEN)
def test_refits_and_measures_are_those_of_lme4s_refits(name):
    record, fit = GOLDEN[name]["deleted"], fitted(name)
    facts, order = studied(name)
    assert facts.refit and facts.converged.all() and not facts.notes
    se = np.sqrt(np.diagonal(fit.vcov()))
    moved = np.abs(facts.beta_without[order] - np.array(record["beta"])) / se
    assert moved.max() < tol.DELETED_IN_SE
    close(facts.se_without[order], record["se"], tol.DELETED_RTOL)
    close(facts.sigma_without[order], record["sigma"], tol.DELETED_RTOL)
    close(facts.cooks_distance[order], record["cook"], tol.DELETED_MEASURE_RTOL)
    close(facts.mdffits[order], record["mdffits"], tol.DELETED_MEASURE_RTOL)
    close(facts.covratio[order], record["covratio"], tol.DELETED_MEASURE_RTOL)
    # a small difference of large numbers
    assert facts.covtrace[order] == pytest.approx(
        record["covtrace"], abs=tol.DELETED_MEASURE_RTOL * 10
    )
    own = [j for j, (_, _, second) in enumerate(facts.variance_names) if second is None]
    theirs = np.sort(np.array(record["variances"]), axis=1)
    ours = np.sort(facts.variance_without[order][:, own], axis=1)
    assert ours == pytest.approx(
        theirs, rel=10 * tol.DELETED_RTOL, abs=tol.PROGRAM_E6 * theirs.max()
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_leverages_add_up_to_lme4s_hat_values(name):
    facts = fitted(name).influence().facts
    total = facts.leverage_fixed + facts.leverage_random
    assert total == pytest.approx(np.array(GOLDEN[name]["hat"]), abs=tol.HAT_ABS)


@pytest.mark.parametrize("name", [n for n in GOLDEN if "lme4" in GOLDEN[n]])
def test_lme4s_own_cooks_distances(name):
    """lme4::cooks.distance has a further factor (J - p) / J, J the number of deleted units."""
    record, facts = GOLDEN[name]["lme4"], fitted(name).influence(GOLDEN[name]["by"]).facts
    order = [[str(u) for u in facts.unit].index(u) for u in record["unit"]]
    J, p = facts.beta_without.shape
    ours = facts.cooks_distance[order] * (J - p) / J
    assert ours == pytest.approx(np.array(record["cook"]), rel=tol.LME4_DEFAULT_RTOL)
    # and its DFBETAS are without minus with; ours, like those of stats::dfbetas, the reverse
    assert facts.dfbetas[order] == pytest.approx(
        -np.array(record["dfbetas"]), abs=tol.LME4_DEFAULT_RTOL
    )


def table(seed=5):
    rng = np.random.default_rng(seed)
    g, h = np.repeat(np.arange(9), 12), np.tile(np.arange(6), 18)
    keep = rng.random(108) < 0.85
    g, h = g[keep], h[keep]
    x, n = rng.normal(size=g.size), g.size
    y = rng.normal(size=9)[g] + 0.6 * rng.normal(size=6)[h] + x + rng.normal(size=n)
    return pd.DataFrame(
        {"y": y, "x": x, "g": g, "h": h, "c": g * 10 + h, "w": rng.uniform(0.5, 2.0, n),
         "o": rng.normal(size=n)}
    )  # fmt: skip


FORMULAS = [
    "y ~ x + (x | g)",
    "y ~ x + offset(o) + (x || g)",
    "y ~ x + (x | g) + (1 | h)",
    "y ~ x + (1 | g) + (1 | c)",
    "y ~ x + (1 | g) + (x | h) + (1 | c)",
]


def dense_measures(fit, rows, p):
    """Everything about the fit without some rows, theta held, by full matrices."""
    design = fit.design
    weights = np.ones(design.n) if design.weights is None else design.weights
    y = design.y if design.offset is None else design.y - design.offset
    blocks = [
        (b.factor.codes, np.ones((design.n, 1)) if b.Z is None else np.asarray(b.Z))
        for b in design.blocks
    ]
    V = dense.marginal_covariance(blocks, fit.lambdas, weights)[np.ix_(rows, rows)]
    X = np.asarray(design.X)[rows]
    M = np.linalg.inv(X.T @ np.linalg.solve(V, X))
    beta = M @ X.T @ np.linalg.solve(V, y[rows])
    r = y[rows] - X @ beta
    s2 = r @ np.linalg.solve(V, r) / (rows.sum() - (p if fit.reml else 0))
    return beta, s2 * M, np.sqrt(s2)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("by", ["rows", "g", "h"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_with_theta_held_against_dense_matrices(formula, by, reml):
    data = table()
    fit = me.lmm(formula, data, weights="w", reml=reml)
    units = np.arange(len(data)) if by == "rows" else data[by].to_numpy()
    known = by in ("rows", *(b.factor.name for b in fit.design.blocks))
    facts = fit.influence(by if known else units, refit=False).facts
    V = fit.vcov()
    p = fit.beta.size
    for j, unit in enumerate(facts.unit):
        if by == "rows" and j % 7:
            continue
        beta, covariance, sigma = dense_measures(fit, units != unit, p)
        delta = fit.beta - beta
        assert facts.beta_without[j] == pytest.approx(beta, rel=tol.DENSE_RTOL)
        assert facts.se_without[j] == pytest.approx(
            np.sqrt(np.diagonal(covariance)), rel=tol.ROUNDING_E7
        )
        assert facts.sigma_without[j] == pytest.approx(sigma, rel=tol.DENSE_RTOL)
        assert facts.cooks_distance[j] == pytest.approx(
            delta @ np.linalg.solve(V, delta) / p, rel=tol.ROUNDING_E6
        )
        assert facts.mdffits[j] == pytest.approx(
            delta @ np.linalg.solve(covariance, delta) / p, rel=tol.ROUNDING_E6
        )
        assert facts.covratio[j] == pytest.approx(
            np.linalg.det(covariance) / np.linalg.det(V), rel=tol.ROUNDING_E6
        )
        assert facts.covtrace[j] == pytest.approx(
            abs(np.trace(np.linalg.solve(V, covariance)) - p), abs=tol.ROUNDING_E7
        )
        assert facts.dfbetas[j] == pytest.approx(
            delta / np.sqrt(np.diagonal(covariance)), rel=tol.ROUNDING_E5, abs=tol.ROUNDING_E9
        )


@pytest.mark.parametrize("formula", FORMULAS)
def test_leverages_against_the_dense_hat_matrix(formula):
    data = table()
    fit = me.lmm(formula, data, weights="w")
    design = fit.design
    blocks = [
        (b.factor.codes, np.ones((design.n, 1)) if b.Z is None else np.asarray(b.Z))
        for b in design.blocks
    ]
    V = dense.marginal_covariance(blocks, fit.lambdas, design.weights)
    X, Vi = np.asarray(design.X), np.linalg.inv(V)
    H1 = X @ np.linalg.solve(X.T @ Vi @ X, X.T @ Vi)
    H2 = (V - np.diag(1 / design.weights)) @ Vi @ (np.eye(design.n) - H1)
    facts = fit.influence().facts
    assert facts.leverage_fixed == pytest.approx(
        np.diagonal(H1), rel=tol.ROUNDING_E6, abs=tol.ROUNDING_E10
    )
    assert facts.leverage_random == pytest.approx(
        np.diagonal(H2), rel=tol.ROUNDING_E6, abs=tol.ROUNDING_E9
    )
    groups = fit.influence("g", refit=False).facts
    sums = pd.Series(np.diagonal(H1)).groupby(data["g"]).sum().to_numpy()
    assert groups.leverage_fixed == pytest.approx(sums, rel=tol.ROUNDING_E6)


@pytest.mark.parametrize("formula", FORMULAS[:4])
def test_refits_are_fits_of_the_other_rows(formula):
    data = table()
    fit = me.lmm(formula, data, weights="w")
    study = fit.influence("g")
    for j, unit in enumerate(study.facts.unit):
        other = me.lmm(formula, data[data["g"] != unit], weights="w")
        assert study.facts.beta_without[j] == pytest.approx(other.beta, abs=tol.OPTIMUM_E4)
        assert study.facts.sigma_without[j] == pytest.approx(other.sigma, rel=tol.OPTIMUM_E4)
    frame = study.variances()
    last = frame[(frame["unit"] == unit) & frame["term2"].isna()]["vcov"].to_numpy()
    tidy = other.varcorr.tidy()
    assert last == pytest.approx(
        tidy[tidy["term2"].isna()]["vcov"].to_numpy(), rel=tol.OPTIMUM_2E2, abs=tol.OPTIMUM_E3
    )


def test_frames_have_one_row_per_unit_and_the_flavour_that_came_in(sleepstudy):
    polars = pytest.importorskip("polars")
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", polars.from_pandas(sleepstudy))
    study = fit.influence("Subject")
    tidy = study.tidy()
    assert isinstance(tidy, polars.DataFrame) and tidy.height == 18
    assert {"unit", "cooks_distance", "mdffits", "covratio", "covtrace", "sigma"} <= set(
        tidy.columns
    )
    assert study.dfbetas().height == 36 and study.variances().height == 18 * 4
    assert "309" in str(study) and "<table>" in study._repr_html_()
    # beta without the unit, from the long frame
    long = study.dfbetas().filter(polars.col("term") == "Days")
    assert long["dfbeta"].to_numpy() == pytest.approx(fit.beta[1] - long["estimate"].to_numpy())


def test_rows_left_out_as_missing_keep_their_numbers(sleepstudy):
    sleepstudy.loc[3, "Reaction"] = np.nan
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    units = fit.influence().tidy()["unit"].tolist()
    assert len(units) == 179 and units[:5] == [0, 1, 2, 4, 5]


def test_units_that_carry_a_coefficient_alone_are_reported(sleepstudy):
    sleepstudy["only"] = (sleepstudy["Subject"] == 308) * sleepstudy["Days"]
    fit = me.lmm("Reaction ~ Days + only + (1 | Subject)", sleepstudy)
    for refit in (True, False):
        with pytest.warns(me.DataWarning, match="without Subject 308 the rows"):
            facts = fit.influence("Subject", refit=refit).facts
        assert np.isnan(facts.cooks_distance[0]) and np.isnan(facts.beta_without[0]).all()
        assert np.isfinite(facts.cooks_distance[1:]).all()
    sleepstudy["only"] = (sleepstudy.index == 7).astype(float)
    fit = me.lmm("Reaction ~ Days + only + (1 | Subject)", sleepstudy)
    with pytest.warns(me.DataWarning, match="without row 7"):
        facts = fit.influence().facts
    assert np.isnan(facts.covratio[7]) and np.isfinite(np.delete(facts.covratio, 7)).all()
    assert facts.leverage_fixed[7] + facts.leverage_random[7] == pytest.approx(1.0)


def test_without_fixed_effects_only_variances_move(sleepstudy):
    fit = me.lmm("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    for study in (fit.influence("Subject"), fit.influence()):
        assert np.isnan(study.facts.cooks_distance).all() and not study.notes
        assert np.isfinite(study.facts.sigma_without).all()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"groups": "Day"}, me.OptionError, "not a grouping factor"),
        ({"groups": np.arange(7)}, me.DataError, "one label for each"),
        ({"groups": np.zeros((180, 2))}, me.DataError, "one label for each"),
        ({"groups": "Subject", "refit": "yes"}, me.OptionError, "True or False"),
    ],
)
def test_refusals(sleepstudy, options, error, words):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(error, match=words):
        fit.influence(**options)


def test_the_last_degree_of_freedom_leaves_no_residual_variance():
    table = {"y": [1.0, 4.0, 2.0, 7.0], "x": [0.0, 1.0, 0.5, 3.0], "z": [1.0, 0.0, 0.0, 2.0]}
    fit = me.lmm("y ~ x + z + (1 | g)", table | {"g": ["a", "a", "b", "b"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = fit.influence()
    assert np.isnan(found.facts.sigma_without).all()


def test_what_would_take_too_long_is_refused(monkeypatch, sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    module = import_module("mixedeffects.inference.deletion.influence")
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.0)
    with pytest.raises(me.NotAvailableError, match="minutes"):
        inference.influence(fit, "Subject")


def test_a_long_computation_is_announced(monkeypatch):
    module = import_module("mixedeffects.inference.deletion.influence")
    monkeypatch.setattr(module, "LONG_SECONDS", 0.0)
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.warns(me.DataWarning, match="will take about"):
        fit.influence("Subject")


def test_two_groups_leave_no_variance_to_estimate():
    rng = np.random.default_rng(4)
    table = {"y": np.repeat([0.0, 2.0], 20) + rng.normal(size=40), "g": np.repeat(["a", "b"], 20)}
    fit = me.lmm("y ~ 1 + (1 | g)", table)
    with pytest.raises(me.NotAvailableError, match="without g a one level of g is left") as refused:
        fit.influence("g")
    assert "refit=False" in str(refused.value)
    assert np.isfinite(fit.influence("g", refit=False).facts.cooks_distance).all()
    table["g"] = np.repeat(["a", "b", "c"], [20, 10, 10])
    three = me.lmm("y ~ 1 + (1 | g)", table)
    assert three.influence("g", refit=True).facts.cooks_distance.shape == (3,)


def test_a_group_is_known_by_its_name_without_backticks(sleepstudy):
    data = sleepstudy.rename(columns={"Subject": "the subject"})
    fit = me.lmm("Reaction ~ Days + (1 | `the subject`)", data)
    bare, quoted = fit.influence("the subject"), fit.influence("`the subject`")
    assert np.array_equal(bare.facts.cooks_distance, quoted.facts.cooks_distance)
