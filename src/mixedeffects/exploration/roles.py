"""What each column is for, guessed from its name, its values and how they repeat; with reasons.

A guess is a sentence a user can disagree with, and then override.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mixedeffects.exploration.binomial import BinomialColumns, binomial_columns
from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.grouping import groupings
from mixedeffects.exploration.hints import (
    CONTROL_VALUES,
    COVARIATES,
    GROUPS,
    MAYBE_OUTCOMES,
    OCCASION_WORDS,
    OUTCOMES,
    PERSONS,
    TREATMENT_VALUES,
    TREATMENTS,
    contains,
    hint,
    tokens,
)
from mixedeffects.exploration.likely_outcome import guess_outcome
from mixedeffects.exploration.relations import constant_within, n_pairs
from mixedeffects.exploration.restarting import combined, restarting
from mixedeffects.exploration.row_numbers import drawn_anew, row_number
from mixedeffects.exploration.survival import time_to_event
from mixedeffects.exploration.times import guess_time

#: Names that say nothing but that a column is the treatment.
PLAIN_TREATMENTS = frozenset(("treatment", "treat", "trt", "tx", "arm"))
#: Levels beyond which a column is no treatment.
MOST_ARMS = 8


@dataclass(frozen=True, slots=True)
class Role:
    """What a column is for.

    Attributes
    ----------
    role : str
        "outcome", "subject", "group", "time", "treatment", "covariate", "exposure", "trials",
        "failures", "row id", "constant", "empty", "text", "event time", "event" (of times to
        events) or "wave" (a column of one variable among several).
    level : str
        The coarsest grouping column within which it is constant, or "row".
    given : bool
        The user said so.
    """

    role: str
    reason: str
    level: str = "row"
    given: bool = False


@dataclass(slots=True)
class Roles:
    """Roles by column, in the order of the table, and those that models turn on.

    Attributes
    ----------
    subject, time, outcome, treatment, trials : str or None
    groups : list of str
        All grouping columns, the finest first, subject included.
    calendar : bool
        Whether many rows of a subject share a time: no waves.
    reused : set of str
        Grouping columns whose labels start anew in each level of another.
    rivals : dict of str to str
        Role to another column that is about as likely to have it, where the guess is unsure.
    restarts : dict of str to str
        Grouping columns whose ids start anew in each level of another column, with that column.
    exposures : set of str
        Amounts over which a count was counted.
    survival : tuple or None
        Columns of a duration, or of a start and a stop, and that of the event at their end: then
        there is no outcome to guess.
    binomial : BinomialColumns or None
        The column of trials or of failures beside the outcome.
    """

    by_column: dict[str, Role] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    subject: str | None = None
    time: str | None = None
    outcome: str | None = None
    treatment: str | None = None
    trials: str | None = None
    calendar: bool = False
    reused: set[str] = field(default_factory=set)
    rivals: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, str] = field(default_factory=dict)
    exposures: set[str] = field(default_factory=set)
    survival: tuple[tuple[str, ...], str] | None = None
    binomial: BinomialColumns | None = None


def guess_roles(found, *, outcome=None, subject=(), time=None, treatment=None, wide=()) -> Roles:
    """Roles of all columns.

    Parameters
    ----------
    outcome, time, treatment : str, optional
        What the user says.
    subject : sequence of str
        Grouping columns the user names, the finest first.
    wide : collection of str
        Columns that are one variable at several waves: no outcome by themselves.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> from mixedeffects.exploration.columns import profiles
    >>> found, _ = profiles(open_table(me.datasets.sleepstudy()))
    >>> {name: role.role for name, role in guess_roles(found).by_column.items()}
    {'Reaction': 'outcome', 'Days': 'time', 'Subject': 'subject'}
    """
    by_name = {p.name: p for p in found}
    given = {outcome: "outcome", time: "time", treatment: "treatment"}
    given |= dict.fromkeys(subject, "group")
    given.pop(None, None)
    roles = Roles(outcome=outcome, time=time, treatment=treatment)
    out: dict[str, Role] = {
        str(name): Role(role, "you said so", given=True) for name, role in given.items()
    }
    for p in found:
        trivial = None if p.name in out else _trivial(p, p.name in wide)
        if trivial is not None:
            out[p.name] = trivial
    left = [p for p in found if p.name not in out and p.name not in wide]
    reasons, roles.reused = ({}, set()) if subject else groupings(left)
    out |= _grouped(reasons, by_name)
    groups = [name for name in reasons if out[name].role == "group"]
    groups = [*subject] or sorted(groups, key=lambda g: -by_name[g].n_distinct)
    roles.groups = groups
    roles.restarts = restarting(found, groups)
    for name, place in roles.restarts.items():
        by_name[name] = combined(by_name[name], by_name[place])
        out[name] = replace(out[name], reason=_anew(out[name].reason, by_name[name], place))
    groups.sort(key=lambda g: -by_name[g].n_distinct)
    factors = [by_name[g] for g in groups]
    left = [p for p in left if p.name not in out]
    if time is None:
        guess = guess_time(left, factors)
        if guess is not None:
            roles.time, out[guess[0]] = guess[0], Role("time", guess[1])
            left = [p for p in left if p.name != guess[0]]
    roles.subject = _subject(factors, by_name.get(roles.time), bool(subject))
    roles.calendar = (
        bool(roles.time and factors)
        and not any(few_per_cell(f, by_name[roles.time]) for f in factors)
        and not _occasions(by_name[roles.time])
    )
    if roles.subject is not None:
        old = out[roles.subject]
        out[roles.subject] = Role("subject", old.reason, given=old.given)
    if outcome is None and not wide:
        roles.survival = None if time else time_to_event(found, factors, roles.time)
        guess = None
        if roles.survival is None:
            guess = guess_outcome(left, found, factors, by_name.get(roles.time))
        if guess is not None:
            roles.outcome, out[guess.name] = guess.name, Role("outcome", guess.reason)
            left = [p for p in left if p.name != guess.name]
            if guess.rival is not None:
                roles.rivals["outcome"] = guess.rival
        if roles.survival is not None:
            out |= _survival_roles(*roles.survival)
            left = [p for p in left if p.name not in out]
    if treatment is None:
        guess = _treatment(left)
        if guess is not None:
            roles.treatment, out[guess[0]] = guess[0], Role("treatment", guess[1])
            left = [p for p in left if p.name != guess[0]]
    if roles.outcome is not None:
        roles.binomial = binomial_columns(left, by_name[roles.outcome])
        if roles.binomial is not None:
            beside = roles.binomial.beside
            out[beside] = Role(roles.binomial.role, roles.binomial.reason)
            roles.trials = beside if roles.binomial.role == "trials" else None
    unsure = roles.rivals.get("outcome")
    roles.by_column = {p.name: _placed(p, out.get(p.name), wide, factors, unsure) for p in found}
    return roles


def _grouped(reasons, by_name):
    """Roles of the columns that look like groupings: some of them number the rows of another."""
    left, out = dict(reasons), {}
    arms = [
        p for p in by_name.values()
        if p.codes is not None and 2 <= p.n_distinct <= MOST_ARMS and hint(p.name, TREATMENTS)
    ]  # fmt: skip
    for name, reason in reasons.items():
        within = row_number(by_name[name], [by_name[g] for g in left if g != name], arms)
        time = drawn_anew(by_name[name], by_name.values()) if within is None else None
        if time is not None:
            within = time, 1.0
        if within is None:
            out[name] = Role("group", reason)
            continue
        del left[name]
        place, share = within
        words = f"numbers the rows within {place}: {share:.0%} of the combinations have one row"
        out[name] = Role("row id", words)
    return out


def _placed(p, role, wide, factors, unsure):
    """A column's role, what is left being covariates, with the level at which it varies."""
    if role is None and p.name in wide:
        role = Role("wave", "one of several columns of a variable")
    elif role is None:
        rival = ", and about as likely the outcome" if p.name == unsure else ""
        role = Role("covariate", _kind_words(p) + rival)
    level = _level(p, factors, role.role)
    return Role(role.role, _with_level(role, level, p), level, role.given)


