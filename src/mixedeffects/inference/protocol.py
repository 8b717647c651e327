"""What an inference function may know of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from mixedeffects.design import Design
    from mixedeffects.engine import Plan
    from mixedeffects.estimation import Certificate, Evaluation


class FitRecord(Protocol):
    """The record of a fitted linear mixed model; every array in the user's coordinates.

    Attributes
    ----------
    design : Design
    plan : Plan
        How its factorisations are computed, and what one costs.
    reml : bool
    beta : (p,) array
    vcov_beta : (p, p) array
        Model-based covariance of beta.
    sigma : float
        Residual standard deviation, in units of the response.
    theta : (n_theta,) array
        Relative covariance parameters in lme4's order.
    lambdas : tuple of (k, k) arrays
        Relative factor of each block.
    b : tuple of (q, k) arrays
        Conditional modes of the random effects (BLUPs), per block.
    objective : float
        -2 log-likelihood (ML) or REML criterion.
    certificate : Certificate
    evaluation : Evaluation
        The optimum in the engine's coordinates.
    cache : dict
        Results that several methods share, by name.
    """

    design: Design
    plan: Plan
    reml: bool
    beta: np.ndarray
    vcov_beta: np.ndarray
    sigma: float
    theta: np.ndarray
    lambdas: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]
    objective: float
    certificate: Certificate
    evaluation: Evaluation
    cache: dict[str, Any]

    def conditional_covariances(self) -> tuple[np.ndarray, ...]:
        """Per block, the (q, k, k) covariance of the random effects given the data."""
        ...
