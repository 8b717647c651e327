"""Rows that are the same in everything a model sees, to be worked on once.

Data of counts, categories and a few predictors often have many equal rows: their log densities
are equal, so one of them with a frequency weight stands for all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mixedeffects.design.categorical import Coded
from mixedeffects.design.column_matrix import ColumnMatrix, Matrix
from mixedeffects.design.records import Design
from mixedeffects.design.row_keys import WORTH, Collapsed, equal_rows, few_are_equal


def collapse(design: Design, *, worth: float = WORTH) -> Collapsed | None:
    """Rows equal in response, model matrices, offsets and levels; None when few rows would go.

    Parameters
    ----------
    design : Design
        Its prior weights must multiply the log density: those of equal rows add up to `counts`.
    worth : float
        Least share of the rows that has to go away.

    Examples
    --------
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [0, 1, 1, 0, 1, 0], "x": [1, 2, 2, 1, 2, 2], "g": list("aaabbb")}
    >>> rows = collapse(build_design("y ~ x + (1 | g)", table, kind="binomial"))
    >>> rows.first, rows.row_of, rows.counts
    (array([0, 1, 3, 4, 5]), array([0, 1, 1, 2, 3, 4]), array([1., 2., 1., 1., 1.]))
    """
    if any(block.factor.n_levels == design.n for block in design.all_blocks):
        return None  # a level of its own tells every row from the others
    columns = [design.y] if design.size is None else [design.y, design.size]
    # responses and levels tell rows apart already in most small tables
    if few_are_equal([*columns, *(block.factor.codes for block in design.all_blocks)], worth):
        return None
    columns += _predictor_columns(design)
    return equal_rows(columns, weights=design.weights, worth=worth)


def _predictor_columns(design: Design) -> list[np.ndarray]:
    """All that the linear predictors of a row are made of."""
    found: dict[int, list[np.ndarray]] = {}
    for part in design.predictors.values():
        for matrix in (part.X, *(block.Z for block in part.blocks)):
            if matrix is not None and id(matrix) not in found:
                found[id(matrix)] = list(_matrix_columns(matrix))
        for array in (part.offset, *(block.factor.codes for block in part.blocks)):
            if array is not None:
                found.setdefault(id(array), [array])
    unique = {
        (column.__array_interface__["data"][0], column.strides, column.dtype.str): column
        for columns in found.values()
        for column in columns
    }
    if design.n and not unique:
        return [np.zeros(design.n, dtype=np.uint8)]
    return list(unique.values())


def _matrix_columns(matrix: Matrix) -> Iterator[np.ndarray]:
    """Columns that decide those of a model matrix: of a `ColumnMatrix`, what it is made of."""
    if not isinstance(matrix, ColumnMatrix):
        for j in range(matrix.shape[1]):
            # a constant column tells no rows apart
            if (matrix[:, j] != matrix[0, j]).any():
                yield matrix[:, j]
        return
    for recipe in matrix.columns:
        for part, k in recipe:
            if isinstance(part.source, Coded):
                yield part.source.codes
            else:
                yield part.source if part.source.ndim == 1 else part.source[:, k]
