"""Trials on one footing: log-likelihoods that can be compared, AIC, tests."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from mixedeffects.engine import threads_for
from mixedeffects.errors import MixedEffectsError
from mixedeffects.estimation import LMMObjective
from mixedeffects.inference import n_parameters
from mixedeffects.inference.comparison import likelihood_ratio, needs_ml
from mixedeffects.remedies.bench import quiet


def measured(trials, base=0):
    """The trials with log-likelihood, parameters, AIC and test against the fit they started from.

    Where the fixed effects differ and a fit is by REML, all numbers are by maximum likelihood: of a
    certified fit at the maximum, of another at its own covariance parameters. Returns trials (tuple
    of Trial), notes (tuple of str).

    Parameters
    ----------
    trials : sequence of Trial
        The asked fit first.
    base : int
        The one whose model those after it are tested against: the asked fit, or that with its
        lost predictors back. Where it has no certified optimum, the test is against the fit of
        that model that has one.
    """
    fits = [t.fit for t in trials if t.fit is not None]
    reason = needs_ml(fits)
    if not reason and any(fit.reml for fit in fits) and scaled(trials):
        reason = "a REML likelihood depends on the units of the fixed effects"
    asked, against = trials[0].fit, _reference(trials[base:])
    with quiet():
        out = tuple(
            trial if trial.fit is None
            else _one(trial, against if i > base else asked, bool(reason))
            for i, trial in enumerate(trials)
        )  # fmt: skip
    if reason:
        where = ""
        if not all(fit.certificate.at_maximum for fit in fits):
            where = " Those of fits without certificate are at the variances where they stopped."
        return out, (f"Log-likelihoods and AIC by maximum likelihood: {reason}.{where}",)
    if asked.reml:
        return out, ("REML log-likelihoods: the fixed effects are the same.",)
    return out, ()


def _reference(trials):
    """The fit of the model that the remedies started from; rather one that is certified."""
    proved = [
        t.fit for t in trials
        if t.fit is not None and (t is trials[0] or t.same_model) and t.fit.certificate.proved
    ]  # fmt: skip
    if trials[0].fit.certificate.proved or not proved:
        return trials[0].fit
    return min(proved, key=lambda fit: fit.objective)


def scaled(trials):
    """Whether a trial has other columns of the fixed effects, be it only their units."""
    names = [t.fit.design.x_names for t in trials if t.fit is not None]
    return any(other != names[0] for other in names[1:])


def _one(trial, against, ml):
    fit, note = trial.fit, ""
    k = n_parameters(fit)
    loglik = -0.5 * (ml_objective(fit) if ml and fit.reml else fit.objective)
    p_value = nan
    if fit is not against and not trial.same_model:
        if fit.certificate.at_maximum and against.certificate.at_maximum:
            pair = (f.by_ml() if ml else f for f in (fit, against))
            p_value, note = tested_against(*pair)
        else:
            note = "no test: one of the two has no certified optimum"
    return replace(
        trial, loglik=loglik, npar=k, aic=-2.0 * loglik + 2.0 * k, p_value=p_value, note=note
    )


def ml_objective(fit):
    """-2 log-likelihood by maximum likelihood; of a fit without certificate, where it stopped."""
    if fit.certificate.at_maximum:
        return fit.by_ml().objective
    old = fit.evaluation.objective
    objective = LMMObjective(old.stats, old.solver, old.parameters, False)
    with threads_for(fit.plan.columns):
        return objective.value(fit.evaluation.theta)


def tested_against(fit, asked):
    """Likelihood-ratio test of the smaller of two models against the larger.

    Returns
    -------
    p_value : float
        nan without a test.
    note : str
        Why there is none.
    """
    small, large = sorted((fit, asked), key=n_parameters)
    if n_parameters(small) == n_parameters(large):
        return nan, "no test: both models have as many parameters"
    try:
        test, remark = likelihood_ratio(small, large)
    except MixedEffectsError as error:
        return nan, f"no test: {str(error).splitlines()[0]}"
    return (nan, f"no test: {remark}") if test is None else (test.p_value, "")
