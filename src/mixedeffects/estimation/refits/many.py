"""The objectives of many replicates of a model with one grouping factor, evaluated together."""

from __future__ import annotations

import numpy as np


class ManyObjectives:
    """R objectives that differ in the response, or in how often each level counts.

    Takes weight (R, q) or (R, 0); nu, constant (R,).

    Parameters
    ----------
    A : (C, k, k), cls : (q,) int32
        Classes of levels with the same Z_j'WZ_j.
    F : (q, k, p)
        Z_j'WX.
    XX : (R or 1, p, p), f : (R or 1, q, k) or None, Xy : (R or 1, p), square : (R or 1,)
        X'WX, Z_j'Wy, X'Wy, y'Wy, per replicate or once for all.
    shared : (count, xx), optional
        Moments of the fixed-effect columns, known from objectives made before; not with weights.
    moments_y : (xy, yy), optional
        Moments with the response, in place of `f`.

    Attributes
    ----------
    d, s2 : (R,)
        Objective (inf where it cannot be computed) and profiled residual variance where
        each replicate was last evaluated.
    beta : (R, p), Q : (R, p, p)
    D, W : (R, k, k)
        dd/dG and sum_j Z_j'V^-1Z_j.
    gradient : (R, m), curvature : (R, m, m)
    """

    def __init__(
        self, A, cls, F, terms, reml, XX, f, Xy, square, weight, nu, constant, shared=None,
        moments_y=None,
    ):  # fmt: skip
        from mixedeffects.engine.kernels import moments

        self._kernels = moments
        R, (C, k, _), p = nu.size, A.shape, F.shape[2]
        self.terms, self.reml, self.R, self.k = terms, float(reml), R, k
        self.places = np.array(
            [(t.columns[0] + r, t.columns[0] + c) for t in terms for r, c in t.structure.positions]
        )
        self.rows, self.cols = self.places.T.copy()
        m = self.rows.size
        self.A, self.XX, self.Xy, self.square = A, XX, Xy, square
        self.nu, self.constant = nu, constant
        if moments_y is None:
            xy, yy = np.zeros((R, C, k * p, k)), np.zeros((R, C, k, k))
        else:
            xy, yy = moments_y
        size = 1 if weight.shape[1] == 0 else R
        if shared is None:
            count, xx = np.zeros((size, C)), np.zeros((size, C, k * p, k * p))
        else:
            count, xx = shared[0][:0], shared[1][:0]
        if moments_y is None:
            moments.add_moments(F, cls, weight, f, count, xx, xy, yy)
        elif shared is None:
            count[0], xx[0] = class_moments(F, cls, C)
        if shared is not None:
            count, xx = shared
        self.shared = count, xx
        self.moments = count, xx, xy, yy
        self.levels = count.sum(axis=1) * np.ones(R)
        self.E, self.S = np.empty((R, C, k, k)), np.empty((R, C, k, k))
        self.L, self.Q = np.zeros((R, p, p)), np.empty((R, p, p))
        self.beta, self.numbers = np.empty((R, p)), np.empty((R, 3))
        self.D, self.W = np.empty((R, k, k)), np.empty((R, k, k))
        self.gradient, self.curvature = np.empty((R, m)), np.empty((R, m, m))
        self.d, self.s2 = np.full(R, np.inf), np.full(R, np.nan)

    def lambdas(self, theta):
        """Relative factors (r, k, k) of (r, m) thetas."""
        out = np.zeros((theta.shape[0], self.k, self.k))
        out[:, self.rows, self.cols] = theta
        return out

    def value(self, theta, which):
        """The objective of replicates `which` at theta (r, m): (r,), also kept in `d`."""
        Lam = self.lambdas(theta)
        self._kernels.value(
            self.A, *self.moments, self.XX, self.Xy, self.square, which,
            Lam @ Lam.transpose(0, 2, 1), self.E, self.S, self.L, self.beta, self.numbers,
        )  # fmt: skip
        logdet, logdet_x, pwrss = self.numbers[which].T
        nu = self.nu[which]
        with np.errstate(invalid="ignore", divide="ignore"):
            s2 = pwrss / nu
            d = logdet + self.reml * logdet_x + nu * (1.0 + np.log(2.0 * np.pi * s2))
        d += self.constant[which]
        self.s2[which] = s2
        self.d[which] = d = np.where(np.isfinite(d), d, np.inf)
        return d

    def slopes(self, theta, which):
        """D, gradient and curvature of replicates that were last evaluated at theta (r, m)."""
        self._kernels.slopes(
            *self.moments, which, self.lambdas(theta), self.s2, self.nu, self.reml, self.rows,
            self.cols, self.E, self.S, self.L, self.beta, self.Q, self.D, self.W, self.gradient,
            self.curvature,
        )  # fmt: skip


def class_moments(F, cls, C):
    """Levels of each class (C,), and their moments of the fixed-effect columns (C, k p, k p).

    What a kernel has for each replicate, for all of them, and so without waiting for its compiler.
    Takes F (q, k, p) and cls (q,) arrays.
    """
    count = np.bincount(cls, minlength=C)
    rows = F.reshape(F.shape[0], -1)[np.argsort(cls, kind="stable")]
    out = np.empty((C, rows.shape[1], rows.shape[1]))
    for c, part in enumerate(np.split(rows, np.cumsum(count)[:-1])):
        out[c] = part.T @ part
    return count.astype(float), out
