"""Many responses of one design with crossed or nested factors, from few factorisations.

The determinants of an objective, and X'V^-1X, depend on theta alone: a polynomial through a few
dozen thetas has them. The rest is a minimum over random effects, which `ReducedModels` finds among
the random effects that each response has at a few thetas, with a bound of the error. So responses
share their factorisations. One whose optimum is not in the polynomial's box, or whose bound is too
large, is fitted by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from mixedeffects.crossprod.parallel import cores
from mixedeffects.engine import block_diagonal, crossing_matrix, own_matrix
from mixedeffects.engine.many_sides import solve_many
from mixedeffects.estimation.minimize import FEW_GROUPS, NO_RESIDUAL
from mixedeffects.estimation.refits.many_newton import EDGE, REACH, newton_within
from mixedeffects.estimation.refits.neighbourhood import MOST_PARAMETERS, Neighbourhoods
from mixedeffects.estimation.refits.one_factor import store
from mixedeffects.estimation.refits.reduced import ColumnProducts, ReducedModels
from mixedeffects.estimation.refits.results import CONVERGED

# bound of the error of an objective that is accepted
BOUND = 1e-5
# share of responses that a round must settle for another to be tried
USEFUL = 0.05
# numbers in the arrays of a batch
MOST_NUMBERS = 1.5e7
ROUNDS = 3


class Shared:
    """Fits responses of one design in batches; see `mixedeffects.estimation.refits.general`.

    Parameters
    ----------
    general : General
        Fits what is left.
    evaluation : Evaluation
        The original fit's optimum.
    plan : Plan
        Of the design.
    design : Design
        Whose factors of few levels may be kept apart.
    """

    @staticmethod
    def serves(stats, evaluation, plan):
        """Whether the factorisations can be shared."""
        layout, parameters = stats.layout, evaluation.objective.parameters
        return (
            not layout.small
            and 0 < parameters.n_theta <= MOST_PARAMETERS
            and min(layout.q) > FEW_GROUPS
            and all(term.structure.free for term in parameters.terms)
            and all(prior.unit and prior.independent for prior in plan.priors)
        )

    def __init__(self, general, evaluation, plan, design):
        self.general, self._evaluation, self._design = general, evaluation, design
        self.objective = objective = evaluation.objective
        self.stats = objective.stats
        self.places = Neighbourhoods(evaluation, plan)
        self._first: Any = None
        self._apart: Any = None
        self._expected = 0
        self._products: Any = None
        layout = self.stats.layout
        numbers = sum(q * k for q, k in zip(layout.q, layout.k, strict=True))
        self._numbers = numbers * self.places.n_anchors

    def batch(self):
        """Replicates to take at a time."""
        if self._apart and not self._first:
            return self._apart.most
        return int(max(1, min(1000, MOST_NUMBERS / self._numbers)))

    def prepare(self, n):
        """Look for what n responses of the fit's own model have in common, once."""
        self._expected = n
        if self._first is None:
            self._first = self.places.first(n)
        if not self._first and self._apart is None:
            from mixedeffects.estimation.refits.few_levels import FewLevels

            some = FewLevels.apart(self.stats, self._evaluation) and self.places.regular
            self._apart = some and FewLevels(self._design, self._evaluation, self._columns())

    def fit(self, sums, out, rows):
        """Fit responses; see `OneFactor.fit`."""
        R, places = sums.yy.size, self.places
        left = np.arange(R)
        if self._apart and not self._first and self._apart.pays(R):
            # threads have batches of their own, unless there is but one
            workers = cores() if self._expected == R and self.general.costly else 1
            left = left[~self._apart.fit(sums, out, rows, workers)]
        near: Any = self._first or None
        if near is not None and not places.pays(len(near.polynomial.nodes), R):
            near = None
        for _ in range(ROUNDS):
            if near is None:
                break
            done, theta = self._fit_near(near, sums, left, out, rows)
            left, theta = left[~done], theta[~done]
            if not left.size or done.mean() < USEFUL:
                break
            near = places.next(near, theta, left.size)
        for i in left:
            self.general.fit_one(sums, i, out, rows.start + i)

    # one round --------------------------------------------------------------------------------

    def _fit_near(self, near, sums, left, out, rows):
        """Fit what has its optimum in a box.

        Returns done (r,) bool array of the responses `left`, and theta (r, m) where they ended.
        """
        columns = self._columns()
        zy = self._stacked([z[left] for z in sums.zy])
        xy, yy = np.ascontiguousarray(sums.xy[left].T), sums.yy[left]
        models = ReducedModels(columns, self._basis(near.anchors, zy, xy), zy, xy, yy)
        theta, value, v, converged = self._minimise(models, near)
        pwrss = models.at(theta, np.arange(left.size))[0]
        nu = self.objective.nu
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = nu * self._residual(models, theta, v, zy) / pwrss
        x = near.box.inside(theta)
        done = converged & (np.abs(x) < 1.0).all(axis=1) & (bound < BOUND)
        done &= pwrss > NO_RESIDUAL * yy
        which = np.flatnonzero(done)
        if which.size:
            self._store(near, x, theta, value, pwrss / nu, v, which, sums, left, out, rows)
        return done, np.where(np.isfinite(value)[:, None], theta, np.nan)

    def _store(self, near, x, theta, value, s2, v, which, sums, left, out, rows):
        p, parameters = self.objective.p, self.objective.parameters
        found = near.polynomial.values(x[which])[:, 1:]
        information = np.empty((which.size, p, p))
        i, j = self.places.rows, self.places.columns
        information[:, i, j] = information[:, j, i] = found
        user = np.array([parameters.to_user(one) for one in theta[which]])
        at = left[which]
        base = sums.base if sums.base.ndim == 1 else sums.base[at]
        status = np.full(which.size, CONVERGED, dtype=np.int8)
        store(
            self.stats, out, rows.start + at, user, v[which, v.shape[1] - p :],
            np.linalg.inv(information), np.stack([value[which], s2[which]], axis=1), status, base,
        )  # fmt: skip

    def _columns(self):
        if self._products is None:
            stats, layout, p = self.stats, self.stats.layout, self.stats.p
            ZZ, FX = own_matrix(stats), stats.rest_fixed[:, :p]
            if layout.leaf is not None:
                C = crossing_matrix(stats)
                leaf = block_diagonal(stats.leaf_diag)
                ZZ = sparse.bmat([[leaf, C], [C.T, ZZ]]) if layout.m else leaf
                q, k = layout.q[layout.leaf], layout.k[layout.leaf]
                FX = np.concatenate([stats.leaf_fixed[:, :, :p].reshape(q * k, p), FX])
            terms = self.objective.parameters.terms
            self._products = ColumnProducts(
                sparse.csr_matrix(ZZ), FX, stats.xx[:p, :p], layout, terms
            )
        return self._products

    def _stacked(self, zy):
        """(Q, R) sums, the leaf's first."""
        R = zy[0].shape[0]
        order = self.stats.layout.order
        return np.concatenate([zy[f].reshape(R, -1) for f in order], axis=1).T

    def _basis(self, anchors, zy, xy):
        """Per slot, (G, q, R) directions: u at the first anchor, then differences from it."""
        columns, R = self._columns(), zy.shape[1]
        u = []
        for at in anchors:
            both = self._solved(at, np.concatenate([columns.FX, zy], axis=1))
            p = columns.XX.shape[0]
            of_x, one = both[:, :p], both[:, p:]
            if p:
                b = self._scaled(at.lambdas, both)
                beta = np.linalg.solve(
                    columns.XX - columns.FX.T @ b[:, :p], xy - columns.FX.T @ b[:, p:]
                )
                one = one - of_x @ beta
            u.append(one)
        m = self.objective.parameters.n_theta
        for j in range(m):  # of `design`
            up, down = u[1 + 2 * j], u[2 + 2 * j]
            u[1 + 2 * j], u[2 + 2 * j] = up - down, up + down - 2.0 * u[0]
        for j in range(1 + 2 * m, len(u)):
            u[j] = u[j] - u[0]
        basis = []
        for rows in columns.slots:
            w = np.empty((len(u), u[0][rows].shape[0], R))
            for g, one in enumerate(u):
                part = one[rows]
                size = np.sqrt(np.einsum("qr,qr->r", part, part))
                np.divide(part, np.where(size > 0, size, 1.0), out=w[g])
            basis.append(w)
        return basis

    def _solved(self, at, B):
        """M^-1 Lambda'B at an anchor, (Q, c)."""
        layout = self.stats.layout
        q, k = (0, 1) if layout.leaf is None else (layout.q[layout.leaf], layout.k[layout.leaf])
        leaf, rest = solve_many(at.factorisation, B[: q * k].reshape(q, k, -1), B[q * k :])
        return np.concatenate([leaf.reshape(q * k, -1), rest])

    def _scaled(self, lambdas, u, transpose=False):
        """b = Lambda u, or Lambda'u, of (Q, c) columns; Lambdas (k, k) or (c, k, k)."""
        out, at = np.empty_like(u), 0
        layout = self.stats.layout
        for f in layout.order:
            q, k = layout.q[f], layout.k[f]
            part = u[at : at + q * k].reshape(q, k, -1)
            Lam = lambdas[f]
            if Lam.ndim == 3:
                sub = "cba,qbc->qac" if transpose else "cab,qbc->qac"
            else:
                sub = "ba,qbc->qac" if transpose else "ab,qbc->qac"
            if k == 1:
                new = part * Lam[..., 0, 0]
            else:
                new = np.einsum(sub, Lam, part)
            out[at : at + q * k] = new.reshape(q * k, -1)
            at += q * k
        return out

    def _residual(self, models, theta, v, zy):
        """Squared norm of Lambda'Z'W(y - Zb - X beta) - u, a bound of what the minima are above."""
        columns = self._columns()
        parts, beta = models.effects(v)
        u = np.empty_like(zy)
        for rows, part in zip(columns.slots, parts, strict=True):
            u[rows] = part
        lambdas = self._lambdas(theta)
        r = zy - columns.ZZ @ self._scaled(lambdas, u) - columns.FX @ beta
        r = self._scaled(lambdas, r, transpose=True) - u
        return np.einsum("qr,qr->r", r, r)

    def _lambdas(self, theta):
        """Per block, (R, k, k) relative factors."""
        parameters = self.objective.parameters
        out = [np.zeros((theta.shape[0], k, k)) for k in parameters.k]
        for t in parameters.terms:
            for i, (r, c) in enumerate(t.structure.positions):
                out[t.block][:, t.columns[r], t.columns[c]] = theta[:, t.part.start + i]
        return out

    # the search -------------------------------------------------------------------------------

    def _minimise(self, models, near):
        """Newton's method for all responses, within the box.

        Returns theta (R, m), value (R,), v (R, D), converged (R,) bool array.
        """
        nu, box = self.objective.nu, near.box
        return newton_within(
            lambda theta, which: self._look(models, near, theta, which, nu),
            np.tile(box.centre, (models.yy.size, 1)),
            lambda theta: box.theta(np.clip(box.inside(theta), -REACH, REACH)),
            lambda theta: np.abs(box.inside(theta)).max(axis=1) > EDGE,
        )

    def _look(self, models, near, theta, which, nu):
        """Objective, gradient, second derivatives and v of some responses."""
        x, inverse = near.box.inside(theta), near.box.inverse
        fixed, slope, bend = near.polynomial.at(x)
        slope = slope @ inverse
        bend = inverse.T @ bend @ inverse
        pwrss, g, H, v = models.at(theta, which)
        with np.errstate(divide="ignore", invalid="ignore"):
            g, H = g / pwrss[:, None], H / pwrss[:, None, None]
            value = fixed[:, 0] + nu * (1.0 + np.log(2.0 * np.pi * pwrss / nu))
        H = bend + nu * (H - g[:, :, None] * g[:, None, :])
        return np.where(pwrss > 0, value, np.inf), slope + nu * g, H, v
