"""Responses of the model, as their sums: no row is ever drawn where sums are cheaper.

With e ~ N(0, sigma^2 W^-1), the sums [Z X]'We are Gaussian with covariance sigma^2 [Z X]'W[Z X],
and what e'We has beyond their projection is sigma^2 times a chi-square on n less the rank of
[Z X]. Only the deviations from X beta are drawn: a fit of X beta + u is that of u, moved by
beta.
"""

# SciPy's stubs take sparse products for arrays.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from __future__ import annotations

import numpy as np

from mixedeffects.engine import block_diagonal, crossing_matrix, own_matrix
from mixedeffects.estimation.refits.one_factor import leaf_arrays
from mixedeffects.estimation.refits.sums import MomentSums, ResponseSums
from mixedeffects.family import Gaussian, Response

# eigenvalues of a matrix with unit diagonal below this are zero
NULL = 1e-10
# columns of the dense covariance that is left when the leaf is eliminated
MOST_COLUMNS = 1200


def half(A):
    """Symmetric root, its pseudo-inverse, and rank of every (k, k) positive semi-definite matrix.

    Takes A (q, k, k) array. Returns root, inverse (q, k, k) arrays, rank (q,) array.
    """
    if A.shape[1] == 1:
        positive = A[:, 0, 0] > 0
        root = np.sqrt(np.where(positive, A[:, 0, 0], 0.0))[:, None, None]
        inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
        return root, inverse, positive.astype(int)
    size = np.sqrt(np.einsum("jii->ji", A).clip(0.0))
    scale = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(A)
    # zero is judged in the units of each column
    scaled = np.linalg.eigvalsh(A / (scale[:, :, None] * scale[:, None, :]))
    rank = (scaled > NULL).sum(axis=1)
    kept = np.arange(A.shape[1]) >= A.shape[1] - rank[:, None]
    d = np.sqrt(np.where(kept, values, 0.0).clip(0.0))
    e = np.divide(1.0, d, out=np.zeros_like(d), where=d > 0)
    turned = vectors.transpose(0, 2, 1)
    return (vectors * d[:, None, :]) @ turned, (vectors * e[:, None, :]) @ turned, rank


def semidefinite_root(S, before):
    """B with BB' = S, columns as many as its rank; judged against the diagonal `before`."""
    if S.shape[0] == 0:
        return np.empty((0, 0))
    scale = np.sqrt(np.where(before > 0, before, 1.0))
    values, vectors = np.linalg.eigh(S / (scale[:, None] * scale))
    kept = values > NULL
    return scale[:, None] * vectors[:, kept] * np.sqrt(values[kept])


class OneFactorSimulator:
    """Sums of responses of a model with one grouping factor.

    A level's Z_j'Wy is drawn at once, with covariance sigma^2 (A_j + A_j G A_j); given it,
    X'Wy has mean sum_j F_j'A_j^- Z_j'Wy.
    """

    def __init__(self, stats):
        A, F = leaf_arrays(stats)
        self.A, self.p = A, stats.p
        p = self.p
        self.root, inverse, rank = half(A)
        self.generalised = inverse @ inverse
        self.B = self.generalised @ F
        XX = stats.xx[:p, :p]
        half_F = (inverse @ F).reshape(F.shape[0] * F.shape[1], p)
        self.rest = semidefinite_root(XX - half_F.T @ half_F, np.diagonal(XX))
        self.df = stats.n - int(rank.sum()) - self.rest.shape[1]

    def at(self, lambdas):
        """The same at one relative factor."""
        return _DrawOneFactor(self, _score_factor(self.root, lambdas))


def _score_factor(root, lambdas):
    """F with FF' = A + A G A, the covariance of a level's Z'r in units of sigma^2; A = root^2."""
    G = lambdas[0] @ lambdas[0].T
    return root @ np.linalg.cholesky(root @ G @ root + np.eye(root.shape[1]))


class _DrawOneFactor:
    def __init__(self, simulator, factor):
        self._s, self._factor = simulator, factor

    def __call__(self, rng, R, sigma):
        s = self._s
        q, k, _ = s.A.shape
        z = rng.standard_normal((R, q, k))
        if k == 1:
            scale = sigma * self._factor.reshape(q)
            f = z.reshape(R, q) * scale
            yy = (f * f) @ s.generalised.reshape(q)
        else:
            f = np.empty((R, q, k))
            for a in range(k):
                np.multiply(z[:, :, 0], sigma * self._factor[:, a, 0], out=f[:, :, a])
                for b in range(1, k):
                    f[:, :, a] += z[:, :, b] * (sigma * self._factor[:, a, b])
            yy = np.zeros(R)
            for a in range(k):
                for b in range(a + 1):
                    twice = 1.0 if a == b else 2.0
                    yy += (f[:, :, a] * f[:, :, b]) @ (twice * s.generalised[:, a, b])
        rest = rng.standard_normal((R, s.rest.shape[1]))
        xy = f.reshape(R, q * k) @ s.B.reshape(q * k, s.p) + sigma * (rest @ s.rest.T)
        left = rng.chisquare(s.df, R) if s.df > 0 else np.zeros(R)
        yy += sigma**2 * (np.einsum("rc,rc->r", rest, rest) + left)
        return ResponseSums((f.reshape(R, q, k),), xy, yy, np.zeros(s.p))


