"""The page that checks a fit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import RED
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def test_page_has_the_data_of_every_chart(fit):
    tables = fit.plot.check(rng=0).tables
    assert tables["residuals"].equals(fit.plot.residuals().data)
    assert tables["residuals: smooth"].equals(fit.plot.residuals().tables["smooth"])
    assert tables["scale_location"].equals(fit.plot.scale_location().data)
    assert tables["qq"].equals(fit.plot.qq().data)
    assert tables["qq_ranef 2"].equals(fit.plot.qq_ranef(term="Days").data)
    assert tables["by_group"].equals(fit.plot.by_group().data)
    assert tables["influence"].equals(fit.plot.influence().data)
    own = fit.plot.quantile_residuals(rng=0)
    assert tables["quantile_residuals"].equals(own.data)
    assert tables["quantile_residuals: tests"].equals(own.tables["tests"])


def test_page_says_the_certificate_and_has_every_panel(fit, tmp_path):
    chart = fit.plot.check()
    picture = drawn(chart)
    assert picture.says("Converged: certified optimum")
    for title in (
        "Residuals and fitted values", "Scale and location", "Normal quantiles of Days, Subject",
        "Residuals by Subject", "Quantile residuals by prediction", "Cook's distance by Subject",
    ):  # fmt: skip
        assert picture.says(title)
    for ending in ("svg", "png", "pdf", "html"):
        chart.save(tmp_path / f"check.{ending}")
        assert (tmp_path / f"check.{ending}").stat().st_size > 10_000


def test_generalised_models_have_the_page_without_influence():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.check()
    assert "influence" not in chart.tables and "qq" in chart.tables
    assert any("influence left out" in line for line in chart.subtitle)
    assert drawn(chart).ink > 0.02


def test_what_a_singular_fit_has_not_is_said():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 10)
    y = rng.normal(size=200)
    y -= np.bincount(g, y)[g] / 10
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.check()
    assert any(
        "Singular fit: levels of g show no variance at all" in line for line in chart.subtitle
    )
    assert any("quantiles of random effects left out" in line for line in chart.subtitle)
    assert "qq" in chart.tables and drawn(chart).ink > 0.02


def test_many_rows_are_binned_and_sampled_on_the_page():
    rng = np.random.default_rng(6)
    g = np.arange(30_000) % 60
    y = rng.normal(size=60)[g] + rng.normal(size=30_000)
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.check()
    assert chart.tables["residuals"]["count"].sum() == 30_000
    picture = drawn(chart)
    assert picture.says("30,000 rows counted in cells")
    assert len(chart.tables["quantile_residuals"]) == 1000


def test_influence_is_left_out_where_it_would_take_long(rdata):
    """Fourteen departments: a fit without one takes a fifth of a second, all of them three."""
    formula = "y ~ service + (1 | s) + (1 | d) + (1 | dept)"
    chart = me.lmm(formula, rdata("lme4", "InstEval")).plot.check()
    assert "influence" not in chart.tables and "residuals" in chart.tables
    words = " ".join(chart.subtitle)
    assert "influence left out: a fit without each of 14 levels of dept would take about" in words
    assert drawn(chart).says("Residuals and fitted values")


def test_a_level_that_cannot_be_left_out_is_said_in_its_panel_and_warns_nobody():
    """Only clinic 7 has the third dose: without it, its coefficient is not determined."""
    rng = np.random.default_rng(2)
    clinic = np.repeat(np.arange(8), 12)
    dose = np.array(["a", "b"], dtype=object)[rng.integers(0, 2, 96)]
    dose[-6:] = "c"
    table = {"y": rng.normal(size=8)[clinic] + rng.normal(size=96), "dose": dose, "clinic": clinic}
    fit = me.lmm("y ~ dose + (1 | clinic)", table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = fit.plot.check()
    assert len(chart.tables["influence"]) == 7
    assert drawn(chart).says("without clinic 7")
    with pytest.warns(me.DataWarning, match="without clinic 7"):
        fit.influence("clinic")


def test_further_lines_below_a_panels_title_have_room():
    from mixedeffects.plot.page import Panel, page
    from mixedeffects.views import View

    drawing = me.lmm(
        "Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()
    ).plot.residuals().altair  # fmt: skip
    room = [
        page([Panel("a", View({}, (), {}), drawing, "A", ("words",) * lines)], 3)[1]["spacing"]
        for lines in (1, 2, 4)
    ]
    assert room[0] == room[1] and room[2]["row"] >= room[0]["row"] + 2 * 12


def _verdicts(chart):
    """The first line below each panel's title, by title."""
    return {
        part["title"]["text"]: (part["title"]["subtitle"][0], part["title"]["subtitleColor"])
        for part in chart.to_dict()["concat"]
    }


