"""Which random-effect columns are eliminated level by level, and which remain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """The split of the blocks into one *leaf* and a *remainder*.

    The leaf is eliminated one level at a time (its part of the matrix is block
    diagonal); the columns of all other blocks form the remainder.

    Attributes
    ----------
    q, k : tuple of int
        Levels and columns per level of every block, in the design's order.
    leaf : int or None
        Position of the leaf among the blocks; None when everything is remainder.
    rest : tuple of int
        Positions of the other blocks, in the order of their columns.
    small : bool
        True when the model is so small that dense matrices beat any structure: the
        cross-products are then formed by one matrix product, without Numba.

    Examples
    --------
    >>> Layout((2972, 1128, 14), (1, 1, 1), 0, (1, 2)).m
    1142
    """

    q: tuple[int, ...]
    k: tuple[int, ...]
    leaf: int | None
    rest: tuple[int, ...]
    small: bool = False

    @property
    def m(self) -> int:
        """Columns of the remainder."""
        return sum(self.q[f] * self.k[f] for f in self.rest)

    @property
    def order(self) -> tuple[int, ...]:
        """All blocks, the leaf first."""
        return self.rest if self.leaf is None else (self.leaf, *self.rest)

    @property
    def offsets(self) -> tuple[int, ...]:
        """First column of each block of `rest` in the remainder."""
        out, at = [], 0
        for f in self.rest:
            out.append(at)
            at += self.q[f] * self.k[f]
        return tuple(out)
