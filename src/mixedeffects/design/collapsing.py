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
from mixedeffects.design.records import Block, Design
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


class Cut:
    """Some of the rows of what a design is made of; arrays that were shared stay shared."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.made: dict[int, np.ndarray] = {}

    def array(self, array: Matrix) -> np.ndarray:
        """The rows of an array or matrix."""
        if id(array) not in self.made:
            self.made[id(array)] = np.ascontiguousarray(array[self.rows])
        return self.made[id(array)]

    def maybe(self, array: Matrix | None) -> np.ndarray | None:
        """The rows of an array, where there is one."""
        return None if array is None else self.array(array)

    def blocks(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """The rows of random effects."""
        return tuple(
            replace(
                block,
                factor=replace(block.factor, codes=self.array(block.factor.codes)),
                Z=self.maybe(block.Z),
            )
            for block in blocks
        )


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
    cut = Cut(rows)

    def cut_part(part: ExtraPart) -> ExtraPart:
        return replace(
            part, X=cut.array(part.X), offset=cut.maybe(part.offset), blocks=cut.blocks(part.blocks)
        )

    main = glmm.design
    y = cut.array(glmm.y)
    return replace(
        glmm,
        design=replace(
            main,
            y=y,
            X=cut.array(main.X),
            offset=cut.maybe(main.offset),
            blocks=cut.blocks(main.blocks),
        ),
        y=y,
        size=cut.maybe(glmm.size),
        weights=cut.maybe(glmm.weights),
        parts={name: cut_part(part) for name, part in glmm.parts.items()},
        exposure=cut.maybe(glmm.exposure),
    )


def rows_of_design(design: Design, rows: np.ndarray) -> Design:
    """A linear model's design with its rows in another order.

    Parameters
    ----------
    design : Design
    rows : (n,) int array
        All rows.

    Returns
    -------
    Design
        Without the columns behind it (`predictors`), which stand in the old order.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "g": list("aaabbb")}
    >>> design = rows_of_design(build_design("y ~ 1 + (1 | g)", table), np.arange(6)[::-1])
    >>> design.y, design.blocks[0].factor.codes
    (array([7., 5., 3., 4., 2., 1.]), array([1, 1, 1, 0, 0, 0], dtype=int32))
    """
    cut = Cut(rows)
    return replace(
        design,
        y=cut.array(design.y),
        X=cut.array(design.X),
        offset=cut.maybe(design.offset),
        weights=cut.maybe(design.weights),
        blocks=cut.blocks(design.blocks),
        predictors=None,
    )
