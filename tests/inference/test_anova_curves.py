"""Type III tests of curves that differ between the levels of a factor, against lmerTest and car."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "anova" / "curves.json").read_text())
CURVES = {"ns": "ns(x, df=3)", "poly": "poly(x, 2)", "bs": "bs(x, df=4)"}


@pytest.mark.parametrize("form", ["{} * a", "a * {}", "{} + a + a:{}"])
@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_is_averaged_over_the_factor(curve, form):
    """Whichever of the two a term's columns run through first."""
    text, golden = CURVES[curve], GOLDEN["models"][curve]
    formula = f"y ~ {form.format(text, text)} + (1 | g)"
    fit = me.lmm(formula, pd.DataFrame(GOLDEN["data"]))
    for ddf, df, statistic in (
        ("satterthwaite", "den_df", "statistic"),
        ("kenward-roger", "kr_df", "kr_statistic"),
    ):
        found = fit.anova(type=3, ddf=ddf).to_pandas()
        order = found["term"].str.contains(":") * 2 + (found["term"] == "a")
        found = found.iloc[np.argsort(order, kind="stable")]
        np.testing.assert_allclose(found["num_df"], golden["num_df"])
        np.testing.assert_allclose(found["den_df"], golden[df], rtol=tol.CURVES_DF_RTOL)
        np.testing.assert_allclose(found["statistic"], golden[statistic], rtol=tol.CURVES_F_RTOL)
