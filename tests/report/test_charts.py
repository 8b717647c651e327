"""Which charts a report has: for every model exactly these, the others refused with a reason.

A chart may be left out where the model has nothing of the kind, and in no other case: a fault in
a chart ends the report with that fault.
"""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.fit_plots import FitPlots
from mixedeffects.report.charts import CHARTS, ON_REQUEST, drawn_figures
from mixedeffects.report.record import Wishes
from tests.display.word_models import MODELS, _table, model

CHECKS = [
    "residuals", "scale_location", "qq", "qq_ranef", "by_group", "quantile_residuals",
    "predictive",
]  # fmt: skip
LINE = ["coefficients", "trajectories", "variance", "caterpillar", "shrinkage"]
MEANS = ["coefficients", "means", "trajectories", "variance", "caterpillar", "shrinkage"]
TWO_GROUPS = [*LINE[:4], "caterpillar-2", "shrinkage", "shrinkage-2"]
# model -> charts of the results in order, charts that are refused and a word of the reason
EXPECTED = {
    "slopes": (LINE, {"effects": "no categorical column"}),
    "factor": (
        ["coefficients", "means", "effects", "variance", "caterpillar", "shrinkage"],
        {"trajectories": "no numeric column"},
    ),
    "interaction": (
        ["coefficients", "means", "trajectories", "effects", "variance", "caterpillar",
         "shrinkage"],
        {},
    ),
    "independent": (LINE, {"effects": "no categorical column"}),
    "no intercept": (MEANS, {"effects": "varies within the levels of g"}),
    "crossed": (TWO_GROUPS, {"effects": "no categorical column"}),
    "nested": (TWO_GROUPS, {"effects": "no categorical column"}),
    "weights": (MEANS, {"effects": "varies within the levels of g"}),
    "singular": (
        [c for c in LINE if c != "caterpillar"],
        {"effects": "no categorical column", "qq_ranef": "no variance",
         "caterpillar": "variance of g is zero"},
    ),
    "singular slopes": (LINE, {"effects": "no categorical column"}),
    "missing": (MEANS, {"effects": "varies within the levels of g"}),
    "log": (LINE, {"effects": "no categorical column"}),
    "empty": (
        ["variance", "caterpillar", "shrinkage"],
        {"coefficients": "no coefficient but the intercept", "trajectories": "no numeric column",
         "effects": "no categorical column"},
    ),
    "binomial": (
        ["coefficients", "means", "variance", "caterpillar", "shrinkage"],
        {"trajectories": "no numeric column", "effects": "varies within the levels of herd"},
    ),
    "yes or no": (MEANS, {"effects": "varies within the levels of g"}),
    "probit": (LINE, {"effects": "no categorical column"}),
    "zeros": (
        ["coefficients", "interaction", "variance", "caterpillar", "shrinkage"],
        {"trajectories": "no numeric column", "effects": "vary within the levels of"},
    ),
    "rate": (LINE, {"effects": "no categorical column"}),
    "gamma": (MEANS, {"effects": "varies within the levels of g"}),
    "beta": (LINE, {"effects": "no categorical column"}),
    "ordinal": (
        ["coefficients", "means", "variance", "caterpillar", "shrinkage"],
        {"trajectories": "no mean to draw", "effects": "no mean to draw"},
    ),
    "hurdle": (LINE, {"effects": "no categorical column"}),
}  # fmt: skip


def expected_checks(name):
    """Charts of the checks: all but those refused; influence of linear models, which is quick."""
    linear = isinstance(model(name), me.LMM)
    refused = EXPECTED[name][1]
    return [c for c in [*CHECKS, *(["influence"] if linear else []), "trace"] if c not in refused]


def expected_keys(name):
    """The charts of a model's report in order."""
    return [*EXPECTED[name][0], *expected_checks(name)]


def drawn(fit, **wishes):
    """Keys of the charts by place, and what was left out."""
    facts = fit.interpret().facts
    found = [drawn_figures(fit, facts, Wishes(**wishes), p) for p in ("results", "checks")]
    return [[f.key for f in figures] for figures, _ in found], [r for _, rs in found for r in rs]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_exactly_the_charts_that_suit_it(name):
    (results, checks), left_out = drawn(model(name))
    assert results == EXPECTED[name][0]
    assert checks == expected_checks(name)
    refused = dict(EXPECTED[name][1])
    if not isinstance(model(name), me.LMM):
        refused["influence"] = "fitted anew"
    said = dict(reason.split(": ", 1) for reason in left_out)
    assert len(said) == len(left_out) and set(said) == set(refused)
    assert all(refused[chart] in words for chart, words in said.items())


def test_no_chart_of_the_register_is_absent_everywhere():
    keys = {key.split("-")[0] for name in MODELS for key in expected_keys(name)}
    assert keys == set(CHARTS) - set(ON_REQUEST)


def failing(error):
    def draw(*arguments, **options):
        raise error

    return draw


@pytest.mark.parametrize(
    "error",
    [ValueError("a fault"), KeyError("x"), me.DataError("of the data"),
     me.MissingDependencyError("no altair")],
)  # fmt: skip
def test_a_fault_in_a_chart_surfaces(error, monkeypatch, tmp_path):
    monkeypatch.setattr(FitPlots, "qq", property(lambda plots: failing(error)))
    with pytest.raises(type(error)):
        model("slopes").report(tmp_path / "a.md", charts=["qq"])
    assert not (tmp_path / "a.md").exists()


def test_a_refusal_is_on_the_page_with_its_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(
        FitPlots, "qq", property(lambda plots: failing(me.NotAvailableError("qq: not here\nmore")))
    )
    text = model("slopes").report(tmp_path / "a.md", charts=["qq"]).read_text()
    assert "**Charts left out:** qq: not here." in text


def test_charts_that_a_model_has_none_of_are_named_when_asked_for():
    _, left_out = drawn(model("slopes"), charts=("means", "interaction"))
    assert left_out == [
        "means: the model has nothing of the kind", "interaction: the model has nothing of the kind"
    ]  # fmt: skip


def test_a_model_with_random_effects_of_the_zeros_only_has_a_report(tmp_path):
    table = _table()
    table["count"] = table["count"] * (np.arange(table["count"].size) % 3 > 0)
    fit = me.glmm("count ~ x", table, family="poisson", zi="~ 1 + (1 | g)")
    assert fit.certificate.proved
    assert "for each level of g among the zeros" in fit.interpret().text
    (results, checks), _ = drawn(fit)
    assert "coefficients" in results and "qq" in checks
    assert {"caterpillar", "shrinkage"}.isdisjoint(results)
    assert fit.report(tmp_path / "a.md", charts="none").exists()


@pytest.mark.parametrize(
    ("chart", "name", "arguments"),
    [
        ("coefficients", "factor", ()),
        ("means", "factor", ("style",)),
        ("means", "weights", ("f",)),
    ],
)
@pytest.mark.parametrize("wishes", [{"ddf": "kenward-roger", "level": 0.8}, {"ddf": "wald"}])
def test_charts_of_a_report_use_the_reports_method_and_level(chart, name, arguments, wishes):
    fit = model(name)
    figures, _ = drawn_figures(
        fit, fit.interpret().facts, Wishes(charts=[chart], **wishes), "results"
    )
    asked = getattr(fit.plot, chart)(*arguments, **wishes).data
    usual = getattr(fit.plot, chart)(*arguments).data
    for column in ("lower", "upper"):
        np.testing.assert_array_equal(figures[0].chart.data[column], asked[column])
        assert not np.array_equal(asked[column], usual[column])
