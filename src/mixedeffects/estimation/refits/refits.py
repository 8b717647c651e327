"""Many fits of one design: what bootstrap, power analysis and simulated tests are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.errors import DataError, OptionError
from mixedeffects.estimation.refits.batches import in_batches, streams
from mixedeffects.estimation.refits.gather import ClusterDraws
from mixedeffects.estimation.refits.general import General
from mixedeffects.estimation.refits.nested import NestedClusters
from mixedeffects.estimation.refits.one_factor import OneFactor
from mixedeffects.estimation.refits.results import RefitResults
from mixedeffects.estimation.refits.simulate import (
    GaussianSimulator,
    MomentSimulator,
    OneFactorSimulator,
    RowSimulator,
)
from mixedeffects.estimation.refits.sums import RowSums
from mixedeffects.options import check_count

# numbers in the responses that are summed at a time
MOST_ROWS = 4e6
# floating-point operations of one evaluation below which threads only wait for each other
WORTH_A_THREAD = 3e7


class Refits:
    """Refits of the model of a fit.

    Every method starts from the fit's own optimum, gives the same results for any number of
    threads, and returns failures as failures.

    Parameters
    ----------
    fit : fit record
        With `design`, `plan`, `evaluation`, `theta`, `beta`, `sigma`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> results = Refits.of(fit).parametric(200, rng=1)
    >>> results.n_failed, results.beta.shape
    (0, (200, 2))
    """

    def __init__(self, fit):
        self._design, self._theta = fit.design, fit.theta
        self._beta, self._sigma = fit.beta, fit.sigma
        self._evaluation, self._plan = fit.evaluation, fit.plan
        self._objective = fit.evaluation.objective
        self._stats = self._objective.stats
        self._one_factor = OneFactor.serves(self._stats, self._objective.parameters.terms)
        self._kept: dict[str, Any] = {}

    @classmethod
    def of(cls, fit) -> Refits:
        """The refits of a fit; made once and kept in its cache."""
        if "refits" not in fit.cache:
            fit.cache["refits"] = cls(fit)
        return fit.cache["refits"]

    @property
    def compiled(self) -> bool:
        """Whether the model has one grouping factor, so that whole fits run compiled."""
        return self._one_factor

    @property
    def _fitter(self) -> Any:
        if "fitter" not in self._kept:
            self._kept["fitter"] = (
                OneFactor(self._objective, self._evaluation) if self._one_factor else self._general
            )
        return self._kept["fitter"]

    @property
    def _general(self):
        if "general" not in self._kept:
            self._kept["general"] = General(self._objective, self._evaluation, self._plan)
        return self._kept["general"]

    @property
    def _row_sums(self):
        if "rows" not in self._kept:
            self._kept["rows"] = RowSums(self._design, self._stats)
        return self._kept["rows"]

    @property
    def _simulator(self):
        if "simulator" not in self._kept:
            if self._one_factor:
                fitter = self._fitter
                if MomentSimulator.serves(self._stats, fitter.A):
                    simulator = MomentSimulator(self._stats, fitter.cls, fitter.A)
                else:
                    simulator = OneFactorSimulator(self._stats)
            elif GaussianSimulator.serves(self._stats):
                simulator = GaussianSimulator(self._stats)
            else:
                simulator = RowSimulator(self._design, self._stats, self._row_sums)
            self._kept["simulator"] = simulator
        return self._kept["simulator"]

    def parametric(
        self, n, rng=None, *, theta=None, beta=None, sigma=None, threads=None, progress=False
    ):
        """Draw n responses from the model and fit each.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator or int, optional
        theta, beta, sigma : optional
            Parameters to draw from, in the user's coordinates; the fit's own by default.
        threads : int, optional
            All processors by default; the results do not depend on it.
        progress : bool or callable
            True writes to standard error; a function is called as ``progress(done, n)``.

        Returns
        -------
        RefitResults
        """
        n = check_count(n)
        parameters = self._objective.parameters
        if theta is None:
            inner = self._evaluation.theta
        else:
            inner = parameters.from_user(_numbers(theta, parameters.n_theta, "theta"))
        beta = self._beta if beta is None else _numbers(beta, self._stats.p, "beta")
        sigma = self._sigma if sigma is None else float(sigma)
        draw = self._simulator.at(parameters.lambdas(inner))
        fitter, stream = self._fitter, streams(rng)
        out = RefitResults.empty(n, parameters.n_theta, self._stats.p)
        size = fitter.batch()
        if isinstance(self._simulator, RowSimulator):
            size = int(max(1, min(size, MOST_ROWS / self._design.n)))

        def work(batch, rows):
            sums = draw(stream(batch), rows.stop - rows.start, sigma)
            fitter.fit(replace(sums, base=sums.base + beta), out, rows)

        in_batches(n, size, work, threads=self._threads(threads), progress=progress)
        return out

    def responses(self, Y: Any, *, threads=None, progress=False):
        """Fit the columns of Y.

        Parameters
        ----------
        Y : (n_rows, R) array, or a function of a slice of 0 .. R - 1 with attribute `n`
            One row per row that was used. A function returns the (n_rows, r) responses of a
            slice; it is called for many slices, from several threads, in any order.
        threads, progress
            As in `parametric`.

        Returns
        -------
        RefitResults

        Raises
        ------
        DataError
            For another number of rows, or values that are not finite.
        """
        if callable(Y):
            R, part = Y.n, Y
        else:
            Y = np.asarray(Y, dtype=float)
            if Y.ndim != 2 or Y.shape[0] != self._design.n or Y.shape[1] == 0:
                raise DataError(
                    f"Y has shape {Y.shape}; it needs one row for each of the "
                    f"{self._design.n} rows of the fit and one column per response"
                )
            if not np.isfinite(Y).all():
                raise DataError("Y has values that are not finite")
            R, part = Y.shape[1], _columns(Y)
        offset = self._design.offset
        fitter, sums = self._fitter, self._row_sums
        out = RefitResults.empty(R, self._objective.parameters.n_theta, self._stats.p)
        size = int(max(1, min(fitter.batch(), MOST_ROWS / self._design.n)))

        def work(batch, rows):
            y = part(rows)
            fitter.fit(sums(y if offset is None else y - offset[:, None]), out, rows)

        in_batches(R, size, work, threads=self._threads(threads), progress=progress)
        return out

    def weighted(self, multiplicities: Any, *, clusters=None, threads=None, progress=False):
        """Fit the data with every cluster taken a number of times, each time as a new one.

        Parameters
        ----------
        multiplicities : (R, n_clusters) array of whole numbers
            0 leaves a cluster out. Or a function of a slice of replicates with attribute `n`,
            like the one of `responses`.
        clusters : (n_rows,) int array, optional
            Cluster of every row; levels of the only grouping factor by default.
        threads, progress
            As in `parametric`.

        Returns
        -------
        RefitResults
            A replicate whose fixed effects are no longer estimable has failed.

        Raises
        ------
        OptionError
        """
        design = self._design
        if clusters is None and len(design.blocks) > 1:
            raise OptionError("clusters= must say which rows belong together")
        codes = design.blocks[0].factor.codes if clusters is None else np.asarray(clusters)
        own = np.array_equal(codes, design.blocks[0].factor.codes)
        if callable(multiplicities):
            R, times = multiplicities.n, multiplicities
        else:
            table = np.asarray(multiplicities)
            q = int(codes.max()) + 1
            if table.ndim != 2 or table.shape[1] != q or (table < 0).any():
                raise OptionError(
                    f"multiplicities must be a table with {q} numbers, none negative, in each row"
                )
            R, times = table.shape[0], _rows(table)
        out = RefitResults.empty(R, self._objective.parameters.n_theta, self._stats.p)
        if self._one_factor and own:
            levels: OneFactor = self._fitter
            levels.prepare_levels(design)
            size = levels.batch_weighted()

            def work(batch, rows):
                levels.fit_weighted(np.asarray(times(rows), dtype=float), out, rows)

        else:
            general, size = self._general, self._general.batch()
            nested = NestedClusters.of(design, self._stats, codes)
            if nested is None:
                draw, fit_one = ClusterDraws(design, codes).draw, general.fit_design
            else:
                draw, fit_one = nested.draw, general.fit_products

            def work(batch, rows):
                for i, row in enumerate(np.asarray(times(rows)).astype(np.int64), rows.start):
                    if row.any():
                        fit_one(draw(row), out, i)

        in_batches(R, size, work, threads=self._threads(threads), progress=progress)
        return out

    def designs(self, make, n, *, threads=None, progress=False):
        """Fit designs with the same columns and other rows.

        Parameters
        ----------
        make : callable
            From the number of a replicate to its Design; called from several threads.
        n : int
        threads, progress
            As in `parametric`.

        Returns
        -------
        RefitResults
        """
        out = RefitResults.empty(check_count(n), self._objective.parameters.n_theta, self._stats.p)

        def work(batch, rows):
            for i in range(rows.start, rows.stop):
                self._general.fit_design(make(i), out, i)

        in_batches(n, 8, work, threads=self._threads(threads), progress=progress)
        return out

    def _threads(self, threads):
        if threads is not None:
            return check_count(threads, "threads")
        return None if self._one_factor or self._plan.flops > WORTH_A_THREAD else 1


def _columns(Y):
    return lambda rows: Y[:, rows]


def _rows(table):
    return lambda rows: table[rows]


def _numbers(values, n, name):
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"{name} must be {n} numbers") from None
    if out.shape != (n,) or not np.isfinite(out).all():
        raise OptionError(f"{name} must be {n} finite numbers; it has shape {out.shape}")
    return out
