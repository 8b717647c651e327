"""Names in a formula → columns of a table, or an error that points at the name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mixedeffects.design.table import SourceTable
from mixedeffects.errors import ColumnTypeError, FormulaError
from mixedeffects.formula import Formula, close_match, column_names, quote

CONSTANTS = {"pi": math.pi}


def find_columns(formula: Formula, table: SourceTable, used: Sequence[str]) -> list[str]:
    """Check that every used column exists, once; a constant is one that does not (``pi``).

    Returns
    -------
    list of str
        The names that are columns.

    Raises
    ------
    FormulaError
        A name is not in the table; the message shows where it is used and what is close.
    """
    known = set(table.names)
    found = []
    for name in used:
        if name in known:
            found.append(name)
        elif name not in CONSTANTS:
            raise _unknown(formula, table, name)
    if len(known) != len(table.names):
        table.check_names(found)
    return found


def _unknown(formula: Formula, table: SourceTable, name: str) -> Exception:
    texts = [column for column in table.names if isinstance(column, str)]
    others = [column for column in table.names if not isinstance(column, str)]
    if others and not texts:
        return ColumnTypeError(
            f"the table's column names are not text ({', '.join(map(repr, others[:5]))}); "
            "rename them, for instance to 'x0', 'x1'"
        )
    start, end = formula.locate(name) or (0, len(formula.text))
    listed = ", ".join(quote(column) for column in texts[:30])
    hint = f"columns: {listed}{', …' if len(texts) > 30 else ''}"
    guess = close_match(name, texts)
    if guess is not None:
        hint += f"; did you mean '{guess}'?"
    labels = [label for label in getattr(table.index, "names", ()) if label is not None]
    if name in labels:
        hint = f"'{name}' is in the index of the table: data.reset_index() makes a column of it"
    elif others and name in map(str, others):
        hint += f"; the name {int(name) if name.isdigit() else name} is no text: rename the column"
    return FormulaError(f"no column '{name}' in the table", formula.text, start, end, hint)


def replace_dot(
    formula: Formula, table: SourceTable, *excluded: Any
) -> tuple[Formula, tuple[str, ...] | None]:
    """The formula with ``.`` replaced by the table's columns but those excluded, and these."""
    if not formula.uses_dot:
        return formula, None
    out = {name for name in excluded if isinstance(name, str)}
    dot = tuple(name for name in table.names if isinstance(name, str) and name not in out)
    return formula.with_columns(dot), dot


def group_columns(part: Any) -> list[str]:
    """Columns that the grouping factor of a random term reads."""
    return [name.name for variable in part.group for name in column_names(variable.node)]


def read_columns(formula: Formula, response: bool) -> set[str]:
    """Columns read by anything but the grouping factors."""
    nodes = [variable.node for variable in formula.fixed.variables]
    nodes += [variable.node for variable in formula.offsets]
    nodes += [v.node for part in formula.random for v in part.effects.variables]
    if response and formula.response is not None:
        nodes.append(formula.response)
    return {name.name for node in nodes for name in column_names(node)}


def right_columns(formula: Formula) -> list[str]:
    """Columns read by the right-hand side."""
    needed = read_columns(formula, False)
    for part in formula.random:
        needed.update(group_columns(part))
    return [name for name in formula.column_names if name in needed]
