"""Pages for readers of the code: what they name is there, and the steps they show are real."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests import tolerances as tol

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "follow_one_formula.md"
CELL = re.compile(r"```\{code-cell\}\n(.*?)```", re.DOTALL)


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