def _trivial(p: ColumnProfile, wide) -> Role | None:
    if p.n_distinct == 0:
        return Role("empty", "every value is missing")
    if p.n_distinct == 1 and p.n > 1:
        value = p.labels[0] if p.labels is not None else p.low
        gaps = ", or missing" if p.n_missing else ""
        return Role("constant", f"always {value}{gaps}")
    if wide or p.n < 3:
        return None
    if p.is_text and p.n_distinct > p.n_present / 2:
        lengths = [len(str(label).split()) for label in p.labels[:200]]
        if np.mean(lengths) >= 3:
            return Role("text", f"{p.n_distinct:,} different texts of several words")
    if row_identity(p):
        return Role("row id", f"a different value in each of {p.n_present:,} rows")
    return None


def row_identity(p: ColumnProfile) -> bool:
    """Whether a column has another value in each row and nothing else to say."""
    return p.n_present > 2 and p.n_distinct == p.n_present and (p.is_text or _counts_up(p))


def _counts_up(p):
    """Whether whole numbers number the rows: their name says so, or they go up by one."""
    if not p.whole or hint(p.name, OUTCOMES | MAYBE_OUTCOMES):
        return False
    steps = np.diff(p.values.astype(np.float64))
    return bool(hint(p.name, GROUPS | {"row", "index", "rownames", "obs"})) or bool(
        p.n_missing == 0 and (steps == 1).all() and p.low in (0, 1)
    )


