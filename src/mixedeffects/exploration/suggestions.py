"""Formulas to start from, each with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.fixed_part import fixed_terms, term
from mixedeffects.exploration.random_part import random_terms, slopes, whole_plots
from mixedeffects.exploration.relations import constant_within, same_in_each
from mixedeffects.exploration.restarting import combined
from mixedeffects.formula import quote

#: Times per subject from which slopes come first.
SLOPES_FIRST = 5
#: Values of a number that is crossed with another column within groups, at most.
FEW_VALUES = 6
#: Largest value from which whole numbers may as well be a score.
MANY = 20
#: Ratio of observed to expected zeros that is called an excess.
ZERO_EXCESS = 1.2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model to start from.

    Attributes
    ----------
    family : str
        "gaussian" for `lmm`.
    """

    formula: str
    family: str
    why: str

    @property
    def call(self) -> str:
        """The Python that fits it to ``data``."""
        return self.python("data")

    def python(self, data) -> str:
        """The Python that fits it to a table of that name."""
        text = json.dumps(self.formula, ensure_ascii=False)
        if '"' in self.formula and "'" not in self.formula and "\\" not in self.formula:
            text = f"'{self.formula}'"
        if self.family == "gaussian":
            return f"me.lmm({text}, {data})"
        return f'me.glmm({text}, {data}, family="{self.family}")'


def suggest(found, roles, outcome, confounded):
    """Models to start from, the first one best, and remarks on what was left out.

    Returns tuple of Suggestion, tuple of str.
    """
    by_name = {p.name: p for p in found}
    groups = [by_name[g] for g in roles.groups if g not in roles.reused]
    if outcome is None and roles.survival is not None:
        return (), (_times_to_events(*roles.survival),)
    if outcome is None:
        return (), ("no column looks like an outcome: name it with outcome=",)
    random, remarks, few = random_terms(groups, roles)
    if not groups:
        return (), (
            "no column groups the rows, so there is no random effect to suggest: name one with "
            "subject=",
        )
    fixed, left_out = fixed_terms(found, roles, confounded, few)
    remarks += left_out
    remarks += [
        f"{name} is left out: {reason}"
        for name in roles.by_column
        if name in roles.reused and (reason := roles.by_column[name].reason.split(";")[0])
    ]
    if not random:
        return (), tuple(remarks)
    random, plots = whole_plots(random, found, roles, few)
    left = _response(outcome, by_name[outcome.name], roles)
    family = outcome.family
    why = _words(outcome, random) + plots
    plain = _formula(left, fixed, random)
    out = [Suggestion(plain, family, why)]
    with_slopes = slopes(by_name, roles, random, fixed, _complete(by_name, roles, fixed))
    if with_slopes is not None:
        formula = _formula(left, fixed, with_slopes[0])
        if with_slopes[1] >= SLOPES_FIRST and family == "gaussian":
            reason = (
                f"{why}; with a slope of {roles.time} for each {roles.subject}, which has "
                f"{with_slopes[1]:g} times to show it"
            )
            other = (
                f"the same without the slopes: compare both with me.compare, or start here if the "
                f"variance of {roles.time} is near zero"
            )
            out = [Suggestion(formula, family, reason), Suggestion(plain, family, other)]
        else:
            reason = (
                f"each {roles.subject} may change at its own pace; with {with_slopes[1]:g} times "
                f"per {roles.subject} compare it with the first by me.compare"
            )
            out.append(Suggestion(formula, family, reason))
    both = _together(by_name, roles, fixed)
    if both is not None:
        reason = f"the difference between levels of {roles.treatment} may grow over {roles.time}"
        if with_slopes is not None:
            reason += (
                f"; a slope for each {roles.subject} keeps its test from taking the rows of a "
                f"{roles.subject} for independent evidence"
            )
        inner = random if with_slopes is None else with_slopes[0]
        out.append(Suggestion(_formula(left, both, inner), family, reason))
    crossed = _crossed(by_name, groups, roles, fixed)
    if crossed is not None:
        reason = (
            f"each level of {groups[0].name} has every combination of {' and '.join(crossed[1])}: "
            "the effect of one may differ between levels of the other"
        )
        out.append(Suggestion(_formula(left, crossed[0], random), family, reason))
    out += _alternatives(outcome, left, fixed, random)
    out += _rates(outcome, left, fixed, random, confounded, by_name)
    return tuple(out), tuple(remarks)


def _times_to_events(times, event):
    said = f"{times[0]} is" if len(times) == 1 else f"{times[0]} and {times[1]} are the ends of"
    what = "a time until an event, or until nobody looked any more" if len(times) == 1 else "spells"
    return (
        f"{said} {what}, and {event} says which: times to events need a survival model, such as "
        "Cox regression with a frailty, which is not among the models here; if something else is "
        "the question, name it with outcome="
    )


