"""The independent parts of a model's random effects, and S = Z'V^-1Z and u = Z'V^-1X of each.

S couples only levels that occur together, directly or through others: a single factor's
levels are all independent, nested levels are coupled within the outermost. Small parts are
computed densely, parts of one shape together. In a large one the levels of the factor with the most
are eliminated first, as no row has two of them, and S comes some of its columns at a time: what
is dense is of the order of the other factors' levels.

With M = I + L'AL, A = Z'WZ and L the relative factor, S = A - AL M^-1 L'A.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# numbers held at once by a batch of equal parts, or by some columns of a large one
BATCH = 2_000_000
# columns from which a part is large
LARGE = 500
# copies of a small part held at once
COPIES = 6


@dataclass(frozen=True, slots=True, eq=False)
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
    def bytes(self) -> float:
        """Memory that the sums take, roughly."""
        held = [
            2 * BATCH + 3 * self.remaining(sizes) ** 2
            if columns.shape[1] > LARGE
            else COPIES * columns.shape[1] ** 2
            for sizes, columns in self.shapes
        ]
        return 8.0 * max(held, default=0)

    def remaining(self, sizes) -> int:
        """Columns of a part that are left when its largest block is eliminated."""
        own = [q * k for q, k in zip(sizes, self.k, strict=True)]
        return sum(own) - max(own)

    @property
    def flops(self) -> float:
        """Floating-point operations of the sums, roughly."""
        total, each = 0.0, max(self.k) ** 2 + self.ZX.shape[1]
        for sizes, columns in self.shapes:
            number, m = columns.shape
            solve = 2 * self.remaining(sizes) ** 2 if m > LARGE else 2 * m**2
            total += number * m * (solve + m * each)
        return total


def parts_of(stats):
    """Split the random effects into independent parts."""
    from mixedeffects.engine.variance_products import all_products

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


def solved(parts, columns, sizes, lambdas):
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


class LargePart:
    """S and u of a part whose largest block is eliminated.

    Parameters
    ----------
    parts : Parts
        All of them.
    columns : (m,) int array
        Rows of A that belong to the part, block after block.
    sizes : sequence of int
        Levels per block.
    lambdas : sequence of (k, k) arrays
        Relative factor of every block.
    """

    def __init__(self, parts, columns, sizes, lambdas):
        from scipy import sparse
        from scipy.linalg import cho_factor

        m, own = columns.size, [q * k for q, k in zip(sizes, parts.k, strict=True)]
        first, at = int(np.argmax(own)), np.concatenate([[0], np.cumsum(own)])
        self.eliminated = np.arange(m)[at[first] : at[first + 1]]
        self.rest = np.delete(np.arange(m), self.eliminated)
        self.A = parts.A[columns][:, columns].tocsc()
        factors = (sparse.kron(sparse.eye_array(q), L) for q, L in zip(sizes, lambdas, strict=True))
        Lambda = sparse.block_diag(list(factors), format="csr")
        self.half = (self.A @ Lambda).tocsr()  # AL
        M = (Lambda.T @ self.half + sparse.eye_array(m)).tocsr()
        rows, k = M[self.eliminated], parts.k[first]
        blocks = rows[:, self.eliminated].tobsr((k, k))
        blocks.sort_indices()
        self.inverse = sparse.bsr_array(
            (np.linalg.inv(blocks.data), blocks.indices, blocks.indptr), shape=blocks.shape
        )
        self.C = rows[:, self.rest].tocsr()
        dense = M[self.rest][:, self.rest].toarray()
        dense -= (self.C.T @ (self.inverse @ self.C)).toarray()
        self.factor = cho_factor(dense, overwrite_a=True, check_finite=False)
        self.right = self.half.T.tocsc()  # L'A
        u = parts.ZX[columns]
        self.u = u - self.half @ self._solve(Lambda.T @ u)

    def columns(self, some):
        """(m, c) columns of S."""
        S = self.A[:, some].toarray()
        S -= self.half @ self._solve(self.right[:, some].toarray())
        return S

    def _solve(self, B):
        """M^-1 B."""
        from scipy.linalg import cho_solve

        own = self.inverse @ B[self.eliminated]
        rest = B[self.rest] - self.C.T @ own
        rest = cho_solve(self.factor, rest, overwrite_b=True, check_finite=False)
        out = np.empty_like(B)
        out[self.rest], out[self.eliminated] = rest, own - self.inverse @ (self.C @ rest)
        return out
