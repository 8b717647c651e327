"""Formulas to start from, each with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from mixedeffects.design import is_code
from mixedeffects.exploration.hints import hint
from mixedeffects.exploration.missingness import MOST_PER_CELL
from mixedeffects.exploration.relations import constant_within, n_pairs, relate
from mixedeffects.exploration.roles import MOST_ARMS
from mixedeffects.formula import quote

#: Fewer levels than this say too little about a variance between them.
LEAST_LEVELS = 5
#: Most columns in the fixed part of a suggestion.
MOST_FIXED = 6
#: Times per subject from which slopes are suggested at all, and from which they come first.
SLOPES, SLOPES_FIRST = 3, 5
#: Words of treatments that are amounts.
DOSES = frozenset(("dose", "dosage"))
#: Levels beyond which categories are no fixed effect to suggest.
MOST_LEVELS = 12
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
    if outcome is None:
        return (), ("no column looks like an outcome: name it with outcome=",)
    random, remarks, few = _random(groups)
    if not groups:
        return (), (
            "no column groups the rows, so there is no random effect to suggest: name one with "
            "subject=",
        )
    fixed, left_out = _fixed(found, roles, confounded, few)
    remarks += left_out
    remarks += [
        f"{name} is left out: {reason}"
        for name in roles.by_column
        if name in roles.reused and (reason := roles.by_column[name].reason.split(";")[0])
    ]
    if not random:
        return (), tuple(remarks)
    left = _response(outcome, by_name[outcome.name], roles)
    family = outcome.family
    why = _words(outcome, random)
    plain = _formula(left, fixed, random)
    out = [Suggestion(plain, family, why)]
    slopes = _slopes(by_name, roles, random, fixed)
    if slopes is not None:
        formula = _formula(left, fixed, slopes[0])
        if slopes[1] >= SLOPES_FIRST and family == "gaussian":
            reason = (
                f"{why}; with a slope of {roles.time} for each {roles.subject}, which has "
                f"{slopes[1]:g} times to show it"
            )
            other = (
                f"the same without the slopes: compare both with me.compare, or start here if the "
                f"variance of {roles.time} is near zero"
            )
            out = [Suggestion(formula, family, reason), Suggestion(plain, family, other)]
        else:
            reason = (
                f"each {roles.subject} may change at its own pace; with {slopes[1]:g} times per "
                f"{roles.subject} compare it with the first by me.compare"
            )
            out.append(Suggestion(formula, family, reason))
    both = _together(by_name, roles, fixed)
    if both is not None:
        reason = f"the difference between levels of {roles.treatment} may grow over {roles.time}"
        out.append(Suggestion(_formula(left, both, random), family, reason))
    out += _alternatives(outcome, left, fixed, random)
    return tuple(out), tuple(remarks)


def _formula(left, fixed, random):
    right = [*fixed] or ["1"]
    return f"{left} ~ {' + '.join([*right, *(f'({a} | {g})' for a, g in random)])}"


def _random(groups):
    """Pairs (terms, grouping), remarks, and groupings with too few levels."""
    remarks, few = [], []
    kept = []
    for p in groups:
        if p.n_distinct < LEAST_LEVELS:
            few.append(p.name)
            remarks.append(
                f"{p.name} has {p.n_distinct} levels, too few for a variance between them: a fixed "
                "effect"
            )
        elif p.n_distinct == p.n_present:
            remarks.append(
                f"{p.name} has one row per level, so a variance between its levels cannot be told "
                "from that of the rows"
            )
        else:
            kept.append(p)
    random, done = [], set()
    relations = {}
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            relations[a.name, b.name] = relate(a, b)
    same = {b for (a, b), r in relations.items() if r is not None and r.kind == "same"}
    for name in same:
        remarks.append(
            f"{name} is left out of the random part: another column is the same grouping"
        )
    kept = [p for p in kept if p.name not in same]
    for i, p in enumerate(kept):
        if p.name in done:
            continue
        chain = [p.name]
        for outer in kept[i + 1 :]:
            r = relations.get((chain[-1], outer.name))
            if outer.name not in done and r is not None and r.kind == "nested":
                chain.append(outer.name)
        done.update(chain)
        random.append(("1", " / ".join(quote(c) for c in reversed(chain))))
    return random, remarks, few


def _fixed(found, roles, confounded, few):
    """Terms of the fixed part, and what was left out."""
    drop, remarks = {}, []
    for c in confounded:
        if c.kind in ("one to one", "same line"):
            drop.setdefault(c.column, f"{c.column} is left out: it says the same as {c.by}")
        elif c.kind == "function of":
            drop.setdefault(c.column, f"{c.column} is left out: it is a function of {c.by}")
    by_name = {p.name: p for p in found}
    time = roles.time
    names = [roles.treatment, time]
    names += [n for n, r in roles.by_column.items() if r.role == "covariate"]
    names += [n for n in few if n not in names]
    terms, many = [], []
    for name in names:
        if name is None:
            continue
        p = by_name[name]
        if name in drop:
            remarks.append(drop[name])
        elif (p.is_text and p.n_distinct > MOST_LEVELS) or p.kind == "datetime":
            remarks.append(
                f"{name} is left out: "
                + ("dates need a number, such as days since the first" if p.kind == "datetime"
                   else f"{p.n_distinct} categories are many for a fixed effect")
            )  # fmt: skip
        elif name == time and roles.calendar:
            remarks.append(
                f"{name} is left out: many rows share one, so it is a calendar; add "
                f"factor({quote(name)}) if the seasons matter"
            )
        elif p.n_missing > p.n / 2:
            remarks.append(f"{name} is left out: more than half of it is missing")
        else:
            many.append(name)
    terms = [_term(by_name[n], roles, few) for n in many[:MOST_FIXED]]
    if len(many) > MOST_FIXED:
        more = ", ".join(many[MOST_FIXED : 2 * MOST_FIXED])
        etc = ", …" if len(many) > 2 * MOST_FIXED else ""
        remarks.append(f"not in the suggestions, which are long enough: {more}{etc}")
    return terms, remarks


def _term(p, roles, few=()):
    """A column as a term: ``factor(method)`` where its numbers only tell things apart."""
    name = quote(p.name)
    return f"factor({name})" if _is_coded(p, roles, few) else name


def _is_coded(p, roles, few=()):
    """Whether a column's numbers are codes: of a treatment, of a grouping, or by its name."""
    if p.kind != "number" or not p.whole or p.codes is None or p.n_distinct < 3:
        return False
    if p.name in few or is_code(p.name, p.numbers()):
        return True
    if p.name != roles.treatment:
        return False
    given = roles.by_column[p.name].given
    return not hint(p.name, DOSES) and (given or p.high - p.low < MOST_ARMS)


