"""Many responses of one design, factors of few levels kept apart: fits of a small matrix each.

The variance of a factor with a dozen levels is so uncertain that no polynomial in its parameter
reaches from zero to all its likely values. But the few columns of its levels can be kept beside
those of X: with V of the other factors alone and A = [Z X y], Z of the few levels,

    S(theta) = (log|V|, A'V^-1A)

is smooth in the parameters of the others, and the objective follows from S and the parameters of
the few levels in closed form. So S is interpolated by polynomials, with A'V^-1y of every response
among its entries, and Newton's method is run for all responses at a time. The error is measured
at points between the nodes; a response for which it is too large, whose optimum is outside of the
polynomials' box, or has one of the variances near zero, is left to a fit of its own.
"""

# SciPy's stubs take sparse products for arrays.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.crossprod.parallel import in_parallel
from mixedeffects.engine import Solver, make_plan
from mixedeffects.engine.many_sides import solve_many
from mixedeffects.estimation.covariance_parameters import CovarianceParameters
from mixedeffects.estimation.minimize import NO_RESIDUAL
from mixedeffects.estimation.objective import LMMObjective
from mixedeffects.estimation.refits.log_determinants import log_determinant
from mixedeffects.estimation.refits.many_newton import EDGE, REACH, newton_within
from mixedeffects.estimation.refits.neighbourhood import Neighbourhoods
from mixedeffects.estimation.refits.one_factor import store
from mixedeffects.estimation.refits.polynomial import Interpolant, powers
from mixedeffects.estimation.refits.results import CONVERGED

# columns that are kept apart, and responses at a time
MOST_LEVELS, MOST_RESPONSES = 60, 250
# error of an objective that is accepted
CLOSE = 1e-5
# by how much degrees are raised, and share of responses for which they must do
RAISED, MOSTLY = (0, 3, 6), 0.9
# of the fit's relative standard deviation, what must be left for it to be no variance near zero
REMAINS = 0.1


