"""What many refits found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONVERGED, SINGULAR, FAILED = 0, 1, 2
# covariance matrices of the fixed effects are kept while all of them take less than this
MOST_NUMBERS = 5e7


@dataclass(frozen=True, slots=True, eq=False)
class RefitResults:
    """Estimates of every replicate, in the user's coordinates.

    Attributes
    ----------
    theta : (R, n_theta) array
        Relative covariance parameters, canonical, lme4's order.
    coefficients : (R, c) array
        Of all predictors, the main one's first; inf, -inf or nan where there is no finite estimate.
    sigma : (R,) array
        1 for a generalised model.
    objective : (R,) array
        -2 log-likelihood (ML) or REML criterion at each replicate's optimum.
    std_error : (R, p) array
        Standard errors of `beta`, of a generalised model at known variances.
    vcov : (R, p, p) array or None
        Likewise their covariances; None where they would take more than 400 MB.
    status : (R,) int8 array
        `CONVERGED`, `SINGULAR` (converged, with a variance of exactly zero) or `FAILED`: the
        estimates of a failed refit are what the optimiser last saw, or nan.
    separated : (R,) bool array
        Whether some coefficients have no finite estimate.
    """

    theta: np.ndarray
    coefficients: np.ndarray
    sigma: np.ndarray
    objective: np.ndarray
    std_error: np.ndarray
    vcov: np.ndarray | None
    status: np.ndarray
    separated: np.ndarray

    @property
    def n(self) -> int:
        return self.status.size

    @property
    def beta(self) -> np.ndarray:
        """(R, p) coefficients of the main predictor."""
        return self.coefficients[:, : self.std_error.shape[1]]

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
    def empty(cls, R, c, n_theta, p) -> RefitResults:
        """Room for R replicates, all of them failed so far."""
        kept = R * p * p <= MOST_NUMBERS
        return cls(
            theta=np.full((R, n_theta), np.nan),
            coefficients=np.full((R, c), np.nan),
            sigma=np.full(R, np.nan),
            objective=np.full(R, np.nan),
            std_error=np.full((R, p), np.nan),
            vcov=np.full((R, p, p), np.nan) if kept else None,
            status=np.full(R, FAILED, dtype=np.int8),
            separated=np.zeros(R, dtype=bool),
        )
