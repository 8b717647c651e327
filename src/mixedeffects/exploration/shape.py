"""Long or wide: a row per measurement, or a column per measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mixedeffects.exploration.families import ProposedFamily
from mixedeffects.exploration.hints import PERSONS, hint
from mixedeffects.exploration.variables import variable_name


@dataclass(frozen=True, slots=True)
class Shape:
    """How the table is laid out.

    Attributes
    ----------
    kind : str
        "long" (rows of a group are its measurements), "wide" (columns are measurements), or
        "flat" (nothing repeats).
    families : tuple of ProposedFamily
        Columns that look like one variable at several waves, whatever the kind.
    call : str
        The `reshape_long` call that makes a wide table long; "" for others.
    """

    kind: str
    why: str
    families: tuple[ProposedFamily, ...] = ()
    call: str = ""


def find_shape(table, found, roles) -> Shape:
    """The layout, from families of columns and from what repeats.

    Parameters
    ----------
    roles : Roles
        Of the other columns.
    """
    strong = tuple(f for f in found if f.strong)
    repeats = roles.subject is not None and roles.time is not None
    # rows of a person that repeat are measurements already
    repeats = repeats or any(hint(g, PERSONS | {"id", "household"}) for g in roles.groups)
    if strong and not repeats:
        said = "; ".join(_family_words(f) for f in strong[:4])
        more = f"; and {len(strong) - 4} more" if len(strong) > 4 else ""
        return Shape("wide", f"{said}{more}", strong, reshape_call(table, strong, found))
    if roles.groups:
        what = roles.subject or roles.groups[0]
        timed = roles.subject is not None and roles.time is not None and not roles.calendar
        when = f" at its {roles.time}" if timed else ""
        return Shape("long", f"each {what} has several rows{when}", tuple(found))
    return Shape("flat", "no column repeats as a grouping would", tuple(found))


def _family_words(f: ProposedFamily) -> str:
    waves = ", ".join(str(w) for w in f.waves[:6]) + (", …" if len(f.waves) > 6 else "")
    name = variable_name(f)
    what = f"'{name}'" if f.name else "one variable"
    return f"{len(f.columns)} columns of {what} at {waves}"


def reshape_call(table, chosen, found) -> str:
    """The Python that reshapes the table."""
    from mixedeffects.exploration.reshaping import identifying

    options = []
    if len(chosen) < len([f for f in found if f.strong]) or all(f.name for f in chosen):
        options.append(_text([f.name for f in chosen]))
    used = {c for f in chosen for c in f.columns}
    rest = [n for n in table.names if str(n) not in used]
    ids = identifying(table, rest)
    if ids:
        options.append(f"id={_text(ids[0] if len(ids) == 1 else [*ids])}")
    time = time_name(rest, chosen)
    if time != "time":
        options.append(f"time={_text(time)}")
    return f"me.reshape_long({', '.join(['data', *options])})"


def time_name(rest, chosen) -> str:
    """A name for the time that no other column has."""
    taken = {*map(str, rest), *(variable_name(f) for f in chosen)}
    return next(n for n in ("time", "wave", "occasion", "wave_number") if n not in taken)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
