"""Simulated quantile residuals: where each response stands among what the model would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design import in_order
from mixedeffects.engine import threads_for
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.residual.moments import FittedMoments, sums_within
from mixedeffects.inference.residual.pool import PoolStatistics, RankSums, table_of_tests
from mixedeffects.inference.residual.responses import (
    DrawnResponses,
    KeptResponses,
    deviations_of,
    responses_of,
)
from mixedeffects.inference.table import Table
from mixedeffects.options import check_count, generator

# numbers in all simulated responses together
MOST = 300_000_000


@dataclass(frozen=True, slots=True, eq=False)
class QuantileFacts:
    """Responses, simulated responses, and where the first stand among the second.

    Attributes
    ----------
    residuals : (n,) array
        Between 0 and 1, uniform if the model is right.
    responses : KeptResponses or DrawnResponses
        The responses, then m simulated ones: kept, or drawn again whenever they are read.
    expected : (n,) array
        Means of the simulated responses.
    statistics : PoolStatistics
        Of every column of the pool.
    groups : {"new", "conditional"}
        What the simulations did with random effects.
    counts : {"counts", "amounts", ""}
        What the response counts or measures, if zeros mean none.
    ties : bool
        Whether responses that are no whole numbers may be the same (`Family.atoms`).
    labels : sequence or None
        Of the rows, where they are groups of rows.
    factors : dict of str to (codes (n,), labels)
        Grouping factors of the fit, by name.
    moments : (m + 1, s) array
        Of every column of the pool: what the fit has fitted.
    index : pandas Index or None
        Labels of the rows, where they are rows of a table that has them.
    """

    residuals: np.ndarray
    responses: KeptResponses | DrawnResponses
    expected: np.ndarray
    statistics: PoolStatistics
    groups: str
    discrete: bool
    counts: str
    labels: Any
    factors: dict[str, tuple[np.ndarray, Any]]
    moments: np.ndarray
    index: Any = None
    ties: bool = False

    @property
    def n_simulations(self) -> int:
        return self.responses.shape[1] - 1

    @property
    def pool(self) -> np.ndarray:
        """(n, m + 1) array: the responses, then m simulated ones.

        Of more than ten million numbers it is made anew, always the same, whenever it is asked for.
        """
        return self.responses.whole()

    def tests(self):
        """Tests of the residuals, see `QuantileResiduals.tests`. Returns a `Table`."""
        return table_of_tests(self.statistics, self.counts)

    def table(self):
        """One row per row of the fit (or group): response, mean of the simulations, residual.

        Returns a `Table`.
        """
        columns = {} if self.labels is None else {"group": list(self.labels)}
        return Table(
            {
                **columns,
                "observed": self.responses.observed,
                "expected": self.expected,
                "residual": self.residuals,
            },
            self.index,
        )

    def by(self, group, rng=None):
        """The same for sums of the responses over groups of rows.

        Returns a `QuantileFacts`.

        Parameters
        ----------
        group : str or (n,) array
            A grouping factor of the fit, or values that say which rows belong together; of a
            pandas Series the labels say whose.
        """
        if isinstance(group, str):
            if group not in self.factors:
                raise OptionError(
                    f"group={group!r} is not a grouping factor of the fit: "
                    f"{', '.join(self.factors) or 'the rows are groups already'}"
                )
            codes, labels = self.factors[group]
        else:
            n = self.residuals.size
            values = np.asarray(in_order("group", group, self.index, n, "the rows that were used"))
            if values.shape != (n,):
                raise DataError(f"group has shape {values.shape}; there are {n} rows")
            labels, codes = np.unique(values, return_inverse=True)
            labels = labels.tolist()
        present, codes = np.unique(codes, return_inverse=True)
        sums = KeptResponses(np.zeros((present.size, self.n_simulations + 1)))
        for rows, part in self.responses.parts():
            levels, found = sums_within(codes[rows], None, part)
            sums.values[levels] += found[:, 0]
        names = [labels[int(k)] for k in present]
        return facts_of(
            sums, generator(rng), self.groups, self.discrete, self.counts, names, {},
            self.moments, ties=self.ties,
        )  # fmt: skip


def quantile_residuals(fit: Any, n=250, rng=None, *, groups="new"):
    """Simulated quantile residuals, uniform on (0, 1) if the model is right.

    Each response is ranked among `n` responses that the fitted model gives for its row; ties are
    broken at random. If model and estimates are true, response and simulations are exchangeable,
    and the residual (rank - 1 + U) / (n + 1), U uniform, is exactly uniform, for counts and 0 / 1
    too.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    n : int
        Simulations.
    rng : numpy.random.Generator or int, optional
        Source of random numbers, or its seed.
    groups : {"new", "conditional"}
        Draw new random effects in every simulation, or keep the modes of the fit's: the first
        tests the whole model, random effects included; the second looks closer at the
        distribution given the groups, but the modes have seen the responses, so that its
        residuals are a little too even where groups are small.

    Returns
    -------
    QuantileFacts
        Methods of the fit show it and give frames: ``.residuals``, ``.tests()``, ``.table()``,
        ``.by("g")``.

    Raises
    ------
    NotAvailableError
        More simulated numbers than fit in memory.

    References
    ----------
    Dunn & Smyth (1996), doi:10.1080/10618600.1996.10474708; Gelman & Hill (2006),
    doi:10.1017/CBO9780511790942, chapter 8, and Hartig's DHARMa for simulated ones.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> found = fit.quantile_residuals(rng=1)
    >>> found.residuals.shape, bool((found.residuals > 0).all())
    ((180,), True)
    """
    if groups not in ("new", "conditional"):
        raise OptionError(f"groups={groups!r} is not one of new, conditional")
    n, rng, rows = check_count(n), generator(rng), fit.design.n
    if rows * (n + 1) > MOST:
        raise NotAvailableError(
            f"{n} simulations of {rows:,} rows do not fit in memory; use at most "
            f"n={MOST // rows - 1}"
        )
    family = fit.family
    factors = {b.factor.name: (b.factor.codes, b.factor.labels) for b in fit.design.blocks}
    counts = "amounts" if 0.0 in family.atoms and family.support[1] > 1.0 else ""
    if family.discrete and "upper" not in family.extras and not family.has_size:
        counts = "counts"
    return facts_of(
        responses_of(fit, n, rng, groups), rng, groups, family.discrete, counts, None, factors,
        fit, fit.design.used_index, ties=bool(family.atoms),
    )  # fmt: skip


def facts_of(
    responses, rng, groups, discrete, counts, labels, factors, moments, index=None, ties=False
):
    """The record of a response and simulations of it.

    `moments` are the (m + 1, s) moments of the columns, or the fit that says which they are.
    """
    ranks, expected, sums = (
        RankSums(responses.shape, rng, discrete, ties),
        np.empty(responses.shape[0]),
        None,
    )
    if not isinstance(moments, np.ndarray):
        blocks = [(b.factor.codes, b.Z, b.factor.n_levels) for b, _, _, _ in moments.random_effects]
        sums = FittedMoments(responses.shape[1], moments.design.X, blocks, responses.own)
    with threads_for(responses.shape[1]):
        for rows, part in responses.parts():
            away, mean, variance = deviations_of(part)
            ranks.add(rows, part, away, variance)
            expected[rows] = mean + (mean - part[:, 0]) / (part.shape[1] - 1)
            if sums is not None:
                sums.add(rows, away, variance)
        moments = moments if sums is None else sums.moments()
        statistics = ranks.statistics(moments)
    residuals = (ranks.below + rng.random(ranks.below.size)) / responses.shape[1]
    return QuantileFacts(
        residuals, responses, expected, statistics, groups, discrete, counts,
        labels, factors, moments, index, ties,
    )  # fmt: skip
