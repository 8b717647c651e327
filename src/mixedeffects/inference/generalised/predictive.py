"""The distribution of a new observation, and its quantiles.

Given the linear predictor the observation has the family's distribution; the predictor has the
error of its estimate and, for groups not seen, their random effects, both normal. Distribution
functions are averaged over it and the mixture is inverted by bisection.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.family import Response, link_of
from mixedeffects.inference.generalised.averages import average

# Gauss-Hermite points over the linear predictor, and doubles in an array of a chunk
POINTS, DOUBLES = 31, 1_000_000
# relative width at which a quantile of a continuous distribution is found
NARROW = 1e-9


def predictive_moments(family, predictors, spread, size):
    """Mean and standard deviation of new observations, averaged over the predictor."""
    arguments, points, weights = _mixture(family, predictors, spread)
    n = arguments[0].shape[0]
    mean, square = np.zeros(n), np.zeros(n)
    for point, weight in zip(points, weights, strict=True):
        at = _shifted(arguments, spread, point)
        m = family.mean(*at) * (1.0 if size is None else size)
        mean += weight * m
        square += weight * (family.variance(*at, size=size) + m * m)
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def predictive_quantiles(family, predictors, spread, p, *, size=None, weights=None):
    """Quantiles of new observations.

    Parameters
    ----------
    family : Family
    predictors : dict of str to (n,) array
    spread : dict of str to (n,) array
        Standard deviations of the predictors "conditional" and "zi".
    p : float
    size, weights : (n,) array, optional
        Trials and prior weights of the new observations.

    Returns
    -------
    (n,) array
        For discrete families the smallest count whose distribution function is at least p.
    """
    n = predictors["conditional"].shape[0]
    out = np.empty(n)
    step = max(1, DOUBLES // POINTS)
    for lo in range(0, n, step):
        rows = slice(lo, lo + step)
        part = {name: x[rows] for name, x in predictors.items()}
        sd = {name: x[rows] for name, x in spread.items() if x is not None}
        out[rows] = _quantiles(
            family, part, sd, p, *(None if x is None else x[rows] for x in (size, weights))
        )
    return out


def _mixture(family, predictors, spread):
    """Arguments of the family's functions with the zero part averaged, points and weights."""
    predictors = dict(predictors)
    if "zi" in family.extras and spread.get("zi") is not None:
        # distribution functions and moments are linear in the probability of a zero
        expit = link_of("logit")
        share = average(expit.inverse, predictors["zi"], spread["zi"])
        predictors["zi"] = expit.link(np.clip(share, 1e-300, 1.0 - 1e-16))
    points, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    arguments = [predictors[name] for name in ("conditional", *family.extras)]
    return arguments, points, weights / weights.sum()


def _shifted(arguments, spread, point):
    sd = spread.get("conditional")
    return arguments if sd is None else [arguments[0] + point * sd, *arguments[1:]]


def _quantiles(family, predictors, spread, p, size, weights):
    arguments, points, shares = _mixture(family, predictors, spread)
    n = arguments[0].shape[0]
    m = points.size
    at = [np.broadcast_to(x[:, None], (n, m)).ravel() for x in arguments]
    if spread.get("conditional") is not None:
        at[0] = (arguments[0][:, None] + spread["conditional"][:, None] * points).ravel()
    trials, prior = (
        None if x is None else np.broadcast_to(x[:, None], (n, m)).ravel() for x in (size, weights)
    )

    def below(y):
        """P(Y <= y) of every row."""
        wide = np.broadcast_to(y[:, None], (n, m)).ravel()
        with np.errstate(all="ignore"):
            return family.cdf(Response(wide, trials, prior), *at).reshape(n, m) @ shares

    if family.discrete:
        return _discrete(below, predictive_moments(family, predictors, spread, size), p, size)
    return _continuous(below, family, predictive_moments(family, predictors, spread, size), p)


def _discrete(below, moments, p, size):
    """Smallest counts with P(Y <= y) >= p: bisection between whole numbers."""
    mean, sd = moments
    low = np.full(mean.shape, -1.0)
    if size is not None:
        high = size.astype(float)
    else:
        high = np.ceil(mean + 3.0 * np.where(np.isfinite(sd), sd, mean)) + 1.0
        while (short := below(high) < p).any():
            low = np.where(short, high, low)
            high = np.where(short, 2.0 * high, high)
    while ((high - low) > 1.0).any():
        middle = np.floor(0.5 * (low + high))
        enough = below(middle) >= p
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.maximum(middle, low))
    return high


def _continuous(below, family, moments, p):
    """Points with P(Y <= y) = p, by bisection."""
    mean, sd = moments
    sd = np.where(np.isfinite(sd) & (sd > 0), sd, np.maximum(np.abs(mean), 1e-8))
    support = family.support
    low, high = np.maximum(mean - 4.0 * sd, support[0]), np.minimum(mean + 4.0 * sd, support[1])
    for edge, bad, end in (("low", np.greater, support[0]), ("high", np.less, support[1])):
        for _ in range(200):
            value = low if edge == "low" else high
            out = bad(below(value), p) & (value != end)
            if not out.any():
                break
            width = high - low
            if edge == "low":
                low = np.where(out, np.maximum(low - width, support[0]), low)
            else:
                high = np.where(out, np.minimum(high + width, support[1]), high)
    for _ in range(200):
        middle = 0.5 * (low + high)
        enough = below(middle) >= p
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
        if np.all(high - low <= NARROW * sd):
            break
    return 0.5 * (low + high)
