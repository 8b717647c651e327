"""The factorisation a likelihood needs: M eliminated, then the fixed effects.

What every engine offers to an objective, for one Lambda:

logdet, logdet_x : log|M| - log|Q| and log|X~'V^-1X~|
pwrss : y~'Py~, the penalised weighted residual sum of squares
RX, beta() : Cholesky factor of X~'V^-1X~ and the coefficients of X~
scores() : per block, h = Z'Py (q, k)
spread_scores() : per block, Q^-1h (q, k), so that b = Q^-1h G
moments() : per block, h'Q^-1h (k, k)
fixed_scores() : per block, Z'V^-1X~ RX^-1 (q, k, p)
traces(projected) : per block, sum_jl (Q^-1)_jl Z_j'PZ_l, or the same with V^-1 for P (k, k)
quadratics(dG) : f'Pf of the working variates f = Z (dG Q^-1h) (K, K)
expected(dG, projected) : tr(P V_k P V_l) or tr(V^-1 V_k V^-1 V_l), V_k = Z (Q^-1 x dG_k) Z' (K, K);
    None where the engine has no cheap way to it
conditional() : per block, Lambda M^-1 Lambda' (q, k, k)
joint(codes, Z) : z'Lambda M^-1 Lambda'z of rows with levels of several blocks (n,)
joint_flops(n) : operations of that for n rows
"""

from __future__ import annotations

from mixedeffects.engine.bordered import BorderedFactorisation, BorderedModel
from mixedeffects.engine.priors import identities
from mixedeffects.engine.projected import ProjectedFactorisation


class Solver:
    """Factorises one model at any Lambda, by the engine its layout asks for.

    Parameters
    ----------
    plan : Plan, optional
        From `make_plan`; made from the cross-products if not given.
    """

    def __init__(self, stats, plan=None):
        self._p, self._small, self._engine = stats.p, None, None
        if stats.layout.small:
            priors = identities(stats.layout) if plan is None else plan.priors
            self._small = BorderedModel(stats, priors)
        else:
            from mixedeffects.engine.elimination import Engine

            self._engine = Engine(stats, plan)

    def factorise(self, Lambdas):
        """The factorisation at the given relative factors, one (k, k) array per block."""
        if self._engine is None:
            return BorderedFactorisation(self._small, Lambdas)
        return ProjectedFactorisation(self._engine.factorise(Lambdas), self._p)
