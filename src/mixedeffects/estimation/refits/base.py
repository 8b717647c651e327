"""What it means to fit a model many times: the contract that linear and generalised models keep.

A model at given parameters draws responses, and is fitted to responses, to designs with the same
columns and other rows, to clusters taken any number of times, and to what is left without some
rows. Every search starts at the parameters. Results do not depend on the number of threads, and a
refit that fails is marked, never replaced.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np

from mixedeffects.design import Design
from mixedeffects.errors import DataError, OptionError
from mixedeffects.estimation.refits.batches import in_batches, streams
from mixedeffects.estimation.refits.gather import ClusterDraws, gather_design
from mixedeffects.estimation.refits.results import RefitResults
from mixedeffects.options import check_count

# designs to a thread at a time
DESIGNS = 4


@dataclass(frozen=True, slots=True)
class Job:
    """Refits in batches.

    Attributes
    ----------
    work : callable
        Of a batch's number and its slice of the replicates, which it files.
    size : int
        Replicates in a batch.
    threads : int or None
        1 where threads would only wait for each other, else None.
    """

    work: Callable[[int, slice], None]
    size: int
    threads: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Responses drawn from a model.

    Attributes
    ----------
    y : (n_rows, R) array
        On the family's scale: successes of a binomial response, codes of categories.
    starts : (R, width) array or None
        Where a search for the modes of a generalised model begins: the random effects drawn.
    """

    y: np.ndarray
    starts: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What leaving out some rows changes; or, of J sets of rows, arrays that begin with J.

    T are the `axes` of the model, in which the covariance of all rows' coefficients is sigma^2 I.

    Attributes
    ----------
    delta : (p,) array
        T^-1 (beta - beta_i), beta from all rows; nan where the rows that remain do not determine
        the coefficients.
    information : (p, p) array
        T'M_i^-1 T, with s_i^2 M_i the covariance of beta_i at known variances.
    s2 : float
        s_i^2; 1 for a generalised model.
    theta : (n_theta,) array
        Without the rows, or as it was held.
    converged : bool
        Whether the search ended at an optimum.
    beta, std_error : (p,) arrays
        beta_i and its standard errors, in the user's columns.
    """

    delta: np.ndarray
    information: np.ndarray
    s2: Any
    theta: np.ndarray
    converged: Any
    beta: np.ndarray
    std_error: np.ndarray

    @classmethod
    def stacked(cls, changes):
        """Several changes as one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.array([getattr(one, name) for one in changes]) for name in names))


