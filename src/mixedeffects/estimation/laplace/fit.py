"""The path of every generalised fit: start, minimise, boundary, certificate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mixedeffects.errors import ModelError, OptionError
from mixedeffects.estimation.boundary import ZERO
from mixedeffects.estimation.boundary.laplace import examine, snapped
from mixedeffects.estimation.laplace.curvature import (
    GUESS_STEP,
    HESSIAN_STEP,
    by_differences,
    guess,
    hessian,
    quick_hessian,
)
from mixedeffects.estimation.laplace.edge import edged
from mixedeffects.estimation.laplace.exactness import fits_exactly
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.laplace.quick import QuickEvaluation
from mixedeffects.estimation.laplace.separation import FAINT, SUSPECT
from mixedeffects.estimation.laplace.start import start_point
from mixedeffects.estimation.laplace.verdict import certify, without_maximum
from mixedeffects.estimation.minimize import (
    OPTIMIZERS,
    check_optimizer,
    iteration_options,
    scipy_runner,
    warn_unless_proved,
)
from mixedeffects.estimation.search_log import Watch, generalised_look

# EM needs moments given the data
OFFERED = tuple(name for name in OPTIMIZERS if name != "em")
RESTARTS = 6
# a rival optimum is preferred if it is lower by more than this
BETTER = 1e-6
# a standard deviation less than this many standard errors from zero is weakly determined; a further
# search then starts from this share of it
WEAK, SMALLER = 2.0, 0.1
# `guess` has no curvature for some parameters (dispersion, thresholds): the most of them that are
# differentiated numerically at every point far from the optimum, and once at the end
FEW, MOST_UNKNOWN = 2, 12
# step of differences along a flat direction
LONGEST = 0.1


def fit_laplace(
    objective, optimizer="newton", *, start=None, max_iterations=None, names=None, rule=None
):
    """Minimise d over all parameters, and say whether it is a proved optimum.

    Warns ConvergenceWarning. Takes objective LaplaceObjective, QuadratureObjective or
    QuickObjective.

    Parameters
    ----------
    optimizer : str
        One of `OFFERED`; "newton" is quasi-Newton here, with the linear model's curvature.
    start : (n_parameters,) array, optional
        In the engine's coordinates.
    names : Names, optional
        What the parameters are called; without it no limit of the likelihood is looked for.
    rule : UserRule, optional
        Asked after every accepted iteration whether to stop; where it does, no boundary, saddle
        or rival optimum is looked for.

    Returns
    -------
    evaluation : LaplaceEvaluation
    certificate : Certificate
    curvature : (P, P) array
        An approximation of d2d/dx2 at the optimum.
    """
    if optimizer == "em":
        raise OptionError(
            'optimizer="em" is for linear mixed models: of a generalised model the moments of the '
            "random effects given the data, which its E-step needs, have no closed form\n"
            'use optimizer="newton"'
        )
    check_optimizer(optimizer, OFFERED)
    with np.errstate(over="ignore", invalid="ignore"):  # a point too far has no finite value
        result, B, certificate = _fitted(objective, optimizer, start, max_iterations, names, rule)
    warn_unless_proved(certificate)
    return result.evaluation, certificate, B


def _fitted(objective, optimizer, start, max_iterations, names, rule):
    """Result, curvature and certificate of the search, and of further ones from rival starts."""
    options: dict[str, Any] = iteration_options(max_iterations)
    options["watch"] = Watch(objective, generalised_look, rule)
    x = start_point(objective.problem) if start is None else start
    first = first_point(objective, x, start is not None)
    result, B, directions = settled(objective, first, optimizer, options)
    again = start is None and max_iterations is None and result.rule is None
    again = again and not fits_exactly(result.evaluation)
    if again and optimizer == "newton":
        for other in rivals(objective, x, result, B):
            found = settled(objective, other, optimizer, options)
            if better(found[0], result):
                result, B, directions = found
            if found[0].rule is not None:
                break
    certificate = certify(objective, result, B, optimizer, directions)
    certificate = edged(certificate, result.evaluation)
    if names is not None and np.isfinite(result.evaluation.value):
        look = partial(closer_curvature, result.evaluation, B)
        certificate, evaluation = without_maximum(certificate, result.evaluation, look, names)
        result = replace(result, evaluation=evaluation)
    return result, B, certificate


def closer_curvature(evaluation, B):
    """The curvature by which directions on their way to infinity are recognised.

    The optimiser's approximation need not show a flat direction that mixes several predictors. So
    it stands only for what `guess` does not cover, differences of gradients replace it where a
    predictor is far out, and exact second derivatives decide where hardly any curvature is left.
    """
    H, unknown = guess(evaluation)
    H[unknown], H[:, unknown] = B[unknown], B[:, unknown]
    problem = evaluation.objective.problem
    away = [
        j
        for predictor, values in zip(problem.predictors, evaluation.fixed, strict=True)
        for j in range(predictor.part.start, predictor.part.stop)
        if j in unknown and np.abs(values[np.isfinite(values)]).max(initial=0.0) > SUSPECT
    ]
    if 0 < len(away) <= MOST_UNKNOWN:
        H[away, away] = np.maximum(H[away, away], (GUESS_STEP / LONGEST) ** 2)
        H = by_differences(evaluation, H, away)
        n = problem.n_fixed
        if np.linalg.eigvalsh(H[:n, :n]).min(initial=np.inf) < FAINT:
            H[np.diag_indices_from(H)] = np.maximum(H.diagonal(), (HESSIAN_STEP / LONGEST) ** 2)
            exact = quick_hessian if isinstance(evaluation, QuickEvaluation) else hessian
            H = exact(evaluation, H)
    return H


def settled(objective, first, optimizer, options):
    """Minimise, put negligible variances at zero, leave saddles, until nothing changes.

    Returns OptimizerResult, curvature (P, P), tuple of Direction of zero variance.
    """
    watch = options["watch"]
    watch.begin()
    result, B = minimise(objective, first, optimizer, options)
    iterations, directions = 0, ()
    beside = {name: value for name, value in options.items() if name != "watch"}

    def search(point):
        return minimise(objective, point, "newton", beside)[0].evaluation

    for _ in range(RESTARTS):
        iterations += result.iterations
        if result.rule is not None:
            break
        evaluation = snapped(objective, result.evaluation, search)
        directions, lower = examine(evaluation)
        if lower is not None:
            watch.resume(result.iterations)
            result, B = minimise(objective, lower, optimizer, options)
        elif evaluation is not result.evaluation and result.converged:
            watch.resume(result.iterations)
            result, B = minimise(objective, evaluation, optimizer, options)
            if null_count(result.evaluation) != null_count(evaluation):
                result = replace(result, evaluation=evaluation)
                watch.note(result.iterations, evaluation)
        else:
            break
    return replace(result, iterations=iterations, path=tuple(watch.steps)), B, directions


def rivals(objective, x, result, B):
    """Further points to start from, where a likelihood may have several optima.

    With random effects in two predictors, or a standard deviation that is not two standard errors
    from zero, smaller variances; the same where the first search did not end. Returns list of
    LaplaceEvaluation.

    Parameters
    ----------
    x : (P,) array
        The first start.
    B : (P, P) array
        Curvature at the result.
    """
    problem = objective.problem
    known = result.converged and not problem.family.extras
    if problem.dear or (known and len(problem.stacking.variables) == 1):
        return []
    tail = slice(problem.n_fixed, problem.n_parameters)
    found, out = result.evaluation, []
    weak = []
    for term in problem.covariance_parameters.terms:
        size = np.abs(found.theta[term.part])
        error = np.sqrt(2.0 / np.maximum(B.diagonal()[tail][term.part], 1e-12))
        weak.append(bool(0 < size.max(initial=0.0) < WEAK * error.min(initial=np.inf)))
    if result.converged and any(weak) and problem.family.extras:
        near = found.x.copy()
        for term, is_weak in zip(problem.covariance_parameters.terms, weak, strict=True):
            if is_weak:
                near[tail][term.part] *= SMALLER
        out.append(near)
    if not result.converged or len(problem.stacking.variables) > 1:
        small = x.copy()
        small[tail] *= SMALLER
        out.append(small)
    points = [objective.evaluate(point) for point in out]
    return [point for point in points if np.isfinite(point.value)]


def better(found, result):
    """Whether another search's end is to be preferred: proved, or lower."""
    if found.converged != result.converged:
        return found.converged
    return found.evaluation.value < result.evaluation.value - BETTER


def null_count(evaluation):
    """Zero singular values of all relative factors."""
    return sum(int((np.linalg.svd(Lam)[1] < ZERO).sum()) for Lam in evaluation.lambdas)


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
        return quasi_newton(objective, first, H, renew=renewed, hopeless=fits_exactly, **options)
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
