"""Model matrices and random terms equal R's and lme4's, column for column."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixedeffects.design import build_design
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.matrix import model_matrix
from mixedeffects.design.table import open_table
from mixedeffects.formula import parse
from tests import tolerances as tol

GOLDEN = Path(__file__).parents[1] / "golden" / "design"


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def table():
    frame = pd.DataFrame(golden("table")["columns"])
    frame["o"] = pd.Categorical(frame["o"], ["low", "mid", "high", "top"], ordered=True)
    frame["flag2"] = np.where(frame["flag"], "T", "F")
    return frame


def r_name(name: str) -> str:
    """Our name in R's spelling: no brackets around suffixes, TRUE for True."""
    name = re.sub(r"\[([^\]]*)\]", r"\1", name)
    return name.replace("True", "TRUE").replace("False", "FALSE")


def squeeze(name: str) -> str:
    return name.replace(" ", "")


#: Here R numbers the columns; we name the level, as everywhere else.
LABELLED = {
    "C(h, contr.SAS)": ["(Intercept)"] + [f"C(h, contr.SAS)[h{i}]" for i in (1, 2, 3)],
    "C(f, contr.treatment(base = 2))": [
        "(Intercept)",
        "C(f, contr.treatment(base=2))[a]",
        "C(f, contr.treatment(base=2))[c]",
    ],
}


def full_matrix(text):
    """X before aliased columns are dropped."""
    formula = parse(f"y ~ {text}")
    opened = open_table(table())
    columns = {name: opened.column(name) for name in formula.column_names}
    values = Evaluator(formula.text, columns, opened.n_rows, states={}, levels={}, training=True)
    X, names, _ = model_matrix(formula.fixed, values)
    return X, names


@pytest.mark.parametrize("case", golden("fixed")["cases"], ids=lambda case: case["formula"])
def test_fixed_part_is_model_matrix(case):
    text = case["formula"].replace("contr.treatment(3, base = 2)", "contr.treatment(base = 2)")
    X, names = full_matrix(text)
    if text in LABELLED:
        assert list(names) == LABELLED[text]
    else:
        assert [squeeze(r_name(name)) for name in names] == [squeeze(n) for n in case["names"]]
    np.testing.assert_allclose(
        X, np.array(case["columns"]).T, rtol=tol.ROUNDING_E10, atol=tol.ROUNDING_E10
    )


@pytest.mark.parametrize("case", golden("rebuild")["cases"], ids=lambda case: case["formula"])
def test_new_rows_are_transformed_as_in_r(case):
    spec = build_design(f"y ~ {case['formula']}", table()).spec
    new = pd.DataFrame(golden("rebuild")["new"])
    expected = np.array(case["columns"]).T
    np.testing.assert_allclose(
        spec.rebuild(new).X, expected, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
    )


@pytest.mark.parametrize("case", golden("boundary")["cases"], ids=lambda case: case["formula"])
def test_knots_of_a_boundary_inside_the_data_are_rs(case):
    """Quantiles of the values inside of it, not of all."""
    X, _ = full_matrix(case["formula"])
    np.testing.assert_allclose(
        X, np.array(case["columns"]).T, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
    )
    spec = build_design(f"y ~ 0 + {case['formula']}", table()).spec
    new = pd.DataFrame(golden("boundary")["new"])
    expected = np.array(case["rebuilt"][1:]).T
    np.testing.assert_allclose(
        spec.rebuild(new).X, expected, rtol=tol.ROUNDING_E8, atol=tol.ROUNDING_E8
    )


def _group(term):
    """lme4 1.1 writes c:(b:a) where later versions and we write c:b:a."""
    return term["group"].replace("(", "").replace(")", "")


@pytest.mark.parametrize("case", golden("random")["cases"], ids=lambda case: case["formula"])
def test_random_terms_are_those_of_lme4(case):
    design = build_design(f"y ~ z + {case['formula']}", table(), saturated=True)
    ours = []
    for block in design.blocks:
        Z = np.ones((design.n, 1)) if block.Z is None else block.Z
        for term in block.terms:
            ours.append((block, Z[:, list(term.columns)], [block.names[j] for j in term.columns]))
    assert len(ours) == len(case["terms"])
    # lme4 reverses terms whose factors have equally many levels when it must sort; we do not
    ours.sort(key=lambda one: (one[0].factor.name, one[2]))
    terms = sorted(case["terms"], key=lambda one: (_group(one), one["names"]))
    for (block, Z, names), theirs in zip(ours, terms, strict=True):
        assert block.factor.name == _group(theirs)
        assert [squeeze(r_name(name)) for name in names] == [squeeze(n) for n in theirs["names"]]
        assert [str(label) for label in block.factor.labels] == theirs["levels"]
        np.testing.assert_array_equal(block.factor.codes, theirs["codes"])
        Zt = np.zeros((block.factor.n_levels, Z.shape[1], design.n))
        Zt[block.factor.codes, :, np.arange(design.n)] = Z
        Zt = Zt.reshape(-1, design.n)
        for key, value in [
            ("Zt_sum", Zt.sum(axis=1)),
            ("Zt_square", (Zt**2).sum(axis=1)),
            ("Zt_weighted", Zt @ np.arange(1, design.n + 1)),
        ]:
            np.testing.assert_allclose(
                value, theirs[key], rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
            )
