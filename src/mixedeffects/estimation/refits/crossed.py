"""A linear model with crossed factors without each of many sets of rows.

To leave out rows J is to give each of them a coefficient of its own. With E their indicators,
V^-1 from all rows, and F = E'V^-1E,

    log|V_-J| = log|V| + log|F|,    a'V_-J^-1 b = a'V^-1 b - a'V^-1E F^-1 E'V^-1 b

for columns a, b of [X y], by the inverse of a partitioned matrix. F has as many rows as are left
out, and follows from the inverse of what elimination leaves of the factors. So one factorisation
for each of a few thetas serves all sets. What a set takes out of S(theta) (see
`mixedeffects.estimation.refits.independent`) changes slowly with theta: polynomials of a low
degree have it, those of a higher degree the sums over all rows. Sets of many rows, and those for
which the polynomials are not exact enough, are refitted.
"""

# SciPy's stubs take sparse products for arrays.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular

from mixedeffects.engine import crossing_matrix, threads_for
from mixedeffects.engine.many_sides import eliminated_inverse, solve_many
from mixedeffects.estimation.minimize import FEW_GROUPS
from mixedeffects.estimation.refits.base import Change
from mixedeffects.estimation.refits.deleted import RANK
from mixedeffects.estimation.refits.independent import FEW_SETS, LEAST, WithoutEach, deviations
from mixedeffects.estimation.refits.neighbourhood import MOST_PARAMETERS
from mixedeffects.estimation.refits.polynomial import Polynomials
from mixedeffects.estimation.refits.sums import centred_rows

# rows of a set, and columns of the remainder, above which sets are refitted one by one
MOST_ROWS, MOST_COLUMNS = 400, 2500
# standard errors of theta~: radii that are tried, and the largest error of an optimum
RADII, CLOSE = (0.5, 0.2, 0.08), 1e-6
# degrees of polynomials of all rows' sums, and of what sets take out of them
DEGREES, OWN_DEGREES = (4, 5), (2, 3)
# share of the sets that a degree must do for
MOSTLY = 0.95
# numbers in the products of a batch of rows, and in the rows' own columns
NUMBERS, MOST_NUMBERS = 4_000_000, 30_000_000
# operations for a row, a column that it meets and one of the remainder; evaluations of a refit
WORK, EVALUATIONS = 40.0, 8


