"""What must be said with a recommendation: each function gives one sentence, or ""."""

from __future__ import annotations

from mixedeffects.inference.checkup import collinearity, lost_columns
from mixedeffects.remedies.record import AIC_SLACK, NEARLY, REFUSED, SKIPPED

# a difference of AIC that its two digits do not show
UNSEEN = 5e-3


def brought_back(base):
    """That a predictor which the asked fit lost is back."""
    if not base.back:
        return ""
    names = ", ".join(base.back)
    return f"The asked fit lost {names}, which {base.what.split(' (')[0]} brings back."


def still_lost(trial, trials):
    """That a fit is without a predictor of its formula."""
    lost = lost_columns(trial.fit)
    if not lost:
        return ""
    centred = ", ".join(f"center({name})" for name in lost)
    why = next((f" ({t.words})" for t in trials if t.fit is None and t.back), "")
    return (
        f"This fit is WITHOUT {', '.join(lost)}: dropped, because so far from zero it is constant "
        f"to 7 digits. Write {centred} in its place{why}."
    )


def aic_words(trial, first):
    """What happens to the AIC; a higher one is never passed over."""
    if trial is first:
        return ""
    if trial.aic > first.aic + AIC_SLACK:
        why = (
            "the asked fit is not a maximum, so its AIC is not that of the model"
            if not first.certified
            else "what was asked for could not be fitted as it was written"
        )
        return (
            f"Its AIC is HIGHER than the asked fit's: {trial.aic:.2f} against {first.aic:.2f}; "
            f"{why}."
        )
    if trial.aic < first.aic - AIC_SLACK:
        return f"AIC {first.aic:.2f} → {trial.aic:.2f}."
    return f"AIC {trial.aic:.2f}, the same."


def passed_over(trial, trials):
    """Another certified model, with no predictor fewer, that has a lower AIC; and why it is not it.

    Parameters
    ----------
    trial : Trial
        The recommended one.
    """
    if not trial.certified:
        return ""
    n_lost = len(lost_columns(trial.fit))
    rivals = [
        t for t in trials
        if t.certified and not t.gone and len(lost_columns(t.fit)) <= n_lost
        and t.aic < trial.aic - UNSEEN
    ]  # fmt: skip
    if not rivals:
        return ""
    best = min(rivals, key=lambda t: t.aic)
    numbers = f"{best.formula} has a lower AIC, {best.aic:.2f} against {trial.aic:.2f}"
    if trial.regular and not best.regular and best.aic >= trial.aic - NEARLY:
        return (
            f"{numbers}, but a variance of zero: where the AIC differs by less than {NEARLY:g}, "
            "the model whose variances the data all support is preferred."
        )
    if trial.remedy == "asked" or trial.same_model or trial.back:
        return (
            f"{numbers}; it is another model than the one that was asked for, which has a "
            "certified optimum, and a lower AIC alone is no reason to leave that."
        )
    return f"{numbers}."


def chosen_afterwards(trial):
    """That tests after a choice made by looking at the data confirm nothing."""
    if trial.remedy == "asked" or trial.same_model or trial.back or trial.spanned:
        return ""
    return (
        "The model was chosen by looking at these data: p-values after that, of the choice and of "
        "the chosen model, describe and are no confirmatory tests."
    )


def skipped(trials, budget):
    """That something would have taken too long."""
    names = dict.fromkeys(t.remedy for t in trials if t.outcome == SKIPPED)
    if not names:
        return ""
    return (
        f"Not all was tried: {', '.join(names)} would take longer than the budget of {budget:g} s; "
        "diagnose(remedies=True, budget=...) allows more."
    )


def still_collinear(trial, first):
    """That the recommended fit has a trouble of its own."""
    if trial is first or collinearity(trial.fit).verdict != "problem":
        return ""
    return "Its predictors are still collinear: diagnose() this fit in its turn."


def to_try_by_hand(trials):
    """Formulas that need the table."""
    formulas = dict.fromkeys(t.formula for t in trials if t.by_hand and t.outcome == REFUSED)
    if not formulas:
        return ""
    return f"Not all could be tried from what the fit keeps: to try by hand, {'; '.join(formulas)}."


def why_refused(trial, trials):
    """Errors, where nothing certified was found."""
    notes = dict.fromkeys(t.note for t in trials if t.outcome == REFUSED and not t.by_hand)
    if not notes or trial is not trials[0] or trial.certified:
        return ""
    return f"Why others were refused: {'; '.join(notes)}."


def rows_to_gain(trials):
    """That a formula fitted to the table again can have more rows than here."""
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
        specs += [part.spec for part in other.design.others.values()]
        return {name for spec in specs for name in spec.columns}

    holes = {name for name, count in asked.design.missing.by_column.items() if count}
    return sorted((columns(asked) - columns(fit)) & holes)
