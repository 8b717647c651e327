"""What dummies for every level of every grouping factor leave of the other columns."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import is_nested

# numbers of a dense matrix of dummies
DENSE = 2e7
CHUNK = 65_536
# a column is aliased when less than this fraction of its length is left by the dummies
ALIASED = 1e-7
# the same for what other columns leave, from products of residuals
DEPENDENT = 1e-10
# precision of the iterative projection on many crossed dummies
PRECISE = 1e-12


def spanning(factors):
    """Factors whose dummies span those of all: without any in which another is nested."""
    out = []
    for i, factor in enumerate(factors):
        inner = (
            j
            for j in range(len(factors))
            if j != i
            and is_nested(factors[j].codes, factor.codes)
            and (j < i or not is_nested(factor.codes, factors[j].codes))
        )
        if next(inner, None) is None:
            out.append(factor)
    return out


def _pieces(design):
    """Rows, their weights (or None) and [X y], piece by piece."""
    y = design.y if design.offset is None else design.y - design.offset
    for lo in range(0, design.n, CHUNK):
        rows = slice(lo, min(lo + CHUNK, design.n))
        columns = np.column_stack([np.asarray(design.X[rows]), y[rows]])
        yield rows, None if design.weights is None else design.weights[rows], columns


def project(design, factors):
    """Cross-products of what the dummies leave of [X y], column lengths, rank of the dummies.

    Returns
    -------
    gram : (p + 1, p + 1) array or None
    total : (p + 1,) array
        Squared lengths before.
    rank : int
    means : (q, p + 1) array or None
        Level means, for one factor.
    """
    t = design.X.shape[1] + 1
    total = np.zeros(t)
    for _, w, columns in _pieces(design):
        total += np.einsum("rt,rt->t", columns, columns if w is None else columns * w[:, None])
    if len(factors) == 1:
        factor = factors[0]
        q = factor.n_levels
        sums, size = np.zeros((q, t)), np.zeros(q)
        for rows, w, columns in _pieces(design):
            codes = factor.codes[rows]
            size += np.bincount(codes, w, minlength=q)
            weighted = columns if w is None else columns * w[:, None]
            for j in range(t):
                sums[:, j] += np.bincount(codes, weighted[:, j], minlength=q)
        means = sums / size[:, None]
        gram = np.zeros((t, t))
        for rows, w, columns in _pieces(design):
            left = columns - means[factor.codes[rows]]
            gram += left.T @ (left if w is None else left * w[:, None])
        return gram, total, q, means
    columns = np.concatenate([c if w is None else c * np.sqrt(w)[:, None] for _, w, c in
                              _pieces(design)])  # fmt: skip
    root = None if design.weights is None else np.sqrt(design.weights)
    if design.n * sum(f.n_levels for f in factors) <= DENSE:
        D = np.concatenate([np.eye(f.n_levels)[f.codes] for f in factors], axis=1)
        D = D if root is None else D * root[:, None]
        U, s, _ = np.linalg.svd(D, full_matrices=False)
        U = U[:, s > 1e-10 * s[0]]
        rank = U.shape[1]
        for _ in range(2):
            columns = columns - U @ (U.T @ columns)
        return columns.T @ columns, total, rank, None
    if len(factors) > 2:
        return None, total, 0, None
    left, rank = _project_crossed(columns, factors, root)
    return left.T @ left, total, rank, None


def _project_crossed(columns, factors, root):
    """What two crossed factors with many levels leave of some columns, and their rank."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import lsmr

    n = columns.shape[0]
    one, two = factors
    q = one.n_levels
    edges = sparse.coo_array(
        (np.ones(n), (one.codes, two.codes + q)), shape=(q + two.n_levels,) * 2
    )
    components = connected_components(edges, directed=False, return_labels=False)
    index = np.column_stack([one.codes, two.codes + q]).astype(np.int64)
    data = np.ones((n, 2)) if root is None else np.column_stack([root, root])
    D = sparse.csr_array(
        (data.ravel(), index.ravel(), np.arange(n + 1) * 2), shape=(n, q + two.n_levels)
    )
    length = np.sqrt(np.asarray(D.multiply(D).sum(axis=0)).ravel())
    D = D @ sparse.diags_array(1.0 / length)
    left = columns.copy()
    for j in range(columns.shape[1]):
        size = float(np.linalg.norm(columns[:, j]))
        if size > 0:
            solved = lsmr(D, columns[:, j] / size, atol=PRECISE, btol=PRECISE, maxiter=20_000)[0]
            left[:, j] -= size * (D @ solved)
    return left, q + two.n_levels - int(components)


def independent_columns(gram, total):
    """Columns not determined by the dummies or by earlier columns; those by columns only."""
    kept: list[int] = []
    dependent: set[int] = set()
    for j in range(gram.shape[0]):
        if gram[j, j] <= ALIASED**2 * total[j]:
            continue
        rest = gram[j, j]
        if kept:
            block = gram[np.ix_(kept, kept)]
            scale = np.sqrt(block.diagonal())
            along = gram[kept, j] / scale
            rest -= float(along @ np.linalg.solve(block / np.outer(scale, scale), along))
        if rest <= DEPENDENT * gram[j, j]:
            dependent.add(j)
        else:
            kept.append(j)
    return kept, dependent


def condition_number(design):
    """Of [X dummies], a reference level left out per factor if X has an intercept."""
    skip = 1 if "(Intercept)" in design.x_names else 0
    width = design.X.shape[1] + sum(b.factor.n_levels - skip for b in design.blocks)
    if design.n * width > DENSE or width > design.n:
        return np.nan
    R = np.empty((0, width))
    for lo in range(0, design.n, CHUNK):
        rows = slice(lo, min(lo + CHUNK, design.n))
        dummies = [np.eye(b.factor.n_levels)[b.factor.codes[rows], skip:] for b in design.blocks]
        piece = np.concatenate([np.asarray(design.X[rows]), *dummies], axis=1)
        R = np.linalg.qr(np.vstack([R, piece]), mode="r")
    s = np.linalg.svd(R, compute_uv=False)
    return float(s[0] / s[-1]) if s[-1] > 0 else np.inf
