"""From what a deletion changes to the measures of influence.

Coordinates: those in which the covariance of beta^ from all rows is s^2 I, with d = beta^ -
beta^_i, information I_i = M_i^-1 without the unit, and s_i^2 its residual variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
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
    spread : (J, p) array
        Diagonal of M_i in the user's coordinates.
    cooks_distance, mdffits, covratio, covtrace : (J,) arrays
    """

    delta: np.ndarray
    s2: np.ndarray
    theta: np.ndarray
    converged: np.ndarray
    known: np.ndarray
    spread: np.ndarray
    cooks_distance: np.ndarray
    mdffits: np.ndarray
    covratio: np.ndarray
    covtrace: np.ndarray


def measured(delta, information, s2, theta, converged, *, T, whole):
    """Measures from the information without each unit.

    Parameters
    ----------
    delta : (J, p) array
    information : (J, p, p) array
    s2, theta, converged : arrays
        See `Deleted`.
    T : (p, p) array
        From these coordinates to the user's.
    whole : float
        s^2 from all rows.

    Returns
    -------
    Deleted
    """
    p = delta.shape[1]
    known = np.isfinite(information).all(axis=(1, 2)) & np.isfinite(delta).all(axis=1)
    safe = np.where(known[:, None, None], information, np.eye(p))
    M = np.linalg.inv(safe)
    quadratic = np.einsum("jp,jpq,jq->j", delta, safe, delta)
    return _assemble(
        delta, s2, theta, converged, known, np.einsum("ap,jpq,aq->ja", T, M, T),
        quadratic, 1.0 / np.linalg.det(safe), np.trace(M, axis1=1, axis2=2), whole,
    )  # fmt: skip


def measured_rows(solved, h, diagonal, P, s2, theta, *, T, whole):
    """The same for single rows, whose information is I - x* x*' / v: no matrix per row.

    Parameters
    ----------
    solved : (n, p) array
        x*, rows of V^-1 X^.
    h, diagonal, P : (n,) arrays
        V^-1 e, v = (V^-1)_ii and P_ii, nan where the row determines a coefficient alone.
    s2, theta, T, whole
        As in `measured`.

    Returns
    -------
    Deleted
    """
    n, p = solved.shape
    delta = solved * (h / P)[:, None]
    length = np.einsum("rp,rp->r", solved, solved)
    spread = np.einsum("ap,ap->a", T, T) + (solved @ T.T) ** 2 / P[:, None]
    return _assemble(
        delta, s2, theta, np.ones(n, dtype=bool), np.isfinite(P), spread,
        (h / P) ** 2 * length * (P / diagonal), diagonal / P, p + length / P, whole,
    )  # fmt: skip


def _assemble(
    delta, s2, theta, converged, known, spread, quadratic, determinant, trace, whole
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
    spread = np.where(known[:, None], spread, np.nan)
    return Deleted(delta, s2, theta, converged, known, spread, *measures)


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
