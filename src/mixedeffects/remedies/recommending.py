"""Which of the fits to use, and why, in sentences."""

from __future__ import annotations

from mixedeffects.errors import MixedEffectsError
from mixedeffects.remedies import caveats, identified, near_zero, scaling
from mixedeffects.remedies.record import (
    AIC_SLACK,
    LOGLIK_SLACK,
    NEARLY,
    Recommendation,
)

# a change of the log-likelihood that nobody would mention
PRACTICALLY = 5e-3


def recommend(trials, bench, base=0):
    """The trial to use.

    Returns a `Recommendation`.

    Parameters
    ----------
    trials : sequence of Trial
        On one footing, the asked fit first; it may be alone.
    bench : Bench
        Of the fit that the remedies started from.
    base : int
        Place of that fit among the trials: the asked one, or one with the predictors back that
        the asked one lost.

    Notes
    -----
    The asked model is left where it has no certified optimum or has a variance of zero, not for
    a lower AIC alone. Among simpler models the AIC decides, as Matuschek et al. (2017) have it:
    stopping where the first variance is not zero would throw away what the data do support.
    Within a difference of 1, in which the AIC says nothing, the model without a zero variance is
    preferred, that is the parsimony of Bates et al. (2015). No predictor is left out for what
    random effects do: the other coefficients would answer another question.

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), arXiv 1506.04967; Matuschek, Kliegl, Vasishth,
    Baayen & Bates (2017), doi:10.1016/j.jml.2017.01.001.
    """
    first, start = trials[0], trials[base]
    others = [t for t in trials[base + 1 :] if t.fit is not None]
    trial, sentences = _choose(start, others, bench)
    if start.back and not trial.certified:  # with its predictors it cannot be fitted
        back = ", ".join(start.back)
        trial, sentences = first, [f"With {back} back nothing that was tried is certified."]
        if not first.certified:
            sentences.append("Do not report this fit: it has no certified optimum.")
    elif start.back:
        sentences = [caveats.brought_back(start), *sentences]
    sentences += [
        caveats.aic_words(trial, first),
        caveats.passed_over(trial, trials),
        caveats.still_lost(trial, trials),
        caveats.chosen_afterwards(trial),
        caveats.skipped(trials, bench.budget),
        caveats.still_collinear(trial, first),
        caveats.to_try_by_hand(trials),
        caveats.why_refused(trial, trials),
    ]
    said = tuple(sentence for sentence in sentences if sentence)
    return Recommendation(trial, said, trial is not first, trial.aic, first.aic)


def _choose(asked, others, bench):
    """(trial, list of sentences), by what the fit that the remedies started from is."""
    if asked.fit.certificate.hopeless:
        return asked, [_no_maximum(asked)]
    if bench.verdict("edge") == "problem":
        return asked, [_at_edge(asked)]
    if bench.spanned:
        return _of_spanned(asked, others, bench)
    if asked.fit.certificate.flat:
        return identified.recommended(asked, others)
    if asked.regular:
        return _of_regular(asked, others, bench)
    if asked.certified:
        return _of_singular(asked, others, bench)
    return _of_unproved(asked, others)


def _of_spanned(asked, others, bench):
    """A random term that the fixed effects determine goes: the data say nothing of it."""
    best = next((t for t in others if t.spanned and t.certified), None)
    if best is None:
        terms = " and ".join(bench.spanned)
        sentences = [
            f"Leave out {terms}: the fixed effects determine all that it could vary, so that these "
            "data say nothing of its variance, and no optimiser can."
        ]
        if {part.text for part in bench.formula.random} <= set(bench.spanned):
            sentences += [
                "No random effect is then left: that is ordinary regression.",
                _without_random(asked),
            ]
        return asked, sentences
    sentences = [
        f"{' and '.join(best.spanned)} cannot be told from the fixed effects, which have already "
        "a coefficient for all that it could vary: whatever the response, the data say nothing of "
        f"its variance, and no optimiser can. Without it the log-likelihood {_loss(asked, best)}."
    ]
    simpler = None if best.regular else _simpler(best, [t for t in others if not t.spanned])
    if simpler is not None:
        return simpler, [*sentences, *_why_simpler(best, simpler, "That fit is singular")]
    tail = "" if best.regular else "It is singular, which is a legal answer."
    return best, [*sentences, tail]


