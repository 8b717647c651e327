"""The chart of an optimiser's path."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.plot.pictures import drawn, units
from tests.tolerances import CHART_RTOL, EM_OPTIMUM

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def fit():
    return me.lmm(FORMULA, me.datasets.sleepstudy())


@pytest.fixture(scope="module")
def simplex():
    return me.lmm(FORMULA, me.datasets.sleepstudy(), optimizer="Nelder-Mead")


def test_gaps_and_parameters_are_the_fits_own_trace(fit):
    chart = fit.plot.trace()
    own = fit.trace()
    np.testing.assert_array_equal(chart.data["objective"], own["objective"])
    assert chart.data["gap"].iloc[-1] == 0.0 and chart.data["gap"].iloc[0] > 0.0
    path = chart.tables["parameters"].query("parameter == 'sd__Days'")
    np.testing.assert_array_equal(path["value"], own["sd__Days"])
    last = chart.tables["parameters"].groupby("parameter")["value"].last()
    assert last["Days"] == pytest.approx(fit.fixef["Days"])


def test_several_optimisers_are_overlaid_above_the_lowest_of_all(fit, simplex):
    chart = fit.plot.trace(simplex)
    data = chart.data
    assert set(data["fit"]) == {"newton", "Nelder-Mead"}
    lowest = min(fit.trace()["objective"].min(), simplex.trace()["objective"].min())
    gap = data["objective"] - lowest
    np.testing.assert_allclose(data["gap"], gap, atol=tol.ROUNDING_E10)
    assert (data["height"] > 0).all()
    assert (data["height"] >= data["gap"]).all()
    picture = drawn(chart)
    assert picture.says("Nelder-Mead") and picture.says("sd__Days")
    assert chart.subtitle[0].startswith("newton: ") and chart.subtitle[1].startswith("Nelder")


@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
def test_a_search_that_stopped_early_ends_above_the_other(fit):
    early = me.lmm(FORMULA, me.datasets.sleepstudy(), optimizer="em", max_iterations=2)
    data = fit.plot.trace(early).data
    gap = data.groupby("fit")["gap"].last()
    assert gap["newton"] == 0.0
    assert gap["em"] == pytest.approx(early.objective - fit.objective) and gap["em"] > 1e-6


def test_two_fits_by_one_optimiser_have_two_names(fit):
    again = me.lmm(FORMULA, me.datasets.sleepstudy(), start=[3.0, 0.0, 3.0])
    assert fit.plot.trace(again).view.facts["fits"] == ["newton", "newton (2)"]


def test_generalised_models_and_em_have_paths():
    glmm = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert drawn(glmm.plot.trace()).marks("point") > 0
    em = me.lmm(FORMULA, me.datasets.sleepstudy(), optimizer="em")
    gaps = em.plot.trace().data["gap"]
    assert (np.diff(gaps) <= 0).all()


def test_other_models_are_refused(fit):
    other = me.lmm(FORMULA, me.datasets.sleepstudy(), reml=False)
    with pytest.raises(me.OptionError, match="cannot be compared"):
        fit.plot.trace(other)
    with pytest.raises(me.OptionError, match="is not a fitted model"):
        fit.plot.trace(3)


def test_ticks_of_a_parameter_that_hardly_moves_can_be_told_apart(rdata):
    """Four digits would write 3.281 at every tick of an intercept between 3.2807 and 3.2813."""
    chart = me.lmm("y ~ service + (1 | s) + (1 | d)", rdata("lme4", "InstEval")).plot.trace()
    digits = chart.view.facts["digits"]["(Intercept)"]
    path = chart.tables["parameters"].query("parameter == '(Intercept)'")["value"]
    ticks = np.linspace(path.min(), path.max(), 4)
    assert len({f"{tick:.{digits}g}" for tick in ticks}) == 4
    assert len({f"{tick:.4g}" for tick in ticks}) < 4


def test_iterations_are_whole_numbers_at_the_axes():
    """Half iterations, written without their half, would make an axis of 0, 1, 1, 2, 2."""
    fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    chart = fit.plot.trace()
    last = int(chart.data["iteration"].max())
    assert last == 2
    top, below = chart.to_dict()["vconcat"]
    axes = [part["encoding"]["x"]["axis"]["values"] for part in [*top["layer"], *below["concat"]]]
    assert axes == [[0, 1, 2]] * len(axes)


def test_the_path_of_em_is_drawn_whole():
    em = me.lmm(FORMULA, me.datasets.sleepstudy(), optimizer="em")
    chart = em.plot.trace()
    own = em.trace()
    assert set(chart.data["fit"]) == {"em"} and len(own) > 3
    for name in ("iteration", "objective", "evaluations"):
        np.testing.assert_array_equal(chart.data[name], own[name])
    np.testing.assert_allclose(chart.data["gap"], own["objective"] - em.objective, atol=EM_OPTIMUM)
    path = chart.tables["parameters"]
    for name in ("Days", "sd__(Intercept)", "sd__Observation"):
        np.testing.assert_allclose(
            path[path["parameter"] == name]["value"], own[name], rtol=CHART_RTOL
        )
    steps = next(u for u in units(chart) if u.mark in ("line", "point") and "gap" in u.tooltip)
    assert [row["objective"] for row in steps.rows] == own["objective"].tolist()
    picture = drawn(chart)
    assert picture.ink > 0.02 and picture.says("sd__Days")


@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
def test_a_correlation_with_a_variance_of_zero_is_not_drawn():
    """Responses that do not differ between groups at all: both variances are zero, by algebra."""
    g, x = np.repeat(np.arange(10), 6), np.tile([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], 10)
    y = np.tile([0.3, -1.1, 2.0, 0.4, -0.9, 1.4], 10)
    fit = me.lmm("y ~ x + (x | g)", {"y": y, "x": x, "g": g})
    assert not fit.varcorr.sd["g"].any()
    chart = fit.plot.trace()
    values = chart.tables["parameters"]["value"]
    assert np.isfinite(values).all()
    assert drawn(chart).says("sd__x")


def _values(spec, field):
    """Ticks that the axes of a field are given."""
    if isinstance(spec, dict):
        own = spec.get("encoding", {}).get(field, {})
        found = [own["axis"]["values"]] if "values" in (own.get("axis") or {}) else []
        return found + [v for part in spec.values() for v in _values(part, field)]
    return [v for part in spec for v in _values(part, field)] if isinstance(spec, list) else []


@pytest.mark.parametrize("optimizer", ["em", "newton", "Nelder-Mead"])
def test_ticks_are_whole_iterations_and_powers_of_ten_and_few(optimizer):
    data = me.datasets.pain_trial()
    formula = "pain_score ~ treatment * time + (1 | patient)"
    chart = me.lmm(formula, data, optimizer=optimizer).plot.trace()
    spec, last = chart.to_dict(), chart.data["iteration"].max()
    for ticks in _values(spec, "x"):
        assert 1 <= len(ticks) <= 8 and all(t == int(t) <= last for t in ticks)
        assert len(ticks) >= min(last, 2) + 1
    powers = _values(spec, "y")[0]
    assert 1 <= len(powers) <= 6
    assert np.allclose(np.log10(powers), np.round(np.log10(powers)))


def test_a_start_that_is_the_optimum_has_no_scale_of_what_was_to_win():
    fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    chart = fit.plot.trace()
    assert chart.data["iteration"].max() == 0
    assert "newton: 0 iterations, 1 evaluation" in chart.subtitle
    assert "bottom" not in " ".join(chart.subtitle)
    assert not drawn(chart).says("1e+0")
