"""The rows of Z: which random effects each observation meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class RandomRows:
    """Model matrices of all blocks, one short vector per row.

    The vector u of all random effects has the leaf's first, then the other blocks in the order
    of the layout; within a block, level by level.

    Attributes
    ----------
    q, k : tuple of int
        Levels, and columns per level, of every block in the design's order.
    order : tuple of int
        Blocks in the order of u.
    columns : (n, K) int32 array
        Place in u of each entry of a row; K is the sum of k.
    Z : (n, K) float64 array
        Entries before Lambda, in the engine's coordinates, blocks in the order of u.
    codes : tuple of (n,) int32 arrays
        Level of each row, in the order of u.
    parts : tuple of (int, slice, slice)
        Per block in the order of u: itself, its columns of a row, its entries of u.
    """

    q: tuple[int, ...]
    k: tuple[int, ...]
    order: tuple[int, ...]
    columns: np.ndarray
    Z: np.ndarray
    codes: tuple[np.ndarray, ...]
    parts: tuple[tuple[int, slice, slice], ...] = field(init=False)

    def __post_init__(self):
        out, at, start = [], 0, 0
        for f in self.order:
            stop = start + self.q[f] * self.k[f]
            out.append((f, slice(at, at + self.k[f]), slice(start, stop)))
            at, start = at + self.k[f], stop
        object.__setattr__(self, "parts", tuple(out))

    @classmethod
    def of(cls, blocks, T_blocks, order):
        """Lay the rows of a design's blocks side by side.

        Parameters
        ----------
        T_blocks : sequence of (k, k) arrays
            Engine coordinates of every block: Z~ = Z T.
        """
        q = tuple(b.factor.n_levels for b in blocks)
        k = tuple(b.k for b in blocks)
        n, K = blocks[0].factor.codes.size, sum(k)
        columns, Z = np.empty((n, K), dtype=np.int32), np.empty((n, K))
        at = start = 0
        for f in order:
            block = blocks[f]
            inside = np.arange(k[f], dtype=np.int32)
            columns[:, at : at + k[f]] = start + block.factor.codes[:, None] * k[f] + inside
            Z[:, at : at + k[f]] = T_blocks[f][0, 0] if block.Z is None else block.Z @ T_blocks[f]
            at += k[f]
            start += q[f] * k[f]
        codes = tuple(np.ascontiguousarray(blocks[f].factor.codes) for f in order)
        return cls(q, k, tuple(order), columns, Z, codes)

    @property
    def n(self) -> int:
        return self.Z.shape[0]

    @property
    def width(self) -> int:
        """Columns of all blocks: the length of u."""
        return sum(a * b for a, b in zip(self.q, self.k, strict=True))

    def scaled(self, Lambdas):
        """(n, K) entries times Lambda, block by block."""
        out = np.empty_like(self.Z)
        for f, inside, _ in self.parts:
            if self.k[f] == 1:
                np.multiply(self.Z[:, inside], Lambdas[f][0, 0], out=out[:, inside])
            else:
                np.matmul(self.Z[:, inside], Lambdas[f], out=out[:, inside])
        return out

    def by_block(self, u):
        """Per block in the design's order, the (q, k) part of u."""
        out = [np.empty(0)] * len(self.q)
        for f, _, where in self.parts:
            out[f] = u[where].reshape(self.q[f], self.k[f])
        return out

    def together(self, parts):
        """u from its (q, k) parts in the design's order."""
        return np.concatenate([parts[f].ravel() for f in self.order])


def precision_of(rows, priors):
    """The function u -> Q u of all random effects: one that a fit in another process can have."""
    if all(prior.unit for prior in priors):
        return _itself
    return partial(_times_precision, rows, priors)


def _itself(u):
    return u


def _times_precision(rows, priors, u):
    parts = zip(priors, rows.by_block(u), strict=True)
    return rows.together([prior.times(part) for prior, part in parts])
