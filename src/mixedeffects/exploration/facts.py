"""Everything `explore` finds out about a table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mixedeffects.design import open_table
from mixedeffects.errors import DataError, DataWarning, OptionError
from mixedeffects.exploration.columns import ColumnProfile, profiles
from mixedeffects.exploration.confounding import Confounded, confounding
from mixedeffects.exploration.hints import EXPOSURES, hint
from mixedeffects.exploration.missingness import Gaps, gaps
from mixedeffects.exploration.names import require
from mixedeffects.exploration.outcome import OutcomeFacts, outcome_facts
from mixedeffects.exploration.relations import Pair, relate
from mixedeffects.exploration.reshaping import Reshaping, plan_reshaping, reshape
from mixedeffects.exploration.restarting import combined
from mixedeffects.exploration.roles import Role, Roles, guess_roles
from mixedeffects.exploration.shape import Shape, find_shape, time_name
from mixedeffects.exploration.suggestions import Suggestion, suggest
from mixedeffects.exploration.variables import detect

#: Cells of a wide table up to which it is made long to look at it.
MOST_CELLS = 50_000_000
#: Different values of an exposure, at least.
LEAST_AMOUNTS = 5
#: Grouping columns whose pairs are looked at.
MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Rows per level of a grouping column.

    Attributes
    ----------
    n_levels, rows_min, rows_max, singletons : int
        `singletons` are levels with one row.
    """

    name: str
    n_levels: int
    rows_min: int
    rows_mean: float
    rows_max: int
    singletons: int


@dataclass(frozen=True, slots=True, eq=False)
class ExplorationFacts:
    """What a table is, before any model.

    Attributes
    ----------
    n_rows, n_columns : int
    pairs : tuple of Pair
        Of grouping columns, and of the treatment with each.
    remarks : tuple of str
        What was left out of the suggestions, and why.
    notes : tuple of str
        Columns that cannot be read, rows that repeat …
    long : ExplorationFacts or None
        The same after reshaping a wide table.
    plan : Reshaping or None
        How a wide table is reshaped.
    """

    flavour: str
    n_rows: int
    n_columns: int
    columns: tuple[ColumnProfile, ...]
    roles: Roles
    shape: Shape
    groups: tuple[GroupSize, ...]
    pairs: tuple[Pair, ...]
    outcome: OutcomeFacts | None
    gaps: Gaps
    confounded: tuple[Confounded, ...]
    suggestions: tuple[Suggestion, ...]
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    long: Any = field(default=None)
    plan: Reshaping | None = None

    def profile(self, name) -> ColumnProfile:
        """The column of that name."""
        return next(p for p in self.columns if p.name == name)


