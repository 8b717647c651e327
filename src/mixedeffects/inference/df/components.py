"""Sums over all pairs of random-effect columns, one independent part of the data at a time.

With S = Z'V^-1Z and u = Z'V^-1X, everything that Kenward & Roger's method needs is a
contraction of

    T[f, g][ab, cd] = sum over levels j of f, j' of g of S_ja,j'c S_jb,j'd,
    R[f, g][ab, cd] = sum over levels j of f, j' of g of u_ja S_jb,j'c u_j'd,
    U[f][a, b]      = sum over levels j of f of u_ja u_jb.

S couples only levels that occur together, directly or through others: a single factor's
levels are all independent, nested levels are coupled within the outermost. Each such part is
computed densely, parts of one shape together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# doubles held at once by a batch of equal parts
BATCH = 2_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The independent parts of a model's random effects.

    Attributes
    ----------
    A : (N, N) sparse matrix
        Z~'WZ~, blocks in the design's order, levels within.
    ZX : (N, p) array
        Z~'WX~.
    shapes : list of (sizes, columns)
        Parts with the same numbers of levels: ``sizes`` gives the levels per block, and row i
        of ``columns`` (parts, m) the rows of A that belong to the i-th, block after block.
    k : tuple of int
        Columns per level of each block.
    """

    A: object
    ZX: np.ndarray
    shapes: list
    k: tuple[int, ...]

    @property
    def largest(self) -> int:
        """Columns of the largest part."""
        return max((columns.shape[1] for _, columns in self.shapes), default=0)

    @property
    def flops(self) -> float:
        """Floating-point operations of the sums, roughly."""
        wide = max(self.k)
        p = self.ZX.shape[1]
        return float(
            sum(
                columns.shape[0] * columns.shape[1] ** 2 * (2 * columns.shape[1] + wide**2 + p)
                for _, columns in self.shapes
            )
        )


def parts_of(stats):
    """Split the random effects into independent parts."""
    from mixedeffects.engine import all_products

    layout = stats.layout
    A, ZX = all_products(stats)
    if len(layout.q) == 1:
        (q,), (k,) = layout.q, layout.k
        return Parts(A, ZX, [((1,), np.arange(q * k).reshape(q, k))], layout.k)
    starts = np.concatenate(
        [[0], np.cumsum([q * k for q, k in zip(layout.q, layout.k, strict=True)])]
    )
    block = np.repeat(np.arange(len(layout.q)), np.diff(starts))
    label = _labels(A, layout, starts)
    order = np.lexsort((np.arange(label.size), label))
    bounds = np.flatnonzero(np.diff(label[order], prepend=-1, append=-1))
    columns_of = np.split(order, bounds[1:-1])
    grouped: dict[tuple[int, ...], list] = {}
    for columns in columns_of:
        counts = np.bincount(block[columns], minlength=len(layout.q)) // np.array(layout.k)
        grouped.setdefault(tuple(counts.tolist()), []).append(columns)
    shapes = [(sizes, np.array(members)) for sizes, members in grouped.items()]
    return Parts(A, ZX, shapes, layout.k)


