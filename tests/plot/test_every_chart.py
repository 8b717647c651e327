"""Every chart is drawn as a PNG, has data, and names in its tooltips whose mark it is.

A chart without an entry here fails `test_every_chart_has_an_entry`.
"""

from __future__ import annotations

from functools import cache

import pytest

import mixedeffects as me
from mixedeffects.plot.fit_plots import Drawn, FitPlots
from mixedeffects.plot.table_plots import TablePlots
from tests.plot.pictures import drawn, units


@cache
def sleep():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@cache
def classes():
    return me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())


@cache
def pain():
    return me.lmm("pain_score ~ treatment * time + (time | patient)", me.datasets.pain_trial())


@cache
def herds():
    return me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())


@cache
def owls():
    return me.glmm(
        "SiblingNegotiation ~ FoodTreatment + ArrivalTime + (1 | Nest) + (1 | BroodSize)",
        me.datasets.owls(), family="poisson",
    )  # fmt: skip


SUBJECT, NEST = {"level": "Subject"}, {"level": "Nest"}
BOTH = {"level": "Nest", "level_2": "BroodSize"}
# chart, fit, options, what tooltips of groups name, tooltips that are about no group
OF_FITS = [
    ("caterpillar", sleep, {}, SUBJECT, 0),
    ("caterpillar", owls, {"group": "Nest"}, NEST, 0),
    ("trajectories", sleep, {}, SUBJECT, 1),
    ("trajectories", pain, {"by": "treatment", "facets": True}, {"level": "patient"}, 0),
    ("trajectories", owls, {"x": "ArrivalTime", "scale": "link"}, NEST, 1),
    ("coefficients", pain, {}, {"term": None}, 0),
    ("variance", classes, {}, {"group": None}, 2),
    ("variance", herds, {"scale": "response"}, {"group": None}, 2),
    ("means", classes, {"specs": "style"}, {"level": "style"}, 0),
    ("interaction", pain, {"x": "time", "by": "treatment"}, {"by": "treatment"}, 0),
    ("effects", classes, {}, {"group": "professor"}, 1),
    ("shrinkage", sleep, {}, SUBJECT, 0),
    ("shrinkage", sleep, {"term": "Days", "layout": "order"}, SUBJECT, 0),
    ("shrinkage", owls, {}, NEST, 0),
    ("residuals", sleep, {}, SUBJECT, 0),
    ("residuals", owls, {}, BOTH, 0),
    ("scale_location", sleep, {}, SUBJECT, 0),
    ("scale_location", owls, {}, BOTH, 0),
    ("qq", sleep, {}, SUBJECT, 0),
    ("qq", owls, {}, BOTH, 0),
    ("qq_ranef", sleep, {}, SUBJECT, 0),
    ("by_group", sleep, {}, SUBJECT, 0),
    ("quantile_residuals", sleep, {"rng": 1}, SUBJECT, 1),
    ("quantile_residuals", owls, {"rng": 1}, BOTH, 1),
    ("influence", sleep, {}, {"unit": "Subject"}, 0),
    ("influence", sleep, {"group": "rows"}, {"unit": "row"} | SUBJECT, 0),
    ("influence", sleep, {"measure": "mdffits"}, {"unit": "Subject"}, 0),
    ("influence", sleep, {"measure": "covratio"}, {"unit": "Subject"}, 0),
    ("influence", sleep, {"measure": "covtrace"}, {"unit": "Subject"}, 0),
    ("profile", sleep, {"parameters": ["Days", "sigma"]}, {}, 4),
    ("profile", sleep, {"parameters": ["Days", "sigma"], "kind": "density"}, {}, 2),
    ("profile", sleep, {"parameters": ["Days", "sigma"], "kind": "interval"},
     {"parameter": None}, 0),
    ("trace", sleep, {}, {"fit": "optimiser"}, 0),
    ("predictive", owls, {"rng": 1}, {"label": "SiblingNegotiation"}, 0),
    ("check", sleep, {}, SUBJECT, 2),
]  # fmt: skip

PATIENT = {"group": "patient"}
OF_TABLES = [
    ("groups", ("pain_score", "patient"), {"colour": "treatment"}, PATIENT, 2),
    ("groups", ("pain_score", "treatment"), {}, {"group": "treatment"}, 1),
    ("groups", ("pain_score", "treatment"), {"kind": "strip"}, {"group": "treatment"}, 1),
    ("groups", ("pain_score", "patient"), {"kind": "box"}, PATIENT, 1),
    ("scatter", ("time", "pain_score"), {"group": "patient", "colour": "treatment"}, PATIENT, 1),
    ("spaghetti", ("time", "pain_score", "patient"), {"colour": "treatment"}, PATIENT, 2),
    ("histogram", ("pain_score",), {"by": "treatment"}, {"by": "treatment"}, 0),
    ("missing", ("patient", "time", "pain_score"), {}, {"wave": "time"}, 3),
    ("correlation", (), {}, {"row": "and", "column": "of"}, 0),
    ("correlation", (), {"method": "spearman"}, {"row": "and", "column": "of"}, 0),
]


def holds(chart, names, others):
    """Drawn, with data, and tooltips name what they are said to."""
    assert drawn(chart).ink > 0.01
    assert len(chart.data) > 0
    shown = [unit for unit in units(chart) if unit.tooltip and unit.rows]
    unnamed = 0
    for unit in shown:
        fields = set(unit.tooltip)
        assert fields <= set(unit.rows[0]) | unit.made, "a field that the data do not have"
        if names and all(unit.tooltip.get(f, 0) == title for f, title in names.items()):
            for name in names:
                assert all(row[name] not in (None, "") for row in unit.rows)
        else:
            unnamed += 1
    assert unnamed == others and (len(shown) > others or not names)


@pytest.mark.parametrize(
    ("name", "fit", "options", "names", "others"),
    OF_FITS, ids=[f"{c[0]}-{c[1].__name__}-{i}" for i, c in enumerate(OF_FITS)],
)  # fmt: skip
def test_charts_of_fits(name, fit, options, names, others):
    holds(getattr(fit().plot, name)(**options), names, others)


@pytest.mark.parametrize(
    ("name", "columns", "options", "names", "others"),
    OF_TABLES, ids=[f"{c[0]}-{i}" for i, c in enumerate(OF_TABLES)],
)  # fmt: skip
def test_charts_of_tables(name, columns, options, names, others):
    holds(getattr(me.plot, name)(me.datasets.pain_trial(), *columns, **options), names, others)


OF_EXPLORATIONS = ("missing", "outcome", "groups", "correlation", "spaghetti")


@pytest.mark.parametrize("name", OF_EXPLORATIONS)
def test_charts_of_explorations(name):
    chart = getattr(me.explore(me.datasets.pain_trial()).plot, name)()
    assert drawn(chart).ink > 0.05
    assert len(chart.data) > 0


def test_every_chart_has_an_entry():
    of_fits = {name for name, value in vars(FitPlots).items() if isinstance(value, Drawn)}
    assert {case[0] for case in OF_FITS} == of_fits
    of_tables = {name for name in me.plot.__all__ if name[0].islower()}
    assert {case[0] for case in OF_TABLES} == of_tables
    of_explorations = {name for name in vars(TablePlots) if not name.startswith("_")}
    assert set(OF_EXPLORATIONS) == of_explorations
