"""`diagnose`: what may be wrong with a fit, what was tried, what to use."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from mixedeffects.assumptions import assumptions
from mixedeffects.display import Diagnosis
from mixedeffects.display.results import Printing
from mixedeffects.errors import OptionError
from mixedeffects.inference.checkup import checkup, lost_columns, spanned_effects
from mixedeffects.remedies import caveats
from mixedeffects.remedies.bench import Bench
from mixedeffects.remedies.collinearity import check_collinearity
from mixedeffects.remedies.identified import identify
from mixedeffects.remedies.iterations import more_iterations
from mixedeffects.remedies.measure import measured
from mixedeffects.remedies.missing_terms import lacking
from mixedeffects.remedies.near_zero import drop_near_zero, small_slopes
from mixedeffects.remedies.optimisers import another_optimiser
from mixedeffects.remedies.quadrature import with_quadrature
from mixedeffects.remedies.recommending import recommend
from mixedeffects.remedies.record import DiagnosisFacts, Trial
from mixedeffects.remedies.scaling import scale_predictors
from mixedeffects.remedies.simplify import simplify

#: The six remedies, in the order in which they are tried.
REMEDIES = (
    simplify, scale_predictors, check_collinearity, more_iterations, another_optimiser,
    drop_near_zero,
)  # fmt: skip
# seconds that all tries together may take
BUDGET = 60.0
# states of a certificate that a verdict says in other words
STATE_WORDS = {"ended by rule": "ended by your rule", "singular": "certified, singular"}


def diagnose(fit, *, remedies="auto", budget=BUDGET):
    """What may be wrong with a fit; where something is, six remedies tried, and one recommended.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    remedies : {"auto", True, False}
        "auto" tries them where a check finds a problem, or a random slope that adds next to
        nothing; True always; False never.
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
    predictor that lies far from zero. A predictor that the fit lost because it lies too far from
    zero is brought back first, and the remedies start from there. None is left out for what
    random effects do, only where a certified, regular fit can hardly tell two coefficients apart;
    the reason then says that the other coefficients change their meaning. Among simpler models
    the lowest AIC decides; within a difference of 1, a model without a zero variance is preferred
    to one with. A model with a higher AIC than the asked fit is recommended only where the asked
    fit is no maximum or is not what was asked for, and the reason says so, with both numbers; a
    model with a lower AIC that is passed over is named. Where
    variances are not in the data, formulas are looked for whose variances are, and nothing else.

    An optimum of a wrong model is an optimum: what the response and the residuals say against the
    assumptions (values piled up, skewness, tails, spread, dispersion of counts, zeros, curvature,
    effects that differ within groups and between them) is looked at apart, and no remedy of those
    six is for it; nor for a random slope, or a combination of a group with a category, that the
    model lacks: each is fitted and tested where that takes a moment. A departure is named where
    chance makes it once in a thousand, and only from a size that matters; the other model that its
    sentence names is for you to choose.

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), arXiv 1506.04967; Matuschek, Kliegl, Vasishth,
    Baayen & Bates (2017), doi:10.1016/j.jml.2017.01.001.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(fit.diagnose())
    Optimum: certified, no variance on the boundary.
    The optimum is sound; that does not judge the model, and what follows does.
    Assumptions: nothing is plainly wrong, 1 thing to look at.
      look: tails: the tails of the residuals are heavier than the model's (excess kurtosis 7.57, 0
        under the model): 3 rows beyond 4 standard deviations (1 above, 2 below), the farthest is
        row 56 (counted from 0), +5.5. Look at such rows, or fit the same by glmm(…, family="t").
    """
    if not (remedies == "auto" or isinstance(remedies, bool)):
        raise OptionError(f"remedies={remedies!r} is not one of 'auto', True, False")
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not budget > 0:
        raise OptionError(f"budget={budget!r} must be a positive number of seconds")
    checks = checkup(fit)
    bench = Bench(fit, checks, float(budget))
    hopeless = fit.certificate.hopeless or bench.verdict("edge") == "problem"
    wanted = needs_help(fit, checks) if remedies == "auto" else remedies
    trials = [Trial("asked", "as it is", fit.formula, fit=fit, same_model=True)]
    start, base = bench, 0
    if wanted and not hopeless:
        found, start = tried(bench)
        trials += found
        base = int(start is not bench)
    trials, notes = measured(trials, base)
    recommendation = recommend(trials, start, base)
    off = bench.verdict("approximation") == "problem" and not hopeless
    if off and not recommendation.changed:
        recommendation, trials = with_quadrature(bench, trials, recommendation)
    lost = caveats.rows_to_gain(trials)
    if lost and recommendation.changed and caveats.reads_less(recommendation.trial.fit, fit):
        recommendation = replace(recommendation, reasons=(*recommendation.reasons, lost))
    elif lost:
        notes = (*notes, lost)
    if hopeless:
        if not fit.certificate.hopeless:
            why = "it is the link that does not suit"
        elif fit.certificate.no_maximum:
            why = "the likelihood has no maximum"
        else:
            why = "the likelihood is not approximated"
        notes = (f"No remedy was tried: {why}.",)
    looked_at, unseen = assumptions(fit)
    facts = DiagnosisFacts(
        fit, (*checks, *looked_at, *lacking(fit)), trials if len(trials) > 1 else (),
        recommendation, notes if wanted else (), unseen,
    )  # fmt: skip
    return Diagnosis(
        facts, verdicts(trials, recommendation, base), Printing(fit.design.spec.to_frame)
    )


def needs_help(fit, checks):
    """Whether a check found a problem, random slopes add next to nothing, or fixed effects do."""
    troubled = any(check.verdict == "problem" and check.name != "approximation" for check in checks)
    return troubled or bool(small_slopes(fit)) or bool(spanned_effects(fit))


def tried(bench):
    """Every remedy, from the asked fit; from one with its lost predictors back, if it lost any.

    A fit that lost a predictor is of another model than the asked one, and so would be all that
    is tried from it: the predictor comes back first.

    Returns
    -------
    trials : list of Trial
    start : Bench
        Of the fit that the remedies started from: the first trial's, if not the one that was
        given.
    """
    if bench.asked.certificate.flat and not bench.spanned:
        return identify(bench), bench
    if not lost_columns(bench.asked):
        return [trial for remedy in REMEDIES for trial in remedy(bench)], bench
    back = scale_predictors(bench)
    found = back[0].back and back[0].fit is not None
    start = bench.moved(back[0].fit) if found else bench
    others = [remedy for remedy in REMEDIES if remedy is not scale_predictors]
    return [*back, *(trial for remedy in others for trial in remedy(start))], start


def verdicts(trials, recommendation, base=0):
    """What came of each trial, in words.

    Returns list of str.

    Parameters
    ----------
    base : int
        Place of the fit that the remedies started from.
    """
    out = []
    for i, trial in enumerate(trials):
        words = verdict(trial, trials[0], trial.same_model and not 0 < base < i)
        # a fit that is only all there is must not be reported
        best = trial is recommendation.trial and (trial.certified or recommendation.changed)
        out.append(f"RECOMMENDED: {words}" if best else words)
    return out


def verdict(trial, asked, same_model):
    """What came of one trial, in words."""
    if trial.fit is None:
        return trial.words
    state = trial.fit.certificate.state
    state = STATE_WORDS.get(state, state)
    if trial is asked:
        return state
    gain, change = trial.loglik - asked.loglik, trial.aic - asked.aic
    if same_model:
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
