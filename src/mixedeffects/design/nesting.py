"""How grouping factors relate: nested, crossed, partly crossed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixedeffects.design.integer_codes import pair_codes
from mixedeffects.design.records import Factor


@dataclass(frozen=True, slots=True)
class FactorSize:
    """Rows per level of one factor."""

    name: str
    n_levels: int
    rows_min: int
    rows_mean: float
    rows_max: int


@dataclass(frozen=True, slots=True)
class Relation:
    """How two factors relate.

    Attributes
    ----------
    first, second : str
    kind : str
        "nested" (each level of `first` lies in one level of `second`), "crossed" (every
        combination occurs), "partly crossed", or "same".
    n_pairs : int
        Combinations that occur.
    """

    first: str
    second: str
    kind: str
    n_pairs: int


def nesting(factors: Sequence[Factor]) -> tuple[tuple[FactorSize, ...], tuple[Relation, ...]]:
    """Sizes of factors and the relation of each pair.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.design.records import Factor
    >>> rep = Factor("rep", np.array([0, 1, 2, 2], dtype=np.int32), (1, 2, 3))
    >>> centre = Factor("centre", np.array([0, 0, 1, 1], dtype=np.int32), ("A", "B"))
    >>> nesting([centre, rep])[1][0]
    Relation(first='rep', second='centre', kind='nested', n_pairs=3)
    """
    sizes = []
    for factor in factors:
        rows = np.bincount(factor.codes, minlength=factor.n_levels)
        sizes.append(
            FactorSize(
                factor.name, factor.n_levels, int(rows.min()), float(rows.mean()), int(rows.max())
            )
        )
    relations = []
    for i, one in enumerate(factors):
        for two in factors[i + 1 :]:
            first, second = (one, two) if one.n_levels >= two.n_levels else (two, one)
            n_pairs = pair_codes(first.codes, second.codes, second.n_levels)[1].shape[0]
            kind = _kind(first, second, n_pairs)
            relations.append(Relation(first.name, second.name, kind, n_pairs))
    return tuple(sizes), tuple(relations)


def _kind(first: Factor, second: Factor, n_pairs: int) -> str:
    if n_pairs == first.n_levels:
        return "same" if n_pairs == second.n_levels else "nested"
    return "crossed" if n_pairs == first.n_levels * second.n_levels else "partly crossed"


def is_nested(codes, outer):
    """Whether every level of one factor lies within one level of another.

    Takes codes, outer (n,) int arrays.

    Examples
    --------
    >>> import numpy as np
    >>> is_nested(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1]))
    True
    """
    home = np.empty(int(codes.max()) + 1, dtype=np.intp)
    home[codes] = outer
    return bool((home[codes] == outer).all())
