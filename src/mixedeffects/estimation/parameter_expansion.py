"""Expanded parameters (PX-EM): the factor of the random effects as a regression coefficient.

With b_j = L u_j the expanded model has a free L, (k, r), besides a free covariance of u_j; only
L Cov(u) L' is identified. The M-step for Cov(u) is the plain one; that for L is the regression of
what the fixed effects leave on Z_j with u_j, all moments given y:

    sum_j S_j dL N_j = -D L,   S_j = Z_j'WZ_j,   N_j = E[u_j u_j' | y] / s^2.

L has one column for every direction that has variance. Where a variance goes to zero the plain
step slows down without end, G <- G (1 - D G / q); the regression goes there at a linear rate.

This is exact for one block. With several, each is expanded as if the other L were known: what two
of them share is left out, so `em` looks whether the objective fell.

Liu, Rubin & Wu (1998), doi:10.1093/biomet/85.4.755.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# singular value of Lambda, relative to one or the largest, below which a direction has no variance
NONE = 1e-10
# singular value of the regression's scaled matrix, relative to the largest, that counts as zero
DEPENDENT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """What has variance in one block, and which entries of its factor are free.

    Attributes
    ----------
    L : (k, r) array
        G = L L'.
    inverse : (r, k) array
        Its left inverse.
    rows, columns : (n,) int arrays
        Entries of L that are free: those of columns that may covary.
    owned : tuple of (r_t,) int arrays
        Columns of L that belong to each piece.
    """

    L: np.ndarray
    inverse: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    owned: tuple[np.ndarray, ...]


def expanded(current):
    """The M-step with expanded parameters, all blocks.

    Returns
    -------
    factors : list of (k, k) arrays
        Per block, with factor factor' = rho G for the new G.
    gain : float
        What the expected residual sum of squares falls by, in units of s^2.
    """
    fact, objective = current.factorisation, current.objective
    conditional, scores = fact.conditional(), fact.scores()
    projected = objective.reml and objective.p > 0
    fixed = fact.fixed_scores() if projected else [None] * len(scores)
    factors, gain = [], 0.0
    for f, Lam in enumerate(current.lambdas):
        terms = [t for t in objective.parameters.terms if t.block == f]
        free = directions(Lam, terms)
        N = level_moments(free.inverse, Lam, current.s2, conditional[f], scores[f], fixed[f])
        dL, fall = regression(free, current.D[f], objective.stats.level_blocks(f), N)
        inner = np.eye(N.shape[1]) - free.L.T @ current.D[f] @ free.L / N.shape[0]
        factors.append(new_factor(free, free.L + dL, inner, terms))
        gain += fall
    return factors, gain


def directions(Lam, terms):
    """The `Directions` of a block's (k, k) relative factor."""
    k = Lam.shape[0]
    parts, inverses, rows, columns, owned, at = [], [], [], [], [], 0
    for piece in pieces_of(terms):
        place = np.array(piece)
        U, s, _ = np.linalg.svd(Lam[np.ix_(place, place)])
        kept = np.flatnonzero(s > NONE * max(1.0, s[0]))
        own = np.arange(at, at + kept.size)
        whole, inverse = np.zeros((k, kept.size)), np.zeros((kept.size, k))
        whole[place], inverse[:, place] = U[:, kept] * s[kept], (U[:, kept] / s[kept]).T
        parts.append(whole)
        inverses.append(inverse)
        rows.append(np.repeat(place, kept.size))
        columns.append(np.tile(own, place.size))
        owned.append(own)
        at += kept.size
    return Directions(
        np.concatenate(parts, axis=1), np.concatenate(inverses), np.concatenate(rows),
        np.concatenate(columns), tuple(owned),
    )  # fmt: skip


def level_moments(inverse, Lam, s2, conditional, scores, fixed):
    """E[u_j u_j' | y] / s^2 of a block's levels, (q, r, r), with u_j = inverse b_j.

    Takes inverse (r, k) array; Lam (k, k) array.

    Parameters
    ----------
    conditional : (q, k, k) array
        Var(b_j | y, beta) / s^2.
    scores : (q, k) array
        h_j, with b_j = G h_j.
    fixed : (q, k, p) array or None
        For REML, what the uncertainty of beta adds: see `fixed_scores`.
    """
    half = inverse @ (Lam @ Lam.T)
    modes = scores @ half.T
    N = inverse @ conditional @ inverse.T + modes[:, :, None] * (modes / s2)[:, None, :]
    if fixed is not None:
        spread = half @ fixed
        N += spread @ spread.transpose(0, 2, 1)
    return N


def regression(free, D, S, N):
    """The change of L, and what the expected residual sum of squares falls by.

    Takes D (k, k) array; S (q, k, k) array; N (q, r, r) array.

    Returns
    -------
    dL : (k, r) array
    gain : float
        In units of s^2.
    """
    dL = np.zeros_like(free.L)
    if not free.rows.size:
        return dL, 0.0
    k, r = dL.shape
    q = S.shape[0]
    pairs = (S.reshape(q, k * k).T @ N.reshape(q, r * r)).reshape(k, k, r, r)
    rows, columns = free.rows, free.columns
    system = pairs[rows[:, None], rows, columns[:, None], columns]
    rhs = -(D @ free.L)[rows, columns]
    scale = np.sqrt(np.maximum(system.diagonal(), 1e-300))
    change = np.linalg.lstsq(system / np.outer(scale, scale), rhs / scale, rcond=DEPENDENT)[0]
    dL[rows, columns] = change / scale
    return dL, float(rhs @ (change / scale))


def new_factor(free, L, inner, terms):
    """A (k, k) factor of L Cov(u) L', piece by piece."""
    out = np.zeros((L.shape[0],) * 2)
    for piece, own in zip(pieces_of(terms), free.owned, strict=True):
        half = root(inner[np.ix_(own, own)])
        out[np.ix_(piece, piece[: own.size])] = L[np.ix_(piece, own)] @ half
    return out


def pieces_of(terms):
    """Sets of a block's columns that are free to covary, as tuples of positions in the block."""
    return [
        tuple(term.columns[c] for c in piece) for term in terms for piece in term.structure.pieces
    ]


def root(A):
    """B with B B' = A, for a positive semi-definite A up to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> half = root(np.array([[4.0, 2.0], [2.0, 1.0]]))
    >>> (half @ half.T).round(9).tolist()
    [[4.0, 2.0], [2.0, 1.0]]
    """
    try:
        return np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        eigenvalues, vectors = np.linalg.eigh(A)
        return vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