def _kept(asked):
    """The name of the model, for "Keep …"."""
    return f"the model with {', '.join(asked.back)}" if asked.back else "the asked model"


def _of_regular(asked, others, bench):
    """A certified fit that is not singular: only collinearity, or next to no variance."""
    if bench.verdict("collinearity") == "problem":
        found = [t for t in others if t.gone and t.regular]
        best = min(found, key=lambda t: t.aic, default=None)
        if best is not None and best.aic < asked.aic - AIC_SLACK:
            return best, [
                f"{best.what}: their coefficients cannot be told apart, and without it the "
                f"log-likelihood {_loss(asked, best)}.",
                _other_question(best),
            ]
        if best is not None:
            return asked, [
                f"Keep {_kept(asked)}: its optimum is certified, and leaving out a collinear "
                f"predictor raises the AIC ({asked.aic:.2f} → {best.aic:.2f} at best). The "
                "coefficients of collinear predictors have large standard errors; read them "
                "together."
            ]
    small = _lowest([t for t in others if t.remedy == near_zero.NAME and _below(t, asked)])
    if small is not None:
        return small, [
            "The asked fit is certified, but random slopes of it add next to nothing to the "
            f"response; with {small.what} the log-likelihood {_loss(asked, small)}{_test(small)}."
        ]
    opening = "With it the" if asked.back else "Keep the asked model: its"
    return asked, [f"{opening} optimum is certified and no variance is on the boundary."]


def _of_singular(asked, others, bench):
    """A certified singular fit is a legal answer; a simpler model must not cost AIC."""
    best = _simpler(asked, others)
    if best is not None:
        opening = "The fit is certified, but singular" if asked.back else (
            "The asked fit is certified, but singular"
        )  # fmt: skip
        return best, _why_simpler(asked, best, opening)
    cheapest = min((t for t in _random(others) if t.regular), key=lambda t: t.aic, default=None)
    more = (
        "no simpler mixed model is better" if cheapest is None
        else f"the best model without a zero variance has a higher AIC ({cheapest.aic:.2f}, "
        f"against {asked.aic:.2f})"
    )  # fmt: skip
    sentences = [
        f"Keep {_kept(asked)}: the optimum is certified, and a variance of exactly zero in some "
        f"direction is its maximum, a legal answer; {more}. Say in the report that the fit is "
        "singular.",
        _without_random(asked),
    ]
    if bench.verdict("collinearity") == "problem":
        sentences.append(_left_to_you([t for t in others if t.gone and t.certified]))
    return asked, sentences


def _without_random(asked):
    """Where one random effect is all there is: what the model without it would say."""
    fit = asked.fit
    if fit.theta.size > 1:
        return ""
    try:
        objective = fit.objective_without_random()
    except MixedEffectsError:
        return ""
    name = fit.kind.without_random
    return (
        f"{name}, without random effects, has log-likelihood {-0.5 * objective:.3f} against "
        f"{asked.loglik:.3f} and one parameter fewer."
    )


def _left_to_you(trials):
    """A model without a predictor, named and not recommended."""
    best = min(trials, key=lambda t: t.aic, default=None)
    if best is None:
        return ""
    return (
        f"Without {_names(best.gone)} ({best.formula}) the fit is certified, with AIC "
        f"{best.aic:.2f}; that is for you to decide, and not done here. {_other_question(best)}"
    )


def _other_question(trial):
    """What leaving out a predictor does to the coefficients of the others."""
    return (
        f"Leaving out {_names(trial.gone)} changes what the other coefficients estimate: they are "
        "no longer adjusted for it."
    )


def _names(names):
    return " and ".join(f"'{name}'" for name in names)


def _below(trial, asked):
    """Whether a trial's AIC is lower by more than rounding."""
    return trial.aic < asked.aic - AIC_SLACK


def _simpler(asked, others):
    """The best certified model among those of lower AIC than the asked one; None without one."""
    return _lowest([t for t in _random(others) if _below(t, asked)])


def _random(others):
    """Other random effects, the same predictors: none is given up for what random effects do."""
    return [t for t in others if not t.same_model and not t.gone]


