"""The criterion of a linear mixed model whose noise has parameters of its own.

With V = S(phi) + Z G Z', S = W^-1 diagonal, P the projection of V^-1 off X and the rest as in
`mixedeffects.estimation.objective`,

    dd / dphi_k = sum_i (dS_ii / dphi_k) (P_ii - (Py)_i^2 / s^2),

for maximum likelihood with (V^-1)_ii for P_ii. For every row i, with rows x and z of X~ and Z~ and
their weight w,

    (V^-1)_ii = w - w^2 z'Lambda M^-1 Lambda'z,    P_ii = (V^-1)_ii - |RX^-T (X~'V^-1)_i|^2.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import rows_of
from mixedeffects.engine import Solver
from mixedeffects.engine.rows import row_variances
from mixedeffects.estimation.covariance_parameters import CovarianceParameters
from mixedeffects.estimation.objective import LMMObjective


class NoiseObjective:
    """The objective as a function of (theta~, phi)."""

    def __init__(self, design, plan, noise, reml):
        self.design, self.plan, self.noise, self.reml = design, plan, noise, reml
        stats = CrossProducts.of(design, plan.layout, noise=noise)
        self.reference = stats.reference  # one for all phi: theta~ keeps its meaning
        self.parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)

    def evaluate(self, x):
        """Value and gradient at x = (theta~, phi), the rows summed again.

        Returns value (float), gradient (n_theta + K,) array.
        """
        theta, phi = np.split(np.asarray(x, dtype=float), [self.parameters.n_theta])
        noise = self.noise.at(phi)
        stats = CrossProducts.of(self.design, self.plan.layout, self.reference, noise)
        solver = Solver(stats, self.plan)
        evaluation = LMMObjective(stats, solver, self.parameters, self.reml).evaluate(theta)
        if not np.isfinite(evaluation.value):
            return evaluation.value, np.full(x.size, np.nan)
        residual, precision = self._rows(evaluation, noise)
        slopes = noise.slopes(self.design.n) @ (precision - residual**2 / evaluation.s2)
        return evaluation.value, np.concatenate([evaluation.gradient, slopes])

    def _rows(self, evaluation, noise):
        """(Py)_i, and P_ii or (V^-1)_ii, of every row."""
        design, fact, p = self.design, evaluation.factorisation, self.design.X.shape[1]
        T = self.reference.T
        X = np.asarray(rows_of(design.X, slice(None)))
        y = design.y if design.offset is None else design.y - design.offset
        fixed = X @ T[:p, :p]
        residual = X @ T[:p, p] + y - fixed @ fact.beta()
        fixed = np.linalg.solve(fact.RX.T, fixed.T).T if p else fixed
        spread, scores = fact.spread_scores(), fact.fixed_scores()
        pairs = zip(self.reference.T_blocks, evaluation.lambdas, strict=True)
        roots = [T @ Lam for T, Lam in pairs]
        for f, (block, prior) in enumerate(zip(design.blocks, self.plan.priors, strict=True)):
            codes, half = block.factor.codes, roots[f] @ evaluation.lambdas[f].T
            half = np.full((design.n, 1), half) if block.Z is None else block.Z @ half
            residual = residual - np.einsum("nk,nk->n", half, spread[f][codes])
            fixed = fixed - np.einsum("nk,nkp->np", half, prior.solve(scores[f])[codes])
        weights = noise.times(np.ones(design.n))
        variances = row_variances(design.blocks, roots, self.plan, weights)
        precision = weights - weights**2 * variances
        if self.reml:
            precision -= np.square(noise.times(fixed)).sum(axis=1)
        return noise.times(residual), precision
