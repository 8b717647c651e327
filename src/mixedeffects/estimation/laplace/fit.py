"""The path of every generalised fit: start, minimise, boundary, certificate."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from mixedeffects.errors import ConvergenceWarning, ModelError, OptionError
from mixedeffects.estimation.certificate import Certificate
from mixedeffects.estimation.laplace.boundary import examine, snapped
from mixedeffects.estimation.laplace.curvature import by_differences, guess
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.laplace.separation import infinite_directions, infinite_terms
from mixedeffects.estimation.laplace.start import start_point
from mixedeffects.estimation.minimize import OPTIMIZERS, depth_of_package, scipy_runner
from mixedeffects.estimation.newton import newton_step

RESTARTS = 6
# a decrement of this is a thousandth of a standard error
CERTAIN = 1e-5
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
    x = start_point(objective.problem) if start is None else start
    first = first_point(objective, x, start is not None)
    result, B = minimise(objective, first, optimizer, max_iterations)
    iterations = 0
    directions = ()
    for _ in range(RESTARTS):
        iterations += result.iterations
        evaluation = snapped(objective, result.evaluation)
        directions, lower = examine(evaluation)
        if lower is not None:
            result, B = minimise(objective, lower, optimizer, max_iterations)
        elif evaluation is not result.evaluation and result.converged:
            result, B = minimise(objective, evaluation, optimizer, max_iterations)
            if null_count(result.evaluation) != null_count(evaluation):
                result = replace(result, evaluation=evaluation)
        else:
            break
    result = replace(result, iterations=iterations)
    certificate = certify(objective, result, B, optimizer, directions)
    if name_of is not None and np.isfinite(result.evaluation.value):
        away = infinite_directions(result.evaluation, with_learnt(result.evaluation, B))
        names = tuple(dict.fromkeys(name for v in away for name in name_of(v)))
        terms = infinite_terms(result.evaluation)
        if names:
            certificate = separated(certificate, names)
        elif terms:
            certificate = unbounded(certificate, terms)
    if certificate.infinite:
        warnings.warn(
            f"{certificate.message}\n" + "\n".join(certificate.advice),
            ConvergenceWarning,
            stacklevel=depth_of_package(),
        )
    elif not certificate.converged:
        tried = f"{optimizer}, {certificate.evaluations} evaluations: {certificate.message}"
        warnings.warn(
            "the fit did not converge to a certified optimum\n"
            f"tried: {tried}\nto try:\n  " + "\n  ".join(certificate.advice),
            ConvergenceWarning,
            stacklevel=depth_of_package(),
        )
    return result.evaluation, certificate, B


def separated(certificate, names):
    """The certificate of a likelihood that has no maximum."""
    shown = ", ".join(f"'{name}'" for name in names)
    one = len(names) == 1
    if all(name.startswith(("dispersion:", "df:")) for name in names):
        message = (
            f"the likelihood rises for ever as {shown} go{'es' if one else ''} to infinity: the "
            "data are no more dispersed than the simpler family allows"
        )
        advice = (
            'use that family: "poisson" for nbinom1 and nbinom2, "binomial" for betabinomial, '
            '"gaussian" for t',
        )
        return replace(certificate, converged=False, message=message, advice=advice, infinite=names)
    message = (
        f"the likelihood has no maximum: it rises for ever as the coefficient{'' if one else 's'} "
        f"{shown} go{'es' if one else ''} to infinity (separation)"
    )
    advice = (
        "the numbers reported for them are only where the optimiser stopped; their standard "
        "errors and tests mean nothing",
        "look for a level or a range of the predictors where the response is always the same; "
        "merge or leave out such levels, or leave out the predictor",
    )
    return replace(certificate, converged=False, message=message, advice=advice, infinite=names)


def unbounded(certificate, terms):
    """The certificate of a likelihood without maximum in a random term's variance."""
    message = (
        "the likelihood has no maximum: it rises for ever as the standard deviation of random "
        f"term {terms[0] + 1} goes to infinity"
    )
    advice = (
        "the response hardly varies within the levels of its grouping factor; use a coarser "
        "grouping factor, or model the levels instead of the rows",
    )
    return replace(certificate, converged=False, message=message, advice=advice)


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


def minimise(objective, first, optimizer, max_iterations):
    """One run of an optimiser from an evaluated point; result and curvature."""
    if optimizer == "newton":
        H, unknown = guess(first)
        if unknown:
            H[unknown, unknown] = np.maximum(H[unknown, unknown], 1.0)
            H = by_differences(first, H, unknown)
        options = {} if max_iterations is None else {"max_iterations": max_iterations}
        return quasi_newton(objective, first, H, renew=renewed, **options)
    result = scipy_runner(optimizer)(objective, first.x, max_iterations=max_iterations)
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


def certify(objective, result, B, optimizer, directions):
    """The certificate of a result.

    Parameters
    ----------
    B : (P, P) array
        Curvature at the result.
    directions : tuple of Direction
        Of zero variance.
    """
    evaluation, message = result.evaluation, result.message
    g = evaluation.gradient if np.isfinite(evaluation.value) else np.full(1, np.nan)
    decrement = result.decrement
    if decrement is None and np.isfinite(g).all():
        decrement = newton_step(B, g, evaluation.x)[1]
    decrement = np.nan if decrement is None else decrement
    stationary = bool(np.isfinite(g).all()) and decrement < CERTAIN
    optimal = all(d.slope > -1e-3 for d in directions)
    advice = (
        "simplify the random effects: drop the term with the smallest variance, or use (x || g)",
        "centre and scale numeric predictors: center(x), scale(x)",
        "look for a predictor or a group that determines the response (separation)",
        "allow more iterations: max_iterations=",
        f'try another optimiser: optimizer="{"L-BFGS-B" if optimizer == "newton" else "newton"}"',
    )
    converged = stationary and optimal
    return Certificate(
        converged=converged,
        gradient=float(np.abs(g).max(initial=0.0)),
        decrement=float(decrement),
        singular=tuple(directions),
        evaluations=objective.evaluations,
        gradients=objective.gradients,
        iterations=result.iterations,
        optimizer=optimizer,
        message=message,
        advice=() if converged else advice,
    )
