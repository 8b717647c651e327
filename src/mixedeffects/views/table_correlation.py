"""Correlations of columns of numbers, of the rows that have both."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError, OptionError
from mixedeffects.exploration.columns import profile, profiles
from mixedeffects.exploration.names import require
from mixedeffects.exploration.roles import row_identity
from mixedeffects.inference import Table
from mixedeffects.thinning import sampled
from mixedeffects.views import View

METHODS = ("pearson", "spearman")
#: Columns shown, and columns from which they are put in order of similarity.
MOST_COLUMNS, ORDERED = 30, 7
#: Cells from which ranks are taken of a sample of the rows.
MOST_CELLS, SAMPLE = 20_000_000, 100_000


def correlation_view(table, columns=None, *, method="pearson"):
    """Correlation of each pair of columns.

    Parameters
    ----------
    columns : sequence of str, optional
        All numbers that vary and are no row ids by default.

    Returns
    -------
    View
        "data": row, column, r, n. No intervals: rows of one group are not independent, and
        Fisher's would be too narrow. Facts: order, method.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> table = open_table({"a": [1.0, 2, 3, 5], "b": [2.0, 4, 6, 10], "c": [1.0, 3, 2, 2]})
    >>> correlation_view(table).tables["data"].columns["r"][:2].round(6).tolist()
    [1.0, 1.0]
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not one of {', '.join(METHODS)}")
    chosen, notes = _columns(table, columns)
    if len(chosen) < 2:
        raise DataError("a correlation needs two columns of numbers that vary")
    X = np.column_stack([_values(p) for p in chosen])
    n = X.shape[0]
    if method == "spearman" and X.size * len(chosen) > MOST_CELLS and n > SAMPLE:
        rows = sampled(n, SAMPLE)
        X = X[rows]
        notes.append(f"ranks of a random {SAMPLE:,} of {n:,} rows")
    R, N = correlations(X, method)
    names = [p.name for p in chosen]
    order = np.arange(len(names))
    if len(names) >= ORDERED and columns is None:
        order = similar_order(R)
    names = [names[i] for i in order]
    R, N = R[np.ix_(order, order)], N[np.ix_(order, order)]
    i, j = np.indices(R.shape).reshape(2, -1)
    r, m = R.ravel(), N.ravel()
    label = np.array(names, dtype=object)
    data = Table({"row": label[i], "column": label[j], "r": r, "n": m})
    return View({"data": data}, tuple(notes), {"order": names, "method": method})


def _columns(table, columns):
    if columns is not None:
        if isinstance(columns, str):
            raise OptionError("columns= must be a list of column names")
        chosen = []
        for name in dict.fromkeys(columns):
            p = profile(require(table, name, "columns"))
            if p.kind not in ("number", "boolean"):
                raise DataError(f"columns= names '{name}', which holds no numbers")
            if p.n_distinct < 2:
                raise DataError(f"columns= names '{name}', which does not vary")
            chosen.append(p)
        return chosen, []
    found, _ = profiles(table)
    chosen = [
        p for p in found
        if p.kind in ("number", "boolean") and p.n_distinct > 1 and not row_identity(p)
    ]  # fmt: skip
    notes = []
    if len(chosen) > MOST_COLUMNS:
        notes.append(f"the first {MOST_COLUMNS} of {len(chosen):,} columns of numbers")
    return chosen[:MOST_COLUMNS], notes


def _values(p):
    x = p.values.astype(np.float64)
    if p.present is not None:
        x[~p.present] = np.nan
    return x


def correlations(X, method="pearson"):
    """Pairwise complete correlations.

    Parameters
    ----------
    X : (n, p) array
        nan where missing.

    Returns
    -------
    (p, p) array, (p, p) int array
        r, nan where a column does not vary in the rows of a pair, and the number of rows.
    """
    n, p = X.shape
    there = ~np.isnan(X)
    if there.all():
        if method == "spearman":
            X = np.column_stack([_ranks(x) for x in X.T])
        return _pearson(X), np.full((p, p), n)
    N = there.T.astype(np.float64) @ there
    R = np.full((p, p), np.nan)
    for i in range(p):
        for j in range(i, p):
            both = there[:, i] & there[:, j]
            pair = X[both][:, [i, j]]
            if pair.shape[0] > 1:
                if method == "spearman":
                    pair = np.column_stack([_ranks(x) for x in pair.T])
                R[i, j] = R[j, i] = _pearson(pair)[0, 1]
    return R, N.astype(np.int64)


def _pearson(X):
    D = X - X.mean(axis=0)
    S = D.T @ D
    size = np.sqrt(np.diag(S))
    with np.errstate(invalid="ignore", divide="ignore"):
        R = S / np.outer(size, size)
    return np.clip(R, -1.0, 1.0)


def _ranks(x):
    """Ranks from 1, equal values with the mean of theirs."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts - 1))[place]


def similar_order(R):
    """Columns in an order in which those with large correlations are neighbours."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    D = 1.0 - np.abs(np.nan_to_num(R))
    D = 0.5 * (D + D.T)
    np.fill_diagonal(D, 0.0)
    flat = squareform(np.maximum(D, 0.0), checks=False)
    return leaves_list(optimal_leaf_ordering(linkage(flat, "average"), flat))