def _formula(left, fixed, random):
    right = [*fixed] or ["1"]
    return f"{left} ~ {' + '.join([*right, *(f'({a} | {g})' for a, g in random)])}"


def _response(outcome, p, roles):
    name = quote(outcome.name)
    if roles.binomial is not None:
        beside = quote(roles.binomial.beside)
        if roles.binomial.role == "failures":
            return f"cbind({name}, {beside})"
        return (
            f"round({name} * {beside}) / {beside}" if roles.binomial.share else f"{name} / {beside}"
        )
    if outcome.family == "ordinal" and p.kind in ("text", "category"):
        levels = ", ".join(json.dumps(str(v), ensure_ascii=False) for v in p.labels)
        return f"factor({name}, levels=[{levels}])"
    if outcome.scale == "binary" and p.kind == "number" and (p.low, p.high) != (0.0, 1.0):
        return f"I({name} - {p.low:g})" if p.high - p.low == 1 else name
    return name


def _words(outcome, random):
    groups = [g for _, g in random]
    terms = " and ".join(f"levels of {g}" for g in groups)
    order = ""
    if outcome.scale == "categories":
        order = "; put the levels in their order"
    return f"{outcome.why}{order}; intercepts vary between {terms.replace(' / ', ' and, in it, ')}"


def _complete(by_name, roles, fixed):
    """Rows in which the outcome and the columns of the fixed part are there."""
    used = [
        p.present for p in by_name.values()
        if p.present is not None and (p.name == roles.outcome or term(p, roles) in fixed)
    ]  # fmt: skip
    n = by_name[roles.outcome].n
    return int(np.count_nonzero(np.logical_and.reduce(used))) if used else n


def _together(by_name, roles, fixed):
    """The fixed part with treatment by time, where both can be told apart."""
    if roles.treatment is None or roles.time is None or roles.subject is None:
        return None
    names = [term(by_name[n], roles) for n in (roles.treatment, roles.time)]
    if any(n not in fixed for n in names):
        return None
    if not constant_within(by_name[roles.treatment], by_name[roles.subject]):
        return None
    return [f"{names[0]} * {names[1]}", *(t for t in fixed if t not in names)]


def _crossed(by_name, groups, roles, fixed):
    """The fixed part with the interaction of two columns that every level has all of."""
    inside = [
        p for p in by_name.values()
        if p.name != roles.outcome and term(p, roles) in fixed
        and (p.is_text or p.n_distinct <= FEW_VALUES) and same_in_each(p, groups[0])
    ]  # fmt: skip
    if len(inside) < 2 or not same_in_each(combined(*inside[:2]), groups[0]):
        return None
    terms = [term(p, roles) for p in inside[:2]]
    rest = [t for t in fixed if t not in terms]
    return [" * ".join(terms), *rest], [p.name for p in inside[:2]]


def _rates(outcome, left, fixed, random, confounded, by_name):
    """A count per unit of what the table divides it by."""
    if outcome.scale != "count":
        return []
    for c in confounded:
        beside = by_name.get(c.beside) if c.kind == "computed from" else None
        if beside is not None and c.how == f"{outcome.name} / {beside.name}" and beside.low > 0:
            name = quote(beside.name)
            terms = [*(t for t in fixed if t != name), f"offset(log({name}))"]
            why = f"the rate per {beside.name}, as {c.column} has it"
            return [Suggestion(_formula(left, terms, random), outcome.family, why)]
    return []


def _alternatives(outcome, left, fixed, random):
    formula = _formula(left, fixed, random)
    if outcome.scale == "rating" and outcome.family == "ordinal" and np.isfinite(outcome.mean):
        why = "quick, and often close: the points of the scale as numbers"
        return [Suggestion(formula, "gaussian", why)]
    out = []
    if outcome.scale == "count" and outcome.zeros > ZERO_EXCESS * outcome.zeros_expected > 0:
        why = (
            f"{outcome.zeros:.0%} of the values are zero, {outcome.zeros_expected:.0%} would be "
            "expected: some zeros may be of another kind"
        )
        out.append(Suggestion(formula, f"zero_inflated_{outcome.family}", why))
    if outcome.scale == "count" and outcome.high > MANY:
        why = f"right where {outcome.name} is a score or a measurement, and counts nothing"
        out.append(Suggestion(formula, "gaussian", why))
    if outcome.scale == "amount":
        why = "two questions apart: whether there is any (zi=), and how much if so"
        out.append(Suggestion(formula, "hurdle_gamma", why))
    if outcome.scale == "positive":
        out.append(Suggestion(f"log({left}) {formula[len(left):].lstrip()}", "gaussian",
                              "the same on a logarithmic scale"))  # fmt: skip
    return out