def _response(outcome, p, roles):
    name = quote(outcome.name)
    if roles.trials is not None:
        return f"{name} / {quote(roles.trials)}"
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


def _slopes(by_name, roles, random, fixed):
    """The random part with slopes of time, and times per subject; None where none can be seen."""
    if roles.subject is None or roles.time is None or quote(roles.time) not in fixed:
        return None
    subject, time = by_name[roles.subject], by_name[roles.time]
    if time.kind != "number" or constant_within(time, subject):
        return None
    if time.codes is None:
        per = subject.n_present / subject.n_distinct
    else:
        pairs = n_pairs(subject, time)
        if subject.n_present > MOST_PER_CELL * pairs:
            return None
        per = pairs / subject.n_distinct
    if per < SLOPES:
        return None
    home = [i for i, (_, g) in enumerate(random) if g.split(" / ")[-1] == quote(roles.subject)]
    if not home:
        return None
    out = list(random)
    outer = random[home[0]][1].split(" / ")[:-1]
    out[home[0]] = (f"1 + {quote(roles.time)}", quote(roles.subject))
    out += [("1", " / ".join(outer))] if outer else []
    return out, float(np.round(per, 1))


def _together(by_name, roles, fixed):
    """The fixed part with treatment by time, where both can be told apart."""
    if roles.treatment is None or roles.time is None or roles.subject is None:
        return None
    names = _term(by_name[roles.treatment], roles), quote(roles.time)
    if any(n not in fixed for n in names):
        return None
    if not constant_within(by_name[roles.treatment], by_name[roles.subject]):
        return None
    return [f"{names[0]} * {names[1]}", *(t for t in fixed if t not in names)]


def _alternatives(outcome, left, fixed, random):
    formula = _formula(left, fixed, random)
    if outcome.scale == "rating" and outcome.family == "ordinal" and np.isfinite(outcome.mean):
        why = "quick, and often close: the points of the scale as numbers"
        return [Suggestion(formula, "gaussian", why)]
    if outcome.scale == "count" and outcome.zeros > ZERO_EXCESS * outcome.zeros_expected > 0:
        why = (
            f"{outcome.zeros:.0%} of the counts are zero, {outcome.zeros_expected:.0%} would be "
            "expected: some zeros may be of another kind"
        )
        return [Suggestion(formula, f"zero_inflated_{outcome.family}", why)]
    if outcome.scale == "positive":
        return [Suggestion(f"log({left}) {formula[len(left):].lstrip()}", "gaussian",
                           "the same on a logarithmic scale")]  # fmt: skip
    return []
