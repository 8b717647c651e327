"""What a generalised fit says of itself: proved, unfinished, or without a maximum to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.estimation.certificate import Certificate, advice_for
from mixedeffects.estimation.laplace.separation import at_the_limit, infinite_terms, recession
from mixedeffects.estimation.newton import newton_step

# a decrement of this is a few thousandths of a standard error
CERTAIN = 1e-5
# -2 log-likelihood of probabilities at which all are one
NOTHING_LEFT = 1e-4
ALL_EXACT = (
    "every response is fitted exactly in the limit, so that nothing is left to say how much groups "
    "differ: the standard deviations are not determined either"
)
# coefficients a message names
MOST_NAMES = 6


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


def without_maximum(certificate, evaluation, curvature, name_of):
    """The certificate and the point, or others where the likelihood turns out to have no maximum.

    Parameters
    ----------
    certificate : Certificate
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    curvature : (P, P) array
        At that point.
    name_of : callable
        From a recession in the engine's coordinates to the same in the user's, and the names of
        the coefficients that are not finite.

    Returns
    -------
    certificate : Certificate
    evaluation : LaplaceEvaluation
        With separation, the optimum of what stays finite.
    """
    away, outward = recession(evaluation, curvature)
    if away is not None:
        user, names = name_of(away)
        if names:
            point, decrement = at_the_limit(evaluation, curvature, away, outward)
            found = separated(certificate, names, user)
            if evaluation.objective.problem.family.discrete and point.value < NOTHING_LEFT:
                found = replace(found, advice=(*found.advice, ALL_EXACT))
            if np.isfinite(decrement):
                found = replace(found, decrement=float(decrement))
            return found, point
    terms = infinite_terms(evaluation)
    return (unbounded(certificate, terms) if terms else certificate), evaluation


def separated(certificate, names, recession=None):
    """The certificate of a likelihood that has no maximum.

    Parameters
    ----------
    certificate : Certificate
    names : tuple of str
        Of the coefficients that are not finite.
    recession : Recession, optional
        In the user's coordinates.
    """
    shown = ", ".join(f"'{name}'" for name in names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown += f" and {len(names) - MOST_NAMES} more"
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
    else:
        message = (
            f"the likelihood has no maximum: it rises for ever as the coefficient"
            f"{'' if one else 's'} {shown} go{'es' if one else ''} to infinity (separation)"
        )
        advice = (
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
    )  # fmt: skip


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
