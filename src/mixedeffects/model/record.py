"""The record of a fitted linear mixed model: what is kept, in the user's coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mixedeffects.design import Design
from mixedeffects.engine import Plan, threads_for
from mixedeffects.estimation import Certificate, Evaluation
from mixedeffects.inference import vcov_fixef


@dataclass(frozen=True, eq=False, repr=False)
class LMMFit:
    """Estimates of a linear mixed model and what they were computed from.

    Attributes
    ----------
    design : Design
    plan : Plan
    reml : bool
    certificate : Certificate
    objective : float
        -2 log-likelihood (ML) or REML criterion at the estimates.
    sigma : float
        Residual standard deviation, in units of the response.
    theta : (n_theta,) array
        Relative covariance parameters, lme4's order: the column-major lower triangles of
        the terms' relative Cholesky factors.
    beta : (p,) array
    vcov_beta : (p, p) array
    lambdas : tuple of (k, k) arrays
        Relative factor of each grouping factor's block.
    b : tuple of (q, k) arrays
        Conditional modes of the random effects.
    evaluation : Evaluation
        The optimum in the engine's coordinates, for methods that need more of it.
    """

    design: Design
    plan: Plan
    reml: bool
    certificate: Certificate
    objective: float
    sigma: float
    theta: np.ndarray
    beta: np.ndarray
    vcov_beta: np.ndarray
    lambdas: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]
    evaluation: Evaluation = field(repr=False)

    @classmethod
    def of(cls, design, plan, evaluation, certificate):
        """Bring an optimum back from the engine's coordinates to the user's."""
        objective = evaluation.objective
        reference = objective.stats.reference
        p = objective.p
        T = reference.T[:p, :p]
        sigma = float(np.sqrt(evaluation.s2))
        inner = evaluation.lambdas
        b = tuple(
            (h @ (Lam @ Lam.T)) @ Tz.T
            for h, Lam, Tz in zip(evaluation.h, inner, reference.T_blocks, strict=True)
        )
        parameters = objective.parameters
        theta = parameters.to_user(evaluation.theta)
        vcov = vcov_fixef(evaluation.RX, sigma)
        return cls(
            design=design,
            plan=plan,
            reml=objective.reml,
            certificate=certificate,
            objective=evaluation.value,
            sigma=sigma,
            theta=theta,
            beta=T @ evaluation.beta - reference.T[:p, p],
            vcov_beta=T @ vcov @ T.T,
            lambdas=tuple(parameters.lambdas(theta)),
            b=b,
            evaluation=evaluation,
        )

    @cached_property
    def _conditional(self):
        with threads_for(self.plan.columns):
            blocks = self.evaluation.factorisation.conditional()
        T_blocks = self.evaluation.objective.stats.reference.T_blocks
        return tuple(
            self.sigma**2 * (T @ blocks[f] @ T.T) for f, T in enumerate(T_blocks)
        )

    def conditional_covariances(self):
        """Per block, the (q, k, k) covariance of the random effects given data and theta."""
        return self._conditional

    def objective_at(self, theta):
        """-2 log-likelihood (ML) or REML criterion at any theta, in lme4's order.

        Parameters
        ----------
        theta : (n_theta,) array

        Returns
        -------
        float

        Examples
        --------
        >>> import mixedeffects as me
        >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
        >>> round(fit.objective_at([1.0, 0.0, 1.0]), 4)
        1784.6423
        """
        objective = self.evaluation.objective
        with threads_for(self.plan.columns):
            return objective.value(objective.parameters.from_user(theta))
