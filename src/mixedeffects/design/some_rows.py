"""A design on some of its rows, in any number and order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mixedeffects.design.column_matrix import Matrix, rows_of
from mixedeffects.design.records import Block, Design, Factor, LinearPredictor


def take_rows(
    design: Design, rows: np.ndarray, factor_of: Callable[[Factor], Factor] | None = None
) -> Design:
    """The same model on some of the rows; arrays that were shared stay shared.

    Parameters
    ----------
    rows : (m,) int array
        For instance `Collapsed.first`.
    factor_of : callable, optional
        From a grouping factor to that of the rows. By default it keeps its levels, every one of
        which has to be among the rows.

    Returns
    -------
    Design
        Its matrices are arrays; what it remembers of the table (`sources`, `missing`, `spec`)
        is that of all rows.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "g": list("aaabbb")}
    >>> design = take_rows(build_design("y ~ 1 + (1 | g)", table), np.arange(6)[::-1])
    >>> design.y, design.blocks[0].factor.codes
    (array([7., 5., 3., 4., 2., 1.]), array([1, 1, 1, 0, 0, 0], dtype=int32))
    """
    made: dict[int, np.ndarray] = {}
    factors: dict[int, Factor] = {}

    def cut(array: Matrix | None) -> np.ndarray | None:
        if array is None:
            return None
        if id(array) not in made:
            made[id(array)] = np.ascontiguousarray(rows_of(array, rows))
        return made[id(array)]

    def factor(given: Factor) -> Factor:
        if id(given) not in factors:
            new = replace(given, codes=cut(given.codes)) if factor_of is None else factor_of(given)
            factors[id(given)] = new
        return factors[id(given)]

    def block(given: Block) -> Block:
        return replace(given, factor=factor(given.factor), Z=cut(given.Z))

    def predictor(given: LinearPredictor) -> LinearPredictor:
        return replace(
            given, X=cut(given.X), offset=cut(given.offset), blocks=tuple(map(block, given.blocks))
        )

    return replace(
        design,
        y=cut(design.y),
        mean=predictor(design.mean),
        weights=cut(design.weights),
        size=cut(design.size),
        exposure=cut(design.exposure),
        others={name: predictor(one) for name, one in design.others.items()},
    )
