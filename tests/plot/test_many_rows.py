"""Every chart copes with 700,000 rows: what it draws is little, what it leaves out it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.fit_plots import Drawn, FitPlots
from tests.plot.pictures import seconds, units
from tests.tolerances import LARGE_CHART_SECONDS, MOST_DRAWN

ROWS = 695_205


@pytest.fixture(scope="module")
def calls():
    return me.datasets.call_centres()


@pytest.fixture(scope="module")
def fit(calls):
    return me.lmm("call_CSAT ~ reason + age + (1 | center_ID / rep_ID)", calls)


@pytest.fixture(scope="module")
def panel():
    """70,000 subjects of 140 clinics, half of which are treated, in ten waves with gaps."""
    rng = np.random.default_rng(0)
    subject, wave = np.repeat(np.arange(70_000), 10), np.tile(np.arange(10), 70_000)
    clinic = subject // 500
    y = 0.3 * wave + 0.5 * (clinic % 2) + rng.normal(size=140)[clinic]
    y += rng.normal(size=70_000)[subject] + rng.normal(size=700_000)
    y[rng.random(700_000) < 0.1] = np.nan
    treatment = np.array(["control", "treated"])[clinic % 2]
    columns = {"subject": subject, "wave": wave, "clinic": clinic, "treatment": treatment, "y": y}
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def trial(panel):
    return me.lmm("y ~ treatment * wave + (1 | clinic / subject)", panel)


def holds(draw, said, **options):
    """Little is drawn, in time, and the subtitle says what was left out; the chart."""
    chart, took = seconds(draw, **options)
    png, rendering = seconds(chart.png, scale=1.0)
    assert png.startswith(b"\x89PNG") and len(png) > 2000
    assert took + rendering < LARGE_CHART_SECONDS
    drawn = [len(unit.rows) for unit in units(chart)]
    assert 0 < max(drawn) <= MOST_DRAWN
    assert max(len(table) for table in chart.tables.values()) <= MOST_DRAWN
    assert any(said in line for line in chart.subtitle), chart.subtitle
    return chart


COUNTED = f"{ROWS:,} rows counted in cells"
LEVELS = "of 193 levels"
# chart, options, what the subtitle says
OF_FIT = [
    ("caterpillar", {}, f"150 {LEVELS}, evenly spaced in rank"),
    ("trajectories", {}, f"points: 1,500 of {ROWS:,} rows, at random"),
    ("trajectories", {"facets": True}, f"lines of 24 {LEVELS} of rep_ID:center_ID"),
    ("coefficients", {}, "95% confidence intervals"),
    ("variance", {}, "R squared"),
    ("means", {"specs": "reason"}, "95% confidence intervals"),
    ("interaction", {"x": "age", "by": "reason"}, "95% confidence intervals"),
    ("shrinkage", {}, "each level's own estimate"),
    ("residuals", {}, COUNTED),
    ("scale_location", {}, COUNTED),
    ("qq", {}, f"of {ROWS:,} points shown, both tails whole"),
    ("qq_ranef", {}, "levels outside of the band"),
    ("by_group", {}, f"40 {LEVELS}: the largest and the smallest medians"),
    ("quantile_residuals", {"rng": 1}, f"3,000 of {ROWS:,} rows simulated, chosen at random"),
    ("influence", {"group": "center_ID"}, "leaving out one level of center_ID at a time"),
    ("profile", {"parameters": ["age"]}, "99% intervals"),
    ("trace", {}, "evaluations"),
    ("predictive", {"rng": 1}, f"10,000 of {ROWS:,} rows, chosen at random"),
    ("check", {}, "Converged: certified optimum"),
]
N = "630,081"
SUBJECTS = {"group": "subject:clinic"}
OF_TRIAL = [
    ("effects", {}, "60 of 70,000 levels of subject:clinic, evenly spaced in their means"),
    ("caterpillar", SUBJECTS, "150 of 70,000 levels, evenly spaced in rank"),
    ("shrinkage", SUBJECTS, "300 of 70,000 levels, evenly spaced in size"),
    ("trajectories", SUBJECTS | {"by": "treatment"}, f"points: 1,500 of {N} rows, at random"),
    ("by_group", SUBJECTS, "40 of 70,000 levels"),
    ("qq_ranef", SUBJECTS, "of 70,000 levels shown, both tails whole"),
    ("residuals", {}, f"{N} rows counted in cells"),
    ("scale_location", {}, "divided by sigma: leverages with 70,000 levels would take long"),
    ("qq", {}, f"of {N} points shown, both tails whole"),
    ("quantile_residuals", {"rng": 1}, f"3,000 of {N} rows simulated"),
    ("check", {}, "influence left out: 140 levels of clinic"),
]


@pytest.mark.parametrize(("name", "options", "said"), OF_FIT)
def test_charts_of_a_fit(fit, name, options, said):
    chart = holds(getattr(fit.plot, name), said, **options)
    if said == COUNTED:
        assert chart.data["count"].sum() == ROWS


@pytest.mark.parametrize(("name", "options", "said"), OF_TRIAL)
def test_charts_of_a_fit_with_many_levels(trial, name, options, said):
    holds(getattr(trial.plot, name), said, **options)


def test_all_charts_of_fits_are_here():
    every = {name for name, value in vars(FitPlots).items() if isinstance(value, Drawn)}
    assert {case[0] for case in (*OF_FIT, *OF_TRIAL)} == every


Y = "call_CSAT"
OF_TABLE = [
    ("groups", (Y, "rep_ID"), {}, "the 25 lowest and 25 highest medians, of 193 groups"),
    ("groups", (Y, "center_ID"), {}, f"a random 4,000 of {ROWS:,} points; boxes are of all"),
    ("scatter", ("age", Y), {"colour": "reason"}, f"{ROWS:,} points counted in cells"),
    ("scatter", ("age", Y), {"colour": "M6Spend"}, f"{ROWS:,} points counted in cells"),
    ("spaghetti", ("month", Y, "rep_ID"), {}, "100 of 193 rep_ID lines, chosen at random"),
    ("histogram", (Y,), {"by": "reason"}, f"{ROWS:,} rows in"),
    ("correlation", (), {}, f"Pearson correlations, {ROWS:,} rows per pair"),
    ("correlation", (), {"method": "spearman"}, f"Spearman rank correlations, {ROWS:,} rows"),
]


@pytest.mark.parametrize(("name", "columns", "options", "said"), OF_TABLE)
def test_charts_of_a_table(calls, name, columns, options, said):
    holds(lambda: getattr(me.plot, name)(calls, *columns, **options), said)


OF_PANEL = [
    ("missing", ("subject", "wave", "y"), {}, "the 20 most frequent of 466 patterns"),
    ("spaghetti", ("wave", "y", "subject"), {"colour": "treatment"}, "100 of 70,000 subject lines"),
    ("groups", ("y", "clinic"), {"colour": "treatment"}, "the 12 lowest and 12 highest medians"),
]


@pytest.mark.parametrize(("name", "columns", "options", "said"), OF_PANEL)
def test_charts_of_a_panel(panel, name, columns, options, said):
    holds(lambda: getattr(me.plot, name)(panel, *columns, **options), said)


def test_all_charts_of_tables_are_here():
    every = {name for name in me.plot.__all__ if name[0].islower()}
    assert {case[0] for case in (*OF_TABLE, *OF_PANEL)} == every
