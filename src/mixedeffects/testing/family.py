"""What a family of distributions promises, checked by numbers that it did not compute itself."""

from __future__ import annotations

from itertools import combinations_with_replacement, pairwise

import numpy as np

from mixedeffects.errors import ModelError, NotAvailableError
from mixedeffects.family import Family, Response
from mixedeffects.options import generator

_STEP = 1e-3
_ROWS_SUMMED = 6
_DRAWS = 20_000
_LARGEST_COUNT = 20_000


def check_family(family, *, response=None, predictors=None, rng=0, rtol=1e-6) -> None:
    """Check that a family keeps its contract.

    Derivatives against finite differences, probabilities against one, mean, variance and
    distribution function against the density, samples against the distribution, starting values,
    and that what cannot be a response is refused.

    Parameters
    ----------
    family : Family
        Distribution of the response.
    response : Response, optional
        Rows to try; sampled unless given. A family whose predictors need care gives
        ``example(rng, n) -> (response, predictors)``.
    predictors : sequence of (n,) array, optional
        Their linear predictors, needed with `response`.
    rng : numpy.random.Generator or int
        Source of random numbers, or its seed.
    rtol : float
        Tolerance of derivatives, sums and integrals, relative to one plus their size.

    Raises
    ------
    AssertionError
        What is wrong, and by how much.

    Examples
    --------
    >>> from mixedeffects.family import Poisson
    >>> check_family(Poisson())
    """
    rng = generator(rng)
    if response is None:
        response, predictors = _example(family, rng, 60)
    elif predictors is None:
        raise AssertionError("response= needs its predictors=")
    predictors = [np.asarray(x, dtype=float) for x in predictors]
    _require(
        len(predictors) == 1 + len(family.extras),
        f"{len(predictors)} predictors for eta and the extras {family.extras}",
    )
    family.check(response, "y")
    _check_derivatives(family, response, predictors, rtol)
    _check_weights(family, response, predictors, rng)
    _check_start(family, response, predictors)
    _check_refusals(family, response)
    try:
        family.mean(*predictors)
    except NotAvailableError:
        return  # nor is there a distribution of y at the same predictors (ordered categories)
    _check_distribution(family, response, predictors, rng, rtol)


def _require(condition, message) -> None:
    if not condition:
        raise AssertionError(message)


def _close(found, expected, rtol, what) -> None:
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    error = np.abs(found - expected) / (1.0 + np.abs(expected))
    bad = ~(error <= rtol)
    if np.any(bad):
        i = int(np.flatnonzero(bad)[np.argmax(np.nan_to_num(error[bad], nan=np.inf))])
        raise AssertionError(
            f"{what}: row {i} is {np.atleast_1d(found)[i]:.10g}, should be "
            f"{np.atleast_1d(expected)[i]:.10g}"
        )


def _example(family: Family, rng, n):
    """Rows in the middle of what the family's link takes."""
    if hasattr(family, "example"):
        return family.example(rng, n)  # type: ignore[attr-defined]
    if family.zeros == "all":
        return _with_zeros(family, rng, n)
    link, (smallest, largest) = family.link, family.support
    low, high = link.domain
    if link.range[0] < smallest or (link.range[1] > largest and not family.discrete):
        low, high = _eta_of_means(link, smallest, largest)
    elif family.has_size and link.range[1] > 1.0:
        low, high = _eta_of_means(link, 0.0, 1.0)
    elif np.isinf(low):
        low, high = -1.5, 1.5
    else:
        low, high = low + 0.4, min(high, low + 2.0)
    predictors = [rng.uniform(low, high, n)]
    predictors += [rng.uniform(-0.7, 1.0, n) for _ in family.extras]
    size = rng.integers(1, 9, n).astype(float) if family.has_size else None
    empty = Response(np.zeros(n), size)
    return Response(family.sample(rng, predictors, empty), size), predictors


def _with_zeros(family, rng, n):
    """Rows of the family without zeros, some of which become zeros."""
    response, predictors = _example(family.base, rng, n)
    zi = rng.uniform(-0.7, 1.0, n)
    none = rng.random(n) < family.natural("zi", zi)
    return Response(np.where(none, 0.0, response.y)), (*predictors, zi)


def _eta_of_means(link, smallest, largest):
    """Linear predictors of means well within the support, for links that allow others."""
    if np.isfinite(largest):
        inner = [smallest + share * (largest - smallest) for share in (0.15, 0.85)]
    else:
        inner = [smallest + 0.4, smallest + 4.0]
    ends = [float(link.link(m)) for m in inner]
    return min(ends), max(ends)


# derivatives ---------------------------------------------------------------------------------