class Refits(ABC):
    """A model at given parameters, to be fitted again.

    Attributes
    ----------
    coefficients : (c,) array
        Of all linear predictors, the main one's p first, in the user's columns.
    theta : (n_theta,) array
        In lme4's order.
    sigma : float
        1 for a generalised model.
    response : Response
        As the family reads it.
    fixed : tuple of (n_rows,) arrays
        Per argument of the family's log density, its linear predictor without random effects.
    factors : list of (k, k) arrays
        Per block of all predictors, a factor of the covariance of its random effects.
    axes : (p, p) array
        T with sigma^2 T T' the covariance of the main coefficients at known variances.
    compiled : bool
        Whether whole fits run compiled, so that tens of thousands are no matter.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> results = fit.refits.parametric(200, rng=1)
    >>> results.n_failed, results.beta.shape
    (0, (200, 2))
    """

    design: Design
    coefficients: np.ndarray
    theta: np.ndarray
    sigma: float
    family: Any
    response: Any
    compiled: bool

    # what a kind of model says ----------------------------------------------------------------

    @property
    @abstractmethod
    def fixed(self) -> tuple[np.ndarray, ...]: ...

    @property
    @abstractmethod
    def factors(self) -> list[np.ndarray]: ...

    @property
    @abstractmethod
    def axes(self) -> np.ndarray: ...

    @abstractmethod
    def draw(self, n, rng) -> Draws:
        """n responses of the model, row by row, in the order of a generator."""

    @abstractmethod
    def without(self, rows, *, hold=False) -> Change:
        """The fit without some rows; `hold` keeps theta, where a model can."""

    def without_each(self, codes, n_sets, *, hold=False, watch=None) -> Change:
        """The fit without each of some sets of rows in turn, as one `Change`.

        Parameters
        ----------
        codes : (n_rows,) int array
            The set that every row is in; no set is empty.
        n_sets : int
            Their number.
        hold : bool
            As in `without`.
        watch : callable, optional
            Called with a number of sets after each, where they are fitted one at a time.
        """
        rows, start = np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1]
        changes = []
        for part in np.split(rows, start):
            changes.append(self.without(part, hold=hold))
            if watch is not None:
                watch(len(changes))
        return Change.stacked(changes)

    @abstractmethod
    def _drawing(self, stream, out) -> Job:
        """Draws responses from streams of random numbers, and fits them."""

    @abstractmethod
    def _fitting(self, part, starts, out) -> Job:
        """Fits the (n_rows, r) responses that `part` gives for a slice of the replicates."""

    @abstractmethod
    def _fit_design(self, design, out, row) -> None:
        """Fits other rows."""

    def _designing(self, make, out) -> Job:
        """Fits the designs that `make` gives for the number of a replicate."""

        def work(batch, rows):
            for i in range(rows.start, rows.stop):
                design = make(i)
                if design is not None:
                    self._fit_design(design, out, i)

        return Job(work, DESIGNS, 1)

    def _taking(self, times, codes, out) -> Job:
        """Fits clusters that occur ``times(slice)`` times."""
        draw = ClusterDraws(self.design, codes).draw

        def make(i):
            (row,) = np.asarray(times(slice(i, i + 1))).astype(np.int64)
            return draw(row) if row.any() else None

        return self._designing(make, out)

    def _counting(self, times, out) -> Job:
        """Fits rows that occur ``times(i)`` times, in the levels that they are in."""

        def make(i):
            return gather_design(self.design, np.repeat(np.arange(self.design.n), times(i)))

        return self._designing(make, out)

    # what can be asked of all of them ---------------------------------------------------------

    @property
    def n_main(self) -> int:
        """Number of coefficients of the main predictor."""
        return self.design.X.shape[1]

    @property
    def vcov(self) -> np.ndarray:
        """(p, p) covariance of the main coefficients at known variances."""
        return self.sigma**2 * (self.axes @ self.axes.T)

    def mean(self) -> np.ndarray:
        """(n_rows,) mean response where random effects are zero, on the family's scale."""
        mean = self.family.mean(*self.fixed)
        return mean if self.response.size is None else mean * self.response.size

    def empty(self, n) -> RefitResults:
        """Room for n refits."""
        return RefitResults.empty(
            check_count(n), self.coefficients.size, self.theta.size, self.n_main
        )

    def parametric(self, n, rng=None, *, threads=None, progress=False) -> RefitResults:
        """Draw n responses from the model and fit each.

        Parameters
        ----------
        n : int
            Replicates.
        rng : numpy.random.Generator, int or function, optional
            A function from a number to a generator is one that `streams` made.
        threads : int, optional
            All processors where that helps, by default; the results do not depend on it.
        progress : bool or callable
            True writes to standard error; a function is called as ``progress(done, n)``.
        """
        out = self.empty(n)
        return self._run(self._drawing(streams(rng), out), out, threads, progress)

    def responses(self, Y: Any, *, threads=None, progress=False) -> RefitResults:
        """Fit the columns of Y.

        Parameters
        ----------
        Y : (n_rows, R) array, Draws, or a function of a slice of 0 .. R - 1 with attribute `n`
            One row per row that was used. A function returns the (n_rows, r) responses of a
            slice; it is called for many slices, from several threads, in any order.
        threads, progress
            As in `parametric`.

        Raises
        ------
        DataError
            For another number of rows, or values that are not finite.
        """
        Y, starts = (Y.y, Y.starts) if isinstance(Y, Draws) else (Y, None)
        if callable(Y):
            R, part = cast(Any, Y).n, Y
        else:
            Y = np.asarray(Y, dtype=float)
            if Y.ndim != 2 or Y.shape[0] != self.design.n or Y.shape[1] == 0:
                raise DataError(
                    f"Y has shape {Y.shape}; it needs one row for each of the "
                    f"{self.design.n} rows of the fit and one column per response"
                )
            if not np.isfinite(Y).all():
                raise DataError("Y has values that are not finite")
            R, part = Y.shape[1], lambda rows: Y[:, rows]
        out = self.empty(R)
        return self._run(self._fitting(part, starts, out), out, threads, progress)

    def weighted(
        self, multiplicities: Any, *, clusters=None, threads=None, progress=False
    ) -> RefitResults:
        """Fit the data with every cluster taken a number of times, each time as a new one.

        Raises OptionError.

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
        """
        if clusters is None:
            block, *others = self.design.blocks
            if others:
                raise OptionError("clusters= must say which rows belong together")
            clusters = block.factor.codes
        codes = np.asarray(clusters)
        if callable(multiplicities):
            R, times = cast(Any, multiplicities).n, multiplicities
        else:
            table = np.asarray(multiplicities)
            q = int(codes.max()) + 1
            if table.ndim != 2 or table.shape[1] != q or (table < 0).any():
                raise OptionError(
                    f"multiplicities must be a table with {q} numbers, none negative, in each row"
                )
            R, times = len(table), lambda rows: table[rows]
        out = self.empty(R)
        return self._run(self._taking(times, codes, out), out, threads, progress)

    def counted(self, times, n, *, threads=None, progress=False) -> RefitResults:
        """Fit the data with every row taken a number of times; levels stay what they are.

        Parameters
        ----------
        times : callable
            From the number of a replicate to (n_rows,) whole numbers; called from several threads.
        n : int
            Replicates.
        threads, progress
            As in `parametric`.
        """
        out = self.empty(n)
        return self._run(self._counting(times, out), out, threads, progress)

    def designs(self, make, n, *, threads=None, progress=False) -> RefitResults:
        """Fit designs with the same columns and other rows.

        Parameters
        ----------
        make : callable
            From the number of a replicate to its Design; called from several threads.
        n : int
            Replicates.
        threads, progress
            As in `parametric`.
        """
        out = self.empty(n)
        return self._run(self._designing(make, out), out, threads, progress)

    def _run(self, job, out, threads, progress):
        threads = job.threads if threads is None else check_count(threads, "threads")
        in_batches(out.n, job.size, job.work, threads=threads, progress=progress)
        return out
