"""From a column per wave to a row per wave: what goes where, and the table that results."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design import assemble, stack
from mixedeffects.errors import (
    ColumnTypeError,
    DataError,
    DataWarning,
    OptionError,
    depth_of_package,
)
from mixedeffects.exploration.columns import ColumnProfile, profile
from mixedeffects.exploration.families import wave_key
from mixedeffects.exploration.hints import GROUPS, hint
from mixedeffects.exploration.names import require
from mixedeffects.exploration.variables import check_overlap, check_sorts, find_variables


@dataclass(frozen=True, slots=True)
class Reshaping:
    """How a wide table becomes a long one.

    Attributes
    ----------
    id : tuple of str
        Columns that tell the rows of the wide table apart; they come first.
    made_id : str or None
        Name of the column to make, where none does.
    kept : tuple of str
        The other columns that are repeated.
    waves : tuple
        Numbers, or else text.
    variables : dict of str to tuple
        Name in the result to its column for each wave, None where there is none.
    """

    id: tuple[Any, ...]
    made_id: str | None
    kept: tuple[Any, ...]
    time: str
    waves: tuple[Any, ...]
    variables: dict[str, tuple[Any, ...]]


def with_index(data):
    """The same data with the named index of a pandas frame as columns."""
    names = getattr(getattr(data, "index", None), "names", None)
    if names is not None and hasattr(data, "reset_index") and any(n is not None for n in names):
        return data.reset_index()
    return data


def plan_reshaping(table, columns=None, *, id=None, time="time", value=None, sep=None) -> Reshaping:
    """Decide what goes where; parameters as in `reshape_long`.

    Raises DataError, ColumnTypeError, OptionError.
    """
    table.check_names(table.names)
    if any(isinstance(name, tuple) for name in table.names):
        raise DataError(
            "the columns have names of several levels; make them one, for instance with "
            "data.columns = ['_'.join(map(str, name)) for name in data.columns]"
        )
    if value is not None and not isinstance(value, str):
        raise OptionError(f"value={value!r} must be the name of a column to make")
    if not isinstance(time, str):
        raise OptionError(f"time={time!r} must be the name of a column to make")
    variables = find_variables(table, columns, value, sep)
    check_overlap(variables)
    for name, members in variables.items():
        check_sorts(table, name, tuple(members))
    waves = sorted({w for members in variables.values() for w in members.values()}, key=wave_key)
    waves = _one_type(waves)
    by_wave = {}
    for name, members in variables.items():
        places = {_as(w, waves): c for c, w in members.items()}
        by_wave[name] = tuple(places.get(w) for w in waves)
    used = {c for members in variables.values() for c in members}
    rest = [name for name in table.names if name not in used]
    ids, made = _identity(table, rest, id, used)
    kept = tuple(name for name in rest if name not in ids)
    _check_results([*ids, *kept], time, by_wave, made)
    return Reshaping(ids, made, kept, time, waves, by_wave)


def _one_type(waves):
    """Numbers if all are, else text."""
    if any(isinstance(w, str) for w in waves):
        return tuple(str(w) for w in waves)
    return tuple(waves)


def _as(wave, waves):
    return str(wave) if isinstance(waves[0], str) else wave


def _identity(table, rest, id, used):
    """Columns that tell rows apart, or the name of one to make."""
    if id is not None:
        ids = (id,) if not isinstance(id, list | tuple) else tuple(id)
        for name in ids:
            require(table, name, "id")
            if name in used:
                raise DataError(f"id={name!r} is one of the columns to reshape")
        _check_unique(table, ids)
        return ids, None
    found = identifying(table, rest)
    if found:
        return found, None
    names = {str(n) for n in table.names}
    made = next(
        n for n in ("row", "row_id", *(f"row_{i}" for i in range(2, 999))) if n not in names
    )
    return (), made


def identifying(table, names) -> tuple[Any, ...]:
    """The column, or two columns of names, that differ from row to row; () for none.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> identifying(open_table({"x": [1.5, 2.5], "who": ["a", "b"]}), ("x", "who"))
    ('who',)
    """
    looked: list[ColumnProfile] = []
    for name in names:
        try:
            p = profile(table.column(name))
        except ColumnTypeError:
            continue
        if (p.is_text or p.whole) and p.codes is not None:
            looked.append(p)
    alone = [p for p in looked if p.n_missing == 0 and p.n_distinct == p.n]
    if alone:
        return ((next((p for p in alone if hint(p.name, GROUPS)), None) or alone[0]).name,)
    factors = [p for p in looked if p.n_missing == 0 and (p.is_text or hint(p.name, GROUPS))][:8]
    from mixedeffects.exploration.relations import n_pairs

    for i, one in enumerate(factors):
        for two in factors[i + 1 :]:
            if n_pairs(one, two) == one.n:
                return (one.name, two.name)
    return ()


def _check_unique(table, ids):
    place = np.zeros(table.n_rows, dtype=np.int64)
    columns = []
    for name in ids:
        column = profile(table.column(name))
        if column.codes is None or column.n_missing:
            raise DataError(f"id={name!r} has missing values, so it does not tell the rows apart")
        columns.append(column)
        place = np.unique(place * column.n_distinct + column.codes, return_inverse=True)[1]
    rows = np.bincount(place)
    count = int(rows.max())
    if count > 1:
        first = int(np.flatnonzero(place == np.argmax(rows))[0])
        labels = [c.labels[c.codes[first]] for c in columns]
        shown = ", ".join(f"{n} = {v}" for n, v in zip(ids, labels, strict=True))
        raise DataError(
            f"id= does not tell the rows apart: {shown} has {count} rows; leave id= out (all other "
            "columns are kept anyway) or add the column that does"
        )


def _check_results(kept, time, variables, made):
    results = [*([made] if made else []), time, *variables]
    for name in results:
        if name in kept:
            option = "time=" if name == time else "value= or in columns={…}"
            raise DataError(
                f"the result column '{name}' is already in the table; give another name with "
                f"{option}"
            )
    if len(set(results)) < len(results):
        raise DataError(
            f"two result columns would have one name ({', '.join(results)}); give time= another"
        )


def reshape(table, plan, drop_missing=False):
    """The long table: a row per row and wave of the wide one, in the same flavour.

    Returns table of the same library.

    Parameters
    ----------
    drop_missing : bool
        Leave out rows in which every variable is missing.
    """
    n, k = table.n_rows, len(plan.waves)
    row, wave = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
    if drop_missing:
        seen = ~absent_cells(table, plan).ravel()
        row, wave = row[seen], wave[seen]
    native = _native_columns(table)
    columns: dict[Any, Any] = {}
    if plan.made_id is not None:
        columns[plan.made_id] = row + 1
    for name in (*plan.id, *plan.kept):
        columns[name] = stack(table.flavour, [native(name)], row)
    columns[plan.time] = _waves(plan.waves, wave)
    for name, members in plan.variables.items():
        held = [c for c in members if c is not None]
        place = np.array([-1 if c is None else held.index(c) for c in members])[wave]
        positions = np.where(place < 0, -1, place * n + row)
        columns[name] = stack(table.flavour, [native(c) for c in held], positions)
    if plan.made_id is not None:
        warnings.warn(
            f"no column tells the rows apart, so the result has a new one that does: "
            f"'{plan.made_id}', 1 to {n:,}; if you have one, name it with id=",
            DataWarning,
            stacklevel=depth_of_package(),
        )
    return assemble(table.flavour, columns)


def _waves(waves, wave):
    values = np.array(waves, dtype=object if isinstance(waves[0], str) else None)
    return values[wave].tolist() if values.dtype == object else values[wave]


def absent_cells(table, plan):
    """Whether a row has no variable at a wave, (n, waves) bool."""
    absent = np.ones((table.n_rows, len(plan.waves)), dtype=bool)
    for members in plan.variables.values():
        for j, c in enumerate(members):
            if c is not None:
                missing = table.column(c).missing
                absent[:, j] &= False if missing is None else missing
    return absent


def _native_columns(table):
    if table.flavour == "pyarrow":
        names = list(table.names)
        return lambda name: table.native.column(names.index(name))
    return lambda name: table.native[name]