class FewLevels:
    """Fits responses of one design whose factors of few levels are kept apart.

    Parameters
    ----------
    design : Design
        Whose blocks and columns are used.
    evaluation : Evaluation
        The original fit's optimum.
    columns : ColumnProducts
        Of the design.
    """

    most = MOST_RESPONSES

    @staticmethod
    def apart(stats, evaluation):
        """The blocks that are kept apart, or none where the method does not serve."""
        layout = stats.layout
        few = [
            f for f, (q, k) in enumerate(zip(layout.q, layout.k, strict=True))
            if k == 1 and q <= MOST_LEVELS and f != layout.leaf
        ]  # fmt: skip
        levels = sum(layout.q[f] for f in few)
        some = 0 < len(few) < len(layout.q) and levels <= MOST_LEVELS
        if not some or min(np.abs(evaluation.lambdas[f][0, 0]) for f in few) == 0.0:
            return ()
        return tuple(few)

    def __init__(self, design, evaluation, columns):
        self.whole, self.objective = evaluation, evaluation.objective
        self.stats, self.columns = self.objective.stats, columns
        stats, parameters = self.stats, self.objective.parameters
        self.few = few = self.apart(stats, evaluation)
        self.many = many = tuple(f for f in range(len(design.blocks)) if f not in few)
        index = np.arange(parameters.n_theta)
        self.inner = np.concatenate([index[t.part] for t in parameters.terms if t.block in many])
        self.outer = np.concatenate([index[t.part] for t in parameters.terms if t.block in few])
        reference = replace(
            stats.reference, T_blocks=tuple(stats.reference.T_blocks[f] for f in many)
        )
        part = design.changed(blocks=tuple(design.blocks[f] for f in many))
        self.plan = make_plan(part)
        products = CrossProducts.of(part, self.plan.layout, reference)
        small = CovarianceParameters(part.blocks, reference.T_blocks)
        self.inside = LMMObjective(products, Solver(products, self.plan), small, False)
        self._sides()
        covariance = 2.0 * np.linalg.inv(evaluation.curvature)
        root = np.linalg.cholesky(covariance[np.ix_(self.inner, self.inner)])
        at = self.inside.evaluate(evaluation.theta[self.inner])
        self.places = Neighbourhoods(at, self.plan, root)
        self.box: Any = self.places._box(at.theta, root)
        self.degrees: Any = None if self.box is None else self.places._degrees(self.box)

    def pays(self, R):
        """Whether R responses take longer one by one."""
        return self.degrees is not None and self.places.pays(len(powers(self.degrees)), R)

    def _sides(self):
        """Z'W[Zs X] of the factors that are not kept apart, and [Zs X]'W[Zs X]."""
        columns, layout, p = self.columns, self.stats.layout, self.stats.p
        rows, at = {}, 0
        for f in layout.order:
            rows[f] = slice(at, at + layout.q[f] * layout.k[f])
            at += layout.q[f] * layout.k[f]
        self.order = [self.many[f] for f in self.inside.stats.layout.order]
        ZZ = columns.ZZ.tocsr()
        kept = np.concatenate([np.arange(at)[rows[f]] for f in self.few])
        own = np.concatenate([np.arange(at)[rows[f]] for f in self.order])
        self.side = np.concatenate([ZZ[own][:, kept].toarray(), columns.FX[own]], axis=1)
        s = kept.size
        self.n_kept, self.size = s, s + p
        self.square = np.empty((s + p, s + p))
        self.square[:s, :s] = ZZ[kept][:, kept].toarray()
        self.square[:s, s:] = columns.FX[kept]
        self.square[s:, :s] = columns.FX[kept].T
        self.square[s:, s:] = columns.XX
        # whose parameter stands at which kept column
        self.levels = np.zeros((len(self.few), s + p + 1))
        start = 0
        for a, f in enumerate(self.few):
            self.levels[a, start : start + layout.q[f]] = 1.0
            start += layout.q[f]
        self.rows, self.cols = np.tril_indices(s + p)

    # values at nodes ------------------------------------------------------------------------------

    def fit(self, sums, out, rows, workers=1):
        """Fit responses; see `OneFactor.fit`. Returns which are done, (R,) bool array."""
        R = sums.yy.size
        apart = [sums.zy[f].reshape(R, -1) for f in self.few]
        across = np.concatenate([*apart, sums.xy], axis=1).T
        zy = np.concatenate([sums.zy[f].reshape(R, -1) for f in self.order], axis=1).T
        near, error = self._near(zy, across, sums.yy, workers)
        if near is None:
            return np.zeros(R, dtype=bool)
        start = np.tile(self.whole.theta, (R, 1))
        theta, value, _, converged = newton_within(near.look, start, self._keep, self._at_edge)
        x = self.box.inside(theta[:, self.inner])
        least = REMAINS * np.abs(self.whole.theta[self.outer])
        done = converged & (np.abs(x) < 1.0).all(axis=1) & (error < CLOSE)
        done &= (np.abs(theta[:, self.outer]) > least).all(axis=1)
        theta[:, self.outer] = np.abs(theta[:, self.outer])
        self._store(near, theta, value, done, sums, out, rows)
        return done

    def _near(self, zy, across, yy, workers):
        """Polynomials of a batch, and the errors (R,) of their objectives; None without any.

        Their degrees are raised until most errors are small, and stay so.
        """
        R, t, m = yy.size, self.size + 1, self.inner.size
        c, known = 1 + self.rows.size, {}
        looked = np.array([np.full(m, 0.55), np.full(m, -0.45)])
        right = self._values(self.box.theta(looked), zy, across, yy, workers)
        start = np.tile(self.whole.theta, (R, 1))
        near, error = None, np.full(R, np.inf)
        for more in RAISED:
            degrees = [d + more for d in self.degrees]
            if more and not self.places.pays(len(powers(degrees)), R):
                break
            polynomial = Interpolant(degrees)
            # Leja's points stay when the degrees grow
            places = [tuple(a) for a in polynomial.powers.tolist()]
            new = [i for i, a in enumerate(places) if a not in known]
            found = self._values(self.box.theta(polynomial.nodes[new]), zy, across, yy, workers)
            known |= {places[i]: row for i, row in zip(new, found, strict=True)}
            values = np.array([known[a] for a in places])
            if not (np.isfinite(values[:, 0]).all() and np.isfinite(right[:, 0]).all()):
                return None, error
            coefficients = polynomial.through(values).coefficients
            near = _Near(
                self, polynomial, coefficients[:, :c], coefficients[:, c:].reshape(-1, R, t)
            )
            error = np.zeros(R)
            for x, row in zip(looked, right, strict=True):
                start[:, self.inner] = self.box.theta(x[None])
                exact = self._matrices(np.tile(row[:c], (R, 1)), row[c:].reshape(R, t))
                off = near.look(start, np.arange(R))[0] - self._value(start, *exact)
                error = np.maximum(error, np.abs(off))
            if (error < CLOSE).mean() > MOSTLY:
                self.degrees = degrees
                break
        return near, error

    def _values(self, thetas, zy, across, yy, workers):
        """(N, 1 + c + R t): log|V|, [Zs X]'V^-1[Zs X], and [Zs X y]'V^-1y of every response."""
        t, R = self.size, yy.size
        sides = np.concatenate([self.side, zy], axis=1)
        out = np.empty((len(thetas), 1 + self.rows.size + R * (t + 1)))
        layout = self.inside.stats.layout
        q, k = (0, 1) if layout.leaf is None else (layout.q[layout.leaf], layout.k[layout.leaf])

        def work(worker):
            for i in range(worker, len(thetas), workers):
                at = self.inside.evaluate(thetas[i])
                if not np.isfinite(at.value):
                    out[i] = np.nan
                    continue
                leaf, rest = sides[: q * k].reshape(q, k, -1), sides[q * k :]
                leaf, rest = solve_many(at.factorisation, leaf, rest)
                b = self._scaled(at.lambdas, np.concatenate([leaf.reshape(q * k, -1), rest]))
                square = self.square - self.side.T @ b[:, :t]
                out[i, 0] = at.factorisation.logdet
                out[i, 1 : 1 + self.rows.size] = square[self.rows, self.cols]
                each = np.empty((R, t + 1))
                each[:, :t] = (across - self.side.T @ b[:, t:]).T
                each[:, t] = yy - np.einsum("qr,qr->r", zy, b[:, t:])
                out[i, 1 + self.rows.size :] = each.ravel()

        in_parallel(work, workers)
        return out

    def _scaled(self, lambdas, u):
        """b = Lambda u of (Q, c) columns."""
        layout, at = self.inside.stats.layout, 0
        out = np.empty_like(u)
        for f in layout.order:
            q, k = layout.q[f], layout.k[f]
            part = u[at : at + q * k].reshape(q, k, -1)
            out[at : at + q * k] = (lambdas[f] @ part).reshape(q * k, -1)
            at += q * k
        return out

    # the objective --------------------------------------------------------------------------------

    def _matrices(self, shared, own):
        """log|V| (R,) and [Zs X y]'V^-1[Zs X y] (R, t, t) from their entries."""
        t = own.shape[-1]
        K = np.empty((*own.shape[:-1], t, t))
        K[..., self.rows, self.cols] = K[..., self.cols, self.rows] = shared[..., 1:]
        K[..., t - 1, :] = K[..., :, t - 1] = own
        return shared[..., 0], K

    def _scales(self, theta):
        """e (R, t): the parameter of every kept column, 1 of the others."""
        e = theta[:, self.outer] @ self.levels
        e[:, self.n_kept :] = 1.0
        return e

    def _parts(self):
        """Sizes and weights of the log determinants of leading blocks that the objective has."""
        nu, reml = self.objective.nu, float(self.objective.reml)
        return ((self.n_kept, 1.0 - reml), (self.size, reml - nu), (self.size + 1, nu))

    def _inner_matrix(self, theta, K):
        e = self._scales(theta)
        M = e[:, :, None] * K * e[:, None, :]
        i = np.arange(self.n_kept)
        M[:, i, i] += 1.0
        return e, M

    def _value(self, theta, log_V, K):
        _, M = self._inner_matrix(theta, K)
        nu = self.objective.nu
        value = log_V + nu * (1.0 + log(2.0 * np.pi / nu)) + self.objective.constant
        for size, weight in self._parts():
            sign, one = np.linalg.slogdet(M[:, :size, :size])
            value = value + weight * np.where(sign > 0, one, np.nan)
        return np.where(np.isfinite(value), value, np.inf)

    def _keep(self, theta):
        x = self.box.inside(theta[:, self.inner])
        theta = theta.copy()
        theta[:, self.inner] = self.box.theta(np.clip(x, -REACH, REACH))
        return theta

    def _at_edge(self, theta):
        return np.abs(self.box.inside(theta[:, self.inner])).max(axis=1) > EDGE

    # results --------------------------------------------------------------------------------------

    def _store(self, near, theta, value, done, sums, out, rows):
        which = np.flatnonzero(done)
        if not which.size:
            return
        s, p, nu = self.n_kept, self.stats.p, self.objective.nu
        _, K = near.entries(theta[which], which)
        _, M = self._inner_matrix(theta[which], K)
        if s + p:
            solved = np.linalg.solve(M[:, :-1, :-1], M[:, :-1, -1:])[:, :, 0]
        else:
            solved = np.empty((which.size, 0))
        pwrss = M[:, -1, -1] - np.einsum("rt,rt->r", M[:, :-1, -1], solved)
        good = pwrss > NO_RESIDUAL * sums.yy[which]
        done[which[~good]] = False
        which, solved, pwrss, M = which[good], solved[good], pwrss[good], M[good]
        information = np.linalg.inv(M[:, :-1, :-1])[:, s:, s:]
        to_user = self.objective.parameters.to_user
        user = np.array([to_user(one) for one in theta[which]]).reshape(which.size, -1)
        base = sums.base if sums.base.ndim == 1 else sums.base[which]
        numbers = np.stack([value[which], pwrss / nu], axis=1)
        status = np.full(which.size, CONVERGED, dtype=np.int8)
        store(
            self.stats, out, rows.start + which, user, solved[:, s:], information, numbers, status,
            base,
        )  # fmt: skip