def _check_derivatives(family, response, predictors, rtol) -> None:
    variables = range(len(predictors))
    sets = [(0,)] if len(predictors) == 1 else [(0,), (0, len(predictors) - 1)]
    if family.extras and family.extras[-1] != "zi":
        sets = [(0,)]
    zero = np.zeros(len(response))
    for random in sets:
        exact = family.derivatives(response, predictors, 3, random)
        _require(() in exact, "derivatives has no key (): the log density itself")
        with np.errstate(all="ignore"):
            density = family.log_density(response, *predictors)
        if response.weights is None:
            _close(exact[()], density, 1e-10, "derivatives()[()] is not the log density")
        for order in (0, 1, 2):
            part = family.derivatives(response, predictors, order, random)
            for key, d in part.items():
                _require(d.shape == (len(response),), f"derivative {key} has shape {d.shape}")
                if key in exact:
                    _close(d, exact[key], 1e-10, f"derivative {key} with order={order}")
        wanted = [key for key in _keys(variables, random) if key]
        for key in wanted:
            # differentiate by the fixed variable first: only its lower orders are kept alone
            v = next((v for v in key if v not in random), key[-1])
            rest = list(key)
            rest.remove(v)
            numeric = _difference(
                lambda x, rest=tuple(rest), random=random: family.derivatives(
                    response, x, 3, random
                ).get(rest, zero),
                predictors,
                v,
            )
            _close(exact.get(key, zero), numeric, rtol, f"derivative {key}, random={random}")


def _keys(variables, random):
    fixed = [v for v in variables if v not in random]
    for r in range(4):
        for key in combinations_with_replacement(random, r):
            yield key
            if r < 3:
                yield from (tuple(sorted((*key, e))) for e in fixed)


def _difference(function, predictors, v):
    """Central difference by predictor v, extrapolated twice."""
    table = []
    for step in (_STEP, 2.0 * _STEP, 4.0 * _STEP):
        ends = []
        for sign in (1.0, -1.0):
            moved = list(predictors)
            moved[v] = predictors[v] + sign * step
            ends.append(function(moved))
        table.append((ends[0] - ends[1]) / (2.0 * step))
    first = [(4.0 * a - b) / 3.0 for a, b in pairwise(table)]
    return (16.0 * first[0] - first[1]) / 15.0


def _check_weights(family, response, predictors, rng) -> None:
    if family.weights_scale_dispersion or response.weights is not None:
        return
    w = rng.integers(1, 4, len(response)).astype(float)
    weighted = Response(response.y, response.size, w)
    plain = family.derivatives(response, predictors, 2)
    for key, d in family.derivatives(weighted, predictors, 2).items():
        _close(d, w * plain[key], 1e-12, f"derivative {key} with weights")


# start, information, refusals ----------------------------------------------------------------


def _check_start(family, response, predictors) -> None:
    eta, extras = family.start(response)
    _require(np.shape(eta) == (len(response),), f"start: eta has shape {np.shape(eta)}")
    _require(np.isfinite(eta).all(), "start: eta is not finite in every row")
    if set(extras) != {"thresholds"}:
        _require(
            set(extras) == set(family.extras),
            f"start: extras {sorted(extras)} are not {sorted(family.extras)}",
        )
    _require(
        all(np.isfinite(value).all() for value in extras.values()), "start: extras are not finite"
    )
    information = family.expected_information(response, predictors)
    _require(
        information.shape == (len(response),)
        and bool((np.isfinite(information) & (information > 0)).all()),
        "expected_information is not positive and finite in every row",
    )


def _check_refusals(family, response) -> None:
    low, high = family.support
    bad = {"NaN": np.nan, "infinity": np.inf}
    if family.discrete:
        bad["a fraction"] = low + 0.5
    if np.isfinite(low):
        bad["a number below the support"] = low - 1.0
        if not family.discrete and low not in family.atoms:
            bad["the lower end of the support"] = low
    if np.isfinite(high):
        size = 1.0 if response.size is None else response.size[0]
        bad["a number above the support"] = high * size + 1.0
        if not family.discrete and high not in family.atoms:
            bad["the upper end of the support"] = high
    for what, value in bad.items():
        y = response.y.copy()
        y[0] = value
        try:
            family.check(Response(y, response.size, response.weights), "y")
        except ModelError:
            continue
        except ValueError as error:
            _require("0" in str(error), f"check: the message for {what} names no row: {error}")
        else:
            raise AssertionError(f"check accepts {what} ({value})")


# distribution --------------------------------------------------------------------------------


