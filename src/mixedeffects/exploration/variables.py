"""Which columns of a wide table are one variable: named by the user, or alike by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.errors import ColumnTypeError, DataError, OptionError
from mixedeffects.exploration.families import ProposedFamily, families, wave_of
from mixedeffects.exploration.hints import TIMES
from mixedeffects.exploration.names import WORDS, require
from mixedeffects.formula import close_match

#: Kinds that go into one column.
SORTS = {
    "number": "number", "boolean": "number", "text": "text", "category": "text",
    "ordered": "text", "datetime": "datetime",
}  # fmt: skip


#: Rows in which a lag is the value of a row before, of all.
LAGGED = 0.9
HOW = "say which: columns={'pain': {'pain_0': 0, 'pain_1': 1}}"


def find_variables(table, columns, value, sep) -> dict[str, dict[Any, Any]]:
    """Name of each variable to its columns and their waves."""
    if isinstance(columns, Mapping):
        return _from_mapping(table, columns, value)
    if isinstance(columns, str) and "(?P<" in columns:
        return _from_pattern(table, columns, value)
    found = detect(table, sep)
    if columns is None:
        if not found:
            raise DataError(
                "no columns look like one variable at several times, such as pain_0 and pain_1; "
                + HOW
            )
        strong = [f for f in found if f.strong]
        return _named({f: f for f in strong or found}, value)
    wanted = [columns] if isinstance(columns, str) else columns
    if not isinstance(wanted, list | tuple) or not wanted:
        raise OptionError(
            f"columns={columns!r} must be a dict, a list of names, or a pattern with "
            "(?P<variable>…) and (?P<time>…)"
        )
    stems = {f.name: f for f in found}
    if all(name in stems and name not in table.names for name in wanted):
        return _named({stems[name]: stems[name] for name in wanted}, value)
    for name in wanted:
        if name not in table.names:
            _unknown(table, name, stems)
    return _from_list(table, tuple(wanted), value, sep)


def detect(table, sep=None) -> list[ProposedFamily]:
    """Families of columns of a table that can be read and are of one sort."""
    kinds = {}
    for name in table.names:
        try:
            column = table.column(name)
        except ColumnTypeError:
            kinds[name] = f"unreadable {name}"
            continue
        empty = column.missing is not None and bool(column.missing.all())
        kinds[name] = None if empty else SORTS[column.kind]
    found = families(table.names, kinds, sep)
    return [
        replace(f, strong=f.strong and not (_indicators(table, f) or _lags(table, f)))
        for f in found
    ]


def _indicators(table, family) -> bool:
    """Whether columns are the dummy variables of one factor: no row has two of them."""
    total = np.zeros(table.n_rows)
    for name in family.columns:
        column = table.column(name)
        if column.kind not in ("number", "boolean") or column.missing is not None:
            return False
        if not np.isin(column.values, (0, 1)).all():
            return False
        total += column.values
    if len(family.columns) < 2 or table.n_rows < 2:
        return False
    return bool((total == 1).all()) or (len(family.columns) > 2 and bool((total <= 1).all()))


def _lags(table, family) -> bool:
    """Whether columns are another one some rows before: price_1 is the price of the row above."""
    if family.name not in table.names:
        return False
    now = table.column(family.name)
    for name, wave in zip(family.columns, family.waves, strict=True):
        before = table.column(name)
        if {now.kind, before.kind} != {"number"} or not isinstance(wave, int):
            return False
        if not 0 < wave < table.n_rows:
            return False
        a, b = now.values[:-wave].astype(float), before.values[wave:].astype(float)
        there = np.isfinite(a) & np.isfinite(b)
        if not there.any() or float((a == b)[there].mean()) < LAGGED:
            return False
    return True


def variable_name(family) -> str:
    """What the values are called: by their family, unless that only says that it is time."""
    stem = family.name.strip("_.- ")
    return stem if stem and stem.lower() not in TIMES | {"t"} else "value"


def _named(found, value):
    names = [variable_name(f) for f in found]
    if value is not None:
        if len(names) > 1:
            raise OptionError(
                f"value={value!r} names one variable, and there are {len(names)}: "
                f"{', '.join(names)}; name them in columns={{…}}"
            )
        names = [value]
    double = {n for n in names if names.count(n) > 1}
    if double:
        raise DataError(f"two variables would be called {', '.join(sorted(double))}; {HOW}")
    return {
        n: dict(zip(f.columns, f.waves, strict=True)) for n, f in zip(names, found, strict=True)
    }


def _from_mapping(table, columns, value):
    if value is not None:
        raise OptionError("value= is for one list of columns; a dict of columns names them itself")
    out = {}
    for name, members in columns.items():
        if not isinstance(name, str):
            raise OptionError(f"columns= must name each variable with text, not {name!r}")
        if isinstance(members, Mapping):
            for column in members:
                require(table, column, "columns")
            out[name] = dict(members)
        elif isinstance(members, list | tuple):
            out |= _from_list(table, tuple(members), name, None)
        else:
            raise OptionError(f"columns[{name!r}] must be a dict or a list of columns")
        if not out[name]:
            raise OptionError(f"columns[{name!r}] is empty")
    if not out:
        raise OptionError(f"columns= is empty; {HOW}")
    return out


def _from_list(table, members, value, sep):
    for column in members:
        require(table, column, "columns")
    found = families(members, dict.fromkeys(members), sep)
    if len(found) == 1 and len(found[0].columns) == len(members):
        name = value or variable_name(found[0])
        return {name: dict(zip(found[0].columns, found[0].waves, strict=True))}
    # names without a common stem are their own waves, in the order given
    return {value or "value": {c: wave_of(str(c)) for c in members}}


def _from_pattern(table, pattern, value):
    try:
        compiled = re.compile(pattern)
    except re.error as problem:
        raise OptionError(f"columns={pattern!r} is not a regular expression: {problem}") from None
    if "time" not in compiled.groupindex:
        raise OptionError(f"columns={pattern!r} needs a group (?P<time>…), and may have a variable")
    out: dict[str, dict[Any, Any]] = {}
    for name in table.names:
        match = compiled.fullmatch(str(name))
        if match is not None:
            parts = match.groupdict()
            variable = parts.get("variable") or value or "value"
            out.setdefault(variable, {})[name] = wave_of(parts["time"] or "")
    if not out:
        raise DataError(
            f"no column fits {pattern!r}; columns: {', '.join(map(str, table.names[:20]))}"
        )
    return out


def _unknown(table, name, stems):
    close = close_match(str(name), [*map(str, table.names), *stems])
    hint_ = f"; did you mean {close!r}?" if close else ""
    known = f", and variables {', '.join(stems)}" if stems else ""
    raise DataError(
        f"columns= names {name!r}, which is neither a column nor a variable with several columns; "
        f"columns: {', '.join(map(str, table.names[:20]))}{known}{hint_}"
    )


def check_overlap(variables):
    """Refuse a column in two variables, and two columns of a variable at one time."""
    home: dict[Any, str] = {}
    for name, members in variables.items():
        for column in members:
            if column in home:
                raise DataError(f"column '{column}' is in both '{home[column]}' and '{name}'")
            home[column] = name
        waves = list(members.values())
        for wave in waves:
            if not isinstance(wave, str | int | float | np.number) or wave != wave:
                raise OptionError(f"the time {wave!r} of '{name}' must be a number or text")
            if waves.count(wave) > 1:
                both = ", ".join(repr(c) for c, w in members.items() if w == wave)
                raise DataError(f"'{name}' has several columns for the time {wave!r}: {both}")


def check_sorts(table, name, members):
    """Refuse columns of one variable that hold different sorts of values."""
    sorts = {}
    for c in members:
        column = table.column(c)
        if column.missing is None or not column.missing.all():
            sorts.setdefault(SORTS[column.kind], (c, column.kind))
    if len(sorts) > 1:
        said = " and ".join(f"'{c}' holds {WORDS[kind]}" for c, kind in sorts.values())
        raise ColumnTypeError(
            f"the columns of '{name}' cannot be one column: {said}; convert them, or leave one out"
        )
