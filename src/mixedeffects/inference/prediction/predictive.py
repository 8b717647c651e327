"""The distribution of a new observation, and its quantiles.

Given the linear predictor the observation has the family's distribution; the predictor has the
error of its estimate and, for groups not seen, their random effects, both normal. Distribution
functions are averaged over it and the mixture is inverted by bisection.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.family import Response, link_of
from mixedeffects.inference.averages import average

# half-width of the standard normal distribution; distance of the points on their own scale, and
# that scale for wide changes and at least, in standard deviations of the predictor
WIDE, STEP, WIDEST, NARROWEST = 9.0, 0.2, 2.0, 1e-4
# points a row that memory is reckoned with, and doubles in an array of a chunk
POINTS, DOUBLES = 128, 1_000_000
# doublings of a count before it is given up: up to 1e300
DOUBLINGS = 1000
# relative width at which a quantile of a continuous distribution is found
NARROW = 1e-9


def predictive_moments(family, predictors, spread, size):
    """Mean and standard deviation of new observations, averaged over the predictor.

    Parameters
    ----------
    family, predictors, spread, size
        As in `predictive_quantiles`.

    Returns
    -------
    mean, sd : (n,) arrays
        Of the response (of the count, for trials).
    """
    eta, *others = _arguments(family, predictors, spread)
    sd = spread.get("conditional")
    sd = np.zeros_like(eta) if sd is None else sd
    trials = [] if size is None else [size]

    def split(rest):
        return (rest, None) if size is None else (rest[:-1], rest[-1])

    def first(at, *rest):
        given, n = split(rest)
        mean = family.mean(at, *given)
        return mean if n is None else mean * n

    def second(at, *rest):
        given, n = split(rest)
        return family.variance(at, *given, size=n) + first(at, *rest) ** 2

    with np.errstate(all="ignore"):
        mean = average(first, eta, sd, *others, *trials)
        if _zero_or_one(size):  # the mean is all there is to know
            return mean, np.sqrt(np.maximum(mean * (1.0 - mean), 0.0))
        # squares of means that grow like exp(sd z) grow like exp(2 sd z)
        square = average(second, eta, sd, *others, *trials, growth=2.0)
        deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
    # averages beyond what a number can hold
    beyond = np.isfinite(eta) & np.isfinite(sd) & ~(np.isfinite(mean) & np.isfinite(square))
    mean = np.where(beyond & np.isnan(mean), np.inf, mean)
    return mean, np.where(beyond, np.inf, deviation)


def predictive_quantiles(family, predictors, spread, p, *, size=None, weights=None, moments=None):
    """Quantiles of new observations.

    Takes predictors dict of str to (n,) array.

    Parameters
    ----------
    spread : dict of str to (n,) array
        Standard deviations of the predictors "conditional" and "zi".
    size, weights : (n,) array, optional
        Trials and prior weights of the new observations.
    moments : (mean, sd), optional
        `predictive_moments` of these, where they are known.

    Returns
    -------
    (n,) array
        For discrete families the smallest count whose distribution function is at least p.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Gaussian
    >>> zero = np.zeros(1)
    >>> sds = {"conditional": np.array([4.0])}
    >>> at = {"conditional": zero, "dispersion": zero + np.log(3.0)}
    >>> predictive_quantiles(Gaussian(), at, sds, 0.975).round(3)  # 1.96 * 5
    array([9.8])
    """
    n = predictors["conditional"].shape[0]
    if moments is None:
        moments = predictive_moments(family, predictors, spread, size)
    if _zero_or_one(size):
        return np.where(1.0 - moments[0] >= p, 0.0, 1.0)
    out = np.empty(n)
    step = max(1, DOUBLES // POINTS)
    for lo in range(0, n, step):
        rows = slice(lo, lo + step)
        part = {name: x[rows] for name, x in predictors.items()}
        sd = {name: x[rows] for name, x in spread.items() if x is not None}
        trials, prior = (None if x is None else x[rows] for x in (size, weights))
        known = moments[0][rows], moments[1][rows]
        out[rows] = _quantiles(family, part, sd, p, trials, prior, known)
    return out


def _zero_or_one(size):
    """Whether responses are one trial each."""
    return size is not None and bool(np.all(size == 1.0))


def _arguments(family, predictors, spread):
    """Arguments of the family's functions, with the probability of extra zeros averaged."""
    predictors = dict(predictors)
    if "zi" in family.extras and spread.get("zi") is not None:
        # distribution functions and moments are linear in the probability of a zero
        expit = link_of("logit")
        share = average(expit.inverse, predictors["zi"], spread["zi"])
        predictors["zi"] = expit.link(np.clip(share, 1e-300, 1.0 - 1e-16))
    return [predictors[name] for name in family.predictor_names]


