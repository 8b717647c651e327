"""Deletion diagnostics of generalised models: the model fitted again without each unit."""

from __future__ import annotations

import time

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation.laplace.refits import LaplaceRefits, fixed_covariance
from mixedeffects.estimation.refits import FAILED, gather_design
from mixedeffects.inference.deletion.measures import variances_without
from mixedeffects.inference.deletion.record import InfluenceFacts

LONGEST_SECONDS = 1800.0
# units whose time is measured before a long study is refused
MEASURED = 3


def without_each(fit, units):
    """How a generalised fit changes without each unit, all parameters estimated anew.

    Returns
    -------
    InfluenceFacts
        Covariances of the coefficients are those at known theta; there is no sigma, and leverages
        are nan.

    Raises
    ------
    NotAvailableError
        When it would take too long.
    """
    J, p = units.n, fit.beta.size
    refits, codes = LaplaceRefits.of(fit), np.asarray(units.codes)
    beta, V = np.full((J, p), np.nan), np.full((J, p, p), np.nan)
    theta, converged = np.full((J, fit.theta.size), np.nan), np.zeros(J, dtype=bool)
    begin = time.perf_counter()
    for j in range(J):
        found = refits.rows(gather_design(fit.design, np.flatnonzero(codes != j)))
        converged[j] = found.status != FAILED
        beta[j], V[j], theta[j] = found.coefficients[:p], found.covariance, found.theta
        left = (time.perf_counter() - begin) / (j + 1) * J
        if j + 1 == MEASURED and left > LONGEST_SECONDS:
            raise NotAvailableError(
                f"leaving out {J:,} units one at a time would take about {left / 60:,.0f} "
                "minutes\nuse a factor with fewer levels"
            )
    measures = _measures(
        fit.beta - beta, V, fixed_covariance(fit.evaluation, fit.coefficients[0].T)
    )
    names, variance, without = variances_without(fit, theta, np.ones(J))
    failed = int((~converged).sum())
    notes = (f"{failed} of {J} refits failed: their measures are missing",) if failed else ()
    missing = np.full(J, np.nan)
    return InfluenceFacts(
        groups=units.name,
        refit=True,
        unit=units.labels.tolist() if isinstance(units.labels, np.ndarray) else units.labels,
        size=units.sizes,
        terms=fit.design.x_names,
        beta=fit.beta,
        beta_without=beta,
        se_without=np.sqrt(np.einsum("jaa->ja", V)),
        sigma=1.0,
        theta=fit.theta,
        sigma_without=None,
        theta_without=theta,
        variance_names=names,
        variance=variance,
        variance_without=without,
        **measures,
        leverage_fixed=missing,
        leverage_random=missing,
        converged=converged,
        notes=notes,
    )


def _measures(delta, V, whole):
    """Measures of the (J, p) changes of the coefficients and their (J, p, p) covariances."""
    J, p = delta.shape
    names = ("cooks_distance", "mdffits", "covratio", "covtrace")
    known = np.isfinite(delta).all(axis=1) & np.isfinite(V).all(axis=(1, 2))
    out = {name: np.full(J, np.nan) for name in names}
    if not p or not known.any():
        return out
    d, V = delta[known], V[known]
    inverse = np.linalg.inv(whole)
    out["cooks_distance"][known] = np.einsum("ja,ab,jb->j", d, inverse, d) / p
    solved = np.linalg.solve(V, d[:, :, None])[:, :, 0]
    out["mdffits"][known] = np.einsum("ja,ja->j", d, solved) / p
    out["covratio"][known] = np.linalg.det(V) / np.linalg.det(whole)
    out["covtrace"][known] = np.abs(np.einsum("ab,jba->j", inverse, V) - p)
    return out
