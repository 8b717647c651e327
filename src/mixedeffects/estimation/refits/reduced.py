"""Small models that stand for large ones: random effects within what a few fits have found.

The penalised residual sum of squares of a response (Bates et al. 2015, eq. 19) is a minimum over
its random effects u and coefficients beta. As theta changes, u follows a smooth path. With u
restricted to the span of the u at a few thetas (the anchors), separately for each column of each
factor, what is left to minimise has some dozens of unknowns, whatever the number of levels. The
minimum found is too large by at most the squared norm of the residual of the equations for u,
because their matrix is at least the identity: a bound that can be computed (a reduced basis with
its a-posteriori error: Quarteroni, Manzoni & Negri 2016, doi:10.1007/978-3-319-15431-2).
"""

from __future__ import annotations

import numpy as np

# added to the products of directions of length one, some of which may be dependent, or zero
RIDGE = 1e-13


class ReducedModels:
    """The small models of R responses.

    Takes zy (Q, R), xy (p, R) and yy (R,) arrays: Z'Wy, X'Wy and y'Wy.

    Parameters
    ----------
    columns : ColumnProducts
        Of the model's columns.
    basis : list of (G, q, R) arrays
        Per slot (a column of a block), directions of its u.
    """

    def __init__(self, columns, basis, zy, xy, yy):
        self.columns, self.yy = columns, yy
        G, _, R = basis[0].shape
        p, slots, places = xy.shape[0], columns.slots, columns.places
        # responses first: their small matrices are then products of contiguous ones
        self.W = W = [np.ascontiguousarray(w.transpose(2, 0, 1)) for w in basis]
        m, D = len(places), len(slots) * G + p
        self.G, self.source = G, [source for source, _ in places]
        whole = m * G + p
        self.A, self.h = np.zeros((R, whole, whole)), np.empty((R, whole))
        self.J = np.zeros((R, D, D))
        self.S = np.zeros((whole, D))
        for s, w in enumerate(W):
            part = slice(s * G, s * G + G)
            self.J[:, part, part] = w @ w.transpose(0, 2, 1) + RIDGE * np.eye(G)
        for i, (source, target) in enumerate(places):
            mine, rows = slice(i * G, i * G + G), slots[target]
            self.S[mine, source * G : source * G + G] = np.eye(G)
            w = W[source]
            self.h[:, mine] = np.einsum("rgq,qr->rg", w, zy[rows])
            self.A[:, mine, m * G :] = w @ columns.FX[rows]
            self.A[:, m * G :, mine] = self.A[:, mine, m * G :].transpose(0, 2, 1)
            for j in range(i + 1):
                other, (first, second) = slice(j * G, j * G + G), places[j]
                block = columns.between(
                    (target, w, basis[source]), (second, W[first], basis[first])
                )
                if block is not None:
                    self.A[:, mine, other] = block
                    self.A[:, other, mine] = block.transpose(0, 2, 1)
        self.S[m * G :, len(slots) * G :] = np.eye(p)
        self.A[:, m * G :, m * G :] = columns.XX
        self.h[:, m * G :] = xy.T
        self.plain = np.array_equal(self.S, np.eye(whole)) if whole == D else False

    def at(self, theta, which):
        """Minima, their gradients and second derivatives by theta, and where they are.

        Takes theta (r, m) array of the responses `which` (r,).

        Returns
        -------
        value (r,), gradient (r, m), curvature (r, m, m), v (r, D)
        """
        R, m = theta.shape
        G, S, A, h = self.G, self.S, self.A[which], self.h[which]
        scale = np.ones((R, h.shape[1]))
        scale[:, : m * G] = np.repeat(theta, G, axis=1)
        SA, rhs = A * scale[:, :, None], h * scale
        M = SA * scale[:, None, :]
        if not self.plain:
            SA, rhs, M = S.T @ SA, rhs @ S, S.T @ M @ S
        M = M + self.J[which]
        v = np.linalg.solve(M, rhs[:, :, None])[:, :, 0]
        value = self.yy[which] - np.einsum("rd,rd->r", rhs, v)
        w = v if self.plain else v @ S.T
        g = np.einsum("rij,rj->ri", A, scale * w) - h
        parts = [slice(i * G, i * G + G) for i in range(m)]
        gradient = 2.0 * np.stack(
            [np.einsum("ri,ri->r", w[:, part], g[:, part]) for part in parts], axis=1
        )
        curvature, cross = np.empty((R, m, m)), np.empty((R, v.shape[1], m))
        for i, part in enumerate(parts):
            Aw = A[:, :, part] @ w[:, part, None]
            for j, other in enumerate(parts[: i + 1]):
                curvature[:, i, j] = curvature[:, j, i] = 2.0 * np.einsum(
                    "ri,ri->r", w[:, other], Aw[:, other, 0]
                )
            first = np.zeros_like(g)
            first[:, part] = g[:, part]
            cross[:, :, i] = 2.0 * (
                (first if self.plain else first @ S)
                + np.einsum("rdi,ri->rd", SA[:, :, part], w[:, part])
            )
        curvature -= 0.5 * cross.transpose(0, 2, 1) @ np.linalg.solve(M, cross)
        return value, gradient, curvature, v

    def effects(self, v):
        """u of every slot, a list of (q, R) arrays, and beta (p, R)."""
        G = self.G
        u = [
            np.einsum("rgq,rg->qr", w, v[:, s * G : s * G + G], optimize=True)
            for s, w in enumerate(self.W)
        ]
        return u, v[:, len(self.W) * G :].T


