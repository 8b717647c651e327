"""Which of the fits to use, and why, in words; a higher AIC is never passed over."""

from __future__ import annotations

from mixedeffects.errors import MixedEffectsError
from mixedeffects.inference.comparison import objective_without_random
from mixedeffects.model.doctor import collinearity, near_zero, scaling
from mixedeffects.model.doctor.record import AIC_SLACK, LOGLIK_SLACK, Recommendation

# a change of the log-likelihood that nobody would mention
PRACTICALLY = 5e-3


def recommend(trials, bench):
    """The trial to use.

    Parameters
    ----------
    trials : sequence of Trial
        On one footing, the asked fit first; it may be alone.
    bench : Bench

    Returns
    -------
    Recommendation
    """
    asked, others = trials[0], [t for t in trials[1:] if t.fit is not None]
    if asked.fit.certificate.infinite:
        return _keep(asked, _no_maximum(asked))
    if asked.regular:
        return _of_regular(asked, others, bench)
    if asked.certified:
        return _of_singular(asked, others, bench)
    return _of_unproved(asked, others)


def _keep(asked, reason):
    return Recommendation(asked, reason, False, asked.aic, asked.aic)


def _use(trial, asked, reason):
    """Recommend a trial; the words say what happens to the AIC."""
    if trial.aic > asked.aic + AIC_SLACK:
        why = (
            "the asked fit is not a maximum, so its AIC is not that of the model"
            if not asked.certified
            else "what was asked for could not be fitted as it was written"
        )
        reason = (
            f"{reason} Its AIC is HIGHER than the asked fit's: {trial.aic:.2f} against "
            f"{asked.aic:.2f}; {why}."
        )
    elif trial.aic < asked.aic - AIC_SLACK:
        reason = f"{reason} AIC {asked.aic:.2f} → {trial.aic:.2f}."
    else:
        reason = f"{reason} AIC {trial.aic:.2f}, the same."
    return Recommendation(trial, reason, True, trial.aic, asked.aic)


def _of_regular(asked, others, bench):
    """A certified fit that is not singular: only its predictors can be amiss."""
    if bench.verdict("scale") == "problem":
        found = [t for t in others if t.remedy == scaling.NAME and t.certified]
        if found:
            names = [a.name for a in asked.fit.design.aliased]
            return _use(found[0], asked, (
                f"The asked fit lost {', '.join(names)}, which only {found[0].what.split(' (')[0]} "
                "brings back."
            ))  # fmt: skip
    if bench.verdict("collinearity") == "problem":
        found = [t for t in others if t.remedy == collinearity.NAME and t.regular]
        best = min(found, key=lambda t: t.aic, default=None)
        if best is not None and best.aic < asked.aic - AIC_SLACK:
            return _use(best, asked, (
                f"{best.what}: their coefficients cannot be told apart, and without it the "
                f"log-likelihood {_loss(asked, best)}."
            ))  # fmt: skip
        if best is not None:
            return _keep(asked, (
                "Keep the asked model: its optimum is certified, and leaving out a collinear "
                f"predictor raises the AIC ({asked.aic:.2f} → {best.aic:.2f} at best). The "
                "coefficients of collinear predictors have large standard errors; read them "
                "together."
            ))  # fmt: skip
    small = _lowest(
        [t for t in others if t.remedy == near_zero.NAME and t.aic < asked.aic - AIC_SLACK]
    )
    if small is not None:
        return _use(small, asked, (
            "The asked fit is certified, but random slopes of it add next to nothing to the "
            f"response; with {small.what} the log-likelihood {_loss(asked, small)}{_test(small)}."
        ))  # fmt: skip
    return _keep(asked, (
        "Keep the asked model: its optimum is certified and no variance is on the boundary."
    ))  # fmt: skip


def _of_singular(asked, others, bench):
    """A certified singular fit is a legal answer; a simpler model must not cost AIC."""
    best = _simpler(asked, others)
    if best is None and bench.verdict("collinearity") == "problem":
        found = [t for t in others if t.remedy == collinearity.NAME]
        best = _lowest([t for t in found if t.aic < asked.aic - AIC_SLACK])
        if best is not None:
            left = "" if best.regular else "; it is still singular"
            return _use(best, asked, (
                f"The asked fit is singular and its predictors are collinear; with {best.what} the "
                f"log-likelihood {_loss(asked, best)}{left}."
            ))  # fmt: skip
    if best is None:
        cheapest = min((t for t in _random(others) if t.regular), key=lambda t: t.aic, default=None)
        more = (
            "no simpler mixed model is better" if cheapest is None
            else f"the best model without a zero variance has a higher AIC ({cheapest.aic:.2f}, "
            f"against {asked.aic:.2f})"
        )  # fmt: skip
        return _keep(asked, (
            "Keep the asked model: the optimum is certified, and a variance of exactly zero in "
            f"some direction is its maximum, a legal answer; {more}. Say in the report that "
            f"the fit is singular.{_without_random(asked)}"
        ))  # fmt: skip
    return _use(best, asked, _why_simpler(asked, best, "the asked fit is certified, but singular"))


