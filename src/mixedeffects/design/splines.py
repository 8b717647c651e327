"""Bases that remember the data they were made from: poly, bs, ns.

Each is a pair: ``…_state(x, options)`` computes from the training rows what ``…_basis(x,
state)`` needs to give the same columns for any rows.  States are plain numbers and lists, so
they can be stored as JSON.

References
----------
de Boor (2001), A Practical Guide to Splines, ch. IX–X; Kennedy & Gentle (1980), Statistical
Computing, pp. 343–4 (three-term recurrence of orthogonal polynomials).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

State = dict[str, Any]


def poly_state(x: np.ndarray, degree: int) -> State:
    """Recurrence coefficients of the polynomials orthogonal over the values of `x`."""
    centre = float(x.mean())
    z = x - centre
    previous, current = np.zeros_like(z), np.ones_like(z)
    norms, alphas = [1.0, float(z.shape[0])], []
    for _ in range(degree):
        alpha = float((z * current * current).sum() / norms[-1])
        following = (z - alpha) * current - norms[-1] / norms[-2] * previous
        previous, current = current, following
        alphas.append(alpha)
        norms.append(float((current * current).sum()))
    return {"centre": centre, "alphas": alphas, "norms": norms}


def poly_basis(x: np.ndarray, state: State) -> np.ndarray:
    """Orthonormal polynomials of degree 1, 2, … at `x`: (n, degree)."""
    alphas, norms = state["alphas"], state["norms"]
    z = x - state["centre"]
    out = np.empty((x.shape[0], len(alphas)))
    previous, current = np.zeros_like(z), np.ones_like(z)
    for j, alpha in enumerate(alphas):
        following = (z - alpha) * current - norms[j + 1] / norms[j] * previous
        previous, current = current, following
        out[:, j] = current / np.sqrt(norms[j + 2])
    return out


def spline_knots(
    x: np.ndarray,
    n_inner: int,
    knots: Sequence[float] | None,
    boundary: Sequence[float] | None,
) -> State:
    """Inner knots (given, or at equally spaced quantiles inside the boundary) and boundary."""
    low, high = (float(x.min()), float(x.max())) if boundary is None else boundary
    if knots is None:
        inside = x[(x >= low) & (x <= high)]
        inner = np.quantile(inside, np.linspace(0, 1, n_inner + 2)[1:-1])
    else:
        inner = np.asarray(knots)
    return {"knots": [float(k) for k in inner], "boundary": [float(low), float(high)]}


def b_splines(x: np.ndarray, knots: np.ndarray, degree: int, derivative: int = 0) -> np.ndarray:
    """All B-splines of `degree` on a knot sequence with repeated ends: (n, n_knots - degree - 1).

    Cox–de Boor recurrence, all rows at once.  The right end belongs to the last interval.
    """
    n_basis = knots.shape[0] - degree - 1
    cell = np.clip(np.searchsorted(knots, x, side="right") - 1, degree, n_basis - 1)
    basis = np.zeros((x.shape[0], knots.shape[0] - 1))
    basis[np.arange(x.shape[0]), cell] = 1.0
    for d in range(1, degree + 1):
        width = knots[d:] - knots[:-d]
        inverse = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        size = basis.shape[1] - 1
        if d > degree - derivative:
            basis = d * (basis[:, :size] * inverse[:size] - basis[:, 1:] * inverse[1 : size + 1])
        else:
            left = (x[:, None] - knots[:size]) * inverse[:size]
            right = (knots[d + 1 : d + 1 + size] - x[:, None]) * inverse[1 : size + 1]
            basis = left * basis[:, :size] + right * basis[:, 1:]
    return basis


def _sequence(state: State, degree: int) -> np.ndarray:
    low, high = state["boundary"]
    return np.array([low] * (degree + 1) + sorted(state["knots"]) + [high] * (degree + 1))


def bs_state(
    x: np.ndarray,
    df: int | None,
    knots: Sequence[float] | None,
    degree: int,
    intercept: bool,
    boundary: Sequence[float] | None,
) -> State:
    """Knots for a basis of `df` columns, or the knots given."""
    n_inner = 0 if df is None else df - degree - int(intercept)
    if n_inner < 0:
        raise ValueError(f"df must be at least {degree + int(intercept)}")
    state = spline_knots(x, n_inner, knots, boundary)
    return {**state, "degree": degree, "intercept": intercept}


def bs_basis(x: np.ndarray, state: State) -> np.ndarray:
    """B-spline basis; polynomial continuation outside the boundary, as R's ``bs``."""
    basis = b_splines(x, _sequence(state, state["degree"]), state["degree"])
    return basis if state["intercept"] else basis[:, 1:]


def ns_state(
    x: np.ndarray,
    df: int | None,
    knots: Sequence[float] | None,
    intercept: bool,
    boundary: Sequence[float] | None,
) -> State:
    """Knots for a natural basis of `df` columns, or the knots given."""
    n_inner = 0 if df is None else df - 1 - int(intercept)
    if n_inner < 0:
        raise ValueError(f"df must be at least {1 + int(intercept)}")
    return {**spline_knots(x, n_inner, knots, boundary), "intercept": intercept}


def ns_basis(x: np.ndarray, state: State) -> np.ndarray:
    """Cubic splines whose second derivative is zero at the boundary and beyond."""
    sequence = _sequence(state, 3)
    ends = np.array(state["boundary"])
    basis = b_splines(np.clip(x, *ends), sequence, 3)
    outside = (x < ends[0]) | (x > ends[1])
    if outside.any():
        slopes = b_splines(ends, sequence, 3, derivative=1)
        side = (x[outside] > ends[1]).astype(int)
        basis[outside] += (x[outside] - ends[side])[:, None] * slopes[side]
    curvature = b_splines(ends, sequence, 3, derivative=2)
    if not state["intercept"]:
        basis, curvature = basis[:, 1:], curvature[:, 1:]
    q, _ = np.linalg.qr(curvature.T, mode="complete")
    return basis @ q[:, 2:]
