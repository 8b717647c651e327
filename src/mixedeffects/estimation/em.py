"""Expectation and maximisation for linear mixed models, with expanded parameters.

The random effects (for REML the coefficients too) are what is missing. In units of sigma^2, with
the notation of `mixedeffects.estimation.objective` and sigma^2 = s^2, one iteration is

    E   b_j = G h_j, the BLUP, and E[b_j b_j' | y] / s^2 = N_j over all levels j of a block;
    M   G <- (G - G D G / q) / rho,   rho = 1 + sum_f <G_f, D_f> / n,

because the average of N_j over the q levels is G - G D G / q (of the structure's covariances, the
one that these moments make most likely), and the expected residual sum of squares is
s^2 (n + sum <G, D>). Then beta and sigma^2 maximise the likelihood itself at the new
G, as they do at every theta (Liu & Rubin 1994, doi:10.1093/biomet/81.4.633): so the profiled
objective falls in every iteration.

`docs/theory/em.md` has the derivation, `mixedeffects.estimation.parameter_expansion` what makes it
fast.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from mixedeffects.estimation.newton import (
    MESSAGE,
    TIGHT,
    OptimizerResult,
    by_rule,
    decrement_at,
    out_of_iterations,
)
from mixedeffects.estimation.parameter_expansion import expanded, root

MOST_ITERATIONS = 5000
# fall of the objective in an iteration below which its gradient is looked at: a small step alone
# proves nothing
SMALL_FALL = 1e-5
# rise of the objective, relative to its size, that is rounding
ROUNDING = 1e-12
# lengths of an extrapolation: the least that is worth an evaluation, and the most
LONGER, LONGEST = 1.01, 1e6


def em(
    objective, theta, *, expand=True, extrapolate=True, tolerance=TIGHT,
    max_iterations=MOST_ITERATIONS, watch=None,
):  # fmt: skip
    """Minimise the objective from theta~ by EM.

    Stops when the Newton decrement is below `tolerance`: EM's own steps are short far from the
    optimum too, above all where a variance is nearly zero. Takes theta (n_theta,) array. Returns an
    `OptimizerResult`.

    Parameters
    ----------
    expand : bool
        Whether parameters are expanded (PX-EM).
    extrapolate : bool
        Whether every other iteration is an extrapolation of the two before it (SQUAREM; Varadhan &
        Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x), where that lowers the objective.
    watch : Watch, optional
        Told of every accepted iteration.
    """
    current = objective.evaluate(theta)
    if not isfinite(current.value):
        return OptimizerResult(current, 0, False, "the objective is not finite at the start")
    fall, decrement = 0.0, None
    recent = [current.theta]
    for iteration in range(max_iterations):
        g = current.gradient
        if not np.isfinite(g).all():
            return OptimizerResult(current, iteration, False, "the gradient is not finite")
        if watch is not None and watch(iteration, current, g):
            return by_rule(current, iteration, watch)
        if fall < SMALL_FALL:
            decrement = decrement_at(current)
            if decrement < tolerance:
                return OptimizerResult(current, iteration, True, MESSAGE, decrement)
        trial = None
        if extrapolate and len(recent) == 3:
            trial = extrapolated(objective, recent, current.value)
            recent = recent[2:]
        if trial is None:
            trial = improved(objective, current, expand)
        if trial is None:
            if decrement is None:
                decrement = decrement_at(current)
            converged = decrement < max(1e-6, 10 * ROUNDING * abs(current.value))
            message = "no lower point by an EM step"
            return OptimizerResult(current, iteration, converged, message, decrement)
        fall, current, decrement = current.value - trial.value, trial, None
        recent = [*recent, current.theta] if len(recent) < 3 else [current.theta]
    return out_of_iterations(current, max_iterations, watch)


def improved(objective, current, expand):
    """The point after one iteration: expanded if that lowers the objective, else plain EM."""
    allowed = current.value + ROUNDING * max(1.0, abs(current.value))
    expand = expand and all(term.structure.pieces for term in objective.parameters.terms)
    for step in (expanded_step, plain_step) if expand else (plain_step,):
        lambdas = step(current)
        if lambdas is None:
            continue
        trial = objective.evaluate(objective.parameters.theta_from_lambdas(lambdas))
        if trial.value <= allowed:
            return trial
    return None


def plain_step(current):
    """Factors of (G - G D G / q) / rho, term by term, one (k, k) array per block."""
    objective = current.objective
    rho = residual_ratio(current)
    out = [np.zeros_like(Lam) for Lam in current.lambdas]
    for term in objective.parameters.terms:
        place = np.ix_(term.columns, term.columns)
        Lam, D = current.lambdas[term.block][place], current.D[term.block][place]
        q = objective.stats.layout.q[term.block]
        inner = np.eye(Lam.shape[0]) - Lam.T @ D @ Lam / q
        theta = term.structure.theta_of(Lam @ root(inner / rho))
        out[term.block][place] = term.structure.factor(theta)
    return out


def expanded_step(current):
    """The same with expanded parameters; None where that has no solution."""
    factors, gain = expanded(current)
    rho = residual_ratio(current) - gain / current.objective.stats.n
    return [factor / np.sqrt(rho) for factor in factors] if rho > 0 else None


def residual_ratio(current):
    """rho: the residual variance after the M-step relative to the one before."""
    total = sum(
        float(np.sum((D @ Lam) * Lam)) for D, Lam in zip(current.D, current.lambdas, strict=True)
    )
    return 1.0 + total / current.objective.stats.n


def extrapolated(objective, recent, value):
    """A point ahead of three in a row, if it is lower than the last; else None."""
    start, middle, end = recent
    r = middle - start
    v = (end - middle) - r
    size = float(np.sqrt(v @ v))
    if not size > 0:
        return None
    length = min(float(np.sqrt(r @ r)) / size, LONGEST)
    if length < LONGER:
        return None
    theta = start + 2.0 * length * r + length * length * v
    parameters = objective.parameters
    trial = objective.evaluate(parameters.theta_from_lambdas(parameters.lambdas(theta)))
    return trial if trial.value < value else None
