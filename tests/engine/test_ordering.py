"""Orders of elimination and fill, against elimination carried out on a set of sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedeffects.engine.kernels import crossing, ordering
from mixedeffects.engine.remainder import symbolic


def compress(cliques):
    indptr = np.concatenate([[0], np.cumsum([len(c) for c in cliques])]).astype(np.int64)
    return indptr, np.array([v for c in cliques for v in c], dtype=np.int32)


def adjacency(cliques, n):
    A = np.zeros((n, n), dtype=bool)
    for c in cliques:
        A[np.ix_(c, c)] = True
    A[np.arange(n), np.arange(n)] = True
    return A


def filled(A):
    """Lower-triangular pattern of the factor, by elimination."""
    A = A.copy()
    for p in range(len(A)):
        later = p + 1 + np.flatnonzero(A[p + 1 :, p])
        A[np.ix_(later, later)] = True
    return np.tril(A)


@st.composite
def cliques_and_weights(draw):
    n = draw(st.integers(2, 14))
    some = st.lists(st.integers(0, n - 1), min_size=1, max_size=4, unique=True)
    cliques = draw(st.lists(some, min_size=1, max_size=15))
    cliques += [[v] for v in range(n)]  # every node is met by somebody
    weights = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    return cliques, np.array(weights, dtype=np.int64)


@given(cliques_and_weights(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_fill_is_that_of_elimination(case, random):
    cliques, weight = case
    n = weight.size
    order = np.array(random.sample(range(n), n))
    indptr, index = compress(cliques)
    pointer, later, entries, flops = ordering.fill(order, indptr, index, weight, np.inf)
    A = adjacency(cliques, n)[np.ix_(order, order)]
    scalar = np.repeat(np.repeat(A, weight[order], axis=0), weight[order], axis=1)
    L = filled(scalar)
    assert entries == L.sum()
    assert flops == (L.sum(axis=0) ** 2).sum()
    row_pointer, row_column, row_entry, column_pointer, column_row = ordering.scalar_rows(
        order, pointer, later, weight
    )
    below = np.tril(L, -1)
    for i in range(len(L)):
        part = slice(row_pointer[i], row_pointer[i + 1])
        assert row_column[part].tolist() == np.flatnonzero(below[i]).tolist()
        assert (column_row[row_entry[part]] == i).all()
        column = column_row[column_pointer[i] : column_pointer[i + 1]]
        assert column.tolist() == np.flatnonzero(below[:, i]).tolist()


@given(cliques_and_weights())
@settings(max_examples=60)
def test_minimum_degree_orders_every_node_once(case):
    cliques, weight = case
    n = weight.size
    indptr, index = compress(cliques)
    pointer, _, level = crossing.transpose(indptr, index, n)
    met = ordering.neighbours(np.arange(n), pointer, level, indptr, index, n)
    assert met.tolist() == (adjacency(cliques, n).sum(axis=1) - 1).tolist()
    for late in (np.zeros(n, bool), met >= np.max(met)):
        order = ordering.minimum_degree(
            pointer, level, indptr, index, weight, met.copy(), late, 10**9
        )
        assert sorted(order.tolist()) == list(range(n))


def test_minimum_degree_of_a_tree_fills_nothing():
    """A star of chains, labelled so that natural order fills in."""
    edges = [[0, v] for v in range(1, 8)] + [[v, v + 7] for v in range(1, 8)]
    indptr, index = compress(edges)
    weight = np.ones(15, dtype=np.int64)
    natural = ordering.fill(np.arange(15), indptr, index, weight, np.inf)
    pointer, _, level = crossing.transpose(indptr, index, 15)
    met = ordering.neighbours(np.arange(15), pointer, level, indptr, index, 15)
    order = ordering.minimum_degree(
        pointer, level, indptr, index, weight, met, np.zeros(15, bool), 10**9
    )
    best = ordering.fill(order, indptr, index, weight, np.inf)
    assert best[2] == 15 + 14
    assert natural[2] > best[2]


def test_analysis_takes_the_cheaper_order_and_gives_up_at_its_budget(monkeypatch):
    monkeypatch.setattr(symbolic, "SEARCH_SECONDS", 0.0)  # always worth a search
    edges = [[0, v] for v in range(1, 30)]
    indptr, index = compress(edges)
    weight = np.ones(30, dtype=np.int64)
    found = symbolic.analyse(indptr, index, weight, np.inf)
    assert (found.ordering, found.entries) == ("minimum degree", 59)
    assert symbolic.analyse(indptr, index, weight, 40) is None


@pytest.mark.parametrize("bad", [1, 4])
def test_fill_reports_the_budget(bad):
    indptr, index = compress([[0, 1, 2]])
    weight = np.ones(3, dtype=np.int64)
    entries = ordering.fill(np.arange(3), indptr, index, weight, float(bad))[2]
    assert entries == np.inf
    assert ordering.fill(np.arange(3), indptr, index, weight, 6.0)[2] == 6
