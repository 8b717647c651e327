"""`diagnose`: what may be wrong with a fit, what was tried, what to use."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from mixedeffects.display import Diagnosis
from mixedeffects.errors import OptionError
from mixedeffects.inference.checkup import checkup
from mixedeffects.inference.checkup_fixed import collinearity
from mixedeffects.model.doctor.bench import Bench
from mixedeffects.model.doctor.collinearity import check_collinearity
from mixedeffects.model.doctor.iterations import more_iterations
from mixedeffects.model.doctor.measure import measured
from mixedeffects.model.doctor.near_zero import drop_near_zero
from mixedeffects.model.doctor.optimisers import another_optimiser
from mixedeffects.model.doctor.recommending import recommend
from mixedeffects.model.doctor.record import DiagnosisFacts, Trial
from mixedeffects.model.doctor.scaling import scale_predictors
from mixedeffects.model.doctor.simplify import simplify

#: The six remedies, in the order in which they are tried.
REMEDIES = (
    simplify, scale_predictors, check_collinearity, more_iterations, another_optimiser,
    drop_near_zero,
)  # fmt: skip
# seconds that all tries together may take
BUDGET = 60.0


def diagnose(fit, *, remedies="auto", budget=BUDGET):
    """What may be wrong with a fit; where something is, six remedies tried, and one recommended.

    Parameters
    ----------
    fit : LMM or GLMM
    remedies : {"auto", True, False}
        "auto" tries them where a check finds a problem; True always; False never.
    budget : float
        Seconds that the tries may take together; what is predicted to take longer is skipped,
        and said.

    Returns
    -------
    Diagnosis
        Prints what to do. ``.checks()`` and ``.tidy()`` are frames of the checks and of what was
        tried, ``.fit`` the recommended fit, ``.formula`` and ``.options`` how to get it.

    Raises
    ------
    OptionError

    Notes
    -----
    The remedies, in order: simplify the random effects (without correlations, then without the
    smallest slopes, until a certified fit is not singular); scale predictors; leave out a nearly
    collinear one; more iterations; another optimiser; drop near-zero slopes. Models with other
    fixed effects are compared by maximum likelihood. Correlations are dropped at the mean of a
    predictor that lies far from zero, and no predictor is given up for a random effect without
    variance. A model with a higher AIC than the asked fit is recommended only where the asked fit
    is no maximum or is not what was asked for, and the reason says so, with both numbers.

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), arXiv 1506.04967; Matuschek, Kliegl, Vasishth,
    Baayen & Bates (2017), doi:10.1016/j.jml.2017.01.001.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(fit.diagnose())
    Healthy: certified optimum, no variance on the boundary, nothing to mend.
    """
    if not (remedies == "auto" or isinstance(remedies, bool)):
        raise OptionError(f"remedies={remedies!r} is not one of 'auto', True, False")
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not budget > 0:
        raise OptionError(f"budget={budget!r} must be a positive number of seconds")
    checks = checkup(fit)
    bench = Bench(fit, checks, float(budget))
    asked = Trial("asked", "as it is", fit.formula, fit=fit, same_model=True)
    troubled = any(check.verdict == "problem" for check in checks)
    trials = [asked]
    wanted = troubled if remedies == "auto" else remedies
    hopeless = bool(fit.certificate.infinite)
    if wanted and not hopeless:
        for remedy in REMEDIES:
            trials += remedy(bench)
    trials, notes = measured(trials)
    if wanted and hopeless:
        notes = ("No remedy was tried: the likelihood has no maximum.",)
    recommendation = recommend(trials, bench)
    skipped = dict.fromkeys(t.remedy for t in trials if t.note.startswith("skipped"))
    if skipped:
        recommendation = replace(recommendation, reason=(
            f"{recommendation.reason} Not all was tried: {', '.join(skipped)} would take longer "
            f"than the budget of {budget:g} s; diagnose(remedies=True, budget=...) allows more."
        ))  # fmt: skip
    if recommendation.changed and collinearity(recommendation.trial.fit).verdict == "problem":
        recommendation = replace(recommendation, reason=(
            f"{recommendation.reason} Its predictors are still collinear: diagnose() this fit in "
            "its turn."
        ))  # fmt: skip
    refused = dict.fromkeys(t.formula for t in trials if t.by_hand and t.note.startswith("refused"))
    if refused:
        recommendation = replace(recommendation, reason=(
            f"{recommendation.reason} Not all could be tried from what the fit keeps: to try by "
            f"hand, {'; '.join(refused)}."
        ))  # fmt: skip
    why = dict.fromkeys(
        t.note.removeprefix("refused: ") for t in trials
        if t.note.startswith("refused") and not t.by_hand
    )  # fmt: skip
    if why and not trials[0].certified and not recommendation.changed:
        recommendation = replace(recommendation, reason=(
            f"{recommendation.reason} Why others were refused: {'; '.join(why)}."
        ))  # fmt: skip
    lost = rows_to_gain(trials)
    if lost:
        notes = (*notes, lost)
        if recommendation.changed and reads_less(recommendation.trial.fit, fit):
            recommendation = replace(recommendation, reason=f"{recommendation.reason} {lost}")
            notes = notes[:-1]
    facts = DiagnosisFacts(
        fit, checks, trials if len(trials) > 1 else (), recommendation, notes if wanted else ()
    )
    return Diagnosis(facts, verdicts(trials, recommendation), fit.design.spec.to_frame)


def rows_to_gain(trials):
    """In words, that a formula fitted to the table again can have more rows than here; or ""."""
    asked = trials[0].fit
    missing = asked.design.missing
    names = dict.fromkeys(
        name for t in trials[1:] if t.fit is not None for name in reads_less(t.fit, asked)
    )
    if not names:
        return ""
    without = ", ".join(f"{name!r}" for name in names)
    return (
        f"All of this is on the {missing.n_used:,} complete rows of {missing.n_rows:,}. A formula "
        f"without {without}, which has missing values, uses more rows when it is fitted to the "
        "table, and its log-likelihood is then not to be compared with these."
    )


def reads_less(fit, asked):
    """Columns with missing values that the asked formula reads and this fit's does not."""

    def columns(other):
        specs = [other.design.spec]
        specs += [] if other.linear else [part.spec for part in other.data.parts.values()]
        return {name for spec in specs for name in spec.columns}

    holes = {name for name, count in asked.design.missing.by_column.items() if count}
    return sorted((columns(asked) - columns(fit)) & holes)


