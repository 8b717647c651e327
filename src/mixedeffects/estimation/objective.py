"""-2 log-likelihood (ML) or REML criterion of a linear mixed model, and its derivatives.

With theta's G = Lambda Lambda', V = W^-1 + Z G Z', P the projection of V^-1 off X,
r^2 = y'Py, s^2 = r^2 / nu and nu = n (ML) or n - p (REML),

    d(theta) = log|V| (+ log|X'V^-1X|) + nu (1 + log(2 pi s^2)),

profiled over beta and sigma (Bates et al. 2015, eq. 34 and 41, doi:10.18637/jss.v067.i01).
Its derivative by G, summed over the levels j of a block, is

    D = sum_j Z_j'V^-1Z_j - [REML] sum_j Z_j'V^-1X (X'V^-1X)^-1 X'V^-1Z_j - sum_j h_j h_j'/s^2,

h = Z'Py, and dd/dLambda = 2 D Lambda. The curvature is the average of the observed and
the expected information (Gilmour, Thompson & Cullis 1995, doi:10.2307/2533274), profiled
over sigma: see `docs/theory/objective.md`.
"""

from __future__ import annotations

from math import inf, isfinite, log, pi

import numpy as np
from numpy import concatenate

from mixedeffects.crossprod import CrossProducts
from mixedeffects.engine import Solver
from mixedeffects.estimation.covariance_parameters import CovarianceParameters


class LMMObjective:
    """The profiled objective as a function of theta~.

    Attributes
    ----------
    evaluations, gradients : int
        How often each was computed.
    """

    def __init__(self, stats, solver, parameters, reml):
        self.stats, self.solver, self.parameters, self.reml = stats, solver, parameters, reml
        self.p = stats.p
        self.nu = stats.n - self.p if reml else stats.n
        # X~ = X T: log|X~'V^-1X~| = log|X'V^-1X| + 2 log|T|
        log_T = float(np.log(np.abs(stats.reference.T.diagonal()[: self.p])).sum())
        self.constant = -stats.log_weights - (2.0 * log_T if reml else 0.0)
        self.evaluations = self.gradients = 0

    @classmethod
    def of(cls, design, plan, reml):
        """The objective of a design: its cross-products with a solver and parameters."""
        stats = CrossProducts.of(design, plan.layout)
        parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
        return cls(stats, Solver(stats, plan), parameters, reml)

    def evaluate(self, theta):
        """The objective at theta~, with its derivatives on request. Returns an `Evaluation`."""
        self.evaluations += 1
        return Evaluation(self, np.asarray(theta, dtype=float))

    def value(self, theta):
        return self.evaluate(theta).value


class Evaluation:
    """One point theta~: value at once; gradient and curvature when first asked for.

    Attributes
    ----------
    value : float
        d(theta); inf where the factorisation fails.
    s2 : float
        The profiled residual variance.
    """

    __slots__ = (
        "_D",
        "_curvature",
        "_gradient",
        "_information",
        "_moments",
        "factorisation",
        "lambdas",
        "objective",
        "s2",
        "theta",
        "value",
    )

    def __init__(self, objective, theta):
        self.objective, self.theta = objective, theta
        self._D = self._gradient = self._curvature = self._information = None
        self.lambdas = objective.parameters.lambdas(theta)
        fact = self.factorisation = objective.solver.factorise(self.lambdas)
        self.value = inf
        if not (isfinite(fact.logdet) and fact.pwrss > 0):
            return
        nu = objective.nu
        self.s2 = fact.pwrss / nu
        value = fact.logdet + nu * (1.0 + log(2.0 * pi * self.s2)) + objective.constant
        self.value = value + fact.logdet_x if objective.reml else value

    def with_term(self, term, theta):
        """The point with another theta~ of one term."""
        whole = self.theta.copy()
        whole[term.part] = theta
        return self.objective.evaluate(whole)

    @property
    def D(self):
        """Per block, the (k, k) derivative of d by G."""
        if self._D is None:
            self.objective.gradients += 1
            fact = self.factorisation
            self._moments = [hh / self.s2 for hh in fact.moments()]
            traces = fact.traces(self.objective.reml)
            self._D = [W - hh for W, hh in zip(traces, self._moments, strict=True)]
        return self._D

    @property
    def x(self):
        """All parameters that are not profiled out: theta~."""
        return self.theta

    @property
    def gradient(self):
        """dd/dtheta~, one entry per parameter."""
        if self._gradient is None:
            slopes = [2.0 * (D @ Lam) for D, Lam in zip(self.D, self.lambdas, strict=True)]
            self._gradient = self.objective.parameters.gradient(self.theta, slopes)
        return self._gradient

    @property
    def curvature(self):
        """Average-information matrix of d in theta~, (n_theta, n_theta).

        H_kl = f_k'P f_l / s^2 - q_k q_l / nu + <D, d2G/dtheta_k dtheta_l>, with
        f_k = Z (dG/dtheta_k) h and q_k = h'(dG/dtheta_k) h / s^2.
        """
        if self._curvature is None:
            objective, D = self.objective, self.D
            parameters = objective.parameters
            dG = parameters.dG(self.theta, self.lambdas)
            q = [
                G.reshape(G.shape[0], -1) @ hh.ravel()
                for G, hh in zip(dG, self._moments, strict=True)
            ]
            q = q[0] if len(q) == 1 else concatenate(q)
            H = self.factorisation.quadratics(dG) / self.s2
            H -= q[:, None] * (q / objective.nu)
            self._information = H.copy()
            parameters.add_curvature(self.theta, D, H)
            self._curvature = H
        return self._curvature

    @property
    def information(self):
        """The part of the curvature that does not depend on the slopes D: f_k'P f_l / s^2."""
        if self._information is None:
            _ = self.curvature
        return self._information
