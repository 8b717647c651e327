"""The class Chart: what a notebook shows, and the one specification behind all files."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import altair as alt
import numpy as np
import pytest

import mixedeffects as me
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def charts():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    return {
        "layers": fit.plot.residuals(), "panels": fit.plot.caterpillar(),
        "facets": fit.plot.trajectories(facets=True), "page": fit.plot.check(),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["layers", "panels", "facets", "page"])
def test_the_specification_is_valid_and_that_of_altair(charts, name):
    """Made without Altair's checks, for speed; here Altair checks it."""
    chart = charts[name]
    spec = chart.altair.to_dict()
    spec["datasets"] = {key: list(rows) for key, rows in spec["datasets"].items()}
    assert spec == chart.to_dict()
    assert json.loads(json.dumps(spec)) == spec


def test_a_theme_of_the_users_is_below_ours(charts):
    with alt.theme.enable("dark"):
        spec = charts["layers"].to_dict()
        assert spec["config"]["background"] == "white"
        assert spec["config"] == charts["layers"].altair.to_dict()["config"]


@pytest.mark.parametrize("name", ["layers", "page"])
@pytest.mark.parametrize(
    ("renderer", "mime"),
    [("default", "image/svg+xml"), ("html", "text/html"), ("png", "image/png"),
     ("mimetype", "application/vnd.vegalite.v6.json")],
)  # fmt: skip
def test_notebooks_get_what_their_renderer_makes(charts, name, renderer, mime):
    with alt.renderers.enable(renderer):
        bundle = charts[name]._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data[mime]


def test_a_notebook_shows_a_picture_that_needs_no_network(charts):
    """A page with scripts from elsewhere, which notebooks prefer, is not in the bundle."""
    with alt.renderers.enable("default"):
        bundle = charts["layers"]._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert "<script" not in bundle["image/svg+xml"] and "http" not in bundle[
        "image/svg+xml"
    ].replace("http://www.w3.org/", "")


def test_show_opens_a_page_that_is_complete(charts, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    charts["layers"].show()
    text = Path(url2pathname(urlparse(opened[0]).path)).read_text(encoding="utf-8")
    assert "vegaEmbed" in text and "cdn" not in text.split("<body")[0].lower()


def test_showing_a_page_checks_nothing_anew(charts, monkeypatch):
    """Altair's checks of a page take longer than all the statistics on it."""

    def refuse(*args, **kwargs):
        raise AssertionError("checked")

    monkeypatch.setattr(alt.utils.schemapi.SchemaBase, "validate", refuse)
    with alt.renderers.enable("html"):
        assert charts["page"]._repr_mimebundle_()["text/html"]
    assert charts["page"].svg().startswith("<svg")


def test_a_page_is_an_altair_chart_too(charts):
    assert charts["page"].altair.properties(title="other").to_dict()["title"] == "other"


@pytest.mark.parametrize(
    ("unit", "label", "long"), [(1e9, "1e+9", "000,000"), (1e-9, "1e-9", "0.000000")]
)
def test_numbers_at_the_axes_have_room(unit, label, long):
    rng = np.random.default_rng(2)
    table = {"x": rng.uniform(-2, 2, 60) * unit, "y": rng.normal(size=60)}
    picture = drawn(me.plot.scatter(table, "x", "y", trend=False))
    assert picture.says(label) and not picture.says(long)


def test_usual_numbers_are_written_as_usual():
    table = {"x": [0.0, 0.5, 1.0], "y": [0.0, 1000.0, 2000.0]}
    picture = drawn(me.plot.scatter(table, "x", "y"))
    assert picture.says("0.5") and picture.says("2,000")


def test_a_long_title_of_an_axis_ends_where_the_panel_does():
    name = "a very long column name that goes on and on and on and on and on and on"
    rng = np.random.default_rng(3)
    table = {"x": rng.normal(size=60), name: np.array(["a", "b"])[np.arange(60) % 2]}
    tall = drawn(me.plot.histogram(table, "x", by=name)).pixels.shape[0]
    table["b"] = table.pop(name)
    assert tall <= drawn(me.plot.histogram(table, "x", by="b")).pixels.shape[0] + 20


def test_names_cannot_end_the_script_of_a_page(tmp_path):
    """Neither in a saved page nor in a notebook: a level may hold any text."""
    level = "</script><img src=q onerror=alert(1)>"
    rng = np.random.default_rng(2)
    table = {"y": rng.normal(size=80), "g": [f"{level}{i // 10}" for i in range(80)]}
    chart = me.plot.groups(table, "y", "g")
    chart.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    with alt.renderers.enable("html"):
        bundle = chart._repr_mimebundle_()
    shown = bundle[0] if isinstance(bundle, tuple) else bundle
    for text in (page, shown["text/html"]):
        assert "</script><img" not in text
        assert "\\u003c/script>\\u003cimg" in text
    assert level + "0" in str(chart.to_dict())
