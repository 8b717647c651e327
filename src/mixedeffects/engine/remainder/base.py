"""The interface of a remainder: how the matrix that elimination leaves is kept and factored.

Once the leaf's levels are eliminated, the m columns of the other blocks keep

    R = Lambda_r'A_rr Lambda_r + Q - sum_j V_j'K_jV_j,

Q the prior precision (`mixedeffects.covariance.prior`), A_rr their cross-products, V_j those of
leaf level j with them times Lambda_r (on a pattern that a `Crossing` has), K_j = Lambda M_j^-1
Lambda'. A `Remainder` is made once for a model and makes a `RemainderFactor` of every R. Its
subclasses keep the lower triangle of R, or the part of it that may differ from zero, in one flat
array; nobody else knows where. The same entries of R^-1 are kept in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from mixedeffects.engine.crossing import Crossing
from mixedeffects.engine.priors import rest_entries


@dataclass(frozen=True, slots=True)
class Question:
    """What a remainder is asked to make an offer for.

    Attributes
    ----------
    pairs : float
        Pairs of columns met by the same leaf level, summed over levels.
    pattern : tuple of arrays or None
        (indptr, index): the remainder's levels that each leaf level meets, where looked at.
    spare : float or None
        Bytes that it may take; None if not known.
    seconds : float
        The time of the best offer so far, or a limit: no use in searching for slower ones. Infinite
        where a remainder was asked for by name.
    rivals : bool
        Whether there is an offer that fits in memory.
    """

    layout: Any
    pairs: float
    pattern: Any
    spare: float | None
    seconds: float
    rivals: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What one evaluation with its gradient would cost.

    Attributes
    ----------
    kind : str
        Name of the remainder.
    crossing, factor : (operations, operations per second)
        Of what the leaf's levels take from R and of what they ask of its inverse; of factoring it.
    columns : int
        Order of the largest dense matrix.
    words : str
        How R is factored, for a description of the plan.
    prepared : object
        What was found out on the way, for the remainder's constructor.
    """

    kind: str
    crossing: tuple[float, float]
    factor: tuple[float, float]
    bytes: float
    columns: int
    words: str
    prepared: Any = None

    @property
    def seconds(self) -> float:
        """Of factoring."""
        operations, rate = self.factor
        return operations / rate


@dataclass(frozen=True, slots=True, eq=False)
class RowPlaces:
    """Where the products of a row's own entries stand.

    Attributes
    ----------
    leaf : (n,) int32
        Its leaf level.
    place : (n, K - k) int32
        Its columns of the remainder among the cross-products of its leaf level.
    target : (n, pairs) int
        In R: its pairs (a, b), b <= a, of columns of the remainder, in lexicographic order.
    """

    leaf: np.ndarray
    place: np.ndarray
    target: np.ndarray