def _without_random(asked):
    """Where one random effect is all there is: what the model without it would say."""
    fit = asked.fit
    if fit.theta.size > 1:
        return ""
    try:
        objective = objective_without_random(fit)
    except MixedEffectsError:
        return ""
    name = "Ordinary regression" if fit.linear else "A generalised linear model"
    return (
        f" {name}, without random effects, has log-likelihood {-0.5 * objective:.3f} against "
        f"{asked.loglik:.3f} and one parameter fewer."
    )


def _simpler(asked, others):
    """The certified model of lowest AIC below the asked one's, rather one that is not singular."""
    return _lowest([t for t in _random(others) if t.aic < asked.aic - AIC_SLACK])


def _random(others):
    """Other random effects, the same predictors: none is given up for what random effects do."""
    return [t for t in others if not t.same_model and t.remedy != collinearity.NAME]


def _lowest(trials):
    """The certified one of lowest AIC, rather one that is not singular; None if there is none."""
    for usable in ([t for t in trials if t.regular], [t for t in trials if t.certified]):
        if usable:
            return min(usable, key=lambda t: t.aic)
    return None


def _why_simpler(asked, best, opening):
    if best.remedy == scaling.NAME:
        moved = best.what.split(" (")[0]
        return (
            f"{opening[0].upper()}{opening[1:]}, because '||' says that intercept and slope are "
            f"uncorrelated where the predictor is zero, far from the data. With {moved} the "
            f"log-likelihood {_loss(asked, best)}."
        )
    fewer = asked.npar - best.npar
    what = f"{fewer} parameter{'s' * (fewer != 1)} fewer" if fewer > 0 else "as many parameters"
    left = "" if best.regular else "; it is still singular"
    return (
        f"{opening[0].upper()}{opening[1:]}: it has more random effects than the data support. "
        f"This model has {what}, and the log-likelihood {_loss(asked, best)}"
        f"{_test(best)}{left}."
    )


def _test(trial):
    """The test against the asked model, in brackets, if there is one."""
    p = trial.p_value
    if p != p:
        return ""
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
        opening = f"{way.remedy} ({way.what}) gives a certified optimum of the asked model"
        simpler = None if way.regular else _simpler(way, others)
        if simpler is not None:
            return _use(simpler, asked, _why_simpler(
                way, simpler, f"{opening}, log-likelihood {way.loglik:.3f}, but it is singular"
            ))  # fmt: skip
        tail = "" if way.regular else " It is singular, which is a legal answer."
        return _use(way, asked, (
            f"{opening[0].upper()}{opening[1:]}; the log-likelihood {_loss(asked, way)}.{tail}"
        ))  # fmt: skip
    if asked.fit.certificate.short:
        remaining = 0.5 * asked.fit.certificate.remaining
        return _keep(asked, (
            "Your own rule ended the search short of a certified optimum: the log-likelihood can "
            f"still rise by about {remaining:.1g}. Without converged= the search goes on to it."
        ))  # fmt: skip
    for among, trials in (
        ("with the asked predictors", _random(others)),
        ("that were tried", [t for t in others if not t.same_model]),
    ):
        best = _lowest(trials)
        if best is not None:
            kind = "certified and not singular" if best.regular else "certified"
            return _use(best, asked, (
                "No way to a certified optimum of the asked model was found. Of the models "
                f"{among} that are {kind} this has the lowest AIC ({best.what}); its "
                f"log-likelihood is {best.loglik:.3f}, against {asked.loglik:.3f} where the asked "
                "fit stopped."
            ))  # fmt: skip
    tried = sum(t.fit is not None for t in others)
    if not tried:
        return _keep(asked, "Do not report this fit: it has no certified optimum.")
    return _keep(asked, (
        f"Nothing that was tried ({tried} fit{'s' * (tried != 1)}) has a certified optimum. Do not "
        "report this fit: look at the data for the terms named above, or write a simpler model."
    ))  # fmt: skip


def _no_maximum(asked):
    certificate = asked.fit.certificate
    return (
        f"No optimiser can help: {certificate.message}. What to do: "
        f"{'; '.join(certificate.advice)}."
    )
