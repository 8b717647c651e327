"""Monte Carlo tests of a response against simulations of it.

If the fitted model is true, the response and m simulations of it are exchangeable, so the rank of
any statistic of the response among the statistics of all m + 1 is uniform (Barnard 1963,
doi:10.1111/j.2517-6161.1963.tb00526.x; Besag & Clifford 1989, doi:10.1093/biomet/76.4.633). That holds
whatever the dependence between rows, which random effects bring; a Kolmogorov-Smirnov
table would not know of it. Estimated parameters make the tests reject a little less often than
their level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.inference.table import Table

# doubles in an array of a chunk
DOUBLES = 1_000_000
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PoolStatistics:
    """Statistics of the response (first) and of every simulation, (m + 1,) arrays.

    Attributes
    ----------
    distance : Kolmogorov-Smirnov distance of the row ranks from uniform
    dispersion : mean of squared standardised deviations from the row means
    zeros : rows with 0
    outliers : rows outside of all other responses of the row
    """

    distance: np.ndarray
    dispersion: np.ndarray
    zeros: np.ndarray
    outliers: np.ndarray


def pool_statistics(pool, rng, discrete):
    """Statistics of all columns of a pool, each ranked among all.

    Parameters
    ----------
    pool : (n, M) array
        Column 0 is the response.
    rng : numpy.random.Generator
        Breaks ties of discrete responses.
    discrete : bool

    Returns
    -------
    PoolStatistics
    below : (n,) array
        How many of the row are below its response, ties broken.
    """
    n, M = pool.shape
    below = np.empty(n)
    cells = np.zeros(M * M)
    squares, zeros = np.zeros(M), np.zeros(M)
    outliers = np.zeros(M)
    step = max(1, DOUBLES // M)
    ranks = np.broadcast_to(np.arange(M), (min(step, n), M))
    for lo in range(0, n, step):
        part = pool[lo : lo + step]
        broken = part + rng.random(part.shape) if discrete else part
        order = broken.argsort(axis=1)
        place = ranks[: part.shape[0]]
        below[lo : lo + step] = (order == 0).argmax(axis=1)
        cells += np.bincount((order * M + place).ravel(), minlength=M * M)
        rows = np.arange(part.shape[0])
        for end, next_to in ((0, 1), (-1, -2)):
            column = order[:, end]
            alone = part[rows, column] != part[rows, order[:, next_to]]
            outliers += np.bincount(column[alone], minlength=M)
        mean = part.mean(axis=1)[:, None]
        deviations = (part - mean) ** 2
        variance = deviations.mean(axis=1)
        usable = variance > 0
        squares += (deviations[usable] / variance[usable, None]).sum(axis=0)
        zeros += (part == 0).sum(axis=0)
    # share of a column's rows with ranks up to r, against r / M
    cumulative = cells.reshape(M, M).cumsum(axis=1) / n
    distance = np.abs(cumulative - np.arange(1, M + 1) / M).max(axis=1)
    return PoolStatistics(distance, squares / n, zeros, outliers), below


def monte_carlo_p(values, *, upper_only=False):
    """p-value of the first value by its rank among all.

    Examples
    --------
    >>> monte_carlo_p(np.array([9.0, 1.0, 2.0, 3.0]), upper_only=True)
    0.25
    """
    upper = float((values >= values[0]).mean())
    if upper_only:
        return upper
    return min(1.0, 2.0 * min(upper, float((values <= values[0]).mean())))


def table_of_tests(statistics, counts):
    """Tests as a table: test, statistic, expected, p_value, meaning.

    Parameters
    ----------
    statistics : PoolStatistics
    counts : bool
        Whether a zero means none.

    Returns
    -------
    Table
    """
    rows = [
        _row("uniformity", statistics.distance, _uniformity, upper_only=True),
        _row("dispersion", statistics.dispersion, _dispersion),
        _row("outliers", statistics.outliers, _outliers),
    ]
    if counts:
        rows.append(_row("zeros", statistics.zeros, _zeros))
    names = ("test", "statistic", "expected", "p_value", "meaning")
    return Table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def _row(name, values, words, *, upper_only=False):
    p = monte_carlo_p(values, upper_only=upper_only)
    observed, expected = float(values[0]), float(values[1:].mean())
    meaning = words(observed > expected) if p < LEVEL else "as the model says"
    return name, observed, expected, p, meaning


def _uniformity(_):
    return "the responses are not distributed as the model says"


def _dispersion(more):
    if more:
        return (
            "more variable than the model says: another family (nbinom2, betabinomial), "
            "a missing predictor or a missing random effect"
        )
    return "less variable than the model says: another family, or too many random effects"


def _outliers(more):
    if more:
        return "more responses outside of all simulations than the model says"
    return "fewer responses outside of all simulations than the model says"


def _zeros(more):
    if more:
        return 'more zeros than the model says: zi="~ 1", a hurdle family or nbinom2'
    return "fewer zeros than the model says: a truncated or hurdle family"
