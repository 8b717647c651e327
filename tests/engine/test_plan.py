"""Plans: what is chosen, what is refused before anything is allocated, what is said."""

import tracemalloc

import numpy as np
import pytest

from mixedeffects.engine import make_plan, require_memory
from mixedeffects.errors import OptionError, PlanTooLargeError
from tests.engine.simulated import design_of


def crossed(q1, q2, n, seed=0):
    rng = np.random.default_rng(seed)
    codes = []
    for q in (q1, q2):
        c = rng.integers(0, q, n)
        c[:q] = np.arange(q)
        codes.append(c)
    return design_of(np.zeros(n), np.ones((n, 1)), [(c, None) for c in codes])


def chain(pupils=20_000):
    pupil = np.repeat(np.arange(pupils), 2)
    factors = [(pupil // d, None) for d in (1, 10, 100)]
    return design_of(np.zeros(pupil.size), np.ones((pupil.size, 1)), factors)


def test_a_nested_chain_is_sparse_and_fills_nothing():
    plan = make_plan(chain())
    assert plan.remainder == "sparse"
    assert plan.layout.m == 2200
    assert plan.symbolic.entries == 2200 + 2000  # each class touches its school, no more
    assert plan.columns == 0


def test_ratings_are_dense():
    plan = make_plan(crossed(3000, 700, 60_000))
    assert plan.remainder == "dense"
    assert plan.symbolic is None
    assert plan.columns == 700


def test_the_caller_can_insist():
    design = crossed(3000, 700, 60_000)
    plan = make_plan(design, "sparse")
    assert plan.remainder == "sparse"
    assert plan.seconds > make_plan(design, "dense").seconds
    with pytest.raises(OptionError, match="engine='fast'"):
        make_plan(design, "fast")


def test_a_dense_matrix_that_would_not_fit_is_refused_with_its_size():
    design = crossed(12_000, 9_000, 400_000)
    tracemalloc.start()
    plan = make_plan(design, available=1e9)
    with pytest.raises(PlanTooLargeError, match=r"1\.\d GB.*1\.0 GB are free") as caught:
        require_memory(plan, available=1e9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "9,000 columns of f2" in str(caught.value)
    assert isinstance(caught.value, MemoryError)
    assert peak < 5e8  # the search for a sparse order is bounded by what is free as well
    require_memory(plan, available=8e9)


def test_a_hopeless_model_is_refused_without_a_long_search():
    """Each column meets a quarter of the others: a sample of them already shows it."""
    design = crossed(30_001, 30_000, 3_000_000)
    tracemalloc.start()
    plan = make_plan(design, available=4e9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with pytest.raises(PlanTooLargeError, match=r"14\.\d GB with its inverse"):
        require_memory(plan, available=4e9)
    assert peak < 1e8


def test_a_sparse_plan_runs_where_the_dense_one_would_not_fit():
    design = chain(200_000)
    dense = 16.0 * 22_000**2
    plan = make_plan(design, available=1e9)
    assert plan.remainder == "sparse"
    assert plan.bytes < 0.02 * dense
    require_memory(plan, available=1e9)
    with pytest.raises(PlanTooLargeError):
        require_memory(make_plan(design, "dense", available=1e9), available=1e9)


def test_cross_products_that_would_not_fit_are_refused():
    n = 200_000
    rng = np.random.default_rng(1)
    wide = rng.normal(size=(n, 12))
    codes = np.arange(n) // 2, rng.integers(0, 300, n)
    design = design_of(np.zeros(n), np.ones((n, 1)), [(codes[0], wide), (codes[1], wide)])
    plan = make_plan(design, available=2e8)
    with pytest.raises(PlanTooLargeError, match="cross-products alone"):
        require_memory(plan, available=2e8)


def test_description():
    text = make_plan(chain()).describe()
    assert "f1  20,000 levels x 1 column" in text
    assert "1. eliminate f1: 20,000 levels, 1 column each, block-diagonal" in text
    assert "2. remainder (f2 + f3): 2,200 columns, sparse (nnz(L) = 4,200, natural" in text
    assert "memory" in text
    small = design_of(np.zeros(20), np.ones((20, 1)), [(np.arange(20) // 4, None)])
    assert "one dense matrix (small model)" in make_plan(small).describe()
