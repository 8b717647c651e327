"""How much lies between groups: ICC, standard deviations, ranges, correlations, R²."""

from __future__ import annotations

import math
from dataclasses import replace

from mixedeffects.display.words.cautions import span
from mixedeffects.display.words.clauses import (
    ONE,
    deviation_place,
    distant,
    offset_words,
    own_places,
    random_name,
    where,
)
from mixedeffects.display.words.identification import flat_sentences
from mixedeffects.display.words.phrases import (
    interval,
    listed,
    minus,
    number,
    percent,
    size,
    some,
    upper_first,
)
from mixedeffects.inference.checkup import FEW_LEVELS
from mixedeffects.inference.interpretation.effects import unquoted
from mixedeffects.inference.interpretation.limits import UNDETERMINED

RANGE = "95% of the levels"
DEGREES = "degrees of freedom"
# parameters whose symbol alone says little
LABELS = {"sigma": "residual standard deviation sigma"}


def icc_sentences(facts):
    """The share of the variance between the levels of each factor. Returns list of str."""
    if facts.icc is None:
        return []
    c = facts.icc.columns
    level = facts.summary.level
    scale = "" if facts.link is None else " on the scale of the linear predictor"
    slopes = any(v.name != "(Intercept)" for v in facts.variations)
    averaged = ", averaged over the rows" if slopes else ""
    nested = {v.group: v.inside for v in facts.variations if v.component == "conditional"}
    out = []
    names = list(c["group"])
    for i, group in enumerate(names):
        if group == "total" and len(names) <= 2:
            continue
        where_ = "the grouping factors together"
        if group != "total":
            where_ = f"levels of {unquoted(group)}{within(nested.get(group, ()))}"
        between = "between levels of" if group == "total" else "between"
        share, lower, upper = (float(c[n][i]) for n in ("icc", "lower", "upper"))
        if math.isnan(share):  # not in the data
            continue
        known = interval(lower, upper, level, lambda v: f"{v:.3f}")
        text = (
            f"{upper_first(percent(share))} of the variance{scale} that the fixed effects leave "
            f"lies {between} {where_}{averaged} (ICC = {share:.3f}"
        )
        out.append(text + (f", {known})." if known else ", no interval)."))
    return out


def random_sentences(facts):
    """The spread of every random effect, its range over the levels, correlations, the residual.

    Returns list of str.
    """
    level = facts.summary.level
    out = [(_spread_alike if v.alike else _spread)(facts, v, level) for v in facts.variations]
    out += [_association(facts, a, level) for a in facts.associations]
    if facts.summary.identification is not None:
        out += flat_sentences(facts.summary.identification)
    for g in facts.summary.groups:
        if g.n_levels < FEW_LEVELS:
            out.append(
                f"{unquoted(g.name)} has only {g.n_levels} levels: a variance between so few is "
                "hardly known, whatever its interval."
            )
    if any(x.reason == UNDETERMINED for x in (*facts.variations, *facts.associations)):
        out.append(
            "Where the data hardly determine a number, limits by normal approximation would span "
            'nearly all possible values and are left out; fit.confint(method="profile") has '
            "limits from the likelihood."
        )
    if any(abs(a.value) >= ONE for a in facts.associations):
        out.append(
            "A correlation of one or minus one is where the estimate met the boundary (singular "
            "fit), not a finding about the levels."
        )
    for group in facts.independent:
        name = unquoted(group.removeprefix("zi: "))
        out.append(
            f"The random effects of {name} are taken as independent (||): no correlation was "
            "estimated."
        )
    sigma = facts.summary.varcorr.sigma
    if sigma is not None and not math.isnan(sigma):
        out.append(
            "Rows scatter about the expected value of their own levels with standard deviation "
            f"{size(sigma)} (residual{', at weight one' if facts.weighted else ''})."
        )
    infinite = [name.partition(":")[0] for name in facts.summary.certificate.infinite]
    for label, value, error in facts.summary.parameters:
        if label == DEGREES and "df" in infinite:
            out.append("The degrees of freedom grow without limit: the distribution is normal.")
            continue
        if "dispersion" in infinite and label.split()[0].lower() in ("dispersion", "precision"):
            out.append(f"The {LABELS.get(label, label)} grows without limit.")
            continue
        known = f", standard error {size(error, 2)}" if math.isfinite(error) else ""
        verb = "are" if label == DEGREES else "is"
        out.append(f"The {LABELS.get(label, label)} {verb} {size(value)}{known}.")
    return out