class CrossedWithoutEach(WithoutEach):
    """The optima of a linear model with crossed factors without each of many sets of rows."""

    @staticmethod
    def serves_sets(stats, evaluation, plan, sizes):
        """Whether factors cross, no variance is near zero, and most of many sets have few rows."""
        layout, parameters = stats.layout, evaluation.objective.parameters
        few = sizes <= MOST_ROWS
        if layout.small or layout.leaf is None or not 0 < layout.m <= MOST_COLUMNS:
            return False
        cross = stats.leaf_cross
        met = 1 if cross is None else int(np.diff(cross.indptr).max(initial=0)) + len(layout.q)
        work = WORK * stats.n * met * float(layout.m)
        return (
            few.sum() >= FEW_SETS
            and few.mean() >= MOSTLY
            and 0 < parameters.n_theta <= MOST_PARAMETERS
            and min(layout.q) > FEW_GROUPS
            and bool((deviations(evaluation.lambdas) > LEAST).all())
            and all(prior.unit and prior.independent for prior in plan.priors)
            and stats.n * met <= MOST_NUMBERS
            and work < EVALUATIONS * sizes.size * plan.flops
        )

    def __init__(self, design, evaluation, one_by_one):
        self._prepare(design, evaluation, one_by_one)
        stats, layout = self.stats, self.stats.layout
        self.V = centred_rows(design, stats)
        weights = design.weights
        self.root = np.ones(design.n) if weights is None else np.sqrt(weights)
        Z, codes = [], []
        for block, T in zip(design.blocks, stats.reference.T_blocks, strict=True):
            Z.append(np.full((design.n, 1), T[0, 0]) if block.Z is None else block.Z @ T)
            codes.append(block.factor.codes.astype(np.int64))
        self.leaf, self.leaf_codes = Z[layout.leaf], codes[layout.leaf]
        rest = [
            _indicator(codes[f], Z[f], layout.q[f]) for f in layout.rest
        ]  # in the order of the remainder's columns
        self.rest = sparse.hstack(rest, format="csr")
        self.crossing = crossing_matrix(stats).tocsr()

    def __call__(self, codes, n_sets, hold=False):
        """The `Change` by every set of a partition of the rows; `hold` keeps theta."""
        sizes = np.bincount(codes, minlength=n_sets)
        chosen = np.flatnonzero(sizes <= MOST_ROWS)
        known, m = self._enough(codes, sizes), len(self.axes)
        nu = self.objective.nu - sizes[chosen].astype(float)
        t = self.p + 1
        z = np.zeros((n_sets, m))
        sums, good = np.tile(np.eye(t), (n_sets, 1, 1)), np.zeros(n_sets, dtype=bool)
        with threads_for(0):
            if hold:
                left = self._sums(z[0]) - self._own(z[0], codes, chosen)
                found = z[chosen], left[:, 1:].reshape(-1, t, t), np.ones(chosen.size, dtype=bool)
            else:
                found = self._interpolated(codes, chosen, nu)
        z[chosen], sums[chosen], good[chosen] = found
        good &= known
        out = self._change(sizes, np.where(good[:, None], z, 0.0), sums, good)
        for j in np.flatnonzero(~good):
            one = self.one_by_one.without(np.flatnonzero(codes == j), hold=hold)
            for field in fields(Change):
                getattr(out, field.name)[j] = getattr(one, field.name)
        return out

    def _interpolated(self, codes, chosen, nu):
        """z, S and whether these are an optimum, of the sets that are chosen."""
        m, t = len(self.axes), self.p + 1
        total = next(
            (
                found
                for radius in RADII
                for degree in DEGREES
                if self._error(found := Polynomials(m, degree, radius))
                <= self._tolerated(CLOSE, degree, radius)
            ),
            None,
        )
        if total is None:
            none = np.zeros(chosen.size, dtype=bool)
            return np.zeros((none.size, m)), np.tile(np.eye(t), (none.size, 1, 1)), none
        whole = self._total(total)
        values, near = {}, np.zeros(chosen.size, dtype=bool)
        at = Polynomials(m, OWN_DEGREES[0], total.radius).beyond[0]
        right = self._own(at, codes, chosen)
        exact = self._deviance(self._sums(at) - right, nu)
        fitted = np.empty(0)
        for degree in OWN_DEGREES:
            own = Polynomials(m, degree, total.radius)
            for z in own.nodes:
                if (key := tuple(z)) not in values:
                    values[key] = self._own(z, codes, chosen)
            fitted = np.einsum(
                "cn,nju->cju", own.fit, np.array([values[tuple(z)] for z in own.nodes])
            )
            off = np.einsum("c,cju->ju", own.values(at[None])[0], fitted)
            off = self._deviance(self._sums(at) - off, nu) - exact
            near = 0.5 * (degree + 1) * np.abs(off) / total.radius <= self._tolerated(
                CLOSE, degree + 1, total.radius
            )
            if near.mean() >= MOSTLY:
                break
        inside = np.einsum("nc,cju->nju", own.values(total.nodes), fitted)
        left = whole[None] - np.einsum("cn,nju->jcu", total.fit, inside)
        z, sums, converged = self._newton(left, nu, total)
        return z, sums, near & converged & (np.sqrt((z**2).sum(axis=1)) <= total.radius)

    def _enough(self, codes, sizes):
        """Whether the rows that are left determine all coefficients and a residual variance."""
        p, J = self.p, sizes.size
        enough = self.stats.n - sizes - p >= 1
        if not p:
            return enough
        X = self.V[:, :p] * self.root[:, None]
        left = np.tile(self.stats.xx[:p, :p], (J, 1, 1))
        for a in range(p):
            for b in range(p):
                left[:, a, b] -= np.bincount(codes, X[:, a] * X[:, b], J)
        values = np.linalg.eigvalsh(left)
        return enough & (values[:, 0] >= RANK * values[:, -1])

    # sums -----------------------------------------------------------------------------------------

    def _at(self, z):
        return self.objective.evaluate(self.whole.theta + self.axes @ z)

    def _sums(self, z, removed=None):
        """S of all rows at z, (1 + t t,)."""
        fact = self._at(z).factorisation
        XX, beta = fact.RX.T @ fact.RX, fact.beta()
        Xy = XX @ beta
        S = np.block([[XX, Xy[:, None]], [Xy[None], np.atleast_2d(fact.pwrss + beta @ Xy)]])
        return np.concatenate([[fact.logdet], S.ravel()])

    def _own(self, z, codes, chosen):
        """What every chosen set takes out of S at z, (J, 1 + t t)."""
        stats, t = self.stats, self.p + 1
        at = self._at(z)
        K, P = eliminated_inverse(at.factorisation)
        leaf, rest = solve_many(at.factorisation, stats.leaf_fixed, stats.rest_fixed)
        layout, lambdas = stats.layout, at.lambdas
        residual = self.V.copy()
        b = np.einsum("ab,qbt->qat", lambdas[layout.leaf], leaf)
        residual -= np.einsum("nk,nkt->nt", self.leaf, b[self.leaf_codes])
        b = np.concatenate(
            [
                np.einsum(
                    "ab,qbt->qat", lambdas[f], rest[a : a + layout.q[f] * layout.k[f]].reshape(
                        layout.q[f], layout.k[f], t
                    )
                ).reshape(-1, t)
                for f, a in zip(layout.rest, layout.offsets, strict=True)
            ]
        )  # fmt: skip
        residual -= self.rest @ b
        residual *= self.root[:, None]
        KZ = np.einsum("nab,nb->na", K[self.leaf_codes], self.leaf) * self.root[:, None]
        own = _indicator(self.leaf_codes, KZ, layout.q[layout.leaf]) @ self.crossing
        H = (sparse.diags(self.root) @ self.rest - own).tocsr()
        Zl = self.leaf * self.root[:, None]
        order = np.argsort(codes, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(codes))])
        out = np.empty((chosen.size, 1 + t * t))
        for lo, hi in _batches(start, chosen, max(1, NUMBERS // layout.m)):
            rows = np.concatenate([order[start[j] : start[j + 1]] for j in chosen[lo:hi]])
            some = H[rows]
            HP, first = some @ P, 0
            for i, j in enumerate(chosen[lo:hi], lo):
                last = first + start[j + 1] - start[j]
                mine, part = rows[first:last], slice(first, last)
                inner = some[part] @ np.ascontiguousarray(HP[part].T)
                level = self.leaf_codes[mine]
                same = KZ[mine] @ Zl[mine].T
                inner += np.where(level[:, None] == level, same, 0.0)
                F = np.linalg.cholesky(np.eye(mine.size) - 0.5 * (inner + inner.T))
                half = solve_triangular(F, residual[mine], lower=True, check_finite=False)
                out[i, 0] = -2.0 * np.log(F.diagonal()).sum()
                out[i, 1:] = (half.T @ half).ravel()
                first = last
        return out


def _indicator(codes, Z, q):
    """(n, q k) sparse matrix with row i of Z in the columns of its level."""
    n, k = Z.shape
    column = codes[:, None] * k + np.arange(k)
    return sparse.csr_matrix((Z.ravel(), column.ravel(), np.arange(0, n * k + 1, k)), (n, q * k))


def _batches(start, chosen, most):
    """Consecutive chosen sets of at most so many rows together, as (first, after the last)."""
    lo, rows = 0, 0
    for i, j in enumerate(chosen):
        own = start[j + 1] - start[j]
        if rows and rows + own > most:
            yield lo, i
            lo, rows = i, 0
        rows += own
    if chosen.size > lo:
        yield lo, chosen.size