class _Near:
    """The polynomials of a batch of responses."""

    def __init__(self, model, polynomial, shared, own):
        self.model, self.polynomial, self.shared, self.own = model, polynomial, shared, own

    def entries(self, theta, which):
        """log|V| (r,), K (r, t, t)."""
        model = self.model
        value = self.polynomial.basis(model.box.inside(theta[:, model.inner]))[0]
        return model._matrices(value @ self.shared, _own(value, self.own[:, which]))

    def look(self, theta, which):
        """Objective (r,), gradient (r, m), second derivatives (r, m, m), and nothing more."""
        model, r = self.model, which.size
        x = model.box.inside(theta[:, model.inner])
        n, a, m = x.shape[1], len(model.few), theta.shape[1]
        value, first, second = self.polynomial.basis(x, 2)
        turn, own = model.box.inverse, self.own[:, which]
        first = first @ turn
        second = np.einsum("ia,rnij,jb->rnab", turn, second, turn, optimize=True)
        log_V, K = model._matrices(value @ self.shared, _own(value, own))
        i, j = np.triu_indices(n)
        basis = np.concatenate([first, second[:, :, i, j]], axis=2).transpose(0, 2, 1)
        logs, dK = model._matrices(
            basis @ self.shared, np.einsum("rcn,nrt->rct", basis, own, optimize=True)
        )
        e, M = model._inner_matrix(theta, K)
        t = e.shape[1]
        d1, d2 = np.zeros((r, m, t, t)), np.zeros((r, m, m, t, t))
        scaled = e[:, None, :, None] * dK * e[:, None, None, :]
        d1[:, :n] = scaled[:, :n]
        d2[:, i, j] = d2[:, j, i] = scaled[:, n:]
        D = model.levels
        for b in range(a):
            half = D[b][:, None] * K * e[:, None, :]
            d1[:, n + b] = half + half.transpose(0, 2, 1)
            half = D[b][:, None] * dK[:, :n] * e[:, None, None, :]
            d2[:, n + b, :n] = d2[:, :n, n + b] = half + half.transpose(0, 1, 3, 2)
            for c in range(a):
                half = D[b][:, None] * K * D[c]
                d2[:, n + b, n + c] = half + half.transpose(0, 2, 1)
        g, H = np.zeros((r, m)), np.zeros((r, m, m))
        g[:, :n] = logs[:, :n]
        H[:, i, j] = H[:, j, i] = logs[:, n:]
        good = np.isfinite(found := model._value(theta, log_V, K))
        M = np.where(good[:, None, None], M, np.eye(t))
        for size, weight in model._parts():
            if size and weight:
                one, two = log_determinant(M, d1, d2, size)
                g += weight * one
                H += weight * two
        order = np.argsort(np.concatenate([model.inner, model.outer]))
        return found, g[:, order], H[:, order][:, :, order], np.empty((r, 0))


def _own(basis, own):
    """Entries (r, t) of every response at a point of its own, from (r, N) and (N, r, t)."""
    return np.einsum("rn,nrt->rt", basis, own, optimize=True)