def _labels(A, layout, starts):
    """Part of every column; the columns of one level always belong together."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    first = np.concatenate(
        [
            np.repeat(s + k * np.arange(q), k)
            for s, q, k in zip(starts[:-1], layout.q, layout.k, strict=True)
        ]
    )
    own = np.arange(first.size)
    links = sparse.csr_matrix((np.ones(own.size), (own, first)), shape=A.shape)
    return connected_components(abs(A) + links, directed=False)[1]


@dataclass(frozen=True, slots=True)
class PairSums:
    """The sums of the module's head, relative to sigma.

    Attributes
    ----------
    T : dict of (f, g) to (k_f, k_f, k_g, k_g) arrays
        Indices a, b, c, d.
    R : dict of (f, g) to (p, k_f, k_f, k_g, k_g, p) arrays
    U : list of (p, k_f, k_f, p) arrays
    trace : list of (k_f, k_f) arrays
        Sum over levels of S_ja,jb.
    """

    T: dict
    R: dict
    U: list
    trace: list


def pair_sums(parts, lambdas):
    """Sum over all parts.

    Returns a `PairSums`.

    Parameters
    ----------
    lambdas : sequence of (k, k) arrays
        Relative factor of every block.
    """
    k, p, n_blocks = parts.k, parts.ZX.shape[1], len(parts.k)
    blocks = range(n_blocks)
    T = {(f, g): np.zeros((k[f] * k[g],) * 2) for f in blocks for g in blocks}
    R = {(f, g): np.zeros((k[f], k[g], k[f] * p, k[g] * p)) for f in blocks for g in blocks}
    U = [np.zeros((k[f] * p, k[f] * p)) for f in blocks]
    trace = [np.zeros((k[f], k[f])) for f in blocks]
    for sizes, columns in parts.shapes:
        m = columns.shape[1]
        batch = max(1, BATCH // (m * m))
        cut = np.concatenate([[0], np.cumsum([q * kf for q, kf in zip(sizes, k, strict=True)])])
        present = [f for f in blocks if sizes[f]]
        for lo in range(0, columns.shape[0], batch):
            some = columns[lo : lo + batch]
            S, u = _solve(parts, some, sizes, lambdas)
            # u of every block: parts, levels, (column of Z, column of X)
            u = [u[:, cut[f] : cut[f + 1]].reshape(len(some), sizes[f], k[f] * p) for f in blocks]
            for f in present:
                flat_u = u[f].reshape(len(some) * sizes[f], k[f] * p)
                U[f] += flat_u.T @ flat_u
                for g in present:
                    part = S[:, cut[f] : cut[f + 1], cut[g] : cut[g + 1]].reshape(
                        len(some), sizes[f], k[f], sizes[g], k[g]
                    )
                    flat = part.transpose(2, 4, 0, 1, 3).reshape(k[f] * k[g], -1)
                    T[f, g] += flat @ flat.T
                    for b in range(k[f]):
                        for c in range(k[g]):
                            inner = part[:, :, b, :, c] @ u[g]
                            R[f, g][b, c] += np.tensordot(u[f], inner, axes=((0, 1), (0, 1)))
                    if f == g:
                        trace[f] += np.einsum("njajb->ab", part)
    return PairSums(
        # (ac, bd) -> a, b, c, d
        {
            (f, g): t.reshape(k[f], k[g], k[f], k[g]).transpose(0, 2, 1, 3)
            for (f, g), t in T.items()
        },
        # (b, c, a p, d p') -> p, a, b, c, d, p'
        {
            (f, g): r.reshape(k[f], k[g], k[f], p, k[g], p).transpose(3, 2, 0, 1, 4, 5)
            for (f, g), r in R.items()
        },
        [u.reshape(k[f], p, k[f], p).transpose(1, 0, 2, 3) for f, u in enumerate(U)],
        trace,
    )


def _solve(parts, columns, sizes, lambdas):
    """S (b, m, m) and u (b, m, p) of a batch of parts of one shape."""
    b, m = columns.shape
    if b == 1:
        A = parts.A[columns[0]][:, columns[0]].toarray()[None]
    else:
        A = _dense_batch(parts.A, columns)
    # A is symmetric: Lambda'A is the transpose of A Lambda
    half = _times_lambda(A, sizes, lambdas).transpose(0, 2, 1)
    M = _times_lambda(half, sizes, lambdas)
    M[:, np.arange(m), np.arange(m)] += 1.0
    L = np.linalg.cholesky(M)
    UX = parts.ZX[columns]
    inner = _times_lambda(UX.transpose(0, 2, 1), sizes, lambdas).transpose(0, 2, 1)
    if b > 1:
        solved = np.linalg.solve(L, np.concatenate([half, inner], axis=2))
        F, G = solved[:, :, :m], solved[:, :, m:]
        Ft = F.transpose(0, 2, 1)
        return A - Ft @ F, UX - Ft @ G
    from scipy.linalg import solve_triangular

    F = solve_triangular(L[0], half[0], lower=True, check_finite=False)
    G = solve_triangular(L[0], inner[0], lower=True, check_finite=False)
    return A - (F.T @ F)[None], UX - (F.T @ G)[None]


def _times_lambda(W, sizes, lambdas):
    """W Lambda for W (b, r, m), Lambda block diagonal with the same factor at every level."""
    b, r, m = W.shape
    out = np.empty((b, r, m))
    at = 0
    for q, Lam in zip(sizes, lambdas, strict=True):
        k = Lam.shape[0]
        part = slice(at, at + q * k)
        out[:, :, part] = (W[:, :, part].reshape(b, r, q, k) @ Lam).reshape(b, r, q * k)
        at = part.stop
    return out


def _dense_batch(A, columns):
    """Dense diagonal parts of A, (b, m, m)."""
    b, m = columns.shape
    place = np.full(A.shape[0], -1, dtype=np.int64)
    place[columns.ravel()] = np.arange(b * m)
    rows = A[columns.ravel()].tocoo()
    out = np.zeros((b, m, m))
    row, column = rows.row, place[rows.col]
    out[row // m, row % m, column % m] = rows.data
    return out
