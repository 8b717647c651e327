"""What must not matter does not: order, labels, units, and how rows were added up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixedeffects as me
from mixedeffects.crossprod import CrossProducts, Layout
from mixedeffects.design import build_design, take_rows
from mixedeffects.engine import make_plan
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table
from tests.tolerances import SAME_OPTIMUM

FORMULA = "y ~ x + (1 + x | g) + (1 | h)"
FORMULA_OF_THREE = "y ~ x + (1 + x | g) + (1 + z | h) + (1 | i)"
EXAMPLES = settings(max_examples=12, deadline=None)


@pytest.fixture(scope="module")
def reference():
    return me.lmm(FORMULA, crossed_table())


@EXAMPLES
@given(seed=st.integers(0, 2**31))
def test_row_order(reference, seed):
    table = crossed_table()
    order = np.random.default_rng(seed).permutation(table["y"].size)
    fit = me.lmm(FORMULA, {k: v[order] for k, v in table.items()})
    assert fit.objective == pytest.approx(reference.objective, abs=SAME_OPTIMUM)
    assert np.allclose(fit.theta, reference.theta, atol=tol.OPTIMUM_E4)


@EXAMPLES
@given(seed=st.integers(0, 2**31))
def test_relabelling_groups(reference, seed):
    table = crossed_table()
    rng = np.random.default_rng(seed)
    table["g"] = rng.permutation(1000)[:24][table["g"]]
    table["h"] = np.array([f"level {v}" for v in rng.permutation(7)])[table["h"]]
    fit = me.lmm(FORMULA, table)
    assert fit.objective == pytest.approx(reference.objective, abs=SAME_OPTIMUM)
    assert fit.fixef["x"] == pytest.approx(reference.fixef["x"], abs=tol.OPTIMUM_E5)


@EXAMPLES
@given(
    shift=st.floats(-1e6, 1e6),
    scale=st.floats(1e-4, 1e4),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_affine_change_of_the_response(reference, shift, scale, sign):
    table = crossed_table()
    table["y"] = shift + sign * scale * table["y"]
    fit = me.lmm(FORMULA, table)
    nu = reference.nobs - 2
    assert fit.objective - 2 * nu * np.log(scale) == pytest.approx(
        reference.objective, abs=tol.OPTIMUM_E4
    )
    assert fit.sigma == pytest.approx(scale * reference.sigma, rel=tol.OPTIMUM_E5)
    assert fit.fixef["x"] == pytest.approx(sign * scale * reference.fixef["x"], rel=tol.OPTIMUM_E4)


@EXAMPLES
@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-2, 1e3))
def test_affine_change_of_a_predictor(reference, shift, scale):
    """An unstructured slope term absorbs shift and scale; REML moves by log|scale| only."""
    table = crossed_table()
    table["x"] = shift + scale * table["x"]
    fit = me.lmm(FORMULA, table)
    assert fit.objective == pytest.approx(
        reference.objective + 2 * np.log(scale), abs=tol.OPTIMUM_E4
    )
    assert fit.fixef["x"] == pytest.approx(reference.fixef["x"] / scale, rel=tol.OPTIMUM_E3)


@EXAMPLES
@given(cut=st.integers(20, 220), weights=st.sampled_from([None, "w"]))
def test_merging_parts_equals_the_whole(cut, weights):
    """Products of two parts add up to the whole's, dense or blocked, and can be taken out again."""
    table = crossed_table()
    design = build_design(FORMULA_OF_THREE, table, weights=weights)
    q, k = zip(*((b.factor.n_levels, b.k) for b in design.blocks), strict=True)
    blocked = Layout(q, k, 0, (1, 2))
    small = make_plan(design).layout
    assert small.small
    for layout in (small, blocked):
        whole = CrossProducts.of(design, layout)
        parts = []
        for rows in (slice(0, cut), slice(cut, None)):
            parts.append(
                CrossProducts.of(take_rows(design, rows), layout, reference=whole.reference)
            )
        merged = parts[0].merge(parts[1])
        _assert_same(merged, whole)
        _assert_same(merged.remove(parts[1]), parts[0])
    assert whole.leaf_cross is not None and whole.rest_cross
    assert (whole.log_weights != 0.0) == (weights is not None)


def _assert_same(a, b):
    assert a.n == b.n
    assert a.log_weights == pytest.approx(b.log_weights, abs=tol.ROUNDING_E9)
    for name in ("xx", "leaf_diag", "leaf_fixed", "rest_fixed", "rest_dense"):
        u, v = getattr(a, name), getattr(b, name)
        if u is not None:
            assert np.allclose(u, v, atol=tol.ROUNDING_E9), name
    for u, v in zip(a.rest_diag, b.rest_diag, strict=True):
        assert np.allclose(u, v, atol=tol.ROUNDING_E9)
    assert a.rest_cross.keys() == b.rest_cross.keys()
    crossed = [
        (a.leaf_cross, b.leaf_cross),
        *((a.rest_cross[i], b.rest_cross[i]) for i in a.rest_cross),
    ]
    for u, v in crossed:
        if u is not None:
            assert np.allclose(_dense(u), _dense(v), atol=tol.ROUNDING_E9)


def _dense(rows):
    q = rows.indptr.size - 1
    out = np.zeros((q, 64, rows.value.shape[1]))
    for j in range(q):
        part = slice(rows.indptr[j], rows.indptr[j + 1])
        out[j, rows.index[part]] = rows.value[part]
    return out


def test_simulate_and_recover():
    fit = me.lmm(FORMULA, crossed_table())
    estimates = []
    for y in fit.simulate(40, rng=1).T:
        again = fit.refit(y)
        estimates.append([again.fixef["x"], again.sigma])
    mean = np.mean(estimates, axis=0)
    error = np.std(estimates, axis=0) / np.sqrt(40)
    assert abs(mean[0] - fit.fixef["x"]) < tol.STANDARD_ERRORS_4 * error[0]
    assert abs(mean[1] - fit.sigma) < tol.STANDARD_ERRORS_4 * error[1]