def _lowest(trials):
    """The certified one of lowest AIC; one without a zero variance, where that is as good."""
    usable = [t for t in trials if t.certified]
    if not usable:
        return None
    lowest = min(usable, key=lambda t: t.aic)
    regular = [t for t in usable if t.regular and t.aic < lowest.aic + NEARLY]
    return min(regular, key=lambda t: t.aic, default=lowest)


def _why_simpler(asked, best, opening):
    if best.remedy == scaling.NAME:
        moved = best.what.split(" (")[0]
        return [
            f"{opening}, because '||' says that intercept and slope are uncorrelated where the "
            f"predictor is zero, far from the data. With {moved} the log-likelihood "
            f"{_loss(asked, best)}."
        ]
    fewer = asked.npar - best.npar
    what = f"{fewer} parameter{'s' * (fewer != 1)} fewer" if fewer > 0 else "as many parameters"
    left = "" if best.regular else "; it is still singular"
    return [
        f"{opening}: it has more random effects than the data support. This model has {what}, "
        f"and the log-likelihood {_loss(asked, best)}{_test(best)}{left}."
    ]


def _test(trial):
    """The test against the fit that it started from, in brackets, or why there is none."""
    p = trial.p_value
    if p != p:
        return f" ({trial.note})" if trial.note else ""
    return f" (likelihood-ratio test p = {p:.3f})" if p >= 0.001 else " (test p < 0.001)"


def _loss(asked, best):
    """How a log-likelihood compares with the asked fit's."""
    change = best.loglik - asked.loglik
    if abs(change) <= LOGLIK_SLACK:
        return f"is the same, {best.loglik:.4f}"
    if abs(change) < PRACTICALLY:
        return f"is practically the same ({best.loglik:.3f}, against {asked.loglik:.3f})"
    word = "rises" if change > 0 else "falls"
    return f"{word} by {abs(change):.3g}, from {asked.loglik:.3f} to {best.loglik:.3f}"


def _of_unproved(asked, others):
    """Without a certified optimum: first another way to the same model, then a simpler model."""
    same = [t for t in others if t.same_model and t.certified]
    if same:
        highest = max(t.loglik for t in same)
        way = next(t for t in same if t.loglik >= highest - LOGLIK_SLACK)
        opening = f"{way.remedy} ({way.what}) gives a certified optimum of {_kept(asked)}"
        opening = opening[0].upper() + opening[1:]
        simpler = None if way.regular else _simpler(way, others)
        if simpler is not None:
            return simpler, _why_simpler(
                way, simpler, f"{opening}, log-likelihood {way.loglik:.3f}, but it is singular"
            )
        tail = "" if way.regular else "It is singular, which is a legal answer."
        return way, [f"{opening}; the log-likelihood {_loss(asked, way)}.", tail]
    if asked.fit.certificate.short:
        remaining = 0.5 * asked.fit.certificate.remaining
        return asked, [
            "Your own rule ended the search short of a certified optimum: the log-likelihood can "
            f"still rise by about {remaining:.1g}. Without converged= the search goes on to it."
        ]
    best = _lowest(_random(others))
    if best is not None:
        kind = "certified and not singular" if best.regular else "certified"
        return best, [
            f"No way to a certified optimum of {_kept(asked)} was found. Of the models with its "
            f"predictors that are {kind} this has the lowest AIC ({best.what}); its log-likelihood "
            f"is {best.loglik:.3f}, against {asked.loglik:.3f} where the asked fit stopped."
        ]
    if not others:
        return asked, ["Do not report this fit: it has no certified optimum."]
    many = f"{len(others)} fit{'s' * (len(others) != 1)}"
    return asked, [
        f"Nothing that was tried ({many}) and has the asked predictors has a certified optimum. Do "
        "not report this fit: look at the data for the terms named above, or write a simpler "
        "model.",
        _left_to_you([t for t in others if t.gone and t.certified]),
    ]


def _no_maximum(asked):
    certificate = asked.fit.certificate
    return (
        f"No optimiser can help: {certificate.message}. What to do: "
        f"{'; '.join(certificate.advice)}."
    )


def _at_edge(asked):
    certificate = asked.fit.certificate
    return (
        "Do not report this fit: no optimiser leaves the edge of what the means can be. What to "
        f"do: {'; '.join(certificate.advice)}."
    )
