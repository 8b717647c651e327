"""What a remainder of the elimination promises, checked against dense matrices."""

from __future__ import annotations

import numpy as np

from mixedeffects.crossprod import Layout
from mixedeffects.engine.priors import identities
from mixedeffects.engine.remainder import Question, Remainder, RowPlaces
from mixedeffects.options import generator

_ROWS, _LEAF, _OTHERS = 90, 16, (7, 4)


def check_remainder(kind: type[Remainder], *, rng=0, rtol=1e-8) -> None:
    """Check that a way to keep and factor the remainder keeps its contract.

    Sums over rows of simulated models are eliminated, factored, solved with and inverted, and each
    answer is held against the same of one dense matrix.

    Parameters
    ----------
    kind : subclass of Remainder
        The kind of remainder that is checked.
    rng : numpy.random.Generator or int
        Source of random numbers, or its seed.
    rtol : float
        Tolerance, relative to the largest entry of each answer; log-determinants may be off by
        their `logdet_error` besides.

    Raises
    ------
    AssertionError
        What is wrong, and by how much.

    Examples
    --------
    >>> from mixedeffects.engine.remainder import REMAINDERS
    >>> check_remainder(REMAINDERS["dense"])
    """
    rng = generator(rng)
    for columns in ((1, 1, 1), (2, 1, 3), (3, 2, 1)):
        _check(kind, _Case(columns, rng), rtol)


class _Case:
    """Rows of three crossed factors; all sums over them as dense matrices."""

    def __init__(self, columns, rng):
        levels = (_LEAF, *_OTHERS)
        self.layout = Layout(levels, columns, 0, (1, 2))
        codes = [np.concatenate([np.arange(q), rng.integers(0, q, _ROWS - q)]) for q in levels]
        self.codes = [rng.permutation(c).astype(np.int32) for c in codes]
        self.w = rng.uniform(0.5, 2.0, _ROWS)
        self.Z = rng.normal(size=(_ROWS, sum(columns)))
        starts = np.cumsum([0, *(q * k for q, k in zip(levels, columns, strict=True))])
        self.columns = np.concatenate(
            [
                start + k * c[:, None] + np.arange(k)
                for start, c, k in zip(starts, self.codes, columns, strict=False)
            ],
            axis=1,
        )
        whole = np.zeros((_ROWS, starts[-1]))
        np.put_along_axis(whole, self.columns, self.Z, axis=1)
        self.products = whole.T @ (self.w[:, None] * whole)
        self.M = self.products + np.eye(starts[-1])
        self.first, self.k = starts[1], columns[0]

    def met(self):
        """Columns of the remainder that each leaf level meets, compressed, with their products."""
        together = np.zeros((_LEAF, self.M.shape[0] - self.first), dtype=bool)
        together[self.codes[0][:, None], self.columns[:, self.k :] - self.first] = True
        level, index = np.nonzero(together)
        indptr = np.concatenate([[0], np.cumsum(together.sum(axis=1))]).astype(np.int64)
        rows = level[:, None] * self.k + np.arange(self.k)
        return indptr, index.astype(np.int32), self.products[rows, self.first + index[:, None]]

    def pattern(self):
        """The same by levels."""
        others = np.stack([self.codes[1], _OTHERS[0] + self.codes[2]], axis=1)
        together = np.zeros((_LEAF, sum(_OTHERS)), dtype=bool)
        together[self.codes[0][:, None], others] = True
        indptr = np.concatenate([[0], np.cumsum(together.sum(axis=1))]).astype(np.int64)
        return indptr, np.nonzero(together)[1].astype(np.int32)


