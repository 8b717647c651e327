"""How much lies between groups: ICC, standard deviations, ranges, correlations, R²."""

from __future__ import annotations

import math

from mixedeffects.display.words.clauses import random_name, where
from mixedeffects.display.words.phrases import (
    coverage,
    interval,
    minus,
    percent,
    size,
    some,
    upper_first,
)

RANGE = "95% of the levels"


def icc_sentences(facts):
    """The share of the variance between the levels of each factor.

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    if facts.icc is None:
        return []
    c = facts.icc.columns
    level = facts.summary.level
    scale = "" if facts.link is None else " on the scale of the linear predictor"
    slopes = any(v.name != "(Intercept)" for v in facts.variations)
    averaged = ", averaged over the rows" if slopes else ""
    out = []
    names = list(c["group"])
    for i, group in enumerate(names):
        if group == "total" and len(names) <= 2:
            continue
        where_ = "the grouping factors together" if group == "total" else f"levels of {group}"
        between = "between levels of" if group == "total" else "between"
        share, lower, upper = (float(c[n][i]) for n in ("icc", "lower", "upper"))
        known = interval(lower, upper, level, lambda v: f"{v:.3f}")
        text = (
            f"{upper_first(percent(share))} of the variance{scale} that the fixed effects leave "
            f"lies {between} {where_}{averaged} (ICC = {share:.3f}"
        )
        out.append(text + (f", {known})." if known else ", no interval)."))
    return out


def random_sentences(facts):
    """The spread of every random effect, its range over the levels, correlations, the residual.

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    level = facts.summary.level
    out = [_spread(facts, v, level) for v in facts.variations]
    out += [_association(a, level) for a in facts.associations]
    for group in facts.independent:
        out.append(
            f"The random effects of {group.removeprefix('zi: ')} are taken as independent (||): "
            "no correlation was estimated."
        )
    sigma = facts.summary.varcorr.sigma
    if sigma is not None:
        out.append(
            "Rows scatter about the expected value of their own levels with standard deviation "
            f"{size(sigma)} (residual)."
        )
    for label, value, error in facts.summary.parameters:
        known = f", standard error {size(error, 3)}" if math.isfinite(error) else ""
        out.append(f"The {label} is {size(value, 4)}{known}.")
    return out


def _spread(facts, v, level):
    what = random_name(v.name)
    part = " in the part of the zeros" if v.component != "conditional" else ""
    if v.sd == 0.0:
        return (
            f"The {what} is estimated to be the same for all levels of {v.group}{part} "
            "(standard deviation 0)."
        )
    known = interval(v.lower, v.upper, level, lambda x: size(x))
    text = f"Between levels of {v.group} the {what} varies{part} with standard deviation "
    text += f"{size(v.sd)}" + (f" ({known})" if known else "")
    scale = "" if facts.link in (None, "identity") else f" on the {facts.link} scale"
    if facts.kind == "log value":
        scale = f" on the scale of {facts.response}"
    if v.fixed is None:
        return f"{text}: for {RANGE} it is within {size(v.high, 4)} of the average{scale}."
    given = next((e.given for e in facts.effects if e.name == v.name), ())
    place = where(given)
    text += f": for {RANGE} it lies between {size(v.low, 4)} and {size(v.high, 4)}{scale}"
    if v.shown is not None:
        text += f", an expected {_unit(facts)} from {size(v.shown[0], 3)} to {size(v.shown[1], 3)}"
    return text + (f", {place}." if place else ".")


def _unit(facts):
    if facts.distribution in ("binomial", "betabinomial"):
        return "probability"
    return "rate" if facts.rate else facts.response


def _association(a, level):
    first, second = random_name(a.first), random_name(a.second)
    head = f"Among levels of {a.group}, {first} and {second} "
    if not math.isfinite(a.value):
        return f"{head}have no correlation: one of them does not vary."
    value = minus(f"{a.value:.2f}")
    known = interval(a.lower, a.upper, level, lambda v: minus(f"{v:.2f}"))
    text = f"{head}correlate {value}" + (f" ({known})" if known else " (no interval)")
    if not known:
        return f"{text}."
    if a.lower <= 0.0 <= a.upper:
        return f"{text}, which is not clearly different from zero."
    high = "high" if a.value > 0 else "low"
    if a.slopes == "negative":
        high, how = ("low" if high == "high" else "high"), "steeper (more negative)"
    else:
        how = "steeper" if a.slopes == "positive" else "higher"
    return f"{text}: levels with a {high} {first} tend to have a {how} {second}."


