"""Covariances of coefficients that are robust to a wrong covariance of the visits: CR0 and CR2.

Clusters are the subjects. Letters, degrees of freedom and the joint test as in `sandwich`; the rows
of subjects with the same visits have one V, so that they are worked on together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.inference.df.bias_reduced import adjust
from mixedeffects.inference.df.sandwich import Sandwich


class MarginalSandwich(Sandwich):
    """What CR0 and CR2 of a marginal model share.

    Parameters
    ----------
    fit : MarginalFit
        A fitted marginal model.
    """

    def __init__(self, fit: Any):
        factor = fit.visits.factor
        self._T = fit.T_hat
        X = np.asarray(fit.design.X) @ self._T
        left = fit.design.y - fit.fitted
        J, p = factor.n_levels, X.shape[1]
        scores, self._Phi, self._U = np.empty((J, p)), np.empty((J, p, p)), np.empty((J, p, p))
        for subjects, visits, rows in subjects_by_visits(fit):
            V = np.broadcast_to(
                fit.Sigma[np.ix_(visits, visits)], (len(subjects), *2 * visits.shape)
            )
            found = self._adjusted(V, X[rows], left[rows])
            scores[subjects], self._Phi[subjects], self._U[subjects] = found
        root = scores @ self._T.T
        self.vcov = root.T @ root
        self.label = f"t ({self.name} by {factor.name})"

    def _adjusted(self, V, X, e):
        """(b, p) scores, (b, p, p) Phi and U of some subjects."""
        raise NotImplementedError


class MarginalCR0(MarginalSandwich):
    """Without small-sample correction: SAS's EMPIRICAL, mmrm's "Empirical".

    References
    ----------
    Liang & Zeger (1986), doi:10.1093/biomet/73.1.13; degrees of freedom as in Pustejovsky & Tipton
    (2018), doi:10.1080/07350015.2016.1247004.
    """

    name = "CR0"

    def _adjusted(self, V, X, e):
        half = np.linalg.solve(V, X).transpose(0, 2, 1)
        inner = half @ X
        return (half @ e[:, :, None])[:, :, 0], inner, inner


class MarginalCR2(MarginalSandwich):
    """With Bell and McCaffrey's correction: unbiased where the covariance of the model is right.

    References
    ----------
    Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004.
    """

    name = "CR2"

    def _adjusted(self, V, X, e):
        return adjust(V, X, e)


def subjects_by_visits(fit: Any):
    """Subjects with the same visits: yields subjects (b,), visits (m,) and rows (b, m)."""
    subject, visit = fit.visits.factor.codes, fit.visit_codes
    order = np.lexsort((visit, subject))
    starts = np.flatnonzero(np.diff(subject[order], prepend=-1))
    alike: dict[bytes, list[np.ndarray]] = {}
    for rows in np.split(order, starts[1:]):
        alike.setdefault(visit[rows].tobytes(), []).append(rows)
    for members in alike.values():
        rows = np.array(members)
        yield subject[rows[:, 0]], visit[rows[0]], rows
