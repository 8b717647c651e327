"""Where to start: the model without random effects, then a moment estimate of their variances."""

from __future__ import annotations

from math import isfinite

import numpy as np
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

MOST_STEPS = 25
LOWEST, HIGHEST = 0.2, 3.0


def start_point(problem):
    """Parameters to start from.

    Coefficients by scoring on the fixed part alone; variances from the second moments of the scores
    s = Z'l': E s^2 = A + A^2 v with A = Z'WZ. Returns (n_parameters,) array.
    """
    family, response = problem.family, problem.response
    x = np.zeros(problem.n_parameters)
    eta, extras = family.start(response)
    main = problem.predictors[0]
    for predictor in problem.predictors[1:]:
        name = family.extras[predictor.variable - 1]
        if name in ("upper", "lower"):
            x[predictor.part] = extras["thresholds"]
            continue
        value = extras[name]
        offset = 0.0 if predictor.offset is None else predictor.offset
        target = np.broadcast_to(np.asarray(value, dtype=float) - offset, response.y.shape)
        known = np.isfinite(target)
        x[predictor.part] = np.linalg.lstsq(predictor.X[known], target[known], rcond=None)[0]
    x[main.part] = least_squares(main.X, eta if main.offset is None else eta - main.offset)
    x, terms = glm_steps(problem, x, anywhere=False)
    if terms is None:
        # a mean outside its range somewhere: the same mean for all rows is inside
        x[main.part] = least_squares(main.X, np.full(eta.shape, eta.mean()))
        x, terms = glm_steps(problem, x)
    lambdas = moment_factors(problem, x, terms)
    x[problem.n_fixed :] = problem.covariance_parameters.theta_from_lambdas(lambdas)
    return x


def least_squares(X, target):
    """(p,) coefficients of a regression on columns that are nearly orthonormal."""
    return solved(X.T @ X, X.T @ target) if X.shape[1] else np.empty(0)


def solved(A, b):
    """The solution of A x = b, of least squares where A is not positive definite."""
    _, x, failed = dposv(A, b)
    return np.linalg.lstsq(A, b, rcond=1e-8)[0] if failed else x


def glm_steps(problem, x, anywhere=True):
    """Fisher scoring of the main predictor's coefficients, all else held.

    Returns the parameters and the derivatives of the log densities there, to order 2, or None.

    Parameters
    ----------
    anywhere : bool
        Whether to go on from a point where the likelihood is not finite; where not, it is returned
        with None.
    """
    main = problem.predictors[0]
    best, step, value = x, np.zeros(main.X.shape[1]), -np.inf
    known: dict = {}
    for _ in range(MOST_STEPS):
        predictors = problem.fixed(x)
        terms = problem.terms_of(predictors, 2)
        new = float(terms[()].sum())
        if not (anywhere or isfinite(value) or isfinite(new)):
            return x, None
        if not new >= value - 1e-9 * abs(value):
            step = 0.5 * step
            if np.abs(step).max(initial=0.0) < 1e-10:
                break
            x = best.copy()
            x[main.part] += step
            continue
        gained, value, best, known = new - value, new, x, terms
        if gained < 1e-2 or not step.size:
            break
        w = -terms[0, 0]
        if not w.min() > 0:
            expected = problem.family.expected_information(problem.response, predictors)
            w = np.where(w > 0, w, expected)
        information = main.X.T @ (w[:, None] * main.X)
        scale = 1e-10 * information.trace() / step.size
        information.flat[:: step.size + 1] += max(scale, 1e-300)
        step = solved(information, main.X.T @ terms[0,])
        x = best.copy()
        x[main.part] += step
    return best, known


def moment_factors(problem, x, terms):
    """Factor of every block, diagonal, from second moments of the scores.

    With s_f = Z_f'l' of each random column f, E s_f's_f = tr A_ff + sum_g v_g |A_fg|^2, where
    A_fg = Z_f'W Z_g: a linear system for the variances v (MINQUE's idea at zero).
    """
    system, stacking = problem.system, problem.stacking
    variables = stacking.variables
    if variables != (0,) or not terms:
        terms = problem.terms_of(problem.fixed(x), 2, variables)
    rows = system.rows
    s = problem.gathered(terms, raw=True)
    w = np.maximum(problem.row_weights(terms), 0.0)
    units = []
    for i, (f, inside, where) in enumerate(rows.parts):
        k, sf = rows.k[f], s[where].reshape(rows.q[f], rows.k[f])
        units += [(f, a, rows.codes[i], rows.Z[:, inside.start + a], sf[:, a]) for a in range(k)]
    system_, rhs = np.empty((len(units),) * 2), np.empty(len(units))
    for i, (f, _, codes, z, score) in enumerate(units):
        own = np.bincount(codes, w * z * z, rows.q[f])
        rhs[i], system_[i, i] = score @ score - own.sum(), own @ own
        for j, (g, _, other, other_z, _) in enumerate(units[:i]):
            cells = codes if f == g else together(codes, other, rows.q[g])
            A = np.bincount(cells, w * z * other_z)
            system_[i, j] = system_[j, i] = A @ A
    v = np.full(rhs.shape, LOWEST**2)
    if isfinite(system_.sum() + rhs.sum()):
        v = np.linalg.lstsq(system_, rhs, rcond=1e-8)[0] if len(units) > 1 else solved(system_, rhs)
    out = [np.zeros((k, k)) for k in rows.k]
    for (f, a, *_), value in zip(units, v, strict=True):
        out[f][a, a] = np.sqrt(min(max(value, LOWEST**2), HIGHEST**2))
    return out


def together(one, two, n_two):
    """Codes of the pairs of levels that occur together."""
    key = one.astype(np.int64) * n_two + two
    if key.max(initial=0) < 4 * key.size:
        return key
    return np.unique(key, return_inverse=True)[1]