def explore_facts(data, *, outcome=None, subject=None, time=None, treatment=None):
    """All facts of a table; parameters and errors as in `explore`.

    Returns an `ExplorationFacts`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> facts = explore_facts(me.datasets.pain_trial())
    >>> facts.shape.kind, facts.roles.subject, facts.gaps.n_complete
    ('long', 'patient', 56)
    """
    table = open_table(data)
    if not table.names:
        raise DataError("the table has no columns")
    if table.n_rows == 0:
        raise DataError("the table has no rows")
    given = _given(table, outcome=outcome, subject=subject, time=time, treatment=treatment)
    found, refused = profiles(table)
    notes = [f"column '{name}' is left out: {reason}" for name, reason in refused.items()]
    notes += _index_notes(table)
    if any(isinstance(name, int) for name in table.names):
        notes.append(
            "column names that are numbers must be text in a formula: "
            "data.columns = data.columns.map(str)"
        )
    if not found:
        raise DataError("no column of the table can be read\n" + "\n".join(notes))
    by_name = {p.name: p for p in found}
    stem = given["outcome"] if given["outcome"] not in table.names else None
    if stem is not None:
        given["outcome"] = None
    for name in (*given["subject"], given["time"], given["treatment"], given["outcome"]):
        if name is not None and name not in by_name:
            raise DataError(f"column '{name}' cannot be used: {refused[name]}")
    found_families = [f for f in detect_named(table, by_name) if not _named_by_user(f, given)]
    strong = {c for f in found_families if f.strong for c in f.columns}
    roles = guess_roles(found, wide=strong, **given)
    shape = find_shape(table, found_families, roles)
    if shape.kind != "wide" and strong:
        roles = guess_roles(found, **given)
    if shape.kind == "wide":
        roles = _wide_roles(roles, shape)

    def role(name):
        column = getattr(roles, name)
        return None if column is None else by_name[column]

    asked, found = found, _units(found, roles)
    by_name = {p.name: p for p in found}
    groups = _groups_to_relate(found, roles)
    outcome_ = role("outcome")
    facts = None
    if outcome_ is not None and outcome_.n_distinct > 0:
        facts = outcome_facts(outcome_, roles.binomial)
        _find_exposures(found, roles, facts)
    skipped = [
        n for n, r in roles.by_column.items() if r.role in ("row id", "text", "trials", "failures")
    ]
    skipped += strong if shape.kind == "wide" else ()
    confounded = confounding(found, roles.groups, roles.outcome, skipped)
    suggestions, remarks = ((), ())
    if shape.kind != "wide":
        suggestions, remarks = suggest(found, roles, facts, confounded)
    used = [n for n, r in roles.by_column.items() if r.role in MODELLED]
    notes += _row_notes(found, roles, table)
    notes += _code_notes(facts)
    notes += _restart_notes(roles)
    plan = _plan(table, shape) if shape.kind == "wide" else None
    return ExplorationFacts(
        flavour=table.flavour,
        n_rows=table.n_rows,
        n_columns=len(table.names),
        columns=tuple(asked),
        roles=roles,
        shape=shape,
        groups=tuple(_size(by_name[g]) for g in roles.groups if by_name[g].n_distinct),
        pairs=tuple(r for r in _pairs(groups) if r is not None),
        outcome=facts,
        gaps=gaps(found, used, role("subject"), role("time"), outcome_),
        confounded=confounded,
        suggestions=suggestions,
        remarks=tuple(remarks),
        notes=tuple(notes),
        long=None if plan is None else _long(table, plan, {**given, "outcome": stem}),
        plan=plan,
    )  # fmt: skip


#: Roles of columns that a suggested model uses.
MODELLED = (
    "outcome",
    "trials",
    "failures",
    "subject",
    "group",
    "time",
    "treatment",
    "covariate",
    "exposure",
)


def _units(found, roles):
    """Columns, in which ids that start anew in each place are told apart."""
    by_name = {p.name: p for p in found}
    return [
        combined(p, by_name[roles.restarts[p.name]]) if p.name in roles.restarts else p
        for p in found
    ]


def _restart_notes(roles):
    return [
        f"'{name}' starts anew in each '{place}', so that equal numbers are different units: "
        f"charts and tables by {name} alone would mix them"
        for name, place in roles.restarts.items()
    ]


def _find_exposures(found, roles, outcome):
    """Amounts over which a count was counted, by their names."""
    if outcome.scale != "count":
        return
    for p in found:
        role = roles.by_column[p.name]
        amount = p.kind == "number" and p.low > 0 and p.n_distinct > LEAST_AMOUNTS
        if role.role == "covariate" and amount and hint(p.name, EXPOSURES):
            roles.exposures.add(p.name)
            words = f"what {outcome.name} is counted over, by its name"
            roles.by_column[p.name] = replace(role, role="exposure", reason=words)


def _given(table, *, outcome, subject, time, treatment):
    """The user's roles, checked: none twice, all of them columns."""
    subject = () if subject is None else (subject,) if isinstance(subject, str) else tuple(subject)
    given = {"outcome": outcome, "time": time, "treatment": treatment}
    homes: dict[Any, str] = {}
    named = [(role, name) for role, name in given.items() if name is not None]
    for role, name in [*named, *(("subject", s) for s in subject)]:
        _require_or_stem(table, name, role)
        if name in homes:
            raise OptionError(f"'{name}' cannot be both {homes[name]} and {role}")
        homes[name] = role
    by_levels = {}
    for s in subject:
        from mixedeffects.exploration.columns import profile

        p = profile(table.column(s))
        if p.codes is None:
            raise DataError(f"subject='{s}' holds numbers that hardly repeat: it groups nothing")
        by_levels[s] = p.n_distinct
    return {**given, "subject": tuple(sorted(subject, key=lambda s: -by_levels[s]))}


def _require_or_stem(table, name, role):
    """A column, or for the outcome the name of a variable with several columns."""
    if role == "outcome" and name not in table.names:
        if any(f.name == name for f in detect(table)):
            return
    require(table, name, role)


