"""The chart of influence."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests.plot.pictures import drawn, units
from tests.tolerances import REFITTED_RTOL


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@pytest.mark.parametrize("measure", ["cooks_distance", "mdffits", "covratio", "covtrace"])
def test_data_are_the_fits_own_measures_in_order(fit, measure):
    data = fit.plot.influence(measure=measure).data.set_index("unit")
    own = fit.influence("Subject").tidy().set_index("unit")[measure]
    assert (data["value"] == own[data.index]).all()
    size = np.abs(np.log(data["value"])) if measure == "covratio" else data["value"]
    assert size.is_monotonic_decreasing and len(data) == 18


def test_dfbetas_have_a_panel_for_every_coefficient(fit):
    found = fit.influence("Subject")
    chart = fit.plot.influence(measure="dfbetas", influence=found)
    own = found.dfbetas().set_index(["unit", "term"])["dfbetas"]
    for unit, term, value in chart.data[["unit", "term", "value"]].itertuples(index=False):
        assert own[unit, term] == value
    picture = drawn(chart)
    assert picture.marks("point") == 36 and picture.says("DFBETAS of Days")


def test_an_outlying_subject_has_the_largest_influence():
    table = me.datasets.sleepstudy().copy()
    odd = table["Subject"] == "351"
    table.loc[odd, "Reaction"] += 45.0 * table.loc[odd, "Days"]
    chart = me.lmm("Reaction ~ Days + (1 | Subject)", table).plot.influence()
    data = chart.data
    assert data["unit"].iloc[0] == "351"
    assert data["value"].iloc[0] > max(4 / 18, 3 * data["value"].iloc[1])
    assert drawn(chart).says("351")


def test_rows_are_numbered_as_in_the_users_table():
    table = me.datasets.sleepstudy().copy()
    table.loc[[0, 1], "Reaction"] = np.nan
    table.loc[99, "Reaction"] = 900.0
    chart = me.lmm("Reaction ~ Days + (1 | Subject)", table).plot.influence("rows")
    assert chart.data["unit"].iloc[0] == "99" and len(chart.data) == 178
    whose = table["Subject"].astype(str).to_numpy()[chart.data["unit"].astype(int)]
    assert (chart.data["level"] == whose).all()
    assert drawn(chart).says("99")


def test_of_many_levels_the_most_extreme_are_shown():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(60), 4)
    x = rng.normal(size=240)
    fit = me.lmm("y ~ x + (1 | g)", {"y": rng.normal(size=60)[g] + rng.normal(size=240), "x": x,
                                     "g": g})  # fmt: skip
    chart = fit.plot.influence()
    values = np.sort(fit.influence("g").facts.cooks_distance)[::-1]
    np.testing.assert_array_equal(chart.data["value"], values[:40])
    assert "the 40 most extreme of 60 shown" in chart.subtitle


def test_generalised_models_are_fitted_anew():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.influence()
    own = fit.influence("herd").facts
    assert chart.data["value"].iloc[0] == own.cooks_distance.max()
    assert drawn(chart).marks("point") == 15


def test_wrong_options_are_named(fit):
    with pytest.raises(me.OptionError, match="measure='cook' is not one of"):
        fit.plot.influence(measure="cook")
    with pytest.raises(me.OptionError, match=r"must be what fit\.influence"):
        fit.plot.influence(influence=3)
    with pytest.raises(me.OptionError, match="is about Subject, not about 'rows'"):
        fit.plot.influence("rows", influence=fit.influence("Subject"))
    with pytest.raises(me.OptionError, match="did you mean 'Subject'"):
        fit.plot.influence("subject")


def test_numbers_of_rows_do_not_lie_on_each_other():
    fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    data = fit.plot.influence("rows", measure="dfbetas").data
    for _, own in data.groupby("term"):
        named = own[own["named"]]
        wide = named["unit"].astype(float).to_numpy() / 375
        tall = named["value"].to_numpy() / np.ptp(own["value"])
        near = (np.abs(wide[:, None] - wide) < 0.13) & (np.abs(tall[:, None] - tall) < 0.05)
        assert near.sum() == len(named)
        assert named["rank"].min() == 1
    assert data["named"].sum() < 15


NAMES = {
    "cooks_distance": "Cook's distance", "mdffits": "MDFFITS", "covratio": "COVRATIO",
    "covtrace": "COVTRACE",
}  # fmt: skip


@pytest.mark.parametrize("measure", NAMES)
def test_measures_are_those_of_fits_without_the_level(fit, measure):
    chart = fit.plot.influence(measure=measure)
    table = me.datasets.sleepstudy()
    b, V = np.array([*fit.fixef.values()]), np.asarray(fit.vcov())
    for unit in ("309", "337", "372"):
        rows = table["Subject"].astype(str) != unit
        other = me.lmm("Reaction ~ Days + (Days | Subject)", table[rows])
        d, V_i = b - np.array([*other.fixef.values()]), np.asarray(other.vcov())
        expected = {
            "cooks_distance": d @ np.linalg.solve(V, d) / 2,
            "mdffits": d @ np.linalg.solve(V_i, d) / 2,
            "covratio": np.linalg.det(V_i) / np.linalg.det(V),
            "covtrace": abs(np.trace(np.linalg.solve(V, V_i)) - 2),
        }[measure]
        found = chart.data.set_index("unit").loc[unit, "value"]
        assert found == pytest.approx(expected, rel=REFITTED_RTOL)
    picture = drawn(chart)
    assert picture.marks("point") == 18 and picture.says(f"{NAMES[measure]} by Subject")
    needle = next(unit for unit in units(chart) if unit.tooltip)
    assert [row["value"] for row in needle.rows] == chart.data["value"].tolist()


def cutoffs(chart):
    """Where the dashed lines of a chart lie, zero (or one) left out."""
    rules = [unit for unit in units(chart) if unit.mark == "rule" and len(unit.rows) == 1]
    found = {round(abs(value), 12) for unit in rules for value in unit.rows[0].values()}
    return found - {0.0, 1.0}


@pytest.mark.parametrize("measure", ["cooks_distance", "dfbetas"])
def test_the_cutoff_counts_the_units_that_are_left_out(fit, measure):
    """4 / n of Cook's distance and 2 / sqrt(n) of DFBETAS: n levels, or n rows, never mixed."""
    sleep = me.datasets.sleepstudy()
    crossed = me.lmm("Reaction ~ Days + (1 | Subject) + (1 | day)", sleep.assign(day=sleep["Days"]))
    herds = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    cases = [(fit, "Subject", 18), (fit, "rows", 180), (crossed, "day", 10), (herds, "herd", 15)]
    for model, group, n in cases:
        wanted = 4.0 / n if measure == "cooks_distance" else 2.0 / np.sqrt(n)
        chart = model.plot.influence(group, measure=measure)
        assert chart.view.facts["cutoff"] == pytest.approx(wanted)
        assert cutoffs(chart) == {round(wanted, 12)}
        assert f"of n = {n}, a convention" in str(chart.subtitle)


@pytest.mark.parametrize("measure", ["mdffits", "covratio", "covtrace"])
def test_other_measures_have_no_cutoff(fit, measure):
    chart = fit.plot.influence(measure=measure)
    assert chart.view.facts["cutoff"] is None and cutoffs(chart) == set()
