"""Rows that are the same in everything a model sees, to be worked on once.

Data of counts, categories and a few predictors often have many equal rows: their log densities
are equal, so one of them with a frequency weight stands for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mixedeffects.design.categorical import Coded
from mixedeffects.design.column_matrix import ColumnMatrix, Matrix
from mixedeffects.design.parts import ExtraPart, GLMMDesign
from mixedeffects.design.records import Block
from mixedeffects.design.row_keys import WORTH, Collapsed, equal_rows


def collapse(glmm: GLMMDesign, *, worth: float = WORTH) -> Collapsed | None:
    """Rows equal in response, model matrices, offsets and levels; None when few rows would go.

    Parameters
    ----------
    glmm : GLMMDesign
        Its prior weights must multiply the log density: those of equal rows add up to `counts`.
    worth : float
        Least share of the rows that has to go away.

    Examples
    --------
    >>> from mixedeffects.design import build_glmm_design
    >>> table = {"y": [0, 1, 1, 0, 1, 0], "x": [1, 2, 2, 1, 2, 2], "g": list("aaabbb")}
    >>> rows = collapse(build_glmm_design("y ~ x + (1 | g)", table, kind="binomial"))
    >>> rows.first, rows.row_of, rows.counts
    (array([0, 1, 3, 4, 5]), array([0, 1, 1, 2, 3, 4]), array([1., 2., 1., 1., 1.]))
    """
    blocks = [b for part in (glmm.design, *glmm.parts.values()) for b in part.blocks]
    if any(block.factor.n_levels == glmm.n for block in blocks):
        return None  # a level of its own tells every row from the others
    columns = [glmm.y, *_predictor_columns(glmm)]
    if glmm.size is not None:
        columns.append(glmm.size)
    return equal_rows(columns, weights=glmm.weights, worth=worth)


def _predictor_columns(glmm: GLMMDesign) -> list[np.ndarray]:
    """All that the linear predictors of a row are made of."""
    found: dict[int, list[np.ndarray]] = {}
    for part in (glmm.design, *glmm.parts.values()):
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
    if glmm.n and not unique:
        return [np.zeros(glmm.n, dtype=np.uint8)]
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


def take_rows(glmm: GLMMDesign, rows: np.ndarray) -> GLMMDesign:
    """The same model on some of the rows; arrays that were shared stay shared.

    Parameters
    ----------
    glmm : GLMMDesign
    rows : (m,) int array
        For instance `Collapsed.first`. Every level of every factor has to be among them.

    Returns
    -------
    GLMMDesign
        Its matrices are arrays; what it remembers of the table (`predictors`, `missing`, `spec`)
        is that of all rows.
    """
    made: dict[int, np.ndarray] = {}

    def cut(array: Matrix | None) -> np.ndarray | None:
        if array is None:
            return None
        if id(array) not in made:
            made[id(array)] = np.ascontiguousarray(array[rows])
        return made[id(array)]

    def cut_block(block: Block) -> Block:
        codes = cut(block.factor.codes)
        assert codes is not None
        return replace(block, factor=replace(block.factor, codes=codes), Z=cut(block.Z))

    def cut_part(part: ExtraPart) -> ExtraPart:
        blocks = tuple(cut_block(block) for block in part.blocks)
        return replace(part, X=cut(part.X), offset=cut(part.offset), blocks=blocks)

    main = glmm.design
    y = cut(glmm.y)
    assert y is not None
    return replace(
        glmm,
        design=replace(
            main,
            y=y,
            X=cut(main.X),
            offset=cut(main.offset),
            blocks=tuple(cut_block(block) for block in main.blocks),
        ),
        y=y,
        size=cut(glmm.size),
        weights=cut(glmm.weights),
        parts={name: cut_part(part) for name, part in glmm.parts.items()},
        exposure=cut(glmm.exposure),
    )
