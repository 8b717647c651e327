"""Pages for readers of the code: what they name is there, and the steps they show are real."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from tests import tolerances as tol

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "follow_one_formula.md"
CELL = re.compile(r"```\{code-cell\}\n(.*?)```", re.DOTALL)
STATION = re.compile(r"^( *)- `([\w.]+)` \(`([\w/]+\.py)`\)", re.MULTILINE)
# lines of code that a reader of the walk through a linear model has before them
MOST_LINES = 250
# indentation of a list above which Sphinx drops the rest of a page
DEEPEST = 16


def test_the_page_runs_and_arrives_at_the_fits_of_the_package():
    names: dict = {}
    fits = []
    with np.printoptions():
        for cell in CELL.findall(PAGE.read_text()):
            exec(cell, names)
            if "fit = " in cell:
                fits.append((names["fit"], names["record"]))
    assert [type(fit).__name__ for fit, _ in fits] == ["LMM", "GLMM"]
    for fit, record in fits:
        assert fit.objective == pytest.approx(record.objective, rel=tol.ROUNDING_E12)
        np.testing.assert_allclose(fit.theta, record.theta, rtol=tol.OPTIMUM_E6)
        np.testing.assert_allclose(fit.beta, record.beta, rtol=tol.OPTIMUM_E6)


def test_files_that_the_pages_name_are_there():
    pages = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    missing = []
    for page in pages:
        for name in re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", page.read_text()):
            if not any((place / name).exists() for place in (ROOT, ROOT / "src/mixedeffects")):
                missing.append((page.name, name))
    assert missing == []


def walks():
    """The stations of the walks through `lmm` and `glmm`: indentation, name and file of each."""
    walk = PAGE.read_text().split("## In ten minutes\n")[1].split("\n## ")[0]
    return [STATION.findall(part) for part in walk.split("\n### ")]


def definition(file, name):
    """The syntax tree of a function, method or class."""
    found = ast.parse((ROOT / "src/mixedeffects" / file).read_text())
    for part in name.split("."):
        found = next(node for node in found.body if getattr(node, "name", None) == part)
    return found


def lines_of_code(file, name):
    """Lines of a body (of a class, of its `__init__`) without its docstring and blank lines."""
    node = definition(file, name)
    if isinstance(node, ast.ClassDef):
        node = definition(file, f"{name}.__init__")
    body = node.body[1:] if ast.get_docstring(node) else node.body
    lines = (ROOT / "src/mixedeffects" / file).read_text().splitlines()
    return sum(bool(line.strip()) for line in lines[body[0].lineno - 1 : node.end_lineno])


@pytest.mark.parametrize("walk", walks(), ids=["lmm", "glmm"])
def test_each_station_of_a_walk_calls_the_next(walk):
    assert len(walk) > 10
    callers: list = []
    for indent, name, file in walk:
        node = definition(file, name)
        assert len(indent) <= DEEPEST
        del callers[len(indent) // 2 :]
        if indent:
            caller = ast.walk(callers[-1])
            used = {getattr(one, "id", getattr(one, "attr", None)) for one in caller}
            assert name.split(".")[-1] in used, f"{callers[-1].name} does not name {name}"
        callers.append(node)


def test_the_walk_through_a_linear_model_is_short():
    stations = {(file, name) for _, name, file in walks()[0]}
    assert sum(lines_of_code(file, name) for file, name in stations) <= MOST_LINES