def _check_distribution(family, response, predictors, rng, rtol) -> None:
    for i in range(min(_ROWS_SUMMED, len(response))):
        at = [x[i] for x in predictors]
        size = None if response.size is None else float(response.size[i])
        y, mass = _masses(family, at, size)
        where = f"at predictors {[round(float(x), 3) for x in at]}"
        _close(np.sum(mass), 1.0, rtol, f"total probability {where}")
        n = 1.0 if size is None else size
        mean = np.sum(y * mass)
        with np.errstate(all="ignore"):
            own_mean = float(family.mean(*[np.float64(x) for x in at]))
            own_variance = float(family.variance(*[np.float64(x) for x in at], size=size))
        _close(n * own_mean, mean, rtol, f"mean {where}")
        if np.isfinite(own_variance):
            variance = np.sum((y - mean) ** 2 * mass)
            _close(own_variance, variance, 100 * rtol, f"variance {where}")
        _check_cdf(family, y, mass, at, size, rtol, where)
        _check_sample(family, y, mass, at, size, rng, where)


def _rows(value, n):
    return np.full(n, float(value))


def _log_density(family, y, at, size):
    n = len(y)
    response = Response(y, None if size is None else _rows(size, n))
    with np.errstate(all="ignore"):
        return family.log_density(response, *[_rows(x, n) for x in at])


def _masses(family, at, size):
    """Points of the response and their probabilities (discrete, atoms) or quadrature weights."""
    low, high = family.support
    if family.discrete:
        if np.isfinite(high):
            y = np.arange(low, high * (1.0 if size is None else size) + 1.0)
            return y, np.exp(_log_density(family, y, at, size))
        top = 64
        while True:
            y = np.arange(low, low + top)
            mass = np.exp(_log_density(family, y, at, size))
            if mass[-1] * top < 1e-13 or top >= _LARGEST_COUNT:
                return y, mass
            top *= 2
    # a smooth function that falls off at both ends is integrated best by the trapezoid rule
    with np.errstate(all="ignore"):
        centre = float(family.mean(*[np.float64(x) for x in at]))
        spread = float(np.sqrt(family.variance(*[np.float64(x) for x in at])))
    spread = spread if np.isfinite(spread) else 1.0
    u, step = np.linspace(-60.0, 60.0, 48_001, retstep=True)
    with np.errstate(all="ignore"):
        if np.isfinite(high):
            z = np.exp(-np.abs(u))
            y = low + (high - low) * np.where(u > 0, 1.0, z) / (1.0 + z)
            slope = (high - low) * z / (1.0 + z) ** 2
        elif np.isfinite(low):
            y = low + np.exp(u) * (centre - low)
            slope = y - low
        else:
            y = centre + spread * np.sinh(u)
            slope = spread * np.cosh(u)
        inside = (y > low) & (y < high)
        mass = np.zeros(len(u))
        density = np.exp(_log_density(family, y[inside], at, size))
        mass[inside] = np.nan_to_num(density * slope[inside]) * step
    y = np.where(mass > 0, y, centre)
    atoms = np.array(family.atoms, dtype=float)
    masses = np.exp(_log_density(family, atoms, at, size)) if atoms.size else atoms
    first = atoms == low
    return (
        np.concatenate([atoms[first], y, atoms[~first]]),
        np.concatenate([masses[first], mass, masses[~first]]),
    )


def _check_cdf(family, y, mass, at, size, rtol, where) -> None:
    n = len(y)
    response = Response(y, None if size is None else _rows(size, n))
    rows = [_rows(x, n) for x in at]
    with np.errstate(all="ignore"):
        try:
            cdf, below = family.cdf(response, *rows), family.cdf_below(response, *rows)
        except NotAvailableError:
            return
    total = np.cumsum(mass)
    if family.discrete:
        _close(cdf, total, 10 * rtol, f"cdf {where}")
        _close(below, total - mass, 10 * rtol, f"cdf_below {where}")
        return
    atom = family.at_atoms(y)
    _close(cdf[atom], total[atom], 10 * rtol, f"cdf at atoms {where}")
    _close(below[atom], (total - mass)[atom], 10 * rtol, f"cdf_below at atoms {where}")
    # the trapezoid rule's partial sums stop in the middle of a point's weight
    some = (mass > 0) & ~atom
    _close(cdf[some], (total - 0.5 * mass)[some], 1e-4, f"cdf {where}")
    _close(below[some], cdf[some], rtol, f"cdf_below {where}")


def _check_sample(family, y, mass, at, size, rng, where) -> None:
    response = Response(np.zeros(_DRAWS), None if size is None else _rows(size, _DRAWS))
    draws = family.sample(rng, [_rows(x, _DRAWS) for x in at], response)
    _require(draws.shape == (_DRAWS,), f"sample has shape {draws.shape}")
    order = np.argsort(y, kind="stable")
    points, cdf = y[order], np.cumsum(mass[order])
    empirical = np.searchsorted(np.sort(draws), points, side="right") / _DRAWS
    distance = float(np.max(np.abs(empirical - cdf)))
    # 2.6 standard units of the Kolmogorov statistic: once in a million
    _require(
        distance < 2.6 / np.sqrt(_DRAWS) + 1e-3,
        f"samples {where} are not of this distribution: distance of distribution functions "
        f"{distance:.3f}",
    )
