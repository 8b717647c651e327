"""A report under a hostile reader: what it must not claim, odd paths and names, Word files."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from xml.dom.minidom import parseString

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.display.word_models import _table, model
from tests.report.pages import page

VAGUE = "pain_score ~ treatment * time + (time | patient)"


@pytest.fixture(scope="module")
def vague():
    return me.lmm(VAGUE, me.datasets.pain_trial())


def test_limits_that_say_nothing_are_not_in_the_table(vague, tmp_path):
    text = vague.report(tmp_path / "a.md", charts="none").read_text()
    table = pd.DataFrame(vague.varcorr.tidy())
    row = re.search(r"\| patient \| time \| sd \| (\S+) \| (\S+) \| *\| *\|", text)
    assert float(row[2]) == pytest.approx(table["sdcor"][1], rel=tol.PRINTED_E4)
    assert re.search(
        r"\| patient \| \(Intercept\), time \| correlation \| *\| 0\.72 \| *\| *\|", text
    )
    assert "Without limits:** patient: sd of time; patient: correlation of" in text
    assert "hardly determine" in text and "profile" in text
    assert "174369" not in text and "1.2394e-07" not in text
    # the intercept keeps its own
    assert re.search(r"\| patient \| \(Intercept\) \| sd \| \S+ \| \S+ \| 5\.43\d* \| 8\.41", text)


def test_a_fit_that_a_rule_ended_is_not_certified_in_the_table(tmp_path):
    fit = me.lmm(
        "Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), optimizer="em",
        converged=me.stopping.no_effect_moves(0.1),
    )  # fmt: skip
    text = fit.report(tmp_path / "a.md", charts="none").read_text()
    assert "| certified | no |" in text
    assert "| ended by the rule | no effect moves by more than 0.1 |" in text


class Heads(HTMLParser):
    """Heads of tables without scope or text, and scrolled regions that no key reaches."""

    def __init__(self):
        super().__init__()
        self.bad, self.head = [], False

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.head = tag == "th"
        if tag == "th" and "scope" not in found:
            self.bad.append(self.get_starttag_text())
        if "scroll" in (found.get("class") or "").split() and "tabindex" not in found:
            self.bad.append(self.get_starttag_text())

    def handle_endtag(self, tag):
        if tag == "th" and self.head:
            self.bad.append("an empty head")

    def handle_data(self, data):
        self.head = False


@pytest.mark.parametrize("name", ["slopes", "singular slopes", "zeros"])
def test_tables_can_be_heard_and_reached(name):
    heads = Heads()
    heads.feed(page(name).read_text())
    assert heads.bad == []


def test_numbers_stay_beside_their_letters_and_zeros_have_no_sign():
    text = page("slopes").read_text()
    assert "p\u00a0&lt;\u00a00.001" in text and "95%\u00a0CI\u00a0" in text
    assert not re.search(r">[−-]0\.0+<", text)


def hundred():
    rng = np.random.default_rng(1)
    f = np.array([f"level {k:03d} of a long name" for k in rng.integers(0, 100, 1500)])
    g = rng.integers(0, 20, 1500)
    return me.lmm("y ~ f + (1 | g)", {"y": rng.normal(size=1500), "f": f, "g": g})


def test_word_tables_hold_their_texts(tmp_path):
    docx = pytest.importorskip("docx")
    fit = hundred()
    path = fit.report(tmp_path / "a.docx", charts="none")
    with zipfile.ZipFile(path) as file:
        parseString(file.read("word/document.xml"))
    document = docx.Document(str(path))
    found = next(t for t in document.tables if t.cell(0, 1).text == "estimate")
    assert len(found.rows) == 101
    table = pd.DataFrame(fit.test())
    assert found.rows[5].cells[0].text == table["term"][4]
    for t in document.tables:
        assert t.rows[0]._tr.xpath("w:trPr/w:tblHeader")
        widths = [int(w) for w in t._tbl.xpath("w:tblGrid/w:gridCol/@w:w")]
        assert sum(widths) <= 9072 + len(widths)
        # a head of column fits in its column: no word is broken
        for cell, width in zip(t.rows[0].cells, widths, strict=True):
            assert max(map(len, cell.text.split())) * 90 <= width
    # a table longer than a page may be broken, its header is repeated
    kept = [bool(row._tr.xpath(".//w:keepNext")) for row in found.rows]
    assert kept[0] and not any(kept[3:])


def test_word_equations_are_well_formed_and_their_names_are_words():
    pytest.importorskip("docx")
    with zipfile.ZipFile(page("interaction", "docx")) as file:
        tree = parseString(file.read("word/document.xml"))
    texts = {}
    for run in tree.getElementsByTagName("m:r"):
        text = "".join(t.firstChild.data for t in run.getElementsByTagName("m:t"))
        texts.setdefault(text, []).append(bool(run.getElementsByTagName("m:nor")))
    for word in ("treatment", "pain_score", "fixed effects", "treated"):
        assert all(texts[word])
    assert not any(texts["β"])


def test_lines_that_go_on_with_a_negative_number_are_subtracted():
    table = _table()
    rng = np.random.default_rng(3)
    names = [f"a_long_name_of_a_column_{k}" for k in range(8)]
    table |= {name: rng.normal(size=240) for name in names}
    fit = me.lmm(f"y ~ {' + '.join(names)} + (1 | g)", table)
    written = fit.equation(estimates=True)
    assert "+ −" not in written.text and not re.search(r"\+\s*\{-\}", written.latex)
    # the sum is the one of the coefficients
    fixed = " ".join(written.text.split("b_0j")[0].split("=", 1)[1].split())
    said = [
        (sign.strip() or "+") + number
        for sign, number in re.findall(r"(^|[+−] ?)\s*(\d[\d.]*)(?= a_long| [+−])", fixed)
    ]
    assert len(said) == 9
    for text, value in zip(said, fit.fixef.values(), strict=True):
        assert float(text.replace("−", "-").replace(" ", "")) == pytest.approx(
            value, rel=tol.PRINTED_E2
        )


def test_equations_of_a_hundred_levels_are_cut():
    lines = hundred().equation().text.splitlines()
    assert len(lines) < 20 and any("…" in line or "⋯" in line for line in lines)


def test_pictures_of_markdown_are_found_whatever_the_file_is_called(tmp_path):
    from urllib.parse import unquote

    folder = tmp_path / "my folder (1)"
    folder.mkdir()
    path = model("factor").report(folder / "report #1 [x].md", charts=["coefficients"])
    address = re.search(r"!\[[^\]]*\]\((\S+)\)", path.read_text())[1]
    assert "#" not in address and (folder / unquote(address)).exists()


def test_paths_that_cannot_be_written_are_refused_before_any_work(vague, tmp_path, monkeypatch):
    monkeypatch.setattr("mixedeffects.report.write.document", None)
    for path, words in (
        (tmp_path / "nowhere" / "a.html", "no folder .*nowhere"),
        (tmp_path / "a", "must end in one of .html, .md, .docx; for a page: .*a.html"),
        (tmp_path / "a.pdf", "must end in one of"),
        (tmp_path, "is a folder"),
        (3, "must be the name of a file"),
    ):
        with pytest.raises(me.OptionError, match=words):
            vague.report(path)
    for bad in ({"title": 5}, {"code": 5}):
        with pytest.raises(me.OptionError, match="must be text"):
            vague.report(tmp_path / "a.html", **bad)


def test_a_title_is_one_line(vague, tmp_path):
    text = vague.report(tmp_path / "a.md", charts="none", title="one\n# two").read_text()
    assert text.splitlines()[0] == "# one \\# two"


def test_interactions_have_the_tests_of_their_terms(tmp_path):
    fit = me.lmm("y ~ f * h + (1 | g)", _table())
    text = fit.report(tmp_path / "a.md", charts="none").read_text()
    row = pd.DataFrame(fit.anova()).set_index("term").loc["f:h"]
    assert f"| f:h | 10 | {row['den_df']:.1f} | {row['statistic']:.2f} |" in text
