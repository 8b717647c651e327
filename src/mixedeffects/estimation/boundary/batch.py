"""The boundary for many replicates of a model with one factor: `linear`, replicate by axis.

Its terms have free covariances (see `OneFactor.serves`): all columns of one covary, or none.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import Invariance
from mixedeffects.estimation.boundary.linear import MOST_TRIALS, no_worse
from mixedeffects.estimation.boundary.terms import NEGLIGIBLE, WORTHWHILE, ZERO


def mixes(term):
    """Whether all columns of a term covary; else none do."""
    return term.structure.invariance is Invariance.ANY


def factor_of(model, theta, term):
    """(r, k, k) Lambda~ of one term."""
    columns = list(term.columns)
    return model.lambdas(theta)[:, columns][:, :, columns]


def clearly_regular(model, theta):
    """Whether a bound shows that no standard deviation is negligible, as in `Unstructured`."""
    out = np.ones(theta.shape[0], dtype=bool)
    for term in model.terms:
        part, k = theta[:, term.part], len(term.columns)
        size = np.einsum("rm,rm->r", part, part)
        determinant = np.abs(np.prod(part[:, term.structure.singular], axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = determinant * ((k - 1) / size) ** (0.5 * (k - 1)) if k > 1 else determinant
        limit = NEGLIGIBLE * (1.0 if k == 1 else np.maximum(1.0, np.sqrt(size)))
        out &= bound > limit
    return out


def axes_of(term, Lam):
    """Orthonormal directions, the columns of (r, k, k), and the standard deviations along them."""
    if mixes(term) and Lam.shape[1] > 1:
        U, s, _ = np.linalg.svd(Lam)
        return U, s
    s = np.abs(np.einsum("rii->ri", Lam))
    return np.broadcast_to(np.eye(s.shape[1]), Lam.shape), s


def snap(model, theta, which):
    """Negligible standard deviations to exactly zero where nothing is lost; who has moved."""
    moved = np.zeros(which.size, dtype=bool)
    best = model.d[which].copy()
    for term in model.terms:
        U, s = axes_of(term, factor_of(model, theta[which], term))
        top = s.max(axis=1, keepdims=True)
        small = (s > 0) & (s < NEGLIGIBLE * np.maximum(1.0, top))
        some = np.flatnonzero(small.any(axis=1))
        if some.size == 0:
            continue
        at = which[some]
        trial = theta[at]
        kept = np.where(small, 0.0, s)[some, None, :]
        trial[:, term.part] = term.structure.thetas_of(U[some] * kept)
        d = model.value(trial, at)
        fine = no_worse(d, best[some])
        theta[at[fine]] = trial[fine]
        best[some[fine]] = d[fine]
        # a rounding error that was already as good as zero is no move
        moved[some[fine]] |= (s * small)[some[fine]].max(axis=1) > ZERO
    return moved


def leave_saddle(model, theta, which):
    """Step along the most promising direction of zero variance with a negative slope.

    Needs slopes at theta.

    Returns
    -------
    left, null : (r,) bool arrays
        Whether a lower point was found, and whether there are directions of zero variance.
    """
    r = which.size
    null, gain, chosen = np.zeros(r, dtype=bool), np.full(r, WORTHWHILE), np.full(r, -1)
    variance, direction = np.zeros(r), np.zeros((r, model.k))
    for i, term in enumerate(model.terms):
        none, v, more, wins = best_escape(model, theta, which, term)
        better = wins > gain
        null |= none
        gain[better], variance[better], chosen[better] = wins[better], more[better], i
        direction[better] = 0.0
        direction[np.ix_(better, term.columns)] = v[better]
    left = np.zeros(r, dtype=bool)
    current = model.d[which].copy()
    for i, term in enumerate(model.terms):
        some = np.flatnonzero(chosen == i)
        for _ in range(MOST_TRIALS):
            if some.size == 0:
                break
            at = which[some]
            v = direction[some][:, list(term.columns)]
            Lam = factor_of(model, theta[at], term)
            G = Lam @ Lam.transpose(0, 2, 1)
            G = G + variance[some, None, None] * v[:, :, None] * v[:, None, :]
            values, vectors = np.linalg.eigh(G)
            half = vectors * np.sqrt(values.clip(0.0))[:, None, :]
            trial = theta[at]
            trial[:, term.part] = term.structure.thetas_of(half)
            lower = model.value(trial, at) < current[some]
            theta[at[lower]] = trial[lower]
            left[some[lower]] = True
            some = some[~lower]
            variance[some] *= 0.25
    return left, null


def best_escape(model, theta, which, term):
    """Of one term, the direction of zero variance that promises most.

    Returns
    -------
    none : (r,) bool array
        Whether there is a direction of zero variance at all.
    v : (r, k) array
        The direction.
    variance, gain : (r,) arrays
        How far to go, and what the objective would fall by, roughly: 0 where it would rise.
    """
    columns = list(term.columns)
    D = model.D[which][:, columns][:, :, columns]
    W = model.W[which][:, columns][:, :, columns]
    U, s = axes_of(term, factor_of(model, theta[which], term))
    null = s <= ZERO * np.maximum(1.0, s.max(axis=1, keepdims=True))
    B = U.transpose(0, 2, 1) @ D @ U
    # outside of the null space a large slope: its eigenvectors keep away
    away = np.abs(B).max(axis=(1, 2), initial=0.0) * 10.0 * B.shape[1] + 1.0
    B = np.where(null[:, :, None] & null[:, None, :], B, 0.0)
    B += np.where(null, 0.0, away[:, None])[:, :, None] * np.eye(B.shape[1])
    if mixes(term):
        values, vectors = np.linalg.eigh(B)
        U = U @ vectors
    else:
        values = np.einsum("rii->ri", B)
    q = model.levels[which]
    scale = np.maximum(np.einsum("rac,rab,rbc->rc", U, W, U), 1e-300)
    gains = np.where(values < 0, q[:, None] * (values / scale) ** 2 / 2.0, 0.0)
    pick = np.arange(q.size), gains.argmax(axis=1)
    variance = -values[pick] * q / scale[pick] ** 2
    return null.any(axis=1), U.transpose(0, 2, 1)[pick], variance, gains[pick]