def _spread(facts, v, level):
    what, group = random_name(v.name, (v.group, v.name) in facts.cells), unquoted(v.group)
    v, unit = _in_unit(facts, v)
    what += unit
    part = " in the part of the zeros" if v.component != "conditional" else ""
    if v.sd == 0.0:
        return (
            f"The {what} is estimated to be the same for all levels of {group}{part} "
            "(standard deviation 0)."
        )
    known = interval(v.lower, v.upper, level, lambda x: size(x))
    inside = within(v.inside)
    text = f"Between levels of {group}{inside} the {what} varies{part} with standard deviation "
    text += f"{size(v.sd)}" + (f" ({known})" if known else "")
    if v.reason == UNDETERMINED:
        return f"{text}, which the data hardly determine."
    scale = "" if facts.link in (None, "identity") else f" on the {facts.link} scale"
    if v.component != "conditional":
        scale = " on the logit scale"
    if facts.kind == "log value":
        scale = f" on the scale of {facts.response}"
    if v.fixed is None:
        centre = "zero, for the model has no average of it" if v.about_zero else "the average"
        if v.apart:
            centre = f"what its own level of {listed(map(unquoted, v.apart))} has"
        text += f": for {RANGE}{with_parents(v)} it is within {size(v.high)} of {centre}"
        return f"{text}{scale}."
    effect = next((e for e in facts.effects if e.name == v.name), None)
    given = () if effect is None else effect.given
    offset = offset_words(facts) if v.name == "(Intercept)" else ""
    place = where(given, offset)
    curved = effect is not None and bool(effect.pieces) and not effect.alone
    own = _other_columns(facts, v) if v.name == "(Intercept)" else []
    if own or curved or any(g.outside is not None for g in given):
        half = (v.high - v.low) / 2
        text += f": for {RANGE}{with_parents(v)} it is within {size(half)} of the average{scale}"
        place = deviation_place(facts, v.group, v.name, (*v.parents, *v.inside))
        if own:  # slopes of columns that the fixed effects do not have
            place = f"where {listed(f'{unquoted(name)} is 0' for name in own)}"
        return f"{text}, {place}." if place else f"{text}."
    low, high = (number(end, v.sd) for end in (v.low, v.high))
    text += f": for {RANGE}{with_parents(v)} it lies between {low} and {high}{scale}"
    if v.shown is not None:
        text += f", an expected {_unit(facts)} from {size(v.shown[0])} to {size(v.shown[1])}"
    return text + (f", {place}." if place else ".")


def _spread_alike(facts, v, level):
    """The standard deviation that several columns have by the structure of their term."""
    what = [random_name(name, (v.group, name) in facts.cells) for name in v.alike]
    group, part = unquoted(v.group), " in the part of the zeros" * (v.component != "conditional")
    every = f"Between levels of {group}{within(v.inside)} the {listed(what)}"
    if v.sd == 0.0:
        return f"{every} are estimated to be the same{part} (standard deviation 0)."
    known = interval(v.lower, v.upper, level, lambda x: size(x))
    text = f"{every} vary{part} alike, each with standard deviation {size(v.sd)}"
    text += f" ({known})" if known else ""
    if v.reason == UNDETERMINED:
        return f"{text}, which the data hardly determine."
    scale = "" if facts.link in (None, "identity") else f" on the {facts.link} scale"
    if v.component != "conditional":
        scale = " on the logit scale"
    if facts.kind == "log value":
        scale = f" on the scale of {facts.response}"
    half = (v.high - v.low) / 2
    centre = "zero, for the model has no average of them" if v.about_zero else "its average"
    return f"{text}: for {RANGE}{with_parents(v)} each is within {size(half)}{scale} of {centre}."


