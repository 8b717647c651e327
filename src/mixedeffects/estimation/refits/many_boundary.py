"""The boundary of the cone for many replicates: `estimation.certificate`, replicate by axis."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import Invariance
from mixedeffects.estimation.certificate import SINGULAR, WORTHWHILE
from mixedeffects.estimation.minimize import RESTARTS
from mixedeffects.estimation.refits.many_newton import newton

# a singular value below this share of the largest is zero
EXACT = 1e-9


def settle(model, theta, which):
    """Minimise, put negligible variances at zero, leave saddles, until nothing changes.

    Parameters
    ----------
    model : ManyObjectives
    theta : (R, m) array
        Rows `which` are replaced.
    which : (r,) int array

    Returns
    -------
    converged, singular : (r,) bool arrays
    """
    converged = np.zeros(model.R, dtype=bool)
    singular = np.zeros(model.R, dtype=bool)
    converged[which] = newton(model, theta, which)
    active = which
    for _ in range(RESTARTS):
        active = active[np.isfinite(model.d[active]) & ~_regular(model, theta[active])]
        if active.size == 0:
            break
        moved = _snap(model, theta, active)
        model.value(theta[active], active)
        model.slopes(theta[active], active)
        left, null = _leave_saddle(model, theta, active)
        singular[active] = null
        stay = active[~left]
        if stay.size:
            model.value(theta[stay], stay)
            model.slopes(theta[stay], stay)
        active = active[left | (moved & converged[active])]
        if active.size:
            converged[active] = newton(model, theta, active)
            singular[active] = False
    return converged[which], singular[which]


def canonical(part):
    """Lower-triangular factors with non-negative diagonals of the same covariances.

    Parameters
    ----------
    part : (r, k, k) array
        Any square factors.
    """
    if part.shape[1] == 1:
        return np.abs(part)
    R = np.linalg.qr(part.transpose(0, 2, 1), mode="r")
    signs = np.where(np.einsum("rii->ri", R) < 0, -1.0, 1.0)
    out = (signs[:, :, None] * R).transpose(0, 2, 1)
    largest = np.abs(out).max(axis=(1, 2), keepdims=True)
    return np.where(np.abs(out) < 1e-15 * largest, 0.0, out)


def theta_of(term, part):
    """theta (r, m) of one term from any square factors of its covariance."""
    if not mixes(term):
        return np.sqrt(np.einsum("rab,rab->ra", part, part))
    r, c = np.array(term.structure.positions).T
    return canonical(part)[:, r, c]


def mixes(term):
    """Whether all columns of a term covary; else none do (see `OneFactor.serves`)."""
    return term.structure.invariance is Invariance.ANY


def _part(model, theta, term):
    columns = list(term.columns)
    return model.lambdas(theta)[:, columns][:, :, columns]


def _regular(model, theta):
    """Whether a bound shows that no singular value is negligible: see `clearly_regular`."""
    out = np.ones(theta.shape[0], dtype=bool)
    for term in model.terms:
        part, k = theta[:, term.part], len(term.columns)
        size = np.einsum("rm,rm->r", part, part)
        determinant = np.abs(np.prod(part[:, term.structure.singular], axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = determinant * ((k - 1) / size) ** (0.5 * (k - 1)) if k > 1 else determinant
        limit = SINGULAR * (1.0 if k == 1 else np.maximum(1.0, np.sqrt(size)))
        out &= bound > limit
    return out


def _svd(term, part):
    """U and singular values (r, k), largest first; a diagonal term keeps its columns apart."""
    if mixes(term) and part.shape[1] > 1:
        U, s, Vt = np.linalg.svd(part)
        return U, s, Vt
    d = np.abs(np.einsum("rii->ri", part))
    U = np.broadcast_to(np.eye(d.shape[1]), part.shape)
    return U, d, U


def _snap(model, theta, which):
    """Negligible singular values to exactly zero where nothing is lost; who has moved."""
    moved = np.zeros(which.size, dtype=bool)
    best = model.d[which].copy()
    for term in model.terms:
        U, s, Vt = _svd(term, _part(model, theta[which], term))
        top = s.max(axis=1, keepdims=True)
        small = (s > 0) & (s < SINGULAR * np.maximum(1.0, top))
        some = np.flatnonzero(small.any(axis=1))
        if some.size == 0:
            continue
        at = which[some]
        part = (U[some] * np.where(small, 0.0, s)[some, None, :]) @ Vt[some]
        trial = theta[at]
        trial[:, term.part] = theta_of(term, part)
        d = model.value(trial, at)
        fine = d <= best[some] + 1e-9 * np.maximum(1.0, np.abs(best[some]) * 1e-3)
        theta[at[fine]] = trial[fine]
        best[some[fine]] = d[fine]
        # a rounding error that was already as good as zero is no move
        moved[some[fine]] |= (s * small)[some[fine]].max(axis=1) > EXACT
    return moved


def _leave_saddle(model, theta, which):
    """Step along the most promising direction of zero variance with a negative slope.

    Needs slopes at theta.

    Returns
    -------
    left, null : (r,) bool arrays
        Whether a lower point was found, and whether there are directions of zero variance.
    """
    r = which.size
    null_at = np.zeros(r, dtype=bool)
    gain, chosen = np.full(r, WORTHWHILE), np.full(r, -1)
    variance, direction = np.zeros(r), np.zeros((r, model.k))
    q = model.levels[which]
    for i, term in enumerate(model.terms):
        columns = list(term.columns)
        D = model.D[which][:, columns][:, :, columns]
        W = model.W[which][:, columns][:, :, columns]
        U, s, _ = _svd(term, _part(model, theta[which], term))
        null = s <= EXACT * np.maximum(1.0, s.max(axis=1, keepdims=True))
        null_at |= null.any(axis=1)
        B = U.transpose(0, 2, 1) @ D @ U
        both = null[:, :, None] & null[:, None, :]
        # outside of the null space a large slope: its eigenvectors keep away
        away = np.abs(B).max(axis=(1, 2), initial=0.0) * 10.0 * B.shape[1] + 1.0
        B = np.where(both, B, 0.0) + np.where(null, 0.0, away[:, None])[:, :, None] * np.eye(
            B.shape[1]
        )
        if mixes(term):
            values, vectors = np.linalg.eigh(B)
        else:
            values = np.einsum("rii->ri", B)
            vectors = np.broadcast_to(np.eye(B.shape[1]), B.shape)
        V = U @ vectors
        scale = np.maximum(np.einsum("rac,rab,rbc->rc", V, W, V), 1e-300)
        gains = np.where(values < 0, q[:, None] * (values / scale) ** 2 / 2.0, 0.0)
        best = gains.argmax(axis=1)
        pick = np.arange(r), best
        better = gains[pick] > gain
        gain = np.where(better, gains[pick], gain)
        chosen[better] = i
        variance = np.where(better, -values[pick] * q / scale[pick] ** 2, variance)
        v = V.transpose(0, 2, 1)[pick]
        full = np.zeros((r, model.k))
        full[:, columns] = v
        direction[better] = full[better]
    left = np.zeros(r, dtype=bool)
    current = model.d[which].copy()
    for i, term in enumerate(model.terms):
        some = np.flatnonzero(chosen == i)
        columns = list(term.columns)
        for _ in range(30):
            if some.size == 0:
                break
            at = which[some]
            v = direction[some][:, columns]
            Lam = _part(model, theta[at], term)
            G = Lam @ Lam.transpose(0, 2, 1)
            G = G + variance[some, None, None] * v[:, :, None] * v[:, None, :]
            values, vectors = np.linalg.eigh(G)
            trial = theta[at]
            trial[:, term.part] = theta_of(term, vectors * np.sqrt(values.clip(0.0))[:, None, :])
            lower = model.value(trial, at) < current[some]
            theta[at[lower]] = trial[lower]
            left[some[lower]] = True
            some = some[~lower]
            variance[some] *= 0.25
    return left, null_at
