"""What a generalised fit says of itself: proved, unfinished, or without a maximum to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.estimation.certificate import CERTAIN, Certificate, advice_for
from mixedeffects.estimation.laplace.exactness import fits_exactly, narrowing
from mixedeffects.estimation.laplace.infinite_variances import (
    alike_terms,
    cannot_be_infinite,
    infinite_terms,
)
from mixedeffects.estimation.laplace.separation import at_the_limit, far_out, recession
from mixedeffects.estimation.laplace.supremum import supremum
from mixedeffects.estimation.newton import newton_step

# -2 log-likelihood of probabilities at which all are one
NOTHING_LEFT = 1e-4
ALL_EXACT = (
    "every response is fitted exactly in the limit, so that nothing is left to say how much groups "
    "differ: the standard deviations are not determined either"
)
# coefficients a message names
MOST_NAMES = 6
# change of a predictor, relative to a direction's largest coefficient, that belongs to it
FELT = 0.02
# no likelihood of a discrete response exceeds a bound (`supremum`). An approximation is held to it
# from this standard deviation on, and refused if it exceeds it by more than this, absolute and
# relative; quadrature that is accurate enough for the estimates stays within
WIDE, ABOVE, SHARE_ABOVE = 2.0, 1e-3, 1e-4
# dispersions that are infinite where a distribution has no width
INFINITELY = {"precision phi": "infinity"}
OTHER_POINTS = (
    "the random effects are too large for it where groups are small: compare nagq=1, 25 and 100, "
    "and believe only what no longer changes"
)


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
    decrement, finite = result.decrement, bool(np.isfinite(g).all())
    if decrement is None and finite:
        decrement = newton_step(B, g, evaluation.x)[1]
    decrement = np.nan if decrement is None else decrement
    stationary = finite and decrement < CERTAIN
    optimal = all(d.slope > -1e-3 for d in directions)
    advice = advice_for(
        optimizer, "look for a predictor or a group that determines the response (separation)"
    )
    proved = stationary and optimal
    converged = proved or result.rule is not None
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
        path=result.path,
        rule=result.rule,
        short=converged and not proved,
        ran_out=result.ran_out and not converged,
    )


def without_maximum(certificate, evaluation, curvature, names):
    """The certificate and the point as they are, or others where the likelihood has no maximum.

    In this order: responses fitted exactly, separation, levels that are each of one outcome, other
    infinite standard deviations, an approximation that exceeds what a likelihood can be.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    curvature : callable
        Gives the (P, P) second derivatives at that point.
    names : Names
        What the parameters are called.

    Returns
    -------
    certificate : Certificate
    evaluation : LaplaceEvaluation
        With separation, the optimum of what stays finite.
    """
    if fits_exactly(evaluation):
        direction, _ = narrowing(evaluation)
        names_of = names.coefficients(direction)
        return without_width(certificate, evaluation, names_of), evaluation
    alike, far = alike_terms(evaluation), far_out(evaluation)
    point, found = evaluation, ()
    if far:
        H = curvature()
        away, outward = recession(evaluation, H)
        if away is not None:
            user, found = names.of_recession(away)
        if found and away is not None:
            point, decrement = at_the_limit(evaluation, H, away, outward)
            directions = np.zeros((away.directions.shape[0], evaluation.x.size))
            directions[:, : away.directions.shape[1]] = away.directions
            limits = family_limits(evaluation, directions)
            certificate = separated(certificate, found, limits, user)
            if evaluation.objective.problem.family.discrete and point.value < NOTHING_LEFT:
                certificate = replace(certificate, advice=(*certificate.advice, ALL_EXACT))
            if np.isfinite(decrement):
                certificate = replace(certificate, decrement=float(decrement))
    if alike:
        return one_outcome(certificate, [names.term(i) for i in alike], evaluation), point
    if found:
        return certificate, point
    terms = infinite_terms(evaluation) if far else []
    if terms:
        finite = any(cannot_be_infinite(evaluation.objective.problem, i) for i in terms)
        return unbounded(certificate, [names.term(i) for i in terms], finite), evaluation
    return refused(certificate, evaluation), evaluation


def family_limits(evaluation, directions):
    """Limits of the family that infinite directions lead to.

    Takes directions sequence of (P,) arrays.

    Returns
    -------
    limits : list of Limit
    explained : bool
        Whether they are all there is: no coefficient is infinite for another reason.
    """
    problem = evaluation.objective.problem
    moves = {}
    for predictor, values in zip(problem.predictors, evaluation.fixed, strict=True):
        moved = np.zeros(values.shape, dtype=bool)
        for v in directions:
            change = np.abs(predictor.X @ v[predictor.part])
            moved |= change > FELT * np.abs(v[: problem.n_fixed]).max()
        if moved.any():
            # where the objective is flat the sign of a direction says nothing, its place does
            signs = np.sign(values[moved])
            name = problem.family.predictor_names[predictor.variable]
            moves[name] = int(signs[0]) if (signs == signs[0]).all() else 0
    found, explained = [], set()
    for limit in problem.family.limits:
        if all(moves.get(name) == sign for name, sign in limit.moves):
            own = {name for name, _ in limit.moves}
            if not own <= explained:
                found.append(limit)
                explained |= own
    return found, set(moves) <= explained


def separated(certificate, names, limits, recession=None):
    """The certificate of a likelihood that has no maximum because coefficients are infinite.

    Parameters
    ----------
    names : tuple of str
        Of the coefficients that are not finite.
    limits : list of Limit, bool
        As `family_limits` gives them.
    recession : Recession, optional
        In the user's coordinates.
    """
    shown = ", ".join(f"'{name}'" for name in names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown += f" and {len(names) - MOST_NAMES} more"
    one = len(names) == 1
    found, explained = limits
    meanings = "; ".join(limit.meaning for limit in found)
    advice = tuple(dict.fromkeys(limit.advice for limit in found))
    if explained:
        message = (
            f"the likelihood has no maximum: it rises for ever as {shown} go{'es' if one else ''} "
            f"to {infinity(found)}: {meanings}"
        )
    else:
        message = (
            "the likelihood has no maximum: it rises for ever as the coefficient"
            f"{'' if one else 's'} {shown} go{'es' if one else ''} to infinity (separation)"
        )
        advice += (
            "report no number for them: tables show them as infinite, or leave them empty, and "
            "the other coefficients stay finite",
            'for a finite limit use confint(method="profile"), for a test a likelihood ratio: '
            "lrt() of the models with and without the predictor",
            "look for a level or a range of the predictors where the response is always the same; "
            "merge or leave out such levels, or leave out the predictor",
        )
    return replace(
        certificate, converged=False, message=message, advice=advice, infinite=names,
        recession=recession,
        limits=tuple(limit.meaning for limit in found), separation=not explained,
    )  # fmt: skip


def infinity(limits):
    """Where the predictors of some limits go.

    Examples
    --------
    >>> from mixedeffects.family import NegativeBinomial1
    >>> infinity(NegativeBinomial1().limits)
    'minus infinity'
    """
    signs = {sign for limit in limits for _, sign in limit.moves}
    if len(signs) > 1:
        return "plus or minus infinity"
    return "infinity" if 1 in signs else "minus infinity"


def without_width(certificate, evaluation, names):
    """The certificate of a continuous distribution that shrinks to the responses themselves."""
    what = evaluation.objective.problem.family.dispersion_name or "dispersion"
    limit = (
        f"the model fits responses exactly, with a {what} that only their rounding keeps from "
        f"its limit of {INFINITELY.get(what, 'zero')}"
    )
    advice = (
        "look for responses that are the same in all rows of a level, and for predictors from "
        "which the response was computed",
        "keep one row of each level, or leave out such a predictor or random term",
    )
    return replace(
        certificate, converged=False, message=f"the likelihood rises without bound: {limit}",
        advice=advice, infinite=tuple(names), limits=(limit,),
    )  # fmt: skip


def one_outcome(certificate, groups, evaluation):
    """The certificate of levels that are each of one outcome."""
    shown = " and ".join(f"'{name}'" for name in groups)
    limit = (
        f"the standard deviation between levels of {shown} goes to infinity, because the "
        "responses are all alike within every level of it"
    )
    message = f"the likelihood has no maximum: it rises for ever as {limit}"
    if certificate.infinite:
        message = f"{certificate.message}; and {message.removeprefix('the likelihood has ')}"
    advice = (
        f"no variance of {shown} can be reported, nor coefficients on its scale; count each level "
        "once, in a model of the levels without this random term, or use a coarser grouping factor",
    )
    return refused(
        replace(
            certificate, converged=False, message=message, limits=(*certificate.limits, limit),
            advice=(*(certificate.advice if certificate.infinite else ()), *advice),
        ),
        evaluation,
    )  # fmt: skip


def unbounded(certificate, groups, finite):
    """The certificate of a likelihood without maximum in a random term's variance.

    Parameters
    ----------
    finite : bool
        Whether only the likelihood's approximation can have none.
    """
    shown = " and ".join(f"'{name}'" for name in groups)
    limit = f"the standard deviation between levels of {shown} goes to infinity"
    if finite:
        message = (
            f"the approximation of the likelihood rises for ever as {limit}, which the likelihood "
            "itself does not, as responses differ within levels: it has broken down here"
        )
        return replace(certificate, converged=False, message=message, advice=(OTHER_POINTS,))
    advice = (
        "the response hardly varies within the levels of its grouping factor; use a coarser "
        "grouping factor, or model the levels instead of the rows",
    )
    return replace(
        certificate, converged=False, advice=advice, limits=(limit,),
        message=f"the likelihood has no maximum: it rises for ever as {limit}",
    )  # fmt: skip


def refused(certificate, evaluation):
    """The certificate, or another where the likelihood is more than any likelihood can be."""
    problem = evaluation.objective.problem
    if not problem.family.discrete or not np.isfinite(evaluation.value):
        return certificate
    loglik = -0.5 * evaluation.value
    if np.abs(evaluation.theta).max(initial=0.0) < WIDE and loglik <= 0.0:
        return certificate
    bound = supremum(problem)
    if loglik <= bound + max(ABOVE, SHARE_ABOVE * abs(bound)):
        return certificate
    words = (
        f"{loglik:.2f} cannot be a log-likelihood: no parameters of this model give more than "
        f"{bound:.2f}, so that its approximation has broken down here"
    )
    advice = (OTHER_POINTS,)
    if certificate.limits:
        return replace(
            certificate, message=f"{certificate.message}; {words}", supremum=float(bound)
        )
    return replace(
        certificate, converged=False, message=words, advice=advice, supremum=float(bound)
    )