def explained_sentences(facts):
    """Marginal and conditional R².

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    if facts.r2 is None:
        return []
    c = facts.r2.columns
    found = dict(zip(c["measure"], (float(v) for v in c["r2"]), strict=True))
    scale = "" if facts.link is None else " on the scale of the linear predictor"
    marginal, conditional = found["marginal"], found["conditional"]
    return [
        f"The fixed effects explain {percent(marginal)} of the variance{scale} (marginal "
        f"R² = {marginal:.3f}), fixed and random effects together {percent(conditional)} "
        f"(conditional R² = {conditional:.3f}; Nakagawa and Schielzeth)."
    ]


def clustering_sentences(facts):
    """What least squares, which takes all rows as independent, would have claimed.

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    c = facts.clustering
    if c is None:
        return []
    out = []
    if c.group is not None and c.icc == 0.0:
        out.append(
            f"The estimated ICC is 0: ignoring {c.group} would have changed nothing but what is "
            "said about other levels."
        )
    elif c.group is not None:
        rows = f"{c.rows:,.1f}".removesuffix(".0")
        out.append(
            f"With {rows} rows per level and an ICC of {c.icc:.3f}, the variance of a mean is "
            f"{c.design_effect:.3g} times that of as many independent rows (design effect "
            f"1 + ({rows} − 1) × {c.icc:.3f}): {facts.summary.nobs:,} rows say as much about it "
            f"as {c.effective:,.0f} independent ones."
        )
    low = [(t, r) for t, r in zip(c.terms, c.ratio, strict=True) if r**2 > NOTABLE]
    high = [(t, r) for t, r in zip(c.terms, c.ratio, strict=True) if r**2 < 1 / NOTABLE]
    if low:
        shown = _ratios(low, lambda r: r)
        out.append(
            "Least squares, which takes all rows as independent, would have understated standard "
            f"errors: those of the mixed model are larger {shown}."
        )
    if high:
        shown = _ratios(high, lambda r: 1 / r)
        out.append(
            "For what varies within levels least squares would have been too cautious: its "
            f"standard errors are larger than those of the mixed model {shown}."
        )
    return out


# ratio of variances below which ignoring the groups made no difference to speak of
NOTABLE = 1.1
MOST = 5


def _ratios(found, of):
    found = sorted(found, key=lambda pair: -of(pair[1]))
    head = "by a factor of" if len(found) == 1 else "by factors of"
    return f"{head} {some([f'{of(r):.2g} for {t}' for t, r in found], MOST)}"


def standout_sentences(facts):
    """Levels whose prediction's interval leaves out zero.

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    out = []
    for s in facts.standouts:
        what = random_name(s.term)
        if not s.above and not s.below:
            out.append(
                f"No level of {s.group} stands out in its {what}: all {s.n_levels:,} intervals "
                "include zero."
            )
            continue
        article = "an" if what[0] in "ie" else "a"
        up = _counted(s.above, f"{article} {what} reliably above the average")
        down = _counted(s.below, "one reliably below it")
        out.append(f"Of {s.n_levels:,} levels of {s.group}, {up} and {down}.")
    if any(s.above or s.below for s in facts.standouts):
        out.append(
            f"Reliably means that the {coverage(facts.summary.level)} interval of the level's "
            "predicted deviation, given the estimated variances, leaves out zero; the intervals "
            "are not adjusted for their number."
        )
    return out


def _counted(names, what):
    """As in "2 have an intercept reliably above the average (337 and 330)"."""
    if not names:
        return f"none has {what}"
    return f"{len(names):,} {'has' if len(names) == 1 else 'have'} {what} ({some(names)})"
