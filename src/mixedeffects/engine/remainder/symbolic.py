"""The pattern of a sparse remainder: which order of elimination fills in least.

Everything is decided on *nodes*, the levels of the remainder's factors, from the leaf's
levels alone: two nodes are adjacent when some leaf level meets both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.crossprod.parallel import LOOP_RATE
from mixedeffects.thinning import scattered

# nodes looked at to see whether the remainder is dense
SAMPLE = 64
# bytes per entry of L: two factors and an inverse, rows, columns and their places
ENTRY_BYTES = 8.0 * 3 + 4 + 4 + 8
# operations of a factor and its selected inverse per squared column count
SPARSE_FLOPS = 4.0
# seconds that minimum degree takes per entry of the pattern
SEARCH_SECONDS = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Symbolic:
    """A fill-reducing order and the pattern of the Cholesky factor in it.

    Attributes
    ----------
    ordering : str
        "natural" (finest factor first) or "minimum degree".
    entries : float
        Scalar entries of L, diagonal included.
    flops : float
        Of one evaluation with its gradient, for the remainder.
    columns, position : (m,) int64
        Column at each place, and place of each column.
    row_pointer, row_column, row_entry, column_pointer, column_row
        See `mixedeffects.engine.kernels.ordering.scalar_rows`.
    """

    ordering: str
    entries: float
    flops: float
    columns: np.ndarray
    position: np.ndarray
    row_pointer: np.ndarray
    row_column: np.ndarray
    row_entry: np.ndarray
    column_pointer: np.ndarray
    column_row: np.ndarray

    @property
    def m(self) -> int:
        return self.columns.size

    @property
    def below(self) -> int:
        """Entries of L below its diagonal."""
        return self.column_row.size

    @property
    def rows(self):
        return self.row_pointer, self.row_column, self.row_entry

    @property
    def by_column(self):
        return self.column_pointer, self.column_row

    @property
    def bytes(self) -> float:
        return ENTRY_BYTES * self.entries


def nodes_of(layout):
    """Scalar columns per node, (n,) int64, nodes in the order of the remainder's columns."""
    return np.repeat(
        np.array([layout.k[f] for f in layout.rest], dtype=np.int64),
        [layout.q[f] for f in layout.rest],
    )


def node_pattern(stats):
    """Nodes met by every leaf level, (indptr, index), from cross-products."""
    layout, cross = stats.layout, stats.leaf_cross
    weight = nodes_of(layout)
    node = np.repeat(np.arange(weight.size, dtype=np.int32), weight)
    first = np.concatenate([[0], np.cumsum(weight)[:-1]])
    starts = np.zeros(layout.m, dtype=bool)
    starts[first] = True
    kept = starts[cross.index]
    before = np.concatenate([[0], np.cumsum(kept)])
    return before[cross.indptr].astype(np.int64), node[cross.index[kept]]


def entries_before_fill(indptr, index, weight):
    """Entries of the remainder's lower triangle, estimated from a few of its nodes."""
    from mixedeffects.engine.kernels import crossing, ordering

    n = weight.size
    pointer, _, level = crossing.transpose(indptr, index, n)
    some = scattered(n, SAMPLE)
    sample = np.arange(n) if some is None else some.copy()  # writable, as the kernel was compiled
    met = ordering.neighbours(sample, pointer, level, indptr, index, n)
    return 0.5 * float((met + 1).mean()) / n * float(weight.sum()) ** 2


def analyse(indptr, index, weight, budget):
    """The best order found, or None when every order needs more than `budget` entries.

    Natural order is kept when it is cheap, which it is for nested factors (no fill at all);
    otherwise minimum degree is tried and the cheaper one returned. Returns Symbolic or None.

    Parameters
    ----------
    indptr : (q + 1,), index : (nnz,)
        Nodes met by each leaf level.
    weight : (n,) int64
        Columns per node.
    budget : float
        Largest number of entries of L of interest.
    """
    from mixedeffects.engine.kernels import crossing, ordering

    n, budget = weight.size, float(budget)
    natural = np.arange(n)
    choice = (natural, "natural", ordering.fill(natural, indptr, index, weight, budget))
    entries, flops = choice[2][2:]
    # not worth a search when a handful of evaluations takes no longer than the search
    seconds = SPARSE_FLOPS * flops / LOOP_RATE
    if not 5.0 * seconds < SEARCH_SECONDS * (index.size + entries):
        pointer, _, level = crossing.transpose(indptr, index, n)
        met = ordering.neighbours(natural, pointer, level, indptr, index, n)
        late = met > max(16.0, 10.0 * np.sqrt(n))
        order = ordering.minimum_degree(
            pointer, level, indptr, index, weight, met.copy(), late, int(min(budget, 2e9))
        )
        if order.size == n:
            other = ordering.fill(order, indptr, index, weight, budget)
            if other[3] < choice[2][3]:
                choice = (order, "minimum degree", other)
    order, name, (below, later, entries, flops) = choice
    if not np.isfinite(entries):
        return None
    first = np.concatenate([[0], np.cumsum(weight)[:-1]])
    width = weight[order]
    start = np.concatenate([[0], np.cumsum(width)[:-1]])
    columns = np.repeat(first[order] - start, width) + np.arange(int(width.sum()))
    position = np.empty_like(columns)
    position[columns] = np.arange(columns.size)
    rows = ordering.scalar_rows(order, below, later, weight)
    return Symbolic(name, entries, SPARSE_FLOPS * flops, columns, position, *rows)


def most_entries(m, seconds):
    """Entries of L above which no sparse factor of order m takes less than some seconds.

    By Cauchy and Schwarz, (sum of column counts)^2 <= m (sum of their squares).
    """
    return float(np.sqrt(m * seconds * LOOP_RATE / SPARSE_FLOPS))
