"""AI-Newton for many objectives at a time: `mixedeffects.estimation.newton`, replicate by axis."""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.newton import ARMIJO, SMALLEST_STEP, TIGHT

ITERATIONS = 200
# the same where objectives are known in a box only; how far beyond it a step, and an end, may be
WITHIN, REACH, EDGE = 30, 1.2, 1.15


def newton(model, theta, which):
    """Minimise the objectives of some replicates.

    Takes which (r,) int array.

    Parameters
    ----------
    model : ManyObjectives
        Left at the optima, with slopes.
    theta : (R, m) array
        Where to start; rows `which` are replaced by the optima.

    Returns
    -------
    (r,) bool array
        Whether each converged.
    """
    R = model.R
    done = np.zeros(R, dtype=bool)
    model.value(theta[which], which)
    active = which[np.isfinite(model.d[which])]
    for _ in range(ITERATIONS):
        if active.size == 0:
            break
        model.slopes(theta[active], active)
        g = model.gradient[active]
        step, decrement = newton_steps(model.curvature[active], g, theta[active])
        done[active] = decrement < TIGHT
        going = np.isfinite(decrement) & ~done[active]
        active, step, g, decrement = active[going], step[going], g[going], decrement[going]
        if active.size:
            stuck = _line_search(model, theta, active, step, np.einsum("rm,rm->r", g, step))
            if stuck.any():
                at = active[stuck]
                d = model.value(theta[at], at)
                model.slopes(theta[at], at)
                done[at] = decrement[stuck] < np.maximum(1e-6, 1e-11 * np.abs(d))
                active = active[~stuck]
    return done[which]


def newton_within(look, start, keep, at_edge):
    """Minimise objectives that are known in a box only.

    Takes start (R, m) array.

    Parameters
    ----------
    look : callable
        Of theta (r, m) and the replicates (r,): objective (r,), gradient, second derivatives, and
        something else (r, D).
    keep, at_edge : callable
        Of theta (r, m): no further from the box than it reaches; whether it is at its edge.

    Returns
    -------
    theta (R, m), value (R,), something else (R, D), converged (R,) bool array
    """
    theta = start.copy()
    every = np.arange(theta.shape[0])
    value, g, H, v = look(theta, every)
    converged, active = np.zeros(every.size, dtype=bool), every[np.isfinite(value)]
    for _ in range(WITHIN):
        step, decrement = newton_steps(H[active], g[active], theta[active])
        converged[active] = decrement < TIGHT
        going = ~converged[active]
        active, step = active[going], step[going]
        if not active.size:
            break
        length = np.ones(active.size)
        moved = np.zeros(active.size, dtype=bool)
        for _ in range(8):
            again = np.flatnonzero(~moved)
            if not again.size:
                break
            some = active[again]
            trial = keep(theta[some] + length[again, None] * step[again])
            new = look(trial, some)
            better = new[0] <= value[some] + 1e-10 * np.abs(value[some])
            at = some[better]
            theta[at], value[at] = trial[better], new[0][better]
            g[at], H[at], v[at] = (part[better] for part in new[1:])
            moved[again[better]] = True
            length[again[~better]] *= 0.3
        active = active[moved & ~at_edge(theta[active])]
        if not active.size:
            break
    return theta, value, v, converged


def newton_steps(H, g, theta):
    """-|H|^-1 g of every replicate, of a sensible length, and the decrements g'|H|^-1 g.

    Takes H (r, m, m), g : (r, m), theta : (r, m).
    """
    m = g.shape[1]
    if m == 1:
        step = -g / np.maximum(np.abs(H[:, :, 0]), 1e-12)
    elif _positive_definite(H):
        step = -np.linalg.solve(H, g[:, :, None])[:, :, 0]
    else:
        finite = np.isfinite(H).all(axis=(1, 2))
        if not finite.all():
            H = np.where(finite[:, None, None], H, np.eye(m))
        values, vectors = np.linalg.eigh(H)
        modulus = np.abs(values)
        floor = np.maximum(1e-8 * modulus.max(axis=1, keepdims=True), 1e-12)
        along = np.matmul(g[:, None, :], vectors)[:, 0] / np.maximum(modulus, floor)
        step = -np.matmul(vectors, along[:, :, None])[:, :, 0]
    decrement = -np.einsum("rm,rm->r", g, step)
    longest = np.abs(step).max(axis=1)
    allowed = np.maximum(1.0, 2.0 * np.abs(theta).max(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(longest > allowed, allowed / longest, 1.0)
    return step * scale[:, None], decrement


def _positive_definite(H):
    """Whether all are: their solutions then take a fraction of the time of eigenvectors."""
    try:
        np.linalg.cholesky(H)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(H).all())


def _line_search(model, theta, active, step, slope):
    """Move every active replicate along its step; True where no lower point was found."""
    current = model.d[active].copy()
    length = np.ones(active.size)
    stuck = np.zeros(active.size, dtype=bool)
    left = np.arange(active.size)
    while left.size:
        at = active[left]
        trial = theta[at] + length[left, None] * step[left]
        change = model.value(trial, at) - current[left]
        ahead = length[left] * slope[left]
        accepted = change <= ARMIJO * ahead
        theta[at[accepted]] = trial[accepted]
        hopeless = ~accepted & (
            (np.abs(ahead) < 1e-13 * np.abs(current[left])) | (length[left] < SMALLEST_STEP)
        )
        stuck[left[hopeless]] = True
        on = ~accepted & ~hopeless
        left, change, ahead = left[on], change[on], ahead[on]
        # minimiser of the parabola through value, slope and trial value
        old = length[left]
        with np.errstate(invalid="ignore", divide="ignore"):
            best = -0.5 * ahead * old / (change - ahead)
        best = np.clip(best, 0.1 * old, 0.5 * old)
        length[left] = np.where(np.isfinite(change), best, 0.1 * old)
    return stuck
