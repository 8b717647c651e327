"""Monte Carlo tests of a response against simulations of it.

If the fitted model is true, the response and m simulations of it are exchangeable, so the rank of
any statistic of the response among the statistics of all m + 1 is uniform (Besag & Clifford 1989,
doi:10.1093/biomet/76.4.633). That holds whatever the dependence between rows, which random effects
bring; a Kolmogorov-Smirnov table would not know of it.

The parameters are estimated, though: the fit has made some moments of the response those of the
model, which vary freely among the simulations, so that the plain test hardly ever rejects. As a
statistic at estimated parameters is, to first order, its residual from a regression on the scores
(Pierce 1982, doi:10.1214/aos/1176345788; Robins, van der Vaart & Ventura 2000,
doi:10.1080/01621459.2000.10474310), the statistics are replaced by their residuals from a
regression, over the m + 1 columns, on what the fit has fitted: the sums of standardised residuals
times the columns of X, and the sums of squares of their sums within groups.

Two statistics are not replaced so. The number of outliers, nearly always zero, is tested as
it is. The squared deviations of rows that are only ever 0 or 1 are left out: of such a row the
square is a linear function of the response, which the fit has fitted, and what a regression leaves
of it is the noise of the simulations' means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.inference.residual.responses import KeptResponses, deviations_of
from mixedeffects.inference.table import Table

LEVEL = 0.05
# statistics that are distances from the model whatever their direction
DISTANCES = ("uniformity",)


@dataclass(frozen=True, slots=True, eq=False)
class PoolStatistics:
    """Statistics of the response (first) and of every simulation.

    Attributes
    ----------
    values : dict of str to (m + 1,) array
        "uniformity": Kolmogorov-Smirnov distance of the row ranks from uniform; "dispersion": mean
        of squared standardised deviations from the row means, of rows that are not only 0 or 1
        (left out where there are none); "outliers": rows outside of all
        other responses of the row; "zeros": rows with 0.
    adjusted : dict of str to (m + 1,) array
        The same with what the fit has fitted taken out, where that leaves something to test:
        what the tests are of.
    """

    values: dict[str, np.ndarray]
    adjusted: dict[str, np.ndarray]

    def compared(self, name):
        """What is observed and what is expected of it, in the statistic's own units.

        The difference of the two is what the test is about: that of the tested statistic from
        the median of the simulations'.
        """
        tested = self.adjusted[name]
        middle = float(np.median(tested[1:]))
        if name in DISTANCES:
            return float(tested[0]), middle
        observed = float(self.values[name][0])
        return observed, observed - (float(tested[0]) - middle)


def ranked(part, rng, discrete, ties):
    """Order of every row's values, those that are the same in random order.

    Takes part (n, M) array. Returns (n, M) array of int.

    Parameters
    ----------
    discrete : bool
        Whether all values are whole numbers.
    ties : bool
        Whether numbers that are not whole may be the same.

    Examples
    --------
    >>> import numpy as np
    >>> ranked(np.array([[0.5, 0.0, 0.7]]), np.random.default_rng(1), False, True)
    array([[1, 0, 2]])
    """
    if discrete:
        return (part + rng.random(part.shape)).argsort(axis=1)
    return np.lexsort((rng.random(part.shape), part), axis=1) if ties else part.argsort(axis=1)


def pool_statistics(pool, rng, discrete, moments, ties=False):
    """Statistics of all columns of a pool, each ranked among all.

    Parameters
    ----------
    pool : (n, M) array
        Column 0 is the response.
    rng : numpy.random.Generator
        Breaks ties.
    discrete, ties
        As in `ranked`.
    moments : (M, s) array
        Of every column: what the fit has fitted.

    Returns
    -------
    PoolStatistics
    below : (n,) array
        How many of the row are below its response, ties broken.
    """
    sums = RankSums(pool.shape, rng, discrete, ties)
    for rows, part in KeptResponses(pool).parts():
        sums.add(rows, part, *deviations_of(part)[::2])
    return sums.statistics(moments), sums.below


class RankSums:
    """What the statistics of a pool need of its rows, which come part by part.

    Attributes
    ----------
    below : (n,) array
        How many of the row are below its response, ties broken.
    """

    def __init__(self, shape, rng, discrete, ties=False):
        (n, M), self.rng, self.discrete, self.ties = shape, rng, discrete, ties
        self.below = np.empty(n)
        self.cells = np.zeros(M * M, dtype=np.int64)
        self.squares, self.zeros, self.outliers = np.zeros(M), np.zeros(M), np.zeros(M)
        self.counted = 0

    def add(self, rows, part, away, variance):
        """Rows of a pool, with what `deviations_of` finds."""
        count, M = part.shape
        order = ranked(part, self.rng, self.discrete, self.ties)
        self.below[rows] = (order == 0).argmax(axis=1)
        each = np.arange(count)
        for end, next_to in ((0, 1), (-1, -2)):
            column = order[:, end]
            alone = part[each, column] != part[each, order[:, next_to]]
            self.outliers += np.bincount(column[alone], minlength=M)
        order *= M
        order += np.arange(M)
        self.cells += np.bincount(order.ravel(), minlength=M * M)
        usable = variance > 0
        if self.discrete:
            usable &= ((part != 0) & (part != 1)).any(axis=1)
        self.counted += int(usable.sum())
        some = away if usable.all() else away[usable]
        self.squares += np.einsum("ij,ij,i->j", some, some, 1.0 / variance[usable])
        self.zeros += np.count_nonzero(part == 0, axis=0)

    def statistics(self, moments):
        """`PoolStatistics` of all rows that came, given the (M, s) moments of the columns."""
        n, M = self.below.size, self.zeros.size
        # share of a column's rows with ranks up to r, beyond r / M
        process = self.cells.reshape(M, M).cumsum(axis=1) / n - np.arange(1, M + 1) / M
        values = {"outliers": self.outliers, "zeros": self.zeros}
        if self.counted:
            values["dispersion"] = self.squares / self.counted
        basis = moment_basis(moments)
        adjusted = {name: v - basis @ (basis.T @ v) for name, v in values.items()}
        adjusted["outliers"] = self.outliers
        values["uniformity"] = np.abs(process).max(axis=1)
        adjusted["uniformity"] = np.abs(process - basis @ (basis.T @ process)).max(axis=1)
        return PoolStatistics(values, adjusted)


def moment_basis(moments):
    """(M, r) orthonormal basis of the constant and the moments, at most a fifth of M columns."""
    M = moments.shape[0]
    centred = moments - moments.mean(axis=0)
    size = np.sqrt((centred * centred).mean(axis=0))
    U, d, _ = np.linalg.svd(centred[:, size > 0] / size[size > 0], full_matrices=False)
    keep = min(int((d > 1e-8 * d.max(initial=0.0)).sum()), max(1, M // 5 - 1))
    return np.column_stack([np.full(M, M**-0.5), U[:, :keep]])


def monte_carlo_p(values, *, upper_only=False):
    """p-value of the first value by its rank among all, values that differ by rounding alike.

    It counts itself, so that it is never below 1 / len(values), or twice that two-sided; nan
    where the first value is.

    Examples
    --------
    >>> import numpy as np
    >>> monte_carlo_p(np.array([9.0, 1.0, 2.0, 3.0]), upper_only=True)
    0.25
    """
    if np.isnan(values[0]):
        return np.nan
    near = 1e-9 * float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    upper = float((values >= values[0] - near).mean())
    if upper_only:
        return upper
    return min(1.0, 2.0 * min(upper, float((values <= values[0] + near).mean())))


def table_of_tests(statistics, counts):
    """Tests as a table: test, statistic, expected, p_value, meaning.

    Parameters
    ----------
    counts : {"counts", "amounts", ""}
        What zeros are of, if they mean none.
    """
    names = [name for name in WORDS if name in statistics.values and (counts or name != "zeros")]
    rows = []
    for name in names:
        p = monte_carlo_p(statistics.adjusted[name], upper_only=name in DISTANCES)
        observed, expected = statistics.compared(name)
        more = observed > expected
        words = WORDS["zero amounts" if name == "zeros" and counts == "amounts" else name]
        meaning = words[0 if more else 1] if p < LEVEL else "as the model says"
        rows.append((name, observed, expected, p, meaning))
    columns = ("test", "statistic", "expected", "p_value", "meaning")
    return Table({name: [row[i] for row in rows] for i, name in enumerate(columns)})


# what is said of more and of less than the model says
WORDS = {
    "uniformity": ("the responses are not distributed as the model says",) * 2,
    "dispersion": (
        "more variable than the model says: another family (nbinom2, betabinomial), a missing "
        "predictor or a missing random effect",
        "less variable than the model says: another family, or too many random effects",
    ),
    "outliers": (
        "more responses outside of all simulations than the model says",
        "fewer responses outside of all simulations than the model says",
    ),
    "zeros": (
        'more zeros than the model says: zi="~ 1", a hurdle family or nbinom2',
        "fewer zeros than the model says: a truncated or hurdle family",
    ),
    "zero amounts": (
        'more zeros than the model says: zi="~ 1" or a hurdle family',
        "fewer zeros than the model says: a hurdle family",
    ),
}