class MomentSimulator:
    """Moments over classes of levels of a one-factor model, drawn without drawing a level.

    In a class with the sums F (n_c, k p) and f (n_c, k), rows of f independent normal, F'f depends
    on f through its projection on the columns of F, and f'f is that projection's square plus an
    independent Wishart matrix on n_c - rank(F) degrees of freedom (Bartlett 1933).

    Parameters
    ----------
    cls, A
        From `classes`.
    """

    @staticmethod
    def serves(stats, A):
        """Whether classes are so few that drawing levels would cost more."""
        k = A.shape[1]
        return A.shape[0] * (min(k * stats.p, 8) + k + 1) < stats.layout.q[0]

    def __init__(self, stats, cls, A):
        levels = OneFactorSimulator(stats)
        self.rest, self.df = levels.rest, levels.df
        _, F = leaf_arrays(stats)
        C, k, p = A.shape[0], A.shape[1], stats.p
        self.p = p
        self.root, inverse, _ = half(A)
        self.generalised = inverse @ inverse
        count = np.bincount(cls, minlength=C)
        found = [_row_space(F[cls == c].reshape(count[c], k * p)) for c in range(C)]
        widest = max((V.shape[1] for V in found), default=0)
        self.F = np.zeros((C, k * p, widest))
        self.drawn = np.zeros((C, widest, 1))
        for c, V in enumerate(found):
            self.F[c, :, : V.shape[1]] = V
            self.drawn[c, : V.shape[1]] = 1.0
        left = count - self.drawn.sum(axis=(1, 2))
        self.wishart = left[:, None] - np.arange(k)

    def at(self, lambdas):
        """A function of (rng, R, sigma) that draws `MomentSums`."""
        factor = _score_factor(self.root, lambdas)

        def draw(rng, R, sigma):
            return self._draw(rng, R, sigma, sigma * factor)

        return draw

    def _draw(self, rng, R, sigma, factor):
        C, k, _ = factor.shape
        z = rng.standard_normal((R, C, self.F.shape[2], k)) * self.drawn
        square = z.transpose(0, 1, 3, 2) @ z
        # Bartlett's factor, whose column j is empty where fewer than j + 1 rows are left
        some = self.wishart > 0
        T = np.tril(rng.standard_normal((R, C, k, k)), -1) if k > 1 else np.zeros((R, C, 1, 1))
        diagonal = np.sqrt(rng.chisquare(np.where(some, self.wishart, 1.0), (R, C, k)))
        T[..., np.arange(k), np.arange(k)] = diagonal
        T *= some[:, None, :]
        square += T @ T.transpose(0, 1, 3, 2)
        yy = np.ascontiguousarray(factor @ square @ factor.transpose(0, 2, 1))
        xy = np.ascontiguousarray((self.F @ z) @ factor.transpose(0, 2, 1))
        rest = rng.standard_normal((R, self.rest.shape[1]))
        Xy = np.einsum("cab,rcaib->ri", self.generalised, xy.reshape(R, C, k, self.p, k))
        left = rng.chisquare(self.df, R) if self.df > 0 else np.zeros(R)
        total = np.einsum("cab,rcab->r", self.generalised, yy)
        total += sigma**2 * (np.einsum("rc,rc->r", rest, rest) + left)
        return MomentSums((xy, yy), Xy + sigma * (rest @ self.rest.T), total, np.zeros(self.p))


def _row_space(F):
    """V (columns, rank) with VV' = F'F."""
    if F.size == 0:
        return np.empty((F.shape[1], 0))
    _, s, Vt = np.linalg.svd(F, full_matrices=False)
    kept = s > 1e-12 * s[0]
    return Vt[kept].T * s[kept]