def verdicts(trials, recommendation):
    """What came of each trial, in words.

    Parameters
    ----------
    trials : sequence of Trial
    recommendation : Recommendation

    Returns
    -------
    list of str
    """
    asked = trials[0]
    out = []
    for trial in trials:
        words = verdict(trial, asked)
        # a fit that is only all there is must not be reported
        best = trial is recommendation.trial and (trial.certified or recommendation.changed)
        out.append(f"RECOMMENDED: {words}" if best else words)
    return out


def verdict(trial, asked):
    """What came of one trial, in words."""
    if trial.fit is None:
        return trial.note
    state = certificate_words(trial.fit)
    if trial is asked:
        return state
    gain, change = trial.loglik - asked.loglik, trial.aic - asked.aic
    if trial.same_model:
        if not isfinite(gain):
            return state
        if abs(gain) < 1e-4:
            return f"{state}; the same log-likelihood"
        return f"{state}; log-likelihood {'higher' if gain > 0 else 'LOWER'} by {abs(gain):.3g}"
    if not isfinite(change):
        return state
    if abs(change) < 1e-3:
        return f"{state}; the same AIC"
    return f"{state}; AIC {'lower' if change < 0 else 'higher'} by {abs(change):.2f}"


def certificate_words(fit):
    """Certified, singular or not converged.

    Examples
    --------
    >>> import mixedeffects as me
    >>> certificate_words(me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy()))
    'certified'
    """
    certificate = fit.certificate
    if certificate.infinite:
        return "no maximum"
    if not certificate.converged:
        return "not converged"
    if certificate.short:
        return "ended by your rule"
    return "certified, singular" if certificate.is_singular else "certified"
