"""Which rows of another table are of one group, whether the fit knew the group or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.grouping import group_column
from mixedeffects.design.table import open_table
from mixedeffects.formula import column_names


def group_codes(specs: dict[str, Any], data: Any, kept: np.ndarray | None) -> list[np.ndarray]:
    """Codes of the table's own groups: equal where rows are of one level.

    Parameters
    ----------
    specs : dict of str to ModelSpec
        Of all linear predictors.
    data : table
        With the grouping columns.
    kept : (n_rows,) bool array or None
        Rows that are used, in which no grouping column is missing.

    Returns
    -------
    list of (n,) int arrays
        Per block of all predictors, 0, 1, ….

    Examples
    --------
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "g": list("aaabbb")}
    >>> specs = build_design("y ~ 1 + (1 | g)", table).specs
    >>> group_codes(specs, {"g": ["c", "d", "c", "a"]}, None)[0].tolist()
    [1, 2, 1, 0]
    """
    table, out = open_table(data), []
    n = table.n_rows if kept is None else int(kept.sum())
    for spec in specs.values():
        for members in spec.block_terms:
            group = spec.formula.random[members[0]].group
            names = dict.fromkeys(name.name for part in group for name in column_names(part.node))
            columns = {name: table.column(name).select(kept) for name in names}
            values = Evaluator(
                spec.text, columns, n, states=spec.states, levels=spec.levels, training=False,
                kept=kept,
            )  # fmt: skip
            parts = [group_column(part, values).coded()[0] for part in group]
            if len(parts) == 1:
                out.append(np.asarray(parts[0]))
            else:
                _, codes = np.unique(np.column_stack(parts), axis=0, return_inverse=True)
                out.append(codes.reshape(-1))
    return out
