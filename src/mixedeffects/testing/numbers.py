"""What the checks of a structure share: comparison, draws, differences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

STEP = 1e-3


def require(condition, message) -> None:
    """Raise AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def close(found, expected, rtol, what) -> None:
    """Require that arrays agree, relative to one plus their size."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    require(
        found.shape == expected.shape, f"{what}: shape {found.shape}, should be {expected.shape}"
    )
    error = np.abs(found - expected) / (1.0 + np.abs(expected))
    if not np.all(error <= rtol):
        i = int(np.argmax(np.nan_to_num(error.ravel(), nan=np.inf)))
        raise AssertionError(
            f"{what}: {found.ravel()[i]:.10g}, should be {expected.ravel()[i]:.10g}"
        )


def draw(one, rng):
    """theta of a covariance well inside the structure's."""
    A = rng.normal(size=(one.k, one.k + 2))
    theta = np.asarray(one.theta_of(np.linalg.cholesky(A @ A.T + 0.3 * np.eye(one.k))))
    require(theta.shape == (one.n_theta,), f"theta_of gives shape {theta.shape}")
    return theta * rng.uniform(0.8, 1.2, theta.size)


def covariance(one, theta):
    """G of a structure at theta."""
    Lam = one.factor(theta)
    require(Lam.shape == (one.k, one.k), f"factor has shape {Lam.shape}")
    return Lam @ Lam.T


def difference(function, theta):
    """Derivatives of an array by theta, first axis theta: central differences, extrapolated."""
    out = []
    for i in range(theta.size):
        table = []
        for step in (STEP, 2.0 * STEP, 4.0 * STEP):
            up, down = theta.copy(), theta.copy()
            up[i] += step
            down[i] -= step
            table.append((function(up) - function(down)) / (2.0 * step))
        first = [(4.0 * a - b) / 3.0 for a, b in pairwise(table)]
        out.append((16.0 * first[0] - first[1]) / 15.0)
    return np.array(out)