def _subject(factors, time, given):
    """The finest grouping that a time varies in, or that is a person."""
    if not factors:
        return None
    if given:
        return factors[0].name
    if time is not None:
        inside = [f for f in factors if not constant_within(time, f)]
        panel = [f for f in inside if few_per_cell(f, time)]
        if panel:
            return panel[0].name
    people = [f for f in factors if hint(f.name, PERSONS)]
    return people[0].name if people else None


def _occasions(time) -> bool:
    """Whether times are words such as pre and post, of which rows may share one."""
    return time.is_text and all(str(v).lower() in OCCASION_WORDS for v in time.labels[:12])


def few_per_cell(factor, time) -> bool:
    """Whether most combinations of group and time have one row: waves of a panel."""
    if time.codes is None:
        return True
    return n_pairs(factor, time) >= 0.5 * min(factor.n_present, time.n_present)


def _anew(reason, p, place):
    return f"{reason}; it starts anew in each {place}: {place}:{p.name} has {p.n_distinct:,} levels"


def _survival_roles(times, event):
    """Roles of the columns of times to events."""
    words = ("until the event, or the last look",) if len(times) == 1 else ("from here", "to here")
    roles = {name: Role("event time", said) for name, said in zip(times, words, strict=True)}
    return roles | {event: Role("event", f"what happened at {times[-1]}")}


def _treatment(left):
    best = None
    for p in left:
        if p.codes is None or not 2 <= p.n_distinct <= MOST_ARMS or p.kind == "datetime":
            continue
        points, reasons = 0, []
        word = hint(p.name, TREATMENTS) or contains(
            p.name, TREATMENTS - {"drug", "dose", "experiment"}
        )
        if word == "group" and {*tokens(p.name), p.name.lower().removesuffix("group")} & COVARIATES:
            continue  # an age group
        if word:
            plain = p.name.lower() in PLAIN_TREATMENTS
            points, reasons = points + 3 + plain, [f"its name has '{word}'"]
        if p.is_text:
            known = TREATMENT_VALUES | (CONTROL_VALUES - {"none"})
            words = [str(v) for v in p.labels if str(v).lower() in known]
            if words:
                points, reasons = points + 3, [*reasons, f"one of its values is '{words[0]}'"]
        if points and (best is None or points > best[0]):
            best = points, p.name, f"{', '.join(reasons)}; {p.n_distinct} levels"
    return None if best is None else best[1:]


def _level(p, factors, role):
    if role in ("row id", "constant", "empty", "text", "outcome", "wave"):
        return "row"
    inside = [f for f in factors if f.name != p.name and constant_within(p, f)]
    inside = [f for f in inside if f.n_distinct > p.n_distinct or role not in ("group", "subject")]
    return min(inside, key=lambda f: f.n_distinct).name if inside else "row"


def _with_level(role, level, p):
    if role.role in ("group", "subject") and level != "row":
        return f"{role.reason}; nested: one {p.name} per {level}"
    if level != "row" and role.role != "time":
        return f"{role.reason}; constant within {level}"
    return role.reason


def _kind_words(p):
    if p.n_distinct == 2:
        return "two values"
    if p.is_text:
        return f"{p.n_distinct:,} categories"
    if p.kind == "datetime":
        return f"{p.n_distinct:,} dates"
    return "whole numbers" if p.whole else "numbers"
