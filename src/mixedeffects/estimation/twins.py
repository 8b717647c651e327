"""Two points of the parameter space that no response tells apart."""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.identification import APART, inner

# smallest singular value of a relative factor, of its norm, with room on all sides
REGULAR = 0.1
# mixtures of flat directions that are tried
MIXTURES = 8
# variance, relative to the residual, that two such points have at least in every direction
LEAST_ROOM = 0.1


def two_alike(parameters, lambdas, sigma, flat):
    """Two points theta~ with the same V, inside the parameter space and far apart.

    Parameters
    ----------
    lambdas : sequence of (k, k) arrays
        Relative factors at the estimate, in the engine's columns.
    sigma : float
        1 where the covariances are relative to nothing.

    Returns
    -------
    tuple of two (n_theta,) arrays
        Apart along a mixture of all flat directions; where the estimate is inside the parameter
        space the first is the estimate itself, so that both are optima.
    """
    parts_of = [[inner(T, change) / sigma**2 for T, change in zip(parameters.T_blocks, f.blocks,
              strict=True)] for f in flat]  # fmt: skip
    found = None
    for boundary in (False, True):
        if boundary:  # next to it there is no room: two points inside, away from the optimum
            room = [max(np.square(Lam).sum() / Lam.shape[0], LEAST_ROOM) for Lam in lambdas]
            lambdas = [
                np.linalg.cholesky(Lam @ Lam.T + r * np.eye(Lam.shape[0]))
                for Lam, r in zip(lambdas, room, strict=True)
            ]
        found = _farthest(lambdas, parts_of, [f.residual / sigma**2 for f in flat])
        if found is not None:
            break
    assert found is not None
    far, changes, residual = found
    out = []
    for size in (0.0, far):
        whole = 1.0 + size * residual
        factors = [
            np.linalg.cholesky((Lam @ Lam.T + size * c) / whole) if c.any() else Lam / whole**0.5
            for Lam, c in zip(lambdas, changes, strict=True)
        ]
        out.append(parameters.theta_from_lambdas(factors))
    return tuple(out)


def _farthest(lambdas, parts_of, residuals):
    """Of some mixtures of flat directions the one that leads furthest; None without room.

    Returns far (float), changes (list of (k, k) arrays), residual (float).
    """
    rng = np.random.default_rng(7)
    best, reached = None, -1.0
    for _ in range(MIXTURES):
        mixture = rng.standard_normal(len(parts_of))
        changes = [
            np.tensordot(mixture, np.array(parts), axes=1) for parts in zip(*parts_of, strict=True)
        ]
        residual = float(mixture @ residuals)
        far = _room(lambdas, changes, residual)
        if far is None:
            return None
        moved = [abs(residual)] if residual else []
        moved += [
            float(np.linalg.norm(c) / np.square(Lam).sum())
            for c, Lam in zip(changes, lambdas, strict=True) if c.any()
        ]  # fmt: skip
        least = far * min(moved)
        if least > reached:
            best, reached = (far, changes, residual), least
    return best


def _room(lambdas, changes, residual):
    """How far to go along a change so that all covariances stay well inside; None without room."""
    largest = abs(residual)
    for Lam, c in zip(lambdas, changes, strict=True):
        if not c.any():
            continue
        if not np.linalg.svd(Lam, compute_uv=False)[-1] > REGULAR * np.linalg.norm(Lam):
            return None
        half = np.linalg.solve(Lam, np.linalg.solve(Lam, c).T)
        largest = max(largest, np.abs(np.linalg.eigvalsh(0.5 * (half + half.T))).max())
    return APART / largest
