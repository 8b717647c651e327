"""From what a deletion changes to the measures of influence.

Coordinates: those in which the covariance of beta^ from all rows is s^2 I, with d = beta^ -
beta^_i, information I_i = M_i^-1 without the unit, and s_i^2 its residual variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Deleted:
    """What leaving out every unit does; nan where coefficients are no longer determined.

    Attributes
    ----------
    delta : (J, p) array
        d.
    s2 : (J,) array
    theta : (J, k) array
    converged, known : (J,) bool arrays
        Whether refits converged; whether the coefficients are determined.
    beta, std_error : (J, p) arrays
        Coefficients and their standard errors without each unit, in the user's columns.
    cooks_distance, mdffits, covratio, covtrace : (J,) arrays
    """

    delta: np.ndarray
    s2: np.ndarray
    theta: np.ndarray
    converged: np.ndarray
    known: np.ndarray
    beta: np.ndarray
    std_error: np.ndarray
    cooks_distance: np.ndarray
    mdffits: np.ndarray
    covratio: np.ndarray
    covtrace: np.ndarray


def measured(change, whole):
    """Measures from the `Change` by every unit; `whole` is s^2 from all rows.

    Returns a `Deleted`.
    """
    delta, information, s2 = change.delta, change.information, change.s2
    p = delta.shape[1]
    known = np.isfinite(information).all(axis=(1, 2)) & np.isfinite(delta).all(axis=1)
    safe = np.where(known[:, None, None], information, np.eye(p))
    M = np.linalg.inv(safe)
    return _assemble(
        delta, s2, change.theta, change.converged, known, change.beta, change.std_error,
        np.einsum("jp,jpq,jq->j", delta, safe, delta),
        1.0 / np.linalg.det(safe), np.trace(M, axis1=1, axis2=2), whole,
    )  # fmt: skip


def user_columns(delta, information, s2, beta, T):
    """(J, p) coefficients without each unit, and their standard errors; nan where unknown."""
    known = np.isfinite(information).all(axis=(1, 2))
    safe = np.where(known[:, None, None], information, np.eye(delta.shape[1]))
    spread = np.einsum("ap,jpq,aq->ja", T, np.linalg.inv(safe), T)
    errors = np.where(known[:, None], np.sqrt(s2[:, None] * spread), np.nan)
    return beta - delta @ T.T, errors


def measured_rows(solved, h, diagonal, P, s2, theta, *, T, beta, whole):
    """The same for single rows, whose information is I - x* x*' / v: no matrix per row.

    Takes s2, theta (n,), (n, k) arrays. Returns a `Deleted`.

    Parameters
    ----------
    solved : (n, p) array
        x*, rows of V^-1 X^.
    h, diagonal, P : (n,) arrays
        V^-1 e, v = (V^-1)_ii and P_ii, nan where the row determines a coefficient alone.
    T : (p, p) array
        From these coordinates to the user's.
    beta, whole
        Coefficients and s^2 from all rows.
    """
    n, p = solved.shape
    delta = solved * (h / P)[:, None]
    length = np.einsum("rp,rp->r", solved, solved)
    spread = np.einsum("ap,ap->a", T, T) + (solved @ T.T) ** 2 / P[:, None]
    return _assemble(
        delta, s2, theta, np.ones(n, dtype=bool), np.isfinite(P), beta - delta @ T.T,
        np.sqrt(s2[:, None] * spread), (h / P) ** 2 * length * (P / diagonal), diagonal / P,
        p + length / P, whole,
    )  # fmt: skip


def _assemble(
    delta, s2, theta, converged, known, beta, std_error, quadratic, determinant, trace, whole
):  # fmt: skip
    J, p = delta.shape
    if p == 0:
        measures = [np.full(J, np.nan)] * 4
    else:
        ratio = s2 / whole
        measures = [
            np.einsum("jp,jp->j", delta, delta) / (p * whole),
            quadratic / (p * s2),
            ratio**p * determinant,
            np.abs(ratio * trace - p),
        ]
    measures = [np.where(known, m, np.nan) for m in measures]
    return Deleted(delta, s2, theta, converged, known, beta, std_error, *measures)


def variances_without(fit, theta, s2):
    """Variances and covariances of the main formula: names, values, and values without each unit.

    Parameters
    ----------
    theta : (J, n_theta) array
        Without each unit, in the user's columns.
    s2 : (J,) array
        Residual variance without each unit; ones for a generalised model.
    """
    parameters = fit.parameters
    main = [i for i, c in enumerate(parameters.components) if c.predictor == "conditional"]
    names = tuple((c.group, c.first, c.second) for c in parameters.components)
    without = parameters.components_at(theta, np.sqrt(s2), scale="vcov")[:, main]
    return tuple(names[i] for i in main), parameters.variances[main], without
