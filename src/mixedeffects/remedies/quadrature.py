"""Quadrature in place of Laplace's approximation, where that is off."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from mixedeffects.inference.approximation import OFF, approximation
from mixedeffects.inference.checkup.approximation import four
from mixedeffects.remedies.record import Recommendation

NAME = "quadrature"


def with_quadrature(bench, trials, recommendation):
    """The fit by quadrature as what is recommended, where a number of points suffices.

    Parameters
    ----------
    trials : tuple of Trial
        The asked fit first.
    recommendation : Recommendation
        Of the asked fit.

    Returns
    -------
    recommendation : Recommendation
    trials : tuple of Trial
        With this one where it was fitted.
    """
    found = approximation(bench.asked)
    if found.status != OFF:
        return recommendation, trials
    what = f"nagq={found.points} instead of nagq={bench.asked.nagq}"
    trial = bench.attempt(NAME, what, times=found.points, nagq=found.points)
    trials = (*trials, trial)
    if trial.fit is None or not trial.fit.certificate.converged:
        return recommendation, trials
    # the approximations differ by more than models may: no AIC compares them
    trial = replace(
        trial, loglik=-0.5 * trial.fit.objective, npar=trials[0].npar, aic=nan,
        note="no test: another approximation of the same likelihood",
    )  # fmt: skip
    reason = (
        f"It is the same model, its likelihood integrated by quadrature with {found.points} points "
        f"per random effect, beyond which nothing changes: {found.name} is {four(found.moved)} "
        f"in place of {four(found.estimate)}. Log-likelihoods and AIC of the two cannot be "
        "compared."
    )
    return Recommendation(trial, (reason,), True, nan, trials[0].aic), (*trials[:-1], trial)