class Remainder(ABC):
    """How one model's remainder is kept.

    Parameters
    ----------
    met : (indptr, index, value)
        The leaf's cross-products with the remainder, compressed.
    priors : tuple of Prior
        Of all blocks.
    prepared : object
        Of the offer.

    Attributes
    ----------
    name : str
        As `engine=` and the registry have it.
    patterned : bool
        Whether an offer takes a look at the pattern.
    size : int
        Entries kept.
    entries : float
        Entries of a factor.
    crossing : Crossing
    """

    name: ClassVar[str]
    patterned: ClassVar[bool] = False
    size: int
    entries: float

    def __init__(self, met, layout, priors, prepared):
        self.layout, self.priors, self.m = layout, priors, layout.m
        indptr, index, value = met
        self.crossing = Crossing(indptr, index, value, layout.m, self.order(prepared))

    @classmethod
    @abstractmethod
    def offer(cls, question: Question) -> Offer | None:
        """The predicted cost; None where it cannot or had better not be used."""

    def order(self, prepared):
        """Place of every column in the order of elimination, (m,); None for the natural one."""
        return None

    @abstractmethod
    def places(self, row, column) -> np.ndarray:
        """Where entries (row, column) or (column, row) of R are kept."""

    @abstractmethod
    def eliminate(self, R, K, V) -> None:
        """R -= sum_j V_j'K_jV_j, V (nnz, k) on the crossing's pattern."""

    @abstractmethod
    def factor(self, R) -> RemainderFactor:
        """Factor R, which may be overwritten."""

    @abstractmethod
    def enclose(self, P, V) -> np.ndarray:
        """V_j P V_j' of every leaf level, (q, k, k), for a symmetric P kept like R."""

    @abstractmethod
    def times(self, P, V) -> np.ndarray:
        """V P on V's own pattern, (nnz, k), for a symmetric P kept like R."""

    def of_sums(self, places, values, K, V):
        """Assemble R from entries of Lambda_r'A_rr Lambda_r, and factor it."""
        R = np.zeros(self.size)
        R[places] = values
        self.add_precision(R)
        self.eliminate(R, K, V)
        return self.factor(R)

    def of_rows(self, Z, w, rows, diag, cross, prior, K):
        """Assemble and factor M of rows with weights, the leaf first.

        Takes w (n,) array.

        Parameters
        ----------
        Z : (n, K) array
            Entries of the rows, times Lambda.
        diag : (q, k, k), cross : (nnz, k)
            Zeros; they leave as the sums over rows.
        prior : (q,)
            Prior precisions of the leaf's levels.
        K : (q, k, k)
            Overwritten by the leaf's M_j^-1.

        Returns
        -------
        logdet : float
            log|M|; inf if it is not positive definite.
        factor : RemainderFactor, or None where the leaf is not positive definite
        """
        from mixedeffects.engine.kernels import rows as kernels

        kernels.leaf_sums(Z, w, rows.leaf, rows.place, diag, cross)
        logdet = float(kernels.invert_levels(diag, prior, K))
        if not np.isfinite(logdet):
            return logdet, None
        R = np.zeros(self.size)
        kernels.pair_sums(Z, w, rows.target, K.shape[1], R)
        self.add_precision(R)
        self.eliminate(R, K, cross)
        factor = self.factor(R)
        return logdet + factor.logdet, factor

    @cached_property
    def _block_places(self):
        out = {}
        for f, offset in zip(self.layout.rest, self.layout.offsets, strict=True):
            q, k = self.layout.q[f], self.layout.k[f]
            row = offset + k * np.arange(q)[:, None, None] + np.arange(k)[:, None]
            out[f] = self.places(*np.broadcast_arrays(row, row.transpose(0, 2, 1)))
        return out

    def diagonal_blocks(self, P):
        """By block of the design, the (q_f, k_f, k_f) diagonal blocks of a matrix kept like R."""
        return {f: P[places] for f, places in self._block_places.items()}

    @cached_property
    def precision(self):
        """Places and values of Q."""
        row, column, value = rest_entries(self.layout, self.priors)
        return self.places(row, column), value

    def add_precision(self, R):
        """R += Q."""
        places, values = self.precision
        R[places] += values

    def precision_blocks(self, P):
        """Like `diagonal_blocks`, of Q P: for the trace of R^-1 Q over the levels of each block."""
        out = self.diagonal_blocks(P)
        for f, offset in zip(self.layout.rest, self.layout.offsets, strict=True):
            prior, k = self.priors[f], self.layout.k[f]
            if not prior.unit:
                out[f] = (np.broadcast_to(prior.own, self.layout.q[f]) * out[f].T).T
            if not prior.independent:
                level, other, value = prior.pairs
                a = np.arange(k)
                row = offset + k * level[:, None, None] + a[:, None]
                column = offset + k * other[:, None, None] + a
                between = (value * P[self.places(*np.broadcast_arrays(row, column))].T).T
                np.add.at(out[f], level, between.transpose(0, 2, 1))
                np.add.at(out[f], other, between)
        return out


class RemainderFactor(ABC):
    """What is asked of one R.

    Attributes
    ----------
    logdet : float
        log|R|; inf if R is not positive definite in floating point. The rest is then not asked.
    logdet_error : float
        Bound of its error beyond rounding, for methods that estimate it.
    """

    __slots__ = ("logdet",)
    logdet: float
    logdet_error = 0.0

    @abstractmethod
    def solve(self, B) -> np.ndarray:
        """R^-1 B, (m, c)."""

    def inner(self, B) -> np.ndarray:
        """B'R^-1B, (c, c)."""
        return B.T @ self.solve(B)

    def squares(self, B) -> np.ndarray:
        """Diagonal of B'R^-1B, (c,): of many columns at once."""
        return np.einsum("mn,mn->n", B, self.solve(B))

    @abstractmethod
    def selected(self) -> np.ndarray:
        """R^-1, kept like R."""

    @abstractmethod
    def smallest_pivot(self) -> float:
        """Next to zero where R is nearly singular."""

    def solve_all(self, crossing, K, cross, B, out) -> None:
        """out = M^-1 B for the M of `Remainder.of_rows`; B and out (q k + m, c), leaf first."""
        from mixedeffects.engine.kernels import rows as kernels

        indptr, index = crossing.indptr, crossing.index
        first = K.shape[0] * K.shape[1]
        top, low = B[:first], B[first:].copy()
        kernels.solve_leaf(K, top, out[:first])
        kernels.subtract_transposed(indptr, index, cross, out[:first], low)
        out[first:] = self.solve(low)
        top = top.copy()
        kernels.subtract_times(indptr, index, cross, out[first:], top)
        kernels.solve_leaf(K, top, out[:first])


class CholeskyFactor(RemainderFactor):
    """A factor that has L with R = LL': quadratic forms take half of a solution."""

    __slots__ = ()

    @abstractmethod
    def half(self, B) -> np.ndarray:
        """L^-1 B, in any order of the rows."""

    def inner(self, B):
        Y = self.half(B)
        return Y.T @ Y

    def squares(self, B):
        Y = self.half(B)
        return np.einsum("mn,mn->n", Y, Y)