def _check(kind, case, rtol):
    layout, first, k = case.layout, case.first, case.k
    pattern = case.pattern()
    question = Question(layout, 1e3, pattern, None, np.inf, rivals=False)
    offer = kind.offer(question)
    _require(offer is not None, "makes no offer")
    _require(offer.kind == kind.name, f"offers itself as {offer.kind!r}, not {kind.name!r}")
    _require(min(*offer.factor, *offer.crossing, offer.bytes) >= 0, "offers for less than nothing")
    indptr, index, value = case.met()
    remainder = kind((indptr, index, value), layout, identities(layout), offer.prepared)
    crossing = remainder.crossing

    # the same in NumPy: leaf, cross-products, Schur complement
    M, m = case.M, layout.m
    leaf = M[:first, :first].reshape(_LEAF, k, _LEAF, k)
    K = np.linalg.inv(leaf[np.arange(_LEAF), :, np.arange(_LEAF)])
    level = np.repeat(np.arange(_LEAF), np.diff(crossing.indptr))
    V = M[level[:, None] * k + np.arange(k), first + crossing.index[:, None]]
    V_dense = M[:first, first:].reshape(_LEAF, k, m)
    R = M[first:, first:] - np.einsum("jam,jab,jbn->mn", V_dense, K, V_dense)
    inverse = np.linalg.inv(R)

    own = np.nonzero(np.tril(case.products[first:, first:]))
    places = remainder.places(*own)
    _require(np.unique(places).size == places.size, "two entries have one place")
    _require((places == remainder.places(*own[::-1])).all(), "places depend on the triangle")
    values = case.products[first:, first:][own]
    factor = remainder.of_sums(places, values, K, V)
    expected = np.linalg.slogdet(R)[1]
    error = abs(factor.logdet - expected) - factor.logdet_error
    _require(error <= rtol * (1.0 + abs(expected)), f"logdet is {factor.logdet}, not {expected}")
    indefinite = remainder.of_sums(places, values - 1e3 * (own[0] == own[1]), K, V).logdet
    _require(indefinite == np.inf, f"logdet is {indefinite} of an R that is not positive definite")
    B = np.random.default_rng(1).normal(size=(m, 3))
    solution = inverse @ B
    _close(factor.solve(B), solution, rtol, "solve")
    _close(factor.inner(B), B.T @ solution, rtol, "inner")
    _close(factor.squares(B), (B * solution).sum(axis=0), rtol, "squares")
    eigenvalues = np.linalg.eigvalsh(R)
    smallest = factor.smallest_pivot()
    inside = (1.0 - rtol) * eigenvalues[0] <= smallest <= (1.0 + rtol) * eigenvalues[-1]
    _require(inside, f"smallest_pivot {smallest} lies outside the eigenvalues")

    P = factor.selected()
    _close(P[places], inverse[own], rtol, "selected")
    for f, blocks in remainder.diagonal_blocks(P).items():
        q, width = layout.q[f], layout.k[f]
        at = layout.offsets[layout.rest.index(f)] + np.arange(q * width).reshape(q, width)
        _close(blocks, inverse[at[:, :, None], at[:, None, :]], rtol, "selected, in blocks")
    S = np.einsum("jam,mn,jbn->jab", V_dense, inverse, V_dense)
    _close(remainder.enclose(P, V), S, rtol, "enclose")
    T = (V_dense @ inverse)[level, :, crossing.index]
    _close(remainder.times(P, V), T, rtol, "times")
    _check_rows(remainder, case, rtol)


def _check_rows(remainder, case, rtol):
    """The same matrices from rows with weights."""
    first, k, crossing = case.first, case.k, remainder.crossing
    columns = case.columns[:, k:] - first
    at = {}
    for j in range(_LEAF):
        for e in range(crossing.indptr[j], crossing.indptr[j + 1]):
            at[j, crossing.index[e]] = e
    place = np.array(
        [[at[j, c] for c in row] for j, row in zip(case.codes[0], columns.tolist(), strict=True)],
        dtype=np.int32,
    )
    target = np.stack(
        [
            remainder.places(columns[:, a], columns[:, b])
            for a in range(columns.shape[1])
            for b in range(a + 1)
        ],
        axis=1,
    )
    rows = RowPlaces(case.codes[0], place, target)

    def factored(w):
        K = np.empty((_LEAF, k, k))
        cross = np.zeros((crossing.index.size, k))
        logdet, factor = remainder.of_rows(
            case.Z, w, rows, np.zeros_like(K), cross, np.ones(_LEAF), K
        )
        return logdet, factor, K, cross

    logdet, factor, K, cross = factored(case.w)
    expected = np.linalg.slogdet(case.M)[1]
    error = abs(logdet - expected) - factor.logdet_error
    _require(error <= rtol * (1.0 + abs(expected)), f"of_rows: logdet is {logdet}, not {expected}")
    B = np.random.default_rng(2).normal(size=(case.M.shape[0], 2))
    out = np.empty_like(B)
    factor.solve_all(crossing, K, cross, B, out)
    _close(out, np.linalg.solve(case.M, B), rtol, "solve_all")
    negative = factored(-50.0 * case.w)[0]
    _require(negative == np.inf, f"of_rows: logdet is {negative} of an M that is not positive")


def _require(condition, message) -> None:
    if not condition:
        raise AssertionError(message)


def _close(found, expected, rtol, what) -> None:
    scale = np.abs(expected).max()
    error = np.abs(np.asarray(found) - expected).max() / scale
    _require(error <= rtol, f"{what}: differs from the dense matrix by {error:.1e} of {scale:.3g}")