def _in_unit(facts, v):
    """A slope for as many units as the coefficient is said for, and how that is said."""
    effect = next((e for e in facts.effects if e.name == v.name), None)
    if effect is None or not effect.pieces or v.component != "conditional":
        return v, ""
    step = math.prod(piece.step for piece in effect.pieces)
    if step == 1.0:
        return v, ""
    names = ("sd", "lower", "upper", "low", "high")
    return replace(v, **{name: step * getattr(v, name) for name in names}), f" per {step:,g} units"


def _other_columns(facts, v):
    """Slopes of the same factor that no fixed effect has: an intercept is where they are zero."""
    fixed = {e.name for e in facts.effects}
    names = [name for group, own, _ in facts.random if group == v.group for name in own]
    return [name for name in names if name not in fixed and "[" not in name]


def within(parents):
    """As in " within nation"; "" of a factor that is nested in none.

    Examples
    --------
    >>> within(("a", "b")), within(())
    (' within a and b', '')
    """
    return f" within {listed(map(unquoted, parents))}" if parents else ""


def with_parents(v):
    """Whose variation is part of a range besides the level's own.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = {"y": [1.0, 3, 2, 5, 4, 6, 7, 9], "a": list("ppppqqqq"), "b": list("iijjkkll")}
    >>> facts = me.lmm("y ~ 1 + (1 | a / b)", data).interpret().facts
    >>> with_parents(facts.variations[1])
    ''
    """
    if not v.parents:
        return ""
    names = listed(map(unquoted, v.parents))
    return f", the variation between levels of {names} included,"


def _unit(facts):
    if facts.distribution in ("binomial", "betabinomial"):
        return "probability"
    return "rate" if facts.rate else facts.response


def _association(facts, a, level):
    first, second = (
        random_name(name, (a.group, name) in facts.cells) for name in (a.first, a.second)
    )
    head = f"Among levels of {unquoted(a.group)}, {a.pairs or f'{first} and {second}'} "
    if not math.isfinite(a.value):
        return f"{head}have no correlation: one of them does not vary."
    value = minus(f"{a.value:.2f}")
    known = interval(a.lower, a.upper, level, lambda v: minus(f"{v:.2f}"))
    text = f"{head}correlate {value}" + (f" ({known})" if known else "")
    if a.reason == UNDETERMINED:
        return f"{text}, which the data hardly determine."
    text += "" if known else " (no interval)"
    if not known:
        return f"{text}."
    if a.lower <= 0.0 <= a.upper:
        return f"{text}, which is not clearly different from zero."
    if a.pairs:
        return f"{text}."
    far = [g for g in own_places(facts, a.group, a.first) if distant(g)]
    if far and a.first == "(Intercept)":
        names = listed(f"{g.variable} is 0" for g in far)
        outside = listed(f"{g.variable} ({span(*g.outside)})" for g in far)
        centred = listed(f"center({g.variable})" for g in far)
        return (
            f"{text}; the intercept is where {names}, outside the values of {outside}, where "
            "lines of different slopes are far apart whatever the levels are like in the data: "
            f"{centred} in the formula gives the correlation at the mean of "
            f"{listed(g.variable for g in far)}."
        )
    high = "high" if a.value > 0 else "low"
    if not second.startswith("slope"):
        return f"{text}: levels with a {high} {first} tend to have a higher {second}."
    curved = any(e.name == a.second and e.pieces and not e.alone for e in facts.effects)
    if a.slopes == "negative" and not curved:
        high, how = ("low" if high == "high" else "high"), "steeper (more negative)"
    else:
        how = "steeper" if a.slopes == "positive" and not curved else "higher"
    return f"{text}: levels with a {high} {first} tend to have a {how} {second}."


