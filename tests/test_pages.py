"""The pages name what is there: functions, methods, terms; each glossary entry once, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mixedeffects as me

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def names():
    """What `fit.` may be followed by: members of the models and of what they plot with."""
    fields = {*me.LMM.__dataclass_fields__, *me.GLMM.__dataclass_fields__}
    return {*dir(me.LMM), *dir(me.GLMM), *fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_functions_and_methods_that_a_page_names_exist(page, names):
    text = page.read_text()
    functions = set(re.findall(r"\bme\.(\w+)", text))
    assert sorted(name for name in functions if not hasattr(me, name)) == []
    methods = set(re.findall(r"(?<![\w.])fit\.(\w+)\b(?!\")", text))
    files = {"npz", "html", "docx", "md", "py"}
    assert sorted(methods - names - files) == []


def glossary():
    """Term → definition, in the order of the page."""
    text = (DOCS / "glossary.md").read_text()
    body = re.search(r"```\{glossary\}\n(.*)```", text, flags=re.DOTALL)
    assert body is not None
    entries = re.findall(r"^(\S.*)\n((?:    .*\n)+)", body[1], flags=re.MULTILINE)
    return [(term, definition.strip()) for term, definition in entries]


def test_each_term_stands_once_and_in_order():
    terms = [term for term, _ in glossary()]
    assert len(terms) > 40
    assert terms == sorted(set(terms), key=str.casefold)
    used = re.findall(r"\{term\}`([^`]+)`", (DOCS / "glossary.md").read_text())
    assert set(used) <= set(terms)


def test_pages_for_newcomers_can_be_reached():
    index = (DOCS / "index.md").read_text() + (DOCS / "tutorials/index.md").read_text()
    for page in ("install", "repeated_measures", "faq", "glossary", "limits"):
        assert re.search(rf"^(\.\./)?{page}$", index, flags=re.MULTILINE), page


MIGRATING = ("migrating/lme4", "migrating/statsmodels", "migrating/glmer_glmmtmb")


@pytest.mark.parametrize("page", ["guide/formulas", "faq", *MIGRATING])
def test_the_order_of_text_levels_and_the_remedy_are_said(page):
    text = (DOCS / f"{page}.md").read_text()
    assert "code point" in text and 'Treatment("non-USA")' in text


def test_text_levels_are_in_the_order_that_the_pages_say():
    table = {"y": [1.0, 2, 4, 3, 5, 7, 2, 8], "o": ["non-USA", "USA"] * 4, "g": list("aabbccdd")}
    assert list(me.ols("y ~ o", table).fixef) == ["(Intercept)", "o[non-USA]"]
    (_, chosen) = me.ols('y ~ C(o, Treatment("non-USA"))', table).fixef
    assert chosen.endswith("[USA]")