def test_each_panel_has_one_verdict_line(fit):
    found = _verdicts(fit.plot.check())
    assert {title: words for title, (words, _) in found.items()} == {
        "Residuals and fitted values": "fine: no numeric predictor has a curved effect",
        "Scale and location": "fine: spread alike along fitted values and predictors",
        "Normal quantiles of standardised residuals": "look: heavy tails; 4 of 180 outside",
        "Normal quantiles of (Intercept), Subject": "fine: all 18 levels within the 95% band",
        "Normal quantiles of Days, Subject": "fine: all 18 levels within the 95% band",
        "Residuals by Subject": SUBJECTS,
        "Quantile residuals": f"fine: uniform (p = {_p(fit):.3f})",
        "Quantile residuals by prediction": "fine: dispersion and outliers as simulated",
        "Cook's distance by Subject": "fine: no Subject beyond 4 / n",
    }
    assert all((colour == RED) == words.startswith("look") for words, colour in found.values())


# scipy.stats.levene(*residuals by subject, center="median").pvalue is 0.01824
SUBJECTS = "by eye: spread may differ (p = 0.018), sd from 8.46 to 57.4"


def _p(fit):
    tests = fit.plot.quantile_residuals(rng=0).tables["tests"].set_index("test")
    return tests.loc["uniformity", "p_value"]


def test_verdicts_agree_with_the_diagnosis():
    """What `diagnose` finds in a model that is wrong in many ways, the panels say."""
    owls = me.datasets.owls()
    fit = me.glmm(
        "SiblingNegotiation ~ FoodTreatment + ArrivalTime + (1 | Nest)", owls, family="poisson"
    )
    found = {title: words for title, (words, _) in _verdicts(fit.plot.check()).items()}
    assert found["Scale and location"].startswith("problem: variance 5.")
    assert found["Quantile residuals"].startswith("look: not uniform (p = 0.0")
    assert "zeros" in found["Quantile residuals by prediction"]
    rng = np.random.default_rng(2)
    x, g = rng.uniform(-2, 2, 300), np.arange(300) % 20
    table = {"x": x, "y": x + x**2 + rng.normal(size=300) * np.exp(0.5 * x), "g": g}
    bent = me.lmm("y ~ x + (1 | g)", table)
    words = {title: words for title, (words, _) in _verdicts(bent.plot.check()).items()}
    assert words["Residuals and fitted values"].startswith("problem: a predictor has a curved")
    checks = bent.diagnose().checks().set_index("check")["verdict"]
    assert checks["curvature"] == "problem"
    assert words["Scale and location"].split(":")[0] == checks["spread"]


def test_true_models_are_not_accused():
    """Of 12 pages of true models with 24 bands that hold 95% and 70 other panels."""
    accused = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        g, x = np.repeat(np.arange(20), 9), rng.normal(size=180)
        u = rng.normal(size=20)[g]
        table = {"g": g, "x": x, "y": 1 + x + u + rng.normal(size=180),
                 "n": rng.poisson(np.exp(0.5 + 0.4 * x + 0.6 * u))}  # fmt: skip
        if seed % 2:
            fit = me.lmm("y ~ x + (1 | g)", table)
        else:
            fit = me.glmm("n ~ x + (1 | g)", table, family="poisson")
        found = _verdicts(fit.plot.check())
        accused += [words for words, _ in found.values() if words[:4] in ("look", "prob")]
    assert len(accused) <= 4, accused
    assert all("outside of the 95% band" in words for words in accused)


def test_a_page_is_the_same_twice_and_as_wide_as_a_notebook():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.check()
    assert chart.to_dict() == fit.plot.check().to_dict()
    assert drawn(chart).pixels.shape[1] <= 850


def test_titles_of_a_row_are_on_one_height():
    """A panel with one line of words beside one with two has as many lines."""
    owls = me.datasets.owls()
    fit = me.glmm(
        "SiblingNegotiation ~ FoodTreatment + ArrivalTime + (1 | Nest)", owls, family="poisson"
    )
    lines = [len(part["title"]["subtitle"]) for part in fit.plot.check().to_dict()["concat"]]
    assert lines[0::2][: len(lines[1::2])] == lines[1::2] and max(lines) > 1
