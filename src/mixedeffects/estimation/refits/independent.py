"""A linear model with one grouping factor without each of many sets of rows.

Given theta, the objective is a function of sums over the levels j of the factor,

    S(theta) = sum_j s_j(theta),   s_j = (log|V_j|, [X y]'V_j^-1[X y]),

and without some rows only the terms of their levels change. All of it is a smooth function of
theta, and without a few rows of many the optimum is near that of all rows. So S, and what every
set takes out of it, are interpolated by polynomials around the optimum, and Newton's method is
run on them, for all sets at a time. Its error is measured between the nodes; sets
whose optimum is further away than it allows are left to a refit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mixedeffects.estimation.minimize import FEW_GROUPS
from mixedeffects.estimation.refits.base import Change
from mixedeffects.estimation.refits.deleted import RANK
from mixedeffects.estimation.refits.log_determinants import log_determinant
from mixedeffects.estimation.refits.one_factor import leaf_columns
from mixedeffects.estimation.refits.polynomial import Polynomials
from mixedeffects.estimation.refits.sums import centred_rows

# fewer sets are refitted one by one
FEW_SETS = 100
# standard errors of theta~: the largest error of an optimum, and radii of the interpolation
CLOSE, FIRST, WIDEST, NARROWEST = 1e-7, 0.3, 1.0, 0.01
# error of an objective by rounding, for each row that it is a sum of
ROUNDED = 4e-13
# of a relative standard deviation, what must be left for it to be no variance near zero
REMAINS = 0.1
# and a relative standard deviation at which it is one
LEAST = 1e-4
# numbers that are held at a time
NUMBERS = 4_000_000
NEWTON = 12
DEGREES, MOST_POWERS = (3, 4, 5), 300


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """What a number of sets of rows take out of the cross-products of the levels they are in.

    A *pair* is a set and a level that have rows in common.

    Attributes
    ----------
    unit, level : (P,) int arrays
        Of every pair, by set.
    zz, zv, vv : (P, k, k), (P, k, t) and (P, t, t) arrays
        Z'WZ, Z'W[X y] and [X y]'W[X y] of the rows of every pair.
    whole : (P,) bool array
        Whether they are all rows of the level.
    rows, log_weights : (J,) arrays
        Number of rows, and sum of log weights, of every set.
    """

    unit: np.ndarray
    level: np.ndarray
    zz: np.ndarray
    zv: np.ndarray
    vv: np.ndarray
    whole: np.ndarray
    rows: np.ndarray
    log_weights: np.ndarray

    @classmethod
    def of(cls, design, stats, codes, n_units):
        """The sets of a partition of the rows: the set of every row in `codes`."""
        (block,) = design.blocks
        q = block.factor.n_levels
        pair, inverse = np.unique(
            codes.astype(np.int64) * q + block.factor.codes, return_inverse=True
        )
        V, w = centred_rows(design, stats), design.weights
        T = stats.reference.T_blocks[0]
        Z = np.full((design.n, 1), T[0, 0]) if block.Z is None else block.Z @ T
        WZ, WV = (Z, V) if w is None else (Z * w[:, None], V * w[:, None])

        def sums(left, right):
            out = np.empty((pair.size, left.shape[1], right.shape[1]))
            for a in range(left.shape[1]):
                for b in range(right.shape[1]):
                    out[:, a, b] = np.bincount(inverse, left[:, a] * right[:, b], pair.size)
            return out

        unit, level = np.divmod(pair, q)
        own, all_rows = np.bincount(inverse), np.bincount(block.factor.codes, minlength=q)
        logs = np.zeros(n_units) if w is None else np.bincount(codes, np.log(w), n_units)
        return cls(
            unit, level, sums(Z, WZ), sums(Z, WV), sums(V, WV), own == all_rows[level],
            np.bincount(codes, minlength=n_units), logs,
        )  # fmt: skip

    def part(self, lo, hi):
        """The pairs of sets lo to hi, which are numbered from 0."""
        at = slice(*np.searchsorted(self.unit, [lo, hi]))
        return Removed(
            self.unit[at] - lo, self.level[at], self.zz[at], self.zv[at], self.vv[at],
            self.whole[at], self.rows[lo:hi], self.log_weights[lo:hi],
        )  # fmt: skip


class WithoutEach:
    """The optima of a linear model with one grouping factor without each of many sets of rows."""

    @staticmethod
    def serves(stats, evaluation, n_sets):
        """Whether there is one factor of many levels, many sets, and no variance near zero."""
        q = stats.layout.q
        inside = bool((deviations(evaluation.lambdas) > LEAST).all())
        return len(q) == 1 and q[0] > FEW_GROUPS and n_sets >= FEW_SETS and inside

    def __init__(self, design, evaluation, one_by_one):
        self._prepare(design, evaluation, one_by_one)
        self.A, self.B = self.stats.level_blocks(0), leaf_columns(self.stats)

    def _prepare(self, design, evaluation, one_by_one):
        self.design, self.whole, self.one_by_one = design, evaluation, one_by_one
        self.objective = objective = evaluation.objective
        self.stats, self.p = objective.stats, objective.p
        self._last: tuple[Any, Any] = None, None
        curvature = evaluation.curvature
        values, vectors = np.linalg.eigh(0.5 * (curvature + curvature.T))
        values = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
        # theta~ = theta~^ + axes z, with z in standard errors
        self.axes = vectors / np.sqrt(0.5 * values)

    def __call__(self, codes, n_sets):
        """The `Change` by every set of a partition of the rows."""
        removed = Removed.of(self.design, self.stats, codes, n_sets)
        known, m = self._determined(removed), len(self.axes)
        z, _, _ = self._optima(removed, Polynomials(m, 2, FIRST))
        length = np.sqrt((z**2).sum(axis=1))
        length[~np.isfinite(length)] = np.inf
        near = known & (length < WIDEST)
        radius = min(max(1.1 * length[near].max(initial=0.0), NARROWEST), WIDEST)
        polynomials = self._close(radius)
        if polynomials is None:
            polynomials, radius = Polynomials(m, 2, FIRST), 0.0  # which no set is within
        else:
            radius = polynomials.radius
        z, sums, converged = self._optima(removed, polynomials)
        good = known & converged & (np.sqrt((z**2).sum(axis=1)) <= radius)
        out = self._change(removed.rows, np.where(good[:, None], z, 0.0), sums, good)
        for j in np.flatnonzero(~good):
            one = self.one_by_one.without(np.flatnonzero(codes == j))
            for field in fields(Change):
                getattr(out, field.name)[j] = getattr(one, field.name)
        return out

    def _close(self, radius):
        """Polynomials of a sufficiently small error, within the radius or less; or None."""
        m = len(self.axes)
        while radius >= NARROWEST:
            for degree in DEGREES:
                polynomials = Polynomials(m, degree, radius)
                if len(polynomials.nodes) > MOST_POWERS:
                    continue
                if self._error(polynomials) <= self._tolerated(CLOSE, degree, radius):
                    return polynomials
            radius *= 0.5
        return None

    def _tolerated(self, close, degree, radius):
        """The error, in standard errors, that is small, or what rounding leaves of any optimum."""
        return max(close, 0.5 * degree * ROUNDED * self.objective.nu / radius)

    def _determined(self, removed):
        """Whether the rows that are left determine all coefficients and a residual variance."""
        J, p = removed.rows.size, self.p
        left = np.zeros((J, p, p))
        np.add.at(left, removed.unit, -removed.vv[:, :p, :p])
        left += self.stats.xx[:p, :p]
        enough = self.stats.n - removed.rows - p >= 1
        if p == 0:
            return enough
        values = np.linalg.eigvalsh(left)
        return enough & (values[:, 0] >= RANK * values[:, -1])

    # sums ---------------------------------------------------------------------------------------

    def _sums(self, z, removed=None):
        """S at z, (1 + t t,); or what every set takes out of it, (J, 1 + t t)."""
        (Lam,) = self.objective.parameters.lambdas(self.whole.theta + self.axes @ z)
        if removed is None:
            logs, inner = _level_terms(self.A, self.B, Lam)
            return np.concatenate([[logs.sum()], (self.stats.xx - inner.sum(axis=0)).ravel()])
        at = removed.level
        logs, inner = _level_terms(self.A[at], self.B[at], Lam)
        some = ~removed.whole
        if some.any():
            a, b = self.A[at[some]] - removed.zz[some], self.B[at[some]] - removed.zv[some]
            logs_left, inner_left = _level_terms(a, b, Lam)
            logs[some] -= logs_left
            inner[some] -= inner_left
        own = np.concatenate([logs[:, None], (removed.vv - inner).reshape(len(at), -1)], axis=1)
        starts = np.searchsorted(removed.unit, np.arange(removed.rows.size))
        return np.add.reduceat(own, starts, axis=0)

    def _total(self, polynomials):
        """(c, 1 + t t) coefficients of S, kept for the polynomials that were asked for last."""
        if self._last[0] is not polynomials:
            values = np.array([self._sums(z) for z in polynomials.nodes])
            self._last = polynomials, polynomials.fit @ values
        return self._last[1]

    def _error(self, polynomials):
        """Standard errors by which the optima may be off: of a gradient from values like these."""
        coefficients = self._total(polynomials)
        nu = np.array([float(self.objective.nu)])
        right = np.array([self._sums(z) for z in polynomials.beyond])
        off = self._deviance(polynomials.values(polynomials.beyond) @ coefficients, nu)
        off -= self._deviance(right, nu)
        return 0.5 * polynomials.degree * np.abs(off).max() / polynomials.radius

    def _deviance(self, sums, nu):
        t, p = self.p + 1, self.p
        M = sums[:, 1:].reshape(-1, t, t)
        _, whole = np.linalg.slogdet(M)
        _, part = np.linalg.slogdet(M[:, :p, :p])
        return sums[:, 0] + nu * whole - (nu - self.objective.reml) * part

    def _optima(self, removed, polynomials):
        """The optimum without every set, z (J, m), S there (J, t, t), and whether it is one."""
        J, t = removed.rows.size, self.p + 1
        total = self._total(polynomials)
        z, sums = np.zeros((J, len(self.axes))), np.empty((J, t, t))
        converged = np.zeros(J, dtype=bool)
        size = max(1, int(NUMBERS / (len(polynomials.nodes) * (1 + t * t))))
        for lo in range(0, J, size):
            hi = min(lo + size, J)
            part = removed.part(lo, hi)
            own = np.array([self._sums(node, part) for node in polynomials.nodes])
            left = total[None] - np.einsum("cn,nju->jcu", polynomials.fit, own)
            nu = self.objective.nu - part.rows.astype(float)
            z[lo:hi], sums[lo:hi], converged[lo:hi] = self._newton(left, nu, polynomials)
        return z, sums, converged

    def _newton(self, left, nu, polynomials):
        """Minimise the objectives of sets, whose S has coefficients `left` (J, c, 1 + t t)."""
        J, p, t = nu.size, self.p, self.p + 1
        z, done = np.zeros((J, polynomials.m)), np.zeros(J, dtype=bool)
        for _ in range(NEWTON):
            value, first, second = polynomials.derivatives(z)
            M = np.einsum("jc,jcu->ju", value, left)[:, 1:].reshape(J, t, t)
            d1 = np.einsum("jac,jcu->jau", first, left)
            d2 = np.einsum("jabc,jcu->jabu", second, left)
            g, H = d1[:, :, 0].copy(), d2[:, :, :, 0].copy()
            m = polynomials.m
            d1 = d1[:, :, 1:].reshape(J, m, t, t)
            d2 = d2[:, :, :, 1:].reshape(J, m, m, t, t)
            for size, weight in ((t, nu), (p, self.objective.reml - nu)):
                if size:
                    one, two = log_determinant(M, d1, d2, size)
                    g += weight[:, None] * one
                    H += weight[:, None, None] * two
            step, decrement = _step(H, g)
            done |= decrement < 1e-13
            if done.all():
                break
            # outside of the nodes the polynomials say nothing
            step[done | ~np.isfinite(decrement)] = 0.0
            z += step
            far = np.sqrt((z**2).sum(axis=1)) > 2.0 * polynomials.radius
            z[far] *= 2.0 * polynomials.radius / np.sqrt((z[far] ** 2).sum(axis=1))[:, None]
        at = np.einsum("jc,jcu->ju", polynomials.values(z), left)
        return z, at[:, 1:].reshape(J, t, t), done

    # results ------------------------------------------------------------------------------------

    def _change(self, rows, z, sums, good):
        """The `Change` of sets, of which those that are not `good` are still to be filled in.

        Withdraws `good` where a variance is near zero.
        """
        p, before, T = self.p, self.whole.factorisation, self.stats.reference.T
        parameters = self.objective.parameters
        sums = np.where(good[:, None, None], sums, np.eye(p + 1))
        XX, Xy, yy = sums[:, :p, :p], sums[:, :p, p], sums[:, p, p]
        beta = np.linalg.solve(XX, Xy[:, :, None])[:, :, 0]
        nu = self.objective.nu - rows
        s2 = (yy - np.einsum("jp,jp->j", Xy, beta)) / np.where(nu > 0, nu, np.nan)
        inverse = np.linalg.inv(before.RX)
        spread = np.einsum("ap,jpq,aq->ja", T[:p, :p], np.linalg.inv(XX), T[:p, :p])
        theta, least = np.empty(z.shape), deviations(self.whole.lambdas) * REMAINS
        for j, at in enumerate(self.whole.theta + z @ self.axes.T):
            good[j] &= bool((deviations(parameters.lambdas(at)) > least).all())
            theta[j] = parameters.to_user(at)
        return Change(
            (before.beta() - beta) @ before.RX.T, inverse.T @ XX @ inverse, s2, theta, good.copy(),
            beta @ T[:p, :p].T - T[:p, p], np.sqrt(s2[:, None] * spread),
        )  # fmt: skip


def deviations(lambdas):
    """The diagonal entries of all relative factors, without signs."""
    if len(lambdas) == 1:
        return np.abs(lambdas[0].diagonal())
    return np.abs(np.concatenate([Lam.diagonal() for Lam in lambdas]))


def _level_terms(A, B, Lam):
    """log|I + L'AL| (q,) and B'L(I + L'AL)^-1L'B (q, t, t) of levels with Z'WZ and Z'W[X y]."""
    R = np.linalg.cholesky(np.eye(len(Lam)) + Lam.T @ A @ Lam)
    half = np.linalg.solve(R, Lam.T @ B)
    logs = 2.0 * np.log(np.einsum("jkk->jk", R)).sum(axis=1)
    return logs, half.transpose(0, 2, 1) @ half


def _step(H, g):
    """Newton's step, and its decrement: nan where H is not positive definite."""
    values, vectors = np.linalg.eigh(np.where(np.isfinite(H), H, 0.0))
    bad = (values[:, 0] <= 0) | ~np.isfinite(H).all(axis=(1, 2)) | ~np.isfinite(g).all(axis=1)
    along = np.einsum("jab,ja->jb", vectors, g) / np.where(values > 0, values, 1.0)
    step = -np.einsum("jab,jb->ja", vectors, along)
    decrement = -np.einsum("ja,ja->j", g, step)
    decrement[bad], step[bad] = np.nan, 0.0
    return step, decrement
