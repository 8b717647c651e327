"""The best covariance across visits: columns made orthonormal, a first fit, Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtri  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.crossprod.patterns import PatternSums
from mixedeffects.estimation.certificate import CERTAIN, Certificate
from mixedeffects.estimation.marginal.objective import MarginalEvaluation, MarginalObjective
from mixedeffects.estimation.newton import newton

# smallest eigenvalue of the covariance to start from, of the largest
LEAST = 1e-3
# subjects below which further starts are worth their time, and correlations of these
FEW, VERY_FEW, OTHERS, SMALLER = 50, 20, (0.1, 0.9), 0.3
# eigenvalue of the curvature, scaled to a unit diagonal, that is none
FLATTEST = 1e-9
FLAT = "the data say nothing about some parameter of the covariance"
ADVICE = (
    'use a covariance with fewer parameters, such as covariance="ar1h" or "csh"',
    "centre and scale numeric predictors: center(x), scale(x)",
    "check for a subject whose responses do not vary",
)


@dataclass(frozen=True, slots=True, eq=False)
class MarginalOptimum:
    """Where the search ended, and how its columns became the user's.

    Attributes
    ----------
    evaluation : MarginalEvaluation
    certificate : Certificate
    T : (p, p) array
        X T are the columns of `evaluation`.
    beta : (p,) array
        Of X.
    """

    evaluation: MarginalEvaluation
    certificate: Certificate
    T: np.ndarray
    beta: np.ndarray


def fit_marginal(X, y, subject, visit, structure, reml, *, max_iterations=None):
    """Fit the covariance of visits and the coefficients.

    Returns a `MarginalOptimum`.

    Parameters
    ----------
    X : (n, p) array
        Of full column rank.
    y : (n,) array
        Responses, an offset taken off.
    subject, visit : (n,) int arrays
        Codes from 0, each pair at most once.
    structure : Covariance
        Of the visits.
    reml : bool
        Restricted maximum likelihood.
    max_iterations : int, optional
        Of Newton's method.
    """
    T = np.triu(dtrtri(np.linalg.qr(X, mode="r"), lower=0)[0])
    first = T @ (T.T @ (X.T @ y))
    sums = PatternSums.of(X, y - X @ first, subject, visit, structure.k).in_columns(T)
    log_T = float(np.log(np.abs(T.diagonal())).sum())
    objective = MarginalObjective(sums, structure, reml, log_T)
    options: dict[str, Any] = {} if max_iterations is None else {"max_iterations": max_iterations}
    results = [newton(objective, theta, **options) for theta in starts(sums, structure)]
    result = min(results, key=lambda r: (not r.converged, r.evaluation.value))
    evaluation = result.evaluation
    decrement, gradient = np.nan, np.nan
    if np.isfinite(evaluation.value) and result.decrement is not None:
        decrement = result.decrement
        gradient = float(np.abs(evaluation.gradient).max())
    stationary = bool(result.converged and decrement < CERTAIN)
    converged = stationary and determined(evaluation.curvature)
    certificate = Certificate(
        converged=converged,
        gradient=gradient,
        decrement=decrement,
        singular=(),
        evaluations=objective.evaluations,
        gradients=objective.gradients,
        iterations=result.iterations,
        optimizer="newton",
        message=result.message if converged or not stationary else FLAT,
        advice=() if converged else ADVICE,
        ran_out=result.ran_out,
    )
    return MarginalOptimum(evaluation, certificate, T, first + T @ evaluation.beta)


def determined(curvature):
    """Whether the criterion is curved in every direction of the parameters."""
    size = np.sqrt(np.abs(curvature.diagonal()))
    if not (np.isfinite(curvature).all() and size.all()):
        return False
    scaled = curvature / np.outer(size, size) - FLATTEST * np.eye(size.size)
    return dpotrf(scaled, lower=1)[1] == 0


def starts(sums, structure):
    """Where to begin: at the moments, and of few subjects at low and high correlations too.

    The likelihood of a restricted covariance can have several optima where subjects are few.
    """
    found = [start(sums, structure)]
    if sums.count.sum() >= FEW or not structure.shares:
        return found
    Lambda = structure.factor(found[0])
    sd = np.sqrt((Lambda * Lambda).sum(axis=1))
    scales = [np.ones(sd.size)]
    if sums.count.sum() < VERY_FEW:  # one visit much less variable than the others
        scales += list(np.ones((sd.size, sd.size)) - (1.0 - SMALLER) * np.eye(sd.size))
    for correlation in OTHERS:
        R = np.full((sd.size, sd.size), correlation)
        R[np.diag_indices(sd.size)] = 1.0
        half = np.linalg.cholesky(R)
        found += [structure.theta_of((scale * sd)[:, None] * half) for scale in scales]
    return found


def start(sums, structure):
    """theta of the mean products of residuals of least squares, made positive definite."""
    pairs = np.tensordot(sums.count, sums.seen[:, :, None] & sums.seen[:, None, :], 1)
    moments = sums.Y.sum(axis=0) / np.maximum(pairs, 1.0)
    sizes, vectors = np.linalg.eigh(moments)
    sizes = np.maximum(sizes, LEAST * sizes.max())
    return structure.theta_of(vectors * np.sqrt(sizes))
