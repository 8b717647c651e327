"""The path of every generalised fit: start, minimise, boundary, certificate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.errors import ModelError, OptionError
from mixedeffects.estimation.laplace.boundary import examine, snapped
from mixedeffects.estimation.laplace.curvature import by_differences, guess
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.laplace.separation import far_out
from mixedeffects.estimation.laplace.start import start_point
from mixedeffects.estimation.laplace.verdict import certify, warn_unless_proved, without_maximum
from mixedeffects.estimation.minimize import OPTIMIZERS, iteration_options, scipy_runner

RESTARTS = 6
# parameters the linear model does not know of whose curvature is found anew at every far point
FEW = 2


def fit_laplace(objective, optimizer="newton", *, start=None, max_iterations=None, name_of=None):
    """Minimise d over all parameters, and say whether it is a proved optimum.

    Parameters
    ----------
    objective : LaplaceObjective or another with its interface
    optimizer : str
        One of `OPTIMIZERS`; "newton" is quasi-Newton here, with the linear model's curvature.
    start : (n_parameters,) array, optional
        In the engine's coordinates.
    max_iterations : int, optional
    name_of : callable, optional
        From a direction of the parameters to the names of the coefficients it is made of.

    Returns
    -------
    evaluation : LaplaceEvaluation
    certificate : Certificate
    curvature : (P, P) array
        An approximation of d2d/dx2 at the optimum.

    Warns
    -----
    ConvergenceWarning
    """
    if optimizer not in OPTIMIZERS:
        raise OptionError(f"optimizer={optimizer!r} is not one of {', '.join(OPTIMIZERS)}")
    options = iteration_options(max_iterations)
    x = start_point(objective.problem) if start is None else start
    first = first_point(objective, x, start is not None)
    result, B = minimise(objective, first, optimizer, options)
    iterations = 0
    directions = ()
    for _ in range(RESTARTS):
        iterations += result.iterations
        evaluation = snapped(objective, result.evaluation)
        directions, lower = examine(evaluation)
        if lower is not None:
            result, B = minimise(objective, lower, optimizer, options)
        elif evaluation is not result.evaluation and result.converged:
            result, B = minimise(objective, evaluation, optimizer, options)
            if null_count(result.evaluation) != null_count(evaluation):
                result = replace(result, evaluation=evaluation)
        else:
            break
    result = replace(result, iterations=iterations)
    certificate = certify(objective, result, B, optimizer, directions)
    if name_of is not None and far_out(result.evaluation):
        B = with_learnt(result.evaluation, B)
        certificate = without_maximum(certificate, result.evaluation, B, name_of)
    warn_unless_proved(certificate)
    return result.evaluation, certificate, B


def null_count(evaluation):
    """Zero singular values of all relative factors."""
    return sum(int((np.linalg.svd(Lam)[1] < 1e-9).sum()) for Lam in evaluation.lambdas)


def first_point(objective, x, chosen):
    """The evaluation to start from; with smaller variances where that has no value."""
    problem = objective.problem
    for size in (1.0, 0.3, 0.05, 0.0):
        trial = x.copy()
        trial[problem.n_fixed :] *= size
        evaluation = objective.evaluate(trial)
        if np.isfinite(evaluation.value) and np.isfinite(evaluation.gradient).all():
            return evaluation
        if chosen:
            raise OptionError("the likelihood is not finite at start=; leave it out")
    raise ModelError(
        "the likelihood cannot be computed at any starting point\n"
        "check that family and link suit the response, and rescale predictors of extreme size"
    )


def minimise(objective, first, optimizer, options):
    """One run of an optimiser from an evaluated point; result and curvature."""
    if optimizer == "newton":
        H, unknown = guess(first)
        if unknown:
            H[unknown, unknown] = np.maximum(H[unknown, unknown], 1.0)
            H = by_differences(first, H, unknown)
        return quasi_newton(objective, first, H, renew=renewed, **options)
    result = scipy_runner(optimizer)(objective, first.x, **options)
    H, unknown = guess(result.evaluation)
    H[unknown, unknown] = np.maximum(H[unknown, unknown], 1.0)
    return result, by_differences(result.evaluation, H, range(H.shape[0]), 1e-3)


def with_learnt(evaluation, B):
    """The linear model's curvature, and B's where that does not know."""
    H, unknown = guess(evaluation)
    H[unknown], H[:, unknown] = B[unknown], B[:, unknown]
    return H


def renewed(evaluation, B):
    """The linear model's curvature at another point, with what was learnt of the rest."""
    H, unknown = guess(evaluation)
    if len(unknown) <= FEW:
        H[unknown, unknown] = np.maximum(B[unknown, unknown], 1.0)
        return by_differences(evaluation, H, unknown)
    return with_learnt(evaluation, B)
