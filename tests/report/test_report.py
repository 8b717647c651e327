"""Reports have every section, the numbers of the tables, and code that makes the fit again."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.report.charts import CHARTS, ON_REQUEST
from tests import tolerances as tol
from tests.display.word_models import MODELS, model
from tests.report.pages import page

HEADINGS = ["In words", "Results", "Diagnostics", "Data", "Model", "Code", "References"]


class Reader(HTMLParser):
    """Headings, tables and addresses of a page; complains of elements that do not match."""

    VOID = ("meta", "br", "img", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.tables, self.addresses, self.ids = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.addresses += [found[k] for k in ("src", "href", "data", "action") if k in found]
        if "id" in found:
            self.ids.append(found["id"])
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table" and "grid" in (found.get("class") or ""):
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
        elif tag in ("h2", "h3"):
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        here = self.open[-1] if self.open else ""
        if here in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1][-1] += text
        elif here in ("h2", "h3"):
            self.headings[-1] += text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


def test_page_has_every_section_and_the_numbers_of_the_summary():
    fit = model("slopes")
    text = page("slopes").read_text()
    found = Reader(text)
    assert [h for h in found.headings if h in HEADINGS] == HEADINGS
    assert all(address.startswith("#") for address in found.addresses)
    assert len(set(found.ids)) == len(found.ids)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    cells = {cell.replace("−", "-") for table in found.tables for row in table for cell in row}
    for number in re.findall(r"(?<![\d.])-?\d+\.\d+(?![\d.])", str(fit).split("Converged")[0]):
        assert number in cells or any(number in cell for cell in cells), number


def test_tables_are_the_fit_s():
    fit = model("factor")
    found = Reader(page("factor").read_text())
    table = next(t for t in found.tables if t[0][0] == "term" and "df" in t[0])
    frame = fit.test()
    for row, (_, truth) in zip(table[1:], frame.iterrows(), strict=True):
        assert row[0] == truth["term"]
        for text, name in zip(row[1:], ("estimate", "std_error", "df", "statistic"), strict=False):
            assert float(text.replace("−", "-")) == pytest.approx(truth[name], rel=tol.PRINTED_6E3)
    outcome = next(t for t in found.tables if t[0][0] == "rows")
    score = me.datasets.flipped_classrooms()["score"]
    assert float(outcome[1][1]) == pytest.approx(score.mean(), rel=tol.PRINTED_E3)
    assert float(outcome[1][2]) == pytest.approx(score.std(), rel=tol.PRINTED_E3)
    levels = next(
        t for t in found.tables if t[0][:2] == ["factor", "levels"] and "rows of each" in t[0]
    )
    assert levels[1][0] == "style" and "No (125)" in levels[1][2]
    ends = next(t for t in found.tables if t[0][1:2] == ["rank"])
    ranef = fit.ranef().sort_values("estimate", ascending=False)["level"].tolist()
    assert ends[0][0] == "professor"
    assert [r[0] for r in ends[1:6]] == ranef[:5] and [r[0] for r in ends[7:]] == ranef[-5:]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_report_of_every_kind(name):
    for suffix in ("html", "md", "docx"):
        assert page(name, suffix).stat().st_size > 5000
    assert "nan" not in re.findall(r"\w+", page(name, "md").read_text().lower())


def test_the_charts_are_those_that_suit_the_model(folder):
    text = model("ordinal").report(folder / "c.html").read_text()
    drawn = re.findall(r'data-chart="([a-z_]+)', text)
    assert "coefficients" in drawn and "caterpillar" in drawn and "trajectories" not in drawn
    assert "Charts left out:" in text and "trajectories:" in text
    assert not set(ON_REQUEST) & set(drawn)
    text = model("slopes").report(folder / "d.html", charts=["profile", "qq"]).read_text()
    assert re.findall(r'data-chart="([a-z_]+)', text) == ["qq", "profile"]
    assert text.count("window.vegaEmbed=") == 1


def test_all_charts_of_a_fit_are_in_the_register():
    from mixedeffects.plot.fit_plots import Drawn, FitPlots

    names = {n for n, v in vars(FitPlots).items() if isinstance(v, Drawn)}
    assert set(CHARTS) <= names
    assert names - set(CHARTS) == {"check"}  # the same charts on one page


def test_markdown_has_pictures_beside_it_or_within(folder):
    fit = model("slopes")
    path = fit.report(folder / "e.md", charts=["coefficients", "qq"])
    text = path.read_text()
    assert re.findall(r"\n## (.*)", text) == HEADINGS
    names = re.findall(r"!\[.*?\]\((e_files/.*?)\)", text)
    assert names == ["e_files/coefficients.png", "e_files/qq.png"]
    assert all((folder / n).read_bytes().startswith(b"\x89PNG") for n in names)
    inline = fit.report(folder / "f.md", charts=["qq"], pictures="inline").read_text()
    assert "](data:image/png;base64," in inline and not (folder / "f_files").exists()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_word_document_has_headings_tables_equations_and_pictures(folder):
    import docx

    fit = model("slopes")
    path = fit.report(folder / "g.docx", charts=["coefficients", "qq"], title="Sleep & <b>pace</b>")
    file = docx.Document(str(path))
    headings = [p.text for p in file.paragraphs if p.style.name == "Heading 1"]
    assert headings == HEADINGS
    assert file.paragraphs[0].text == "Sleep & <b>pace</b>"
    assert len(file.inline_shapes) == 2
    words = [shape._inline.docPr.get("descr") for shape in file.inline_shapes]
    assert all(words)
    table = next(
        t for t in file.tables if t.cell(0, 0).text == "term" and t.cell(0, 3).text == "df"
    )
    assert table.cell(2, 0).text == "Days" and table.cell(2, 1).text == "10.467"
    assert file.element.xml.count("<m:oMath>") == 6
    assert "Reaction" in "".join(re.findall(r"<m:t[^>]*>([^<]*)</m:t>", file.element.xml))


def test_code_and_data_of_the_user_are_in_it(folder):
    data = me.datasets.sleepstudy()
    fit = model("slopes")
    text = fit.report(
        folder / "h.md", charts="none", code='data = read("<sleep>.csv")', data=data
    ).read_text()
    assert 'data = read("<sleep>.csv")' in text
    assert "Columns that the model does not use: none." in text
    with pytest.raises(me.DataError, match="data has 179 rows and the table of the fit had 180"):
        fit.report(folder / "i.md", charts="none", data=data[:-1])


def test_unused_columns_are_named(folder):
    data = me.datasets.pain_trial()
    fit = me.lmm("pain_score ~ time + (1 | patient)", data)
    text = fit.report(folder / "j.md", charts="none", data=data).read_text()
    assert re.search(r"does not use: .*treatment", text)


def test_names_cannot_leave_the_page(folder):
    rng = np.random.default_rng(1)
    bad = ["<script>x</script>", "'\"><img>"]
    table = {"y": rng.normal(size=40), "`": 1, "g": np.repeat(bad, 20)}
    del table["`"]
    table["</script>"] = np.tile(["a</script>", "b-->"], 20)
    fit = me.lmm("y ~ `</script>` + (1 | g)", table)
    text = fit.report(folder / "k.html", title="</title><script>").read_text()
    for name in (*bad, "a</script>", "b-->", "</title><script>"):
        assert name not in re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert text.count("</script>") == text.count("<script") == 3
    Reader(re.sub(r"<script.*?</script>", "", text, flags=re.S))


def test_what_is_asked_for_is_followed(folder):
    fit = model("factor")
    text = fit.report(
        folder / "l.md", charts="none", level=0.8, ddf="kenward-roger", title="My title"
    ).read_text()
    table = fit.test(level=0.8, ddf="kenward-roger")
    assert text.startswith("# My title\n") and "80% CI" in text and "80% lower" in text
    assert f"{table['lower'][1]:.2f}" in text.replace("−", "-")
    assert "Kenward and Roger" in text


def test_wrong_requests_are_refused_before_anything_is_written(folder):
    fit = model("factor")
    for path, options, message in (
        ("m.pdf", {}, "must end in one of .html, .md, .docx"),
        ("m.html", {"charts": ["caterpilar"]}, "did you mean 'caterpillar'"),
        ("m.html", {"charts": 3}, "charts=3"),
        ("m.html", {"level": 2.0}, "level"),
        ("m.html", {"ddf": "x"}, "ddf='x'"),
        ("m.html", {"pictures": "x"}, "pictures='x'"),
        ("m.html", {"interactive": "x"}, "interactive='x'"),
    ):
        with pytest.raises(me.OptionError, match=re.escape(message)):
            fit.report(folder / path, **options)
        assert not (folder / path).exists()


@pytest.mark.parametrize(("package", "suffix"), [("jinja2", "html"), ("docx", "docx")])
def test_missing_packages_are_named_with_the_line_that_installs_them(
    package, suffix, folder, monkeypatch
):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(me.MissingDependencyError, match=r"mixedeffects\[report\]"):
        model("factor").report(folder / f"n.{suffix}", charts="none")


@pytest.mark.parametrize("flavour", ["pandas", "polars", "pyarrow", "dict"])
def test_every_kind_of_table(flavour, folder):
    data = me.datasets.load("flipped_classrooms", flavour=flavour)
    fit = me.lmm("score ~ style + (1 | professor)", data)
    text = fit.report(folder / "o.md", charts=["coefficients"], data=data).read_text()
    assert {"pandas": "pandas data frame", "dict": "dict of arrays"}.get(flavour, flavour) in text


def test_data_summary_is_that_of_the_rows_used():
    text = page("missing", "md").read_text()
    from tests.display.word_models import _missing

    frame = pd.DataFrame(_missing()).dropna(subset=["y", "x"])
    assert f"| 235 | {frame['y'].mean():.3f}" in text or f"{frame['y'].mean():.4f}" in text
    assert "| y | 3 |" in text and "| x | 2 |" in text


def test_tests_of_terms_are_chi_square_without_denominator_df():
    text = page("binomial", "md").read_text()
    row = pd.DataFrame(model("binomial").anova()).iloc[0]
    assert "| term | df | χ² | p |" in text
    assert f"| period | {row.num_df:.0f} | {row.chisq:.2f} | \\<0.001 |" in text
    text = page("factor", "md").read_text()
    row = pd.DataFrame(model("factor").anova()).iloc[0]
    assert "| term | num. df | den. df | F | p |" in text
    shown = f"{row.num_df:.0f} | {row.den_df:.1f} | {row.statistic:.2f} | {row.p_value:.3f}"
    assert f"| style | {shown} |" in text


@pytest.mark.parametrize(
    ("home", "name"),
    [("anova_table", "anova"), ("interpretation.facts", "averages"),
     ("interpretation.facts", "clustering")],
)  # fmt: skip
def test_what_takes_long_is_computed_once(home, name, folder, monkeypatch):
    """Under Kenward and Roger's method tests of terms are the dearest part of a report."""
    from importlib import import_module

    module, calls = import_module(f"mixedeffects.inference.{home}"), []
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *a, **k: calls.append(1) or real(*a, **k))
    model("factor").report(folder / "s.md", charts="none", ddf="kenward-roger")
    assert calls == [1]


@pytest.mark.parametrize("interactive", [True, False])
def test_charts_of_a_page_are_not_kept(interactive, folder):
    import gc

    from mixedeffects.plot.chart import Chart

    model("slopes").report(folder / "t.html", charts=["qq"], interactive=interactive)
    gc.collect()
    kept = [c for c in gc.get_objects() if type(c) is Chart]
    assert not any(chart.title == "Normal quantiles of standardised residuals" for chart in kept)
