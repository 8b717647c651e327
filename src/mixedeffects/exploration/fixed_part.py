"""The fixed part of a suggested model: which columns, written how, and why others are left out."""

from __future__ import annotations

import json

from mixedeffects.design import is_code
from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.computed_names import derived_from
from mixedeffects.exploration.families import wave_key
from mixedeffects.exploration.hints import (
    CONTROL_VALUES,
    COVARIATES,
    MEASURES,
    OCCASION_WORDS,
    SEASONS,
    TRIALS,
    hint,
    tokens,
)
from mixedeffects.formula import quote

#: Most columns in the fixed part of a suggestion.
MOST_FIXED = 6
#: Words of treatments that are amounts.
DOSES = frozenset(("dose", "dosage"))
#: Levels beyond which categories are no fixed effect to suggest, and numbers no codes of arms.
MOST_LEVELS, MOST_ARMS = 12, 8
#: Different whole numbers that may be codes of categories.
MOST_CODES = 7


def fixed_terms(found, roles, confounded, few):
    """Terms of the fixed part, and remarks on what was left out.

    Parameters
    ----------
    found : sequence of ColumnProfile
        All columns.
    roles : Roles
        What they are for.
    confounded : sequence of Confounded
        Those that say the same.
    few : sequence of str
        Groupings with too few levels for a variance between them.

    Returns
    -------
    list of str, list of str
    """
    drop = dict(_left_out(confounded))
    by_name = {p.name: p for p in found}
    names = [roles.treatment, roles.time]
    names += [n for n, r in roles.by_column.items() if r.role in ("covariate", "exposure")]
    names += [n for n in few if n not in names]
    remarks, kept = [], []
    for name in names:
        if name is None:
            continue
        p = by_name[name]
        reason = drop.get(name) or _unfit(p, roles)
        if reason is not None:
            remarks.append(f"{name} is left out: {reason}")
        else:
            kept.append(p)
    used = kept[:MOST_FIXED]
    if len(kept) > MOST_FIXED:
        more = ", ".join(p.name for p in kept[MOST_FIXED : 2 * MOST_FIXED])
        etc = ", …" if len(kept) > 2 * MOST_FIXED else ""
        remarks.append(f"not in the suggestions, which are long enough: {more}{etc}")
    remarks += _references(used) + _codes(used, roles, few)
    return [term(p, roles, few) for p in used], remarks


def _left_out(confounded):
    """Columns that say nothing beside others, and why."""
    gone = set()
    for c in confounded:
        if c.column in gone or c.by in gone:
            continue
        reason = None
        if c.kind in ("one to one", "same line"):
            reason = f"it says the same as {c.by}"
        elif c.kind == "other scale":
            reason = f"it is the {c.how} of {c.by}, the same on another scale"
        elif c.kind == "sum of":
            reason = f"it is a sum of {c.how}, each times a number, and says nothing beside them"
        elif c.kind == "function of":
            reason = f"it is a function of {c.by}"
        elif c.kind == "computed from":
            beside = f" with {c.beside}" if c.beside else ""
            reason = f"it is {c.how}, and gives the outcome itself{beside}"
        if reason is not None:
            gone.add(c.column)
            yield c.column, reason


def _unfit(p: ColumnProfile, roles) -> str | None:
    """Why a column is no fixed effect to suggest."""
    if p.kind == "datetime":
        return "dates need a number, such as days since the first"
    if p.is_text and p.n_distinct > MOST_LEVELS:
        return f"{p.n_distinct} categories are many for a fixed effect"
    if p.n_missing > p.n / 2:
        return "more than half of it is missing"
    if p.name == roles.rivals.get("outcome"):
        return "it may be the outcome itself"
    # a number behind the name is a baseline as often as a lag
    if derived_from(p.name, {roles.outcome.lower()}) and not p.name[-1].isdigit():
        return f"by its name it was computed from {roles.outcome}"
    return None


def term(p: ColumnProfile, roles, few=()) -> str:
    """A column as a term: ``factor(method)`` where its numbers only tell things apart."""
    name = quote(p.name)
    reference = control(p) or earliest(p)
    if reference is not None:
        return f"C({name}, Treatment({json.dumps(reference, ensure_ascii=False)}))"
    if p.name in roles.exposures:
        return f"offset(log({name}))"
    return f"factor({name})" if _is_coded(p, roles, few) else name


def control(p: ColumnProfile) -> str | None:
    """The label of the control, where it is not the first label anyway.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"trt": ["drug", "placebo"], "arm": ["control", "drug"]}))
    >>> [control(p) for p in found]
    ['placebo', None]
    """
    if not p.is_text or p.n_distinct > MOST_LEVELS:
        return None
    labels = [str(v) for v in p.labels]
    whole = [v for v in labels if v.lower() in CONTROL_VALUES]
    found = whole or [v for v in labels if CONTROL_VALUES & set(tokens(v)) - {"none", "pl", "wl"}]
    if len(found) != 1 or found[0] == labels[0] or set(found[0]) & set("\"'\\"):
        return None
    return found[0]


def earliest(p: ColumnProfile) -> str | None:
    """The first of labels that are occasions, where it is not the first label anyway.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> earliest(profiles(open_table({"phase": ["fup", "post", "pre"]}))[0][0])
    'pre'
    """
    if not p.is_text or not 2 <= p.n_distinct <= MOST_LEVELS:
        return None
    labels = [str(v) for v in p.labels]
    if not all(v.lower() in OCCASION_WORDS for v in labels):
        return None
    first = min(labels, key=wave_key)
    return None if first == labels[0] else first


def _references(used):
    return [
        f"the levels of {p.name} are compared with {reference}, and not with {p.labels[0]}, the "
        "first label"
        for p in used
        if (reference := control(p) or earliest(p)) is not None
    ]


def _codes(used, roles, few):
    """A remark on whole numbers of a few values, which may be codes."""
    names = [p.name for p in used if _may_be_codes(p) and not _is_coded(p, roles, few)]
    if not names:
        return []
    taken = "is taken as an amount" if len(names) == 1 else "are taken as amounts"
    return [
        f"{', '.join(names)} {taken}; where few whole numbers are only codes of categories, write "
        f"{', '.join(f'factor({quote(n)})' for n in names)}"
    ]


def _may_be_codes(p) -> bool:
    if p.kind != "number" or not p.whole or p.codes is None or p.low not in (0, 1):
        return False
    if not 3 <= p.n_distinct <= MOST_CODES or p.high - p.low + 1 != p.n_distinct:
        return False
    return not hint(
        p.name, MEASURES | DOSES | TRIALS | COVARIATES - {"race", "ethnicity", "religion"}
    )


def _is_coded(p, roles, few=()):
    """Whether a column's numbers are codes: of a treatment, of a grouping, or by its name."""
    if p.kind != "number" or not p.whole or p.codes is None or p.n_distinct < 3:
        return False
    if p.name in few or (p.n_distinct <= MOST_LEVELS and is_code(p.name, p.numbers())):
        return True
    if p.name == roles.time and roles.calendar and p.n_distinct <= MOST_LEVELS:
        return hint(p.name, SEASONS) is not None
    if p.name != roles.treatment:
        return False
    given = roles.by_column[p.name].given
    return not hint(p.name, DOSES) and (given or p.high - p.low < MOST_ARMS)