def mixture_points(centre, width):
    """Points and weights for averages over N(0, 1) of functions that change within a narrow place.

    The trapezoidal rule in t, where z = centre + width sinh(t): as dense as the change asks for
    about it, and ever sparser away from it, where only the normal density changes. Returns points,
    weights (n, m) arrays.

    Parameters
    ----------
    centre, width : (n,) arrays
        Where each row's function changes, and within which distance.

    Examples
    --------
    >>> import numpy as np
    >>> z, w = mixture_points(np.array([1.0]), np.array([1e-3]))
    >>> below = 1.0 / (1.0 + np.exp(np.clip((z - 1.0) / 2e-4, -500, 500)))
    >>> (w * below).sum(axis=1).round(4)  # P(Z < 1)
    array([0.8413])
    """
    centre, width = centre[:, None], width[:, None]
    low, high = (np.arcsinh((end - centre) / width) for end in (-WIDE, WIDE))
    m = int(np.ceil(float((high - low).max(initial=0.0)) / STEP)) + 1
    t = low + (high - low) * np.linspace(0.0, 1.0, max(m, 2))
    points = centre + width * np.sinh(t)
    weights = np.cosh(t) * np.exp(-0.5 * points * points)
    return points, weights / weights.sum(axis=1, keepdims=True)


def _change(family, arguments, spread, y, size, weights):
    """Where P(Y <= y) falls from one to zero, in SDs of the predictor from its mean, and how fast.

    About where the mean is y; within a distance of one over the root of Fisher's information.
    """
    inner = getattr(family, "base", family)
    link, given = inner.link, arguments[1 : 1 + len(inner.extras)]
    place = y + 0.5 if family.discrete else y
    if size is not None:
        place = place / (size + 1.0)
    low, high = link.range
    with np.errstate(all="ignore"):
        eta = link.link(np.clip(place, low, high))
        centre = np.clip(np.nan_to_num((eta - arguments[0]) / spread), -WIDE, WIDE)
        at = [arguments[0] + centre * spread, *given]
        information = inner.expected_information(Response(y, size, weights), at)
        width = 1.0 / (np.sqrt(information) * spread)
    # a change as wide as the normal density is none to look for: the density alone is
    narrow = width < 1.0
    return np.where(narrow, centre, 0.0), np.where(narrow, np.maximum(width, NARROWEST), WIDEST)


def _quantiles(family, predictors, spread, p, size, weights, moments):
    arguments = _arguments(family, predictors, spread)
    sd = spread.get("conditional")

    def below(y):
        """P(Y <= y) of every row."""
        if sd is None or not sd.any():
            with np.errstate(all="ignore"):
                return family.cdf(Response(y, size, weights), *arguments)
        points, shares = mixture_points(
            *_change(family, arguments, np.maximum(sd, 1e-12), y, size, weights)
        )

        def wide(x):
            return np.broadcast_to(x[:, None], points.shape).ravel()

        at = [wide(x) for x in arguments]
        at[0] = (arguments[0][:, None] + sd[:, None] * points).ravel()
        response = Response(
            wide(y),
            None if size is None else wide(size),
            None if weights is None else wide(weights),
        )
        with np.errstate(all="ignore"):
            found = family.cdf(response, *at).reshape(points.shape)
        return np.einsum("nm,nm->n", found, shares)

    if family.discrete:
        return _discrete(below, moments, p, size)
    return _continuous(below, family, moments, p)


def _discrete(below, moments, p, size):
    """Smallest counts with P(Y <= y) >= p: bisection between whole numbers.

    Where whole numbers are further apart in floating point than one, the nearest that there is;
    infinite where no finite number is large enough.
    """
    mean, sd = moments
    low = np.full(mean.shape, -1.0)
    if size is not None:
        high = size.astype(float)
    else:
        start = np.where(np.isfinite(mean), mean, 0.0)
        high = np.ceil(start + 3.0 * np.where(np.isfinite(sd), sd, start)) + 1.0
        for _ in range(DOUBLINGS):
            if not (short := below(high) < p).any():
                break
            low = np.where(short, high, low)
            high = np.where(short, 2.0 * high, high)
        high = np.where(below(high) < p, np.inf, high)
    while True:
        with np.errstate(over="ignore"):
            middle = np.floor(low + 0.5 * (high - low))
        between = (low < middle) & (middle < high) & np.isfinite(high)
        if not between.any():
            break
        middle = np.where(between, middle, high)
        enough = ~between | (below(middle) >= p)
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
    found = 0.5 * (low + high)
    if family.atoms:  # where a value has a probability, many quantiles are that value
        for atom in family.atoms:
            found = np.where(np.abs(found - atom) <= 2.0 * NARROW * sd, atom, found)
    return found
