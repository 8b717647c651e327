"""The columns of several linear predictors for the same new rows."""

from __future__ import annotations

from typing import Any

from mixedeffects.design.spec import ModelSpec, Rebuilt, new_rows
from mixedeffects.design.table import open_table


def rebuild_all(
    specs: dict[str, ModelSpec],
    data: Any,
    *,
    response: bool = False,
    groups: bool = True,
    missing_groups: bool = False,
) -> dict[str, Rebuilt]:
    """The columns of several linear predictors for other rows: those complete in all of them.

    Returns dict of str to Rebuilt.

    Parameters
    ----------
    specs : dict of str to ModelSpec
        That of the mean first.
    response, groups : bool
        As for `ModelSpec.rebuild`.
    missing_groups : bool
        Keep rows whose group is missing, as if it were a new level.

    Raises
    ------
    FormulaError, DataError
        As `ModelSpec.rebuild`.
    """
    table = open_table(data)
    wanted = {name: {"groups": groups} for name in specs}
    wanted[next(iter(specs))]["response"] = response
    used = {name: spec.used_columns(table, **wanted[name]) for name, spec in specs.items()}
    needed = used
    if missing_groups:
        needed = {
            name: spec.used_columns(
                table, groups=False, response=wanted[name].get("response", False)
            )
            for name, spec in specs.items()
        }
    rows = new_rows(table, dict.fromkeys(c for names in needed.values() for c in names))
    return {
        name: spec.rebuild_rows(table, used[name], rows, **wanted[name])
        for name, spec in specs.items()
    }
