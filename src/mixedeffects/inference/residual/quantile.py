"""Simulated quantile residuals: where each response stands among what the model would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.design import in_order
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.prediction.simulate import simulated
from mixedeffects.inference.residual.pool import (
    PoolStatistics,
    fitted_moments,
    pool_statistics,
    table_of_tests,
)
from mixedeffects.inference.table import Table
from mixedeffects.options import check_count, generator

if TYPE_CHECKING:
    pass

# numbers in all simulated responses together (8 bytes each)
MOST = 300_000_000


@dataclass(frozen=True, slots=True, eq=False)
class QuantileFacts:
    """Responses, simulated responses, and where the first stand among the second.

    Attributes
    ----------
    residuals : (n,) array
        Between 0 and 1, uniform if the model is right.
    pool : (n, m + 1) array
        The responses, then m simulated ones.
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
    pool: np.ndarray
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
        return self.pool.shape[1] - 1

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
                "observed": self.pool[:, 0],
                "expected": self.pool[:, 1:].mean(axis=1),
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
            n = self.pool.shape[0]
            values = np.asarray(in_order("group", group, self.index, n, "the rows that were used"))
            if values.shape != (self.pool.shape[0],):
                raise DataError(
                    f"group has shape {values.shape}; there are {self.pool.shape[0]} rows"
                )
            labels, codes = np.unique(values, return_inverse=True)
            labels = labels.tolist()
        order = np.argsort(codes, kind="stable")
        sorted_codes = np.asarray(codes)[order]
        starts = np.flatnonzero(np.r_[True, sorted_codes[1:] != sorted_codes[:-1]])
        sums = np.add.reduceat(self.pool[order], starts, axis=0)
        present = [labels[int(k)] for k in sorted_codes[starts]]
        return facts_of(
            sums, generator(rng), self.groups, self.discrete, self.counts, present, {},
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
    pool = np.empty((rows, n + 1))
    pool[:, 0] = fit.response.y
    for i, y in enumerate(simulated(fit, n, rng, groups=groups), 1):
        pool[:, i] = y
    factors = {b.factor.name: (b.factor.codes, b.factor.labels) for b in fit.design.blocks}
    counts = "amounts" if 0.0 in family.atoms and family.support[1] > 1.0 else ""
    if family.discrete and "upper" not in family.extras and not family.has_size:
        counts = "counts"
    blocks = [(b.factor.codes, b.Z, b.factor.n_levels) for b, _, _, _ in fit.random_effects]
    moments = fitted_moments(pool, fit.design.X, blocks)
    return facts_of(
        pool, rng, groups, family.discrete, counts, None, factors, moments, fit.design.used_index,
        ties=bool(family.atoms),
    )  # fmt: skip


def facts_of(pool, rng, groups, discrete, counts, labels, factors, moments, index=None, ties=False):
    """The record of a pool of responses."""
    statistics, below = pool_statistics(pool, rng, discrete, moments, ties)
    residuals = (below + rng.random(below.size)) / pool.shape[1]
    return QuantileFacts(
        residuals, pool, statistics, groups, discrete, counts, labels, factors, moments, index, ties
    )