def detect_named(table, by_name):
    """Families of the columns that were read."""
    read = [f for f in detect(table) if all(str(c) in by_name for c in f.columns)]
    return [replace(f, columns=tuple(map(str, f.columns))) for f in read]


def _named_by_user(family, given):
    """Whether the user gave one of its columns a role: then it is no wave."""
    return any(
        c in (given["outcome"], given["time"], given["treatment"], *given["subject"])
        for c in family.columns
    )


def _wide_roles(roles, shape):
    """In a wide table what tells rows apart is the subject, and families are measurements."""
    out = dict(roles.by_column)
    by_column = {c: f for f in shape.families for c in f.columns}
    for name, role in out.items():
        if name in by_column:
            f = by_column[name]
            wave = f.waves[f.columns.index(name)]
            out[name] = Role("wave", f"'{f.name or 'value'}' at {wave}")
        elif role.role == "row id" and roles.subject is None:
            out[name] = Role("subject", role.reason, given=role.given)
            roles.subject = name
    roles.by_column = out
    return roles


def _groups_to_relate(found, roles):
    by_name = {p.name: p for p in found}
    names = [*roles.groups[:MOST_GROUPS]]
    if roles.treatment is not None and roles.treatment not in names:
        names.append(roles.treatment)
    return [by_name[n] for n in names if by_name[n].codes is not None and by_name[n].n_distinct]


def _pairs(groups):
    for i, one in enumerate(groups):
        for two in groups[i + 1 :]:
            yield relate(one, two)


def _size(p) -> GroupSize:
    rows = p.counts()
    return GroupSize(
        p.name, p.n_distinct, int(rows.min()), float(rows.mean()), int(rows.max()),
        int((rows == 1).sum()),
    )  # fmt: skip


def _index_notes(table):
    names = getattr(getattr(table.native, "index", None), "names", None)
    lost = [n for n in names or () if n is not None] if table.flavour == "pandas" else []
    if not lost:
        return []
    return [
        f"the index ({', '.join(map(str, lost))}) is no column: data.reset_index() makes it one"
    ]


def _code_notes(outcome):
    """Values of the outcome that may stand for missing ones."""
    if outcome is None:
        return []
    return [
        f"{code:.15g} lies far from all other values of '{outcome.name}': a code for missing? "
        "Then make it missing in the table; the outcome's facts include it"
        for code in outcome.codes
    ]


def _row_notes(found, roles, table):
    notes = []
    infinite = [
        p.name for p in found
        if p.kind == "number" and p.values.dtype.kind == "f" and bool(np.isinf(p.values).any())
    ]  # fmt: skip
    for name in infinite:
        notes.append(f"'{name}' has infinite values, which count as missing here")
    if table.n_rows == 1:
        notes.append("one row: nothing can repeat or vary")
    if roles.outcome is not None and roles.by_column[roles.outcome].role == "outcome":
        p = next(p for p in found if p.name == roles.outcome)
        if p.n_distinct <= 1:
            notes.append(f"the outcome '{p.name}' does not vary")
    return notes


def _numeric(table, members) -> bool:
    """Whether the columns of a variable hold numbers, nothing, or both."""
    return all(table.column(c).kind == "number" for c in members if c is not None)


def _plan(table, shape):
    """How to reshape a wide table; None where that cannot be done."""
    waves = {w for f in shape.families for w in f.waves}
    if table.n_rows * len(waves) * len(table.names) > MOST_CELLS:
        return None
    used = {c for f in shape.families for c in f.columns}
    rest = [n for n in table.names if str(n) not in used]
    columns = [f.name for f in shape.families] if all(f.name for f in shape.families) else None
    try:
        return plan_reshaping(table, columns, time=time_name(rest, shape.families))
    except (DataError, OptionError):
        return None


def _long(table, plan, given):
    """The facts of the table after reshaping."""
    outcome = given["outcome"]
    if outcome not in plan.variables:
        outcome = next(
            (name for name, members in plan.variables.items() if _numeric(table, members)),
            next(iter(plan.variables)),
        )
    # variables measured beside the outcome are outcomes too, not its causes
    plan = replace(plan, variables={outcome: plan.variables[outcome]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        data = reshape(table, plan)
    subject = given["subject"] or plan.id[:1] or (plan.made_id,)
    return explore_facts(
        data, outcome=outcome, subject=subject, time=plan.time, treatment=given["treatment"]
    )