class GaussianSimulator:
    """Sums of responses of any model whose remainder is small enough.

    The leaf's Z_j'We are independent; given them, those of the remainder and of X are Gaussian
    with the dense Schur complement as their covariance.
    """

    @staticmethod
    def serves(stats):
        """Whether drawing sums is possible and cheaper than drawing rows."""
        layout = stats.layout
        columns = layout.m + stats.p
        leaf = 0 if layout.leaf is None else layout.q[layout.leaf] * layout.k[layout.leaf]
        # a row costs a random number and a few sums; a column one row of the dense root
        return columns <= MOST_COLUMNS and columns**2 + 20 * leaf < 20 * stats.n

    def __init__(self, stats):
        from scipy import sparse

        self.stats, layout, p = stats, stats.layout, stats.p
        XX, XZ = stats.xx[:p, :p], stats.rest_fixed[:, :p].T
        own = own_matrix(stats).toarray()
        S = np.block([[own, XZ.T], [XZ, XX]])
        before = np.diagonal(S).copy()
        rank = 0
        self.leaf_root = np.empty((0, 1, 1))
        self.ZZ = sparse.csr_matrix(own)
        self.FX = stats.rest_fixed[:, :p]
        if layout.leaf is not None:
            q, k = layout.q[layout.leaf], layout.k[layout.leaf]
            self.leaf_root, inverse, ranks = half(stats.leaf_diag)
            rank = int(ranks.sum())
            # normal deviates of directions a level does not have would count in e'We
            self.projector = None if (ranks == k).all() else inverse @ self.leaf_root
            FX = stats.leaf_fixed[:, :, :p].reshape(q * k, p)
            self.FX = np.concatenate([FX, self.FX])
            C = crossing_matrix(stats)
            W = block_diagonal(inverse) @ sparse.hstack([C, sparse.csr_matrix(FX)])
            self.W = W.tocsr()
            S -= (self.W.T @ self.W).toarray()
            self.ZZ = sparse.bmat([[block_diagonal(stats.leaf_diag), C], [C.T, self.ZZ]]).tocsr()
        self.rest = semidefinite_root(0.5 * (S + S.T), before)
        self.df = stats.n - rank - self.rest.shape[1]

    def at(self, lambdas):
        """A function of (rng, R, sigma) that draws `ResponseSums`."""

        def draw(rng, R, sigma):
            return self._draw(rng, R, sigma, lambdas)

        return draw

    def _draw(self, rng, R, sigma, lambdas):
        layout, p = self.stats.layout, self.stats.p
        order = ((layout.leaf,) if layout.leaf is not None else ()) + layout.rest
        b = np.concatenate(
            [
                (rng.standard_normal((R, layout.q[f], layout.k[f])) @ lambdas[f].T).reshape(R, -1)
                for f in order
            ],
            axis=1,
        ).T
        z = rng.standard_normal((R, self.rest.shape[1])).T
        g = self.rest @ z
        square = np.einsum("cr,cr->r", z, z)
        m = layout.m
        h, g = g[m:], g[:m]
        if layout.leaf is not None:
            q, k = layout.q[layout.leaf], layout.k[layout.leaf]
            z = rng.standard_normal((R, q, k, 1))
            if self.projector is not None:
                z = self.projector @ z
            square += np.einsum("rjka,rjka->r", z, z)
            first = (self.leaf_root @ z).reshape(R, q * k).T
            carried = self.W.T @ z.reshape(R, q * k).T
            g = np.concatenate([first, g + carried[:m]])
            h = h + carried[m:]
        ZZb = self.ZZ @ b
        f = ZZb + g
        xy = (self.FX.T @ b + h).T
        left = rng.chisquare(self.df, R) if self.df > 0 else np.zeros(R)
        yy = np.einsum("cr,cr->r", b, ZZb + 2.0 * g) + square + left
        zy, at = [np.empty(0)] * len(layout.q), 0
        for i in order:
            q, k = layout.q[i], layout.k[i]
            zy[i] = sigma * np.ascontiguousarray(f[at : at + q * k].T).reshape(R, q, k)
            at += q * k
        return ResponseSums(tuple(zy), sigma * np.ascontiguousarray(xy), sigma**2 * yy, np.zeros(p))


class RowSimulator:
    """Sums of responses drawn row by row."""

    def __init__(self, design, stats, row_sums):
        self.design, self.stats, self.sums = design, stats, row_sums

    def at(self, lambdas):
        """A function of (rng, R, sigma) that draws `ResponseSums`."""
        design = self.design
        T_blocks = self.stats.reference.T_blocks
        user = [T @ Lam for T, Lam in zip(T_blocks, lambdas, strict=True)]
        noise = 1.0 if design.weights is None else 1.0 / np.sqrt(design.weights)

        def draw(rng, R, sigma):
            Y = noise * rng.standard_normal((R, design.n))
            for block, Lam in zip(design.blocks, user, strict=True):
                b = rng.standard_normal((R, block.factor.n_levels, block.k)) @ Lam.T
                codes = block.factor.codes
                if block.Z is None:
                    Y += b[:, codes, 0]
                else:
                    Z = np.asarray(block.Z)
                    for c in range(block.k):
                        Y += Z[:, c] * b[:, codes, c]
            return self.sums(sigma * Y.T)

        return draw


def fixed_predictors(design, beta, sigma):
    """The mean's and log sigma's linear predictors without random effects, two (n,) arrays."""
    eta = design.X @ beta
    if design.offset is not None:
        eta += design.offset
    return eta, np.full(design.n, np.log(sigma))


def drawn_rows(design, fixed, factors, n, rng):
    """(n_rows, n) responses, one after the other; factors of the covariances of the blocks."""
    family, response = Gaussian(), Response(design.y, None, design.weights)
    out = np.empty((n, design.n))
    for y in out:
        eta, log_sigma = fixed
        for block, factor in zip(design.blocks, factors, strict=True):
            b = rng.standard_normal((block.factor.n_levels, block.k)) @ factor.T
            b = b[block.factor.codes]
            eta = eta + (b[:, 0] if block.Z is None else np.einsum("nk,nk->n", block.Z, b))
        y[:] = family.sample(rng, (eta, log_sigma), response)
    return out.T
