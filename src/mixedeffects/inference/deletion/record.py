"""The record of a deletion study, and its measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.inference.table import Table


@dataclass(frozen=True, slots=True, eq=False)
class InfluenceFacts:
    """How much every deleted unit (a row, or all rows of a group) matters.

    With beta and s^2 M its model-based covariance from all rows, beta_i and s_i^2 M_i those
    without unit i:

    Attributes
    ----------
    groups : str
        "row", or the name of the factor whose levels were left out one at a time.
    refit : bool
        Whether theta was estimated anew for every unit, or held (sigma is estimated anew
        either way).
    unit : sequence, length J
        Row of the table (its label in a pandas index, else its number from 0), or level.
    size : (J,) int array
        Rows deleted.
    beta : (p,) array
    beta_without, se_without : (J, p) arrays
        nan where the rows that remain do not determine the coefficients.
    sigma, theta : float, (k,) array
    sigma_without : (J,) array or None
        None for generalised models.
    theta_without : (J, k) array
    variance_names : tuple of (group, term1, term2)
    variance : (v,) array
    variance_without : (J, v) array
        Variances and covariances of the random effects, the residual variance last.
    cooks_distance : (J,) array
        (beta - beta_i)'(s^2 M)^-1 (beta - beta_i) / p.
    mdffits : (J,) array
        (beta - beta_i)'(s_i^2 M_i)^-1 (beta - beta_i) / p.
    covratio : (J,) array
        det(s_i^2 M_i) / det(s^2 M).
    covtrace : (J,) array
        |trace((s^2 M)^-1 s_i^2 M_i) - p|.
    leverage_fixed, leverage_random : (J,) arrays
        Trace of the unit's part of H_1 = X M X'V^-1 and H_2 = ZGZ'V^-1 (I - H_1).
    converged : (J,) bool array
    """

    groups: str
    refit: bool
    unit: Any
    size: np.ndarray
    terms: tuple[str, ...]
    beta: np.ndarray
    beta_without: np.ndarray
    se_without: np.ndarray
    sigma: float
    theta: np.ndarray
    sigma_without: np.ndarray | None
    theta_without: np.ndarray
    variance_names: tuple[tuple[str, str | None, str | None], ...]
    variance: np.ndarray
    variance_without: np.ndarray
    cooks_distance: np.ndarray
    mdffits: np.ndarray
    covratio: np.ndarray
    covtrace: np.ndarray
    leverage_fixed: np.ndarray
    leverage_random: np.ndarray
    converged: np.ndarray
    notes: tuple[str, ...]

    @property
    def dfbeta(self) -> np.ndarray:
        """(J, p): beta - beta_i."""
        return self.beta - self.beta_without

    @property
    def dfbetas(self) -> np.ndarray:
        """(J, p): (beta - beta_i) / standard error of beta_i."""
        return self.dfbeta / self.se_without

    def table(self) -> Table:
        """One row per unit; the DFBETAS of every coefficient in columns ``dfbetas[term]``."""
        columns = {
            "unit": list(self.unit),
            "n_rows": self.size,
            "cooks_distance": self.cooks_distance,
            "mdffits": self.mdffits,
            "covratio": self.covratio,
            "covtrace": self.covtrace,
            "leverage_fixed": self.leverage_fixed,
            "leverage_random": self.leverage_random,
        }
        if self.sigma_without is not None:
            columns["sigma"] = self.sigma_without
        if self.refit:
            columns["converged"] = self.converged
        dfbetas = self.dfbetas
        return Table(columns | {f"dfbetas[{t}]": dfbetas[:, j] for j, t in enumerate(self.terms)})

    def coefficients(self) -> Table:
        """One row per unit and coefficient: unit, term, estimate (without), dfbeta, dfbetas."""
        J, p = self.beta_without.shape
        return Table(
            {
                "unit": [unit for unit in self.unit for _ in range(p)],
                "term": list(self.terms) * J,
                "estimate": self.beta_without.ravel(),
                "std_error": self.se_without.ravel(),
                "dfbeta": self.dfbeta.ravel(),
                "dfbetas": self.dfbetas.ravel(),
            }
        )

    def variances(self) -> Table:
        """One row per unit and variance component: vcov (without), change, relative_change."""
        J, v = self.variance_without.shape
        change = self.variance_without - self.variance
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(self.variance == 0, np.nan, change / self.variance)
        group, term1, term2 = zip(*self.variance_names, strict=True)
        return Table(
            {
                "unit": [unit for unit in self.unit for _ in range(v)],
                "group": list(group) * J,
                "term1": list(term1) * J,
                "term2": list(term2) * J,
                "vcov": self.variance_without.ravel(),
                "change": change.ravel(),
                "relative_change": relative.ravel(),
            }
        )
