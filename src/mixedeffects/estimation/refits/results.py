"""What many refits found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONVERGED, SINGULAR, FAILED = 0, 1, 2
# covariance matrices of the fixed effects are kept while all of them take less than this
MOST_NUMBERS = 5e7


@dataclass(frozen=True, slots=True)
class RefitResults:
    """Estimates of every replicate, in the user's coordinates.

    Attributes
    ----------
    theta : (R, n_theta) array
        Relative covariance parameters, canonical, lme4's order.
    beta : (R, p) array
    sigma : (R,) array
    objective : (R,) array
        -2 log-likelihood (ML) or REML criterion at each replicate's optimum.
    std_error : (R, p) array
        Model-based standard errors of `beta`.
    vcov : (R, p, p) array or None
        Model-based covariances of `beta`; None where they would take more than 400 MB.
    status : (R,) int8 array
        `CONVERGED`, `SINGULAR` (converged, with a variance of exactly zero) or `FAILED`: the
        estimates of a failed refit are what the optimiser last saw, or nan.
    """

    theta: np.ndarray
    beta: np.ndarray
    sigma: np.ndarray
    objective: np.ndarray
    std_error: np.ndarray
    vcov: np.ndarray | None
    status: np.ndarray

    @property
    def n(self) -> int:
        return self.status.size

    @property
    def ok(self) -> np.ndarray:
        """(R,) bool: replicates that did not fail."""
        return self.status != FAILED

    @property
    def n_failed(self) -> int:
        return int((self.status == FAILED).sum())

    @property
    def n_singular(self) -> int:
        return int((self.status == SINGULAR).sum())

    @classmethod
    def empty(cls, R, n_theta, p) -> RefitResults:
        """Room for R replicates, all of them failed so far."""
        kept = R * p * p <= MOST_NUMBERS
        return cls(
            theta=np.full((R, n_theta), np.nan),
            beta=np.full((R, p), np.nan),
            sigma=np.full(R, np.nan),
            objective=np.full(R, np.nan),
            std_error=np.full((R, p), np.nan),
            vcov=np.full((R, p, p), np.nan) if kept else None,
            status=np.full(R, FAILED, dtype=np.int8),
        )
