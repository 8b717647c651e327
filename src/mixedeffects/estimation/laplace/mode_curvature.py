"""What the conditional modes of a generalised model depend on, and how certain they are.

With M the curvature at the mode u^ and s the derivatives of the log densities,

    M du^ = d(Lambda'Z's)    at fixed u,    b = T Lambda u,

by implicit differentiation; the modes' errors at known parameters have the covariance M^-1.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation.laplace.objective import LaplaceEvaluation

# doubles that are held at a time, and most of them in all
DOUBLES, MOST_DOUBLES = 4_000_000, 20_000_000_000


class ModeCurvature:
    """The modes of one evaluation."""

    def __init__(self, evaluation: LaplaceEvaluation):
        self._evaluation, self._problem = evaluation, evaluation.objective.problem

    @property
    def _factors(self):
        """Per block, T Lambda: from u to the effects of the user's columns."""
        T_blocks, lambdas = self._problem.covariance_parameters.T_blocks, self._evaluation.lambdas
        return [T @ Lam for T, Lam in zip(T_blocks, lambdas, strict=True)]

    @cached_property
    def modes(self):
        """Per block, the (q, k) effects of the user's columns."""
        u = self._problem.system.rows.by_block(self._evaluation.mode.u)
        return tuple(part @ half.T for part, half in zip(u, self._factors, strict=True))

    @cached_property
    def covariances(self):
        """Per block, the (q, k, k) covariances of their errors at known parameters."""
        inverse = self._evaluation.mode.factor.blocks()
        return tuple(half @ B @ half.T for B, half in zip(inverse, self._factors, strict=True))

    @cached_property
    def slopes(self):
        """Per block, the (q, k, P) derivatives of its effects, in the user's columns, by x."""
        evaluation, problem, mode = self._evaluation, self._problem, self._evaluation.mode
        system, stacking, rows = problem.system, problem.stacking, problem.system.rows
        system.scale(evaluation.lambdas)
        terms = mode.terms
        variables, n = stacking.variables, problem.response.y.shape[0]

        def change(v, d):
            """Stacked rows of the change of all random predictors' scores with predictor v."""
            parts = []
            for a in variables:
                second = terms.get(tuple(sorted((a, v))))
                parts.append(np.zeros(n) if second is None else second * d)
            return stacking.scores(parts)

        P = problem.n_parameters
        right = np.zeros((rows.width, P))
        for predictor in problem.predictors:
            for j in range(predictor.X.shape[1]):
                moved = change(predictor.variable, predictor.X[:, j])
                right[:, predictor.part.start + j] += system.gather(moved)
        scores = stacking.scores([terms[v,] for v in variables])
        raw = rows.by_block(system.gather(scores, raw=True))
        u = rows.by_block(mode.u)
        theta = problem.theta(evaluation.estimates)
        direct = [np.zeros((rows.q[f], rows.k[f], P)) for f in range(len(rows.q))]
        for term in problem.covariance_parameters.terms:
            f = term.block
            for i, d in enumerate(term.structure.derivatives(theta[term.part])):
                at = problem.n_fixed + term.part.start + i
                dLam = d
                if not term.whole:
                    dLam = np.zeros((rows.k[f], rows.k[f]))
                    dLam[term.place] = d
                parts = [np.zeros((rows.q[g], rows.k[g])) for g in range(len(rows.q))]
                parts[f] = u[f] @ dLam.T
                direct[f][:, :, at] = parts[f]
                moved = stacking.predictors(system.eta(rows.together(parts), raw=True))
                total = sum(change(v, d_eta) for v, d_eta in zip(variables, moved, strict=True))
                right[:, at] += system.gather(total)
                parts[f] = raw[f] @ dLam
                right[:, at] += rows.together(parts)
        du = mode.factor.solve(right)
        out: list[np.ndarray] = [np.empty(0)] * len(rows.q)
        for f, _, where in rows.parts:
            Lam, T = evaluation.lambdas[f], problem.covariance_parameters.T_blocks[f]
            inner = np.einsum("ab,qbp->qap", Lam, du[where].reshape(rows.q[f], rows.k[f], P))
            out[f] = np.einsum("ab,qbp->qap", T, inner + direct[f])
        return out

    def row_products(self):
        """z_a'M^-1z_b of every row, (n,), by pairs of predictors with random effects."""
        system = self._problem.system
        system.scale(self._evaluation.lambdas)
        V = self._evaluation.mode.factor.row_inverses()
        return self._problem.stacking.products(np.einsum("ia,ia->i", system.Z, V))

    def joint(self, codes, Z):
        """c'M^-1c of any rows: diagonal blocks, and one solve per level that meets others.

        Returns (n,) array.

        Parameters
        ----------
        codes : dict of int to (n,) int array
            By block, the level of every row; -1 where it has none.
        Z : dict of int to (n, k) array
            By block, what its effects are multiplied with, in the user's columns.

        Raises
        ------
        NotAvailableError
            When that takes too many solves.
        """
        problem, factor = self._problem, self._evaluation.mode.factor
        layout, own = problem.system.rows, self._evaluation.mode.factor.blocks()
        z, n = {}, next(iter(codes.values())).size
        out = np.zeros(n)
        for f, c in codes.items():
            z[f] = Z[f] @ (problem.covariance_parameters.T_blocks[f] @ self._evaluation.lambdas[f])
            z[f][c < 0] = 0.0
            step = max(64, DOUBLES // layout.k[f] ** 2)
            for lo in range(0, n, step):
                part = slice(lo, lo + step)
                zf = z[f][part]
                out[part] += np.einsum("na,nab,nb->n", zf, own[f][c[part]], zf)
        where = {f: place for f, _, place in layout.parts}
        # every pair of blocks is reached from one of them: leave out the one with most levels
        used = sorted(codes, key=lambda f: np.unique(codes[f]).size * layout.k[f])
        cost = sum(np.unique(codes[f]).size * layout.k[f] for f in used[:-1]) * layout.width
        if cost > MOST_DOUBLES:
            raise NotAvailableError(
                "intervals for these rows need too many solves: random effects of different "
                'factors are correlated\npredict fewer levels at a time, or use groups="population"'
            )
        for i, f in enumerate(used[:-1]):
            others = used[i + 1 :]
            levels = np.unique(codes[f][codes[f] >= 0])
            k = layout.k[f]
            step = max(1, DOUBLES // (layout.width * k))
            for lo in range(0, levels.size, step):
                some = levels[lo : lo + step]
                B = np.zeros((layout.width, some.size * k))
                first = where[f].start + some[:, None] * k + np.arange(k)
                B[first.ravel(), np.arange(some.size * k)] = 1.0
                solved = factor.solve(B)
                inside = np.flatnonzero(np.isin(codes[f], some))
                at = np.searchsorted(some, codes[f][inside])
                for g in others:
                    c = np.maximum(codes[g][inside], 0)
                    kg = layout.k[g]
                    row = where[g].start + c[:, None] * kg + np.arange(kg)
                    cross = solved[row[:, :, None], at[:, None, None] * k + np.arange(k)]
                    pairs = np.einsum("nb,nba,na->n", z[g][inside], cross, z[f][inside])
                    out[inside] += 2.0 * pairs
        return out
