"""The page in a browser: everything drawn, nothing complained of, nothing fetched."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import mixedeffects as me
from tests.display.word_models import model
from tests.report.browser import a_browser, may_be_absent
from tests.report.test_charts import expected_keys

DRAWN = "document.body.dataset.drawn === document.body.dataset.charts"
# marks of data that a drawing has: not its axes, legends and titles
MARKS = (
    "(svg => [...svg.querySelectorAll('.role-mark > path, .role-mark > text, .role-mark > line')]"
    ".filter(m => m.tagName == 'line' || m.textContent || m.getAttribute('d')).length)"
)


@pytest.fixture(scope="module")
def browser():
    with a_browser() as found:
        yield found


@pytest.fixture
def opened(browser):
    return browser.opened


def test_a_browser_may_be_absent_only_where_not_everything_is_checked():
    assert may_be_absent({})
    assert not may_be_absent({"CI": "true"})
    assert may_be_absent({"CI": "true", "MIXEDEFFECTS_NO_BROWSER": "1"})
    assert not may_be_absent({"CI": "1", "MIXEDEFFECTS_NO_BROWSER": "0"})


# charts of the model below, in order
HOSTILE = [
    "coefficients", "means", "trajectories", "variance", "caterpillar", "shrinkage", "residuals",
    "scale_location", "qq", "qq_ranef", "by_group", "quantile_residuals", "predictive",
    "influence", "trace",
]  # fmt: skip
# marks of data that the simplest chart has: three coefficients or levels and a line at zero
FEWEST = 4


def least(fit, chart):
    """Marks of data that a chart has at least: one a row, or one a level, or a few."""
    if chart in ("residuals", "scale_location", "by_group", "quantile_residuals"):
        return fit.design.n
    levels = fit.design.blocks[0].factor.n_levels
    return levels if chart in ("caterpillar", "shrinkage", "influence") else FEWEST


def hostile():
    """A model whose names would run scripts, end attributes and close elements."""
    rng = np.random.default_rng(8)
    names = [
        "<script>alert(1)</script>", "\"'><img src=x onerror=alert(2)>", "</title>&amp;{{7*7}}",
        "]]>--><!--",
    ]  # fmt: skip
    g = np.repeat(np.array(names, dtype=object), 15)
    n = g.size
    table = {
        "<b>y</b>": rng.normal(size=n) + np.repeat(rng.normal(size=4), 15),
        "x\"'<i>": rng.normal(size=n),
        "</script><script>alert(3)</script>": np.array(names, dtype=object)[rng.integers(0, 2, n)],
        "g": g,
    }
    quoted = [f"`{name}`" for name in table][:3]
    return me.lmm(f"{quoted[0]} ~ {quoted[1]} + {quoted[2]} + (1 | g)", table)


@pytest.mark.parametrize("name", ["slopes", "factor", "zeros", "singular", "hostile"])
def test_page_draws_everything_and_fetches_nothing(name, opened, tmp_path):
    fit = hostile() if name == "hostile" else model(name)
    path = fit.report(tmp_path / "page.html", title="<script>alert(4)</script> & 'title'")
    with opened(path) as page:
        page.wait(DRAWN)
        names = page.value(
            "[...document.querySelectorAll('[data-chart]')].map(c => c.dataset.chart)"
        )
        assert names == (HOSTILE if name == "hostile" else expected_keys(name))
        marks = page.value(
            "[...document.querySelectorAll('[data-chart]')].map(c => { const s = "
            f"c.querySelector('svg.marks'); return s ? {MARKS}(s) : -1 }})"
        )
        found = dict(zip(names, marks, strict=True))
        assert all(found[chart] >= least(fit, chart) for chart in found), found
        assert page.value("document.querySelectorAll('.failed').length") == 0
        assert page.complaints == []
        assert page.requests == [path.as_uri()]
        assert page.value("document.title") == "<script>alert(4)</script> & 'title'"
        assert page.value("document.querySelectorAll('main script, main img').length") == 0
        assert page.value("document.documentElement.scrollWidth") <= 1200
        assert page.value("document.querySelectorAll('a[href^=\"#\"]').length") >= 10
        dead = "[...document.querySelectorAll('nav a')].filter(a => !document.getElementById("
        assert page.value(f"{dead}a.hash.slice(1))).length") == 0
        page.picture(tmp_path / "page.png")
        assert page.printed().startswith(b"%PDF")
    with Image.open(tmp_path / "page.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels.min(axis=2) < 200).mean() > 0.01


PHONE = 390
# elements that can be scrolled sideways, and how far they reach
SIDEWAYS = (
    "[...document.querySelectorAll('body *')].filter(e => e.clientWidth > 0 && e.scrollWidth > "
    "e.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))"
    ".map(e => `${e.className} ${e.getAttribute('aria-label')} ${e.scrollWidth}`)"
)


@pytest.mark.parametrize("interactive", [True, False])
@pytest.mark.parametrize("name", ["slopes", "factor", "zeros", "crossed", "ordinal", "hostile"])
def test_nothing_scrolls_sideways_on_a_phone(name, interactive, opened, tmp_path):
    fit = hostile() if name == "hostile" else model(name)
    charts = ["coefficients", "caterpillar", "qq_ranef", "trace"]
    path = fit.report(tmp_path / "page.html", interactive=interactive, charts=charts)
    with opened(path) as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=PHONE, height=844,
                 deviceScaleFactor=1, mobile=True)  # fmt: skip
        page.wait(DRAWN)
        assert page.value("document.documentElement.scrollWidth") <= PHONE
        assert page.value(SIDEWAYS) == []
        # the numbers of a table say what they are
        first = "getComputedStyle(document.querySelector('.grid td.number'), '::before').content"
        assert page.value(first).strip('"') == page.value(
            "document.querySelector('.grid td.number').dataset.label"
        )


def test_the_answer_is_first_and_charts_stand_beside_their_tables(opened, tmp_path):
    with opened(model("slopes").report(tmp_path / "page.html")) as page:
        page.wait(DRAWN)
        titles = page.value("[...document.querySelectorAll('main > section')].map(s => s.id)")
        assert titles == ["words", "results", "checks", "data", "model", "code", "references"]
        top = "document.querySelector('{}').getBoundingClientRect().top"
        assert page.value(top.format("#words")) < page.value(top.format("nav"))
        assert page.value(top.format("nav")) < page.value(top.format("#results"))
        for part, chart in (("fixed", "coefficients"), ("variances", "variance"),
                            ("levels", "caterpillar")):  # fmt: skip
            table = f"#{part} .pair table"
            picture = f"#{part} .pair [data-chart={chart}]"
            bottom = top.replace(".top", ".bottom")
            assert page.value(top.format(picture)) < page.value(bottom.format(table))
            assert page.value(top.format(table)) < page.value(bottom.format(picture))
            right = f"document.querySelector('{table}').getBoundingClientRect().right"
            left = f"document.querySelector('{picture}').getBoundingClientRect().left"
            assert page.value(right) <= page.value(left)


def test_the_policy_forbids_what_a_page_might_try(opened, tmp_path):
    """That nothing is fetched is no accident of the pages above."""
    path = model("factor").report(tmp_path / "page.html", charts=["coefficients"])
    with opened(path) as page:
        page.wait(DRAWN)
        assert page.complaints == []
        page.value("document.body.append(Object.assign(new Image(), {src: 'https://x.example/'}))")
        page.wait("true")
        page.value("document.head.append(Object.assign(document.createElement('script'), "
                   "{textContent: 'window.ran = true'}))")  # fmt: skip
        assert page.value("window.ran") is None
        assert any("violates" in words for words in page.complaints)


def test_pictures_need_no_script(opened, tmp_path):
    path = model("slopes").report(tmp_path / "page.html", interactive=False)
    assert "<script" not in path.read_text()
    with opened(path, scripts=False) as page:
        assert page.value("document.querySelectorAll('figure svg').length") >= 9
        assert page.complaints == [] and page.requests == [path.as_uri()]
        page.picture(tmp_path / "page.png")


def test_without_scripts_the_reader_is_told(opened, tmp_path):
    path = model("factor").report(tmp_path / "page.html", charts=["coefficients"])
    with opened(path, scripts=False) as page:
        assert page.value("document.querySelector('.notice').offsetHeight") > 0


def test_tooltips_name_the_level(opened, tmp_path):
    path = model("factor").report(tmp_path / "page.html", charts=["caterpillar"])
    with opened(path) as page:
        page.wait(DRAWN)
        place = page.value(
            "(() => { const m = document.querySelector('.mark-symbol.role-mark path'); "
            "m.scrollIntoView({block: 'center', behavior: 'instant'}); "
            "const r = m.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for step in (3, 0):
            page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=place[0] + step, y=place[1])
        page.wait("document.querySelector('#vg-tooltip-element.visible') !== null")
        shown = page.value("document.querySelector('#vg-tooltip-element').textContent")
        assert "professor" in shown
        assert page.complaints == []


def test_pictures_of_the_page_are_not_blank_on_a_phone(opened, tmp_path):
    path = model("slopes").report(tmp_path / "page.html", charts=["coefficients", "qq"])
    with opened(path) as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=390, height=800,
                 deviceScaleFactor=1, mobile=True)  # fmt: skip
        page.wait(DRAWN)
        assert page.value("document.documentElement.scrollWidth") <= 390
        data = page.ask("Page.captureScreenshot")["data"]
    from base64 import b64decode

    with Image.open(io.BytesIO(b64decode(data))) as image:
        assert np.asarray(image.convert("L")).min() < 100


@pytest.mark.parametrize("chart", ["caterpillar", "check"])
def test_a_chart_saved_as_a_page_is_drawn_and_fetches_nothing(chart, opened, tmp_path):
    fit = model("slopes")
    path = tmp_path / "chart.html"
    getattr(fit.plot, chart)().save(path)
    with opened(path) as page:
        page.wait("document.querySelector('svg.marks') !== null")
        marks = page.value(f"[...document.querySelectorAll('svg.marks')].map({MARKS})")
        # two random effects of every level with an interval; the residuals in four of the charts
        assert sum(marks) >= (2 * 2 * 18 if chart == "caterpillar" else 4 * fit.design.n)
        assert page.complaints == []
        assert page.requests == [path.as_uri()]
        page.picture(tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as image:
        assert (np.asarray(image.convert("L")) < 200).mean() > 0.005
