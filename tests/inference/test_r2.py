"""R-squared against performance::r2_nakagawa, and what must hold without it."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, fits

# insight takes the variance of cell means (0 + f | g) as if there were an intercept beside them;
# with prior weights it ignores that the residual variance is sigma^2 / weight. Both models are
# checked against formulas below.
OTHERWISE = ("machines_cells", "cbpp_weights")
SAME = [name for name in SERIES if name not in OTHERWISE]


@pytest.mark.parametrize("name", SAME)
def test_r2_is_performances(name):
    table = fits(name, True)[-1].r2()
    found = dict(zip(table["measure"], table["r2"], strict=True))
    golden = SERIES[name]["r2"]
    assert found["marginal"] == pytest.approx(golden["marginal"], abs=tol.SHARE_ABS)
    assert found["conditional"] == pytest.approx(golden["conditional"], abs=tol.SHARE_ABS)


@pytest.mark.parametrize("name", SERIES)
def test_the_fixed_variance_is_rs_var(name):
    table = fits(name, True)[-1].r2()
    assert table["variance"][0] == pytest.approx(
        SERIES[name]["X_variance"], rel=tol.PROGRAM_E5, abs=tol.ROUNDING_E12
    )


@pytest.mark.parametrize("name", SERIES)
def test_sources_add_up(name):
    table = fits(name, False)[-1].r2()
    sources = table.iloc[2:]
    assert sources["r2"].sum() == pytest.approx(1.0)
    assert table["r2"][1] == pytest.approx(sources["r2"][:-1].sum())
    assert table["r2"][0] == table["r2"][2]


def test_r2_does_not_depend_on_how_the_random_columns_are_written():
    slopes, cells = fits("machines_slopes", True)[-1], fits("machines_cells", True)[-1]
    assert slopes.r2()["r2"].tolist() == pytest.approx(
        cells.r2()["r2"].tolist(), abs=tol.OPTIMUM_E5
    )


def test_weights_enter_the_residual_variance():
    fit = fits("cbpp_weights", True)[-1]
    residual = fit.sigma**2 * np.mean(1 / fit.design.weights)
    between = fit.varcorr.sd["herd"][0] ** 2
    fixed = np.var(fit.design.X @ fit.beta, ddof=1)
    assert fit.r2()["r2"][0] == pytest.approx(fixed / (fixed + between + residual))


def test_no_fixed_columns_explain_nothing(sleepstudy):
    assert me.lmm("Reaction ~ 0 + (1 | Subject)", sleepstudy).r2()["r2"][0] == 0.0