class ColumnProducts:
    """Z'WZ, Z'WX and X'WX, by slots: the columns of the random effects of each block.

    Takes FX (Q, p), XX (p, p) arrays.

    Parameters
    ----------
    ZZ : (Q, Q) SciPy sparse matrix
        With columns in the order of the layout, the leaf's first.
    layout : Layout
        Of the blocks.
    terms : tuple of TermParameters
        Whose entries of Lambda are theta.

    Attributes
    ----------
    slots : list of slice
        Rows of ZZ that are a column of a block.
    places : list of (source, target)
        Per parameter, in whose slot its u is, and which slot's column of Z it multiplies.
    """

    def __init__(self, ZZ, FX, XX, layout, terms):
        self.FX, self.XX, self.ZZ = FX, XX, ZZ
        self.slots, number, at = [], {}, 0
        for f in layout.order:
            q, k = layout.q[f], layout.k[f]
            for a in range(k):
                number[f, a] = len(self.slots)
                self.slots.append(slice(at + a, at + q * k, k))
            at += q * k
        self.places = [
            (number[t.block, t.columns[c]], number[t.block, t.columns[r]])
            for t in terms
            for r, c in t.structure.positions
        ]
        self.owner = [f for f in layout.order for _ in range(layout.k[f])]
        self._between = {}

    def _matrix(self, a, b):
        """Z_a'WZ_b: its diagonal where they are of one block, a sparse matrix, or None for zero."""
        if (a, b) not in self._between:
            part = self.ZZ[self.slots[a]][:, self.slots[b]].tocsr()
            same = self.owner[a] == self.owner[b]
            self._between[a, b] = part.diagonal() if same else (part if part.nnz else None)
        return self._between[a, b]

    def between(self, one, two):
        """W_a'Z_a'WZ_bW_b of every response, (R, G, G), None for zero.

        Takes the slot, W (R, G, q) and the same as (G, q, R), of both sides.
        """
        (a, W, basis), (b, other, second) = one, two
        matrix = self._matrix(a, b)
        if matrix is None:
            return None
        if matrix.ndim == 1:
            return (W * matrix) @ other.transpose(0, 2, 1)
        if matrix.shape[0] < matrix.shape[1]:
            return W @ _turned(matrix, second).transpose(0, 2, 1)
        return _turned(matrix.T.tocsr(), basis) @ other.transpose(0, 2, 1)


def _turned(matrix, basis):
    """A sparse matrix times every direction of every response, (R, G, rows)."""
    G, _, R = basis.shape
    out = np.empty((R, G, matrix.shape[0]))
    for g in range(G):
        out[:, g] = (matrix @ basis[g]).T
    return out
