"""What dummies for every level of every grouping factor leave of the other columns."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import is_nested

# numbers of a dense matrix of dummies; five times those of what eliminating one factor leaves
DENSE = 2e7
# columns from which a condition number comes from extreme singular values, without the others
WIDE = 300
# eigenvalue of products of unit columns that is rounding
NOTHING = 1e-12
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
    levels = sorted(f.n_levels for f in factors)
    if design.n * sum(levels) <= DENSE or 5 * sum(levels[:-1]) ** 2 <= DENSE:
        left, rank = _project_eliminated(columns, factors, root)
        return left.T @ left, total, rank, None
    if len(factors) > 2:
        return None, total, 0, None
    left, rank = _project_crossed(columns, factors, root)
    return left.T @ left, total, rank, None


def _indicators(codes, levels, values=None):
    """(n, levels) sparse dummies, times a number for every row."""
    from scipy import sparse

    n = codes.size
    data = np.ones(n) if values is None else values
    return sparse.csr_array((data, codes, np.arange(n + 1)), shape=(n, levels))


def _project_eliminated(columns, factors, root):
    """What dummies leave of some columns, and their rank, the largest factor eliminated first."""
    from scipy import sparse

    first = max(factors, key=lambda f: f.n_levels)
    units = []
    for factor in (first, *(f for f in factors if f is not first)):
        length = np.sqrt(np.bincount(factor.codes, None if root is None else root**2))
        values = (1.0 if root is None else root) / length[factor.codes]
        units.append(_indicators(factor.codes, factor.n_levels, values))
    one, others = units[0], sparse.hstack(units[1:], format="csr")
    along = one.T @ others
    values, vectors = np.linalg.eigh((others.T @ others - along.T @ along).toarray())
    vectors = vectors[:, values > NOTHING] / np.sqrt(values[values > NOTHING])
    for _ in range(2):  # the second time for the digits that the first one lost
        columns = columns - one @ (one.T @ columns)
        columns = columns - others @ (vectors @ (vectors.T @ (others.T @ columns)))
    return columns - one @ (one.T @ columns), first.n_levels + vectors.shape[1]


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
    if width > WIDE:
        found = _extreme_ratio(design, skip)
        if found is not None:
            return found
    factors = [b.factor for b in design.blocks]
    R = _triangle(_wide_pieces(design, factors, skip), width)
    s = np.linalg.svd(R, compute_uv=False)
    return float(s[0] / s[-1]) if s[-1] > 0 else np.inf


def _wide_pieces(design, factors, skip):
    """Yield [X dummies] piece by piece, with the rows."""
    for lo in range(0, design.n, CHUNK):
        rows = slice(lo, min(lo + CHUNK, design.n))
        dummies = [np.eye(f.n_levels)[f.codes[rows], skip:] for f in factors]
        yield rows, np.concatenate([np.asarray(design.X[rows]), *dummies], axis=1)


def _triangle(pieces, width) -> np.ndarray:
    """(width, width) triangle of the QR factorisation of a matrix that comes piece by piece."""
    from scipy.linalg import qr

    R = np.empty((0, width))
    for _, piece in pieces:
        R = np.asarray(qr(np.vstack([R, piece]), mode="r", check_finite=False)[0])[:width]
    return R


def _extreme_ratio(design, skip):
    """Largest over smallest singular value of [X dummies], or None where neither is found.

    Dummies of one factor are orthogonal, so that of the largest factor's the triangle R of the
    QR factorisation is diagonal: R = [[D, D E], [0, S]], E the means of the other columns within
    levels and S the triangle of what these leave. The Lanczos method finds the largest eigenvalue
    of R'R and of its inverse.
    """
    from scipy.linalg import solve_triangular
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    factors = [b.factor for b in design.blocks]
    first = factors.pop(int(np.argmax([f.n_levels for f in factors])))
    of_first = _indicators(first.codes, first.n_levels)[:, skip:]
    q = first.n_levels - skip
    size = of_first.sum(axis=0)
    sums = sum(of_first[rows].T @ piece for rows, piece in _wide_pieces(design, factors, skip))
    D, E = np.sqrt(size), sums / size[:, None]
    left = (
        (rows, piece - of_first[rows] @ E) for rows, piece in _wide_pieces(design, factors, skip)
    )
    S = _triangle(left, E.shape[1])
    if (S.diagonal() == 0.0).any():
        return np.inf

    def square(v):
        a, b = D * (v[:q] + E @ v[q:]), S @ v[q:]
        return np.concatenate([D * a, E.T @ (D * a) + S.T @ b])

    def inverse(v):
        a = v[:q] / D
        b = solve_triangular(S, v[q:] - E.T @ v[:q], trans=1, check_finite=False)
        b = solve_triangular(S, b, check_finite=False)
        return np.concatenate([a / D - E @ b, b])

    width = q + S.shape[0]
    options = {"v0": np.random.default_rng(0).standard_normal(width), "tol": 1e-10}
    try:
        high, low = (
            eigsh(each, 1, return_eigenvectors=False, **options)[0]
            for each in (LinearOperator((width, width), of) for of in (square, inverse))
        )
    except ArpackNoConvergence:
        return None
    return float(np.sqrt(high * low))
