"""The likelihood of a generalised model without any random effects."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import ModelError

MOST_STEPS = 200
# gain that the next Newton step promises, in units of the log-likelihood, at which to stop
ENOUGH = 1e-10


def value_without_random(problem, x):
    """-2 log-likelihood with all variances zero, all coefficients estimated.

    Parameters
    ----------
    x : (n_fixed,) array
        Where to start.

    Raises
    ------
    ModelError
        When Newton's method does not get there.
    """
    value, gradient, H = _derivatives(problem, x)
    for _ in range(MOST_STEPS):
        step = _newton(gradient, H)
        promised = 0.5 * float(gradient @ step)
        if promised < ENOUGH:
            return -2.0 * value
        for size in 0.5 ** np.arange(40):
            new = _derivatives(problem, x + size * step)
            if new[0] >= value and np.isfinite(new[0]):
                break
        else:
            if promised < 1e-6:
                return -2.0 * value
            break
        x = x + size * step
        value, gradient, H = new
    raise ModelError(
        "the model without random effects could not be fitted\n"
        "compare the models that you want to compare with me.compare"
    )


def _newton(gradient, H):
    """Uphill step, with moduli of the curvatures."""
    values, vectors = np.linalg.eigh(-0.5 * (H + H.T))
    size = np.maximum(np.abs(values), 1e-10 * max(np.abs(values).max(initial=0.0), 1e-300))
    return vectors @ ((vectors.T @ gradient) / size)


def _derivatives(problem, x):
    """Log-likelihood of the fixed parts, its gradient and second derivatives."""
    predictors = problem.predictors
    variables = tuple(range(len(predictors)))
    full = np.concatenate([x, np.zeros(problem.n_parameters - x.size)])
    etas = problem.fixed(full)
    terms = problem.family.derivatives(problem.response, etas, 2, random=variables)
    gradient, H = np.zeros(x.size), np.zeros((x.size, x.size))

    def known(values):
        return np.where(np.isfinite(values), values, 0.0)

    for p in predictors:
        if (p.variable,) in terms:
            gradient[p.part] += p.X.T @ known(terms[p.variable,])
        for q in predictors:
            w = terms.get(tuple(sorted((p.variable, q.variable))))
            if w is not None:
                H[p.part, q.part] += p.X.T @ (known(w)[:, None] * q.X)
    return float(terms[()].sum()), gradient, H