def explained_sentences(facts):
    """Marginal and conditional R². Returns list of str."""
    if facts.r2 is None:
        return []
    c = facts.r2.columns
    found = dict(zip(c["measure"], (float(v) for v in c["r2"]), strict=True))
    scale = "" if facts.link is None else " on the scale of the linear predictor"
    marginal, conditional = found["marginal"], found["conditional"]
    if math.isnan(marginal):
        if facts.summary.certificate.flat:
            return []
        return [
            "R² on the scale of the linear predictor does not exist: the fixed part of some rows "
            'is infinite (separation). fit.r2(scale="response") has shares of the variance of the '
            "response itself."
        ]
    if math.isnan(conditional):
        return [
            f"The fixed effects explain {percent(marginal)} of the variance{scale} (marginal "
            f"R² = {marginal:.3f}; Nakagawa and Schielzeth)."
        ]
    if not any(e.pieces != () for e in facts.effects):
        return [
            f"There are no predictors to explain anything (marginal R² = {marginal:.3f}); the "
            f"random effects explain {percent(conditional)} of the variance{scale} (conditional "
            f"R² = {conditional:.3f}; Nakagawa and Schielzeth)."
        ]
    single = _a_level_per_row(facts)
    every = {g.name for g in facts.summary.groups} <= set(single)
    noise = (
        f" What varies between levels of {listed(map(unquoted, single))}, one for each row, counts "
        "as noise there (overdispersion)." if single else ""
    )  # fmt: skip
    if every:
        return [
            f"The fixed effects explain {percent(marginal)} of the variance{scale} (marginal "
            f"R² = {marginal:.3f}; Nakagawa and Schielzeth).{noise}"
        ]
    return [
        f"The fixed effects explain {percent(marginal)} of the variance{scale} (marginal "
        f"R² = {marginal:.3f}), fixed and random effects together {percent(conditional)} "
        f"(conditional R² = {conditional:.3f}; Nakagawa and Schielzeth).{noise}"
    ]


def _a_level_per_row(facts):
    """Factors of a generalised model with one row per level, whose variance is overdispersion."""
    if facts.link is None:
        return []
    return [g.name for g in facts.summary.groups if g.largest == 1]


def clustering_sentences(facts):
    """What least squares, which takes all rows as independent, would have claimed.

    Returns list of str.
    """
    c = facts.clustering
    if c is None:
        return []
    out = []
    if c.group is not None and c.icc == 0.0:
        out.append(
            f"The estimated ICC is 0: ignoring {unquoted(c.group)} would have changed nothing "
            "but what is said about other levels."
        )
    elif c.group is not None:
        rows = f"{c.rows:,.1f}".removesuffix(".0")
        uneven = any(g.name == c.group and g.smallest != g.largest for g in facts.summary.groups)
        over = ", averaged over the rows," if uneven else ""
        out.append(
            f"With {rows} rows per level{over} and an ICC of {c.icc:.3f}, the variance of a mean "
            f"is {c.design_effect:.3g} times that of as many independent rows (design effect "
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
        who = "About others it" if low else "Least squares, which takes all rows as independent,"
        out.append(
            f"{who} would have been too cautious: its standard errors are larger than those of the "
            f"mixed model {shown}."
        )
    return out


# ratio of variances below which ignoring the groups made no difference to speak of
NOTABLE = 1.1
MOST = 5


def _ratios(found, of):
    found = sorted(found, key=lambda pair: -of(pair[1]))
    head = "by a factor of" if len(found) == 1 else "by factors of"
    return f"{head} {some([f'{of(r):.2g} for {unquoted(t)}' for t, r in found], MOST)}"
