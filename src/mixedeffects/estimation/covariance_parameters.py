"""The parameter vector: theta of all terms, and its two systems of coordinates.

The optimiser works on theta~, the relative factors in the engine's nearly orthonormal
columns (see `mixedeffects.crossprod.reference`); users see theta in lme4's order and in
the columns of the formula. With b = T_z b~, Lambda = T_z Lambda~ up to a rotation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.covariance import structure


@dataclass(frozen=True, slots=True)
class TermParameters:
    """Where one term's theta stands.

    Attributes
    ----------
    columns : tuple of int
        Its columns within the block.
    part : slice
        Its entries of theta.
    whole : bool
        Whether its columns are all of the block's.
    place : tuple of arrays
        Index of its (k, k) part within the block's.
    """

    block: int
    columns: tuple[int, ...]
    structure: Any
    part: slice
    whole: bool
    place: Any


class CovarianceParameters:
    """Map between theta and the relative factors of all blocks.

    Takes T_blocks sequence of (k, k) arrays.
    """

    def __init__(self, blocks, T_blocks):
        self.k = [b.k for b in blocks]
        self.T_blocks = T_blocks
        terms, at = [], 0
        for f, block in enumerate(blocks):
            for term in block.terms:
                form = structure(term.covariance, len(term.columns))
                part = slice(at, at + form.n_theta)
                whole = len(term.columns) == block.k
                place = None if whole else np.ix_(term.columns, term.columns)
                terms.append(TermParameters(f, term.columns, form, part, whole, place))
                at = part.stop
        self.terms = tuple(terms)
        self.n_theta = at

    def lambdas(self, theta):
        """(k, k) relative factor of every block."""
        out: list[Any] = [None] * len(self.k)
        for t in self.terms:
            part = t.structure.factor(theta[t.part])
            if t.whole:
                out[t.block] = part
                continue
            if out[t.block] is None:
                out[t.block] = np.zeros((self.k[t.block],) * 2)
            out[t.block][t.place] = part
        return out

    def gradient(self, theta, slopes):
        """Derivatives by theta from derivatives by Lambda, one (k, k) array per block."""
        parts = [
            t.structure.gradient(
                theta[t.part], slopes[t.block] if t.whole else slopes[t.block][t.place]
            )
            for t in self.terms
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def dG(self, theta, lambdas):
        """Per block, the (n, k, k) derivatives of G = Lambda Lambda' by the block's own theta."""
        out = [[] for _ in self.k]
        for t in self.terms:
            d = self._in_block(t, t.structure.derivatives(theta[t.part]))
            half = d @ lambdas[t.block].T
            out[t.block].append(half + half.transpose(0, 2, 1))
        return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in out]

    @property
    def additive(self):
        """Whether all covariances are linear in variances and covariances that are free."""
        return all(t.structure.additive for t in self.terms)

    def bases(self, theta):
        """Per block, the (m, k, k) matrices that span the changes of G next to theta.

        Of a structure that is linear in its variances and covariances these are the matrices that
        they multiply.
        """
        out = [[] for _ in self.k]
        for t in self.terms:
            out[t.block].append(self._in_block(t, t.structure.tangent(theta[t.part])))
        return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in out]

    def natural_slopes(self, theta):
        """Per block, first and second derivatives of G by its terms' natural parameters.

        As `Covariance.natural_slopes`: (m, k, k) and (m, m, k, k) arrays.
        """
        out = []
        for f, k in enumerate(self.k):
            terms = [t for t in self.terms if t.block == f]
            parts = [t.structure.natural_slopes(theta[t.part]) for t in terms]
            m = sum(len(first) for first, _ in parts)
            first, second, at = np.zeros((m, k, k)), np.zeros((m, m, k, k)), 0
            for t, (own, bend) in zip(terms, parts, strict=True):
                part = np.arange(at, at + len(own))
                first[np.ix_(part, t.columns, t.columns)] = own
                second[np.ix_(part, part, t.columns, t.columns)] = bend
                at += len(own)
            out.append((first, second))
        return out

    def _in_block(self, term, matrices):
        """(n, k, k) matrices of a block that are those of a term in its columns, else zero."""
        if term.whole:
            return matrices
        n, k = matrices.shape[0], self.k[term.block]
        out = np.zeros((n, k, k))
        out[np.ix_(np.arange(n), term.columns, term.columns)] = matrices
        return out

    def add_curvature(self, theta, D, H):
        """Add <D, d2G / dtheta dtheta'>, one symmetric (k, k) matrix D per block, to H."""
        for t in self.terms:
            part = D[t.block] if t.whole else D[t.block][t.place]
            H[t.part, t.part] += t.structure.curvature(theta[t.part], part)

    def theta_from_lambdas(self, lambdas):
        """theta, canonical, of given relative factors (one (k, k) array per block)."""
        theta = np.empty(self.n_theta)
        for t in self.terms:
            part = lambdas[t.block] if t.whole else lambdas[t.block][t.place]
            theta[t.part] = t.structure.theta_of(part)
        return theta

    def to_user(self, theta):
        """theta in the columns of the formula, canonical, lme4's order."""
        inner = self.lambdas(theta)
        return self.theta_from_lambdas(
            [T @ Lam for T, Lam in zip(self.T_blocks, inner, strict=True)]
        )

    def user_lambdas(self, theta):
        """Relative factors in the columns of the formula, lower triangular."""
        return self.lambdas(self.to_user(theta))

    def from_user(self, theta):
        """The optimiser's theta~ of a theta in the columns of the formula."""
        outer = self.lambdas(np.asarray(theta, dtype=float))
        return self.theta_from_lambdas(
            [np.linalg.solve(T, Lam) for T, Lam in zip(self.T_blocks, outer, strict=True)]
        )
