"""What a bootstrap found."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import DataWarning, NotAvailableError, OptionError, depth_of_package
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.resampling import intervals
from mixedeffects.inference.separated import because
from mixedeffects.inference.table import Table

KINDS = ("percentile", "basic", "bca", "normal", "studentized", "symmetric")
STUDENTIZED = ("studentized", "symmetric")
# clusters below which intervals that take the replicates' spread at face value are too narrow
FEW_CLUSTERS = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BootstrapFacts:
    """Replicates of all parameters of a fit, and intervals from them.

    Attributes
    ----------
    method : str
        How replicates were made, in words.
    effects, groups, terms : tuple
        What each parameter is, as in ``fit.tidy()``.
    estimates : (P,) array
        Of the original fit: fixed effects, then standard deviations and correlations of the
        random effects, then the residual SD; or the user's statistic.
    replicates : (n, P) array
        nan in the rows of failed refits, and for a correlation whose SD is zero.
    std_errors : (n, p) array
        Each replicate's own model-based standard errors of the fixed effects.
    std_error_fixed : (p,) array
        The original fit's.
    n_failed, n_singular : int
        Refits that failed (left out of everything below), and that have a zero variance.
    n_clusters : int or None
        Of a cluster bootstrap.
    jackknife : callable
        To the (clusters, P) parameters with each cluster left out, for "bca".
    n_separated : int
        Refits in which coefficients have no finite estimate: these are inf, -inf or nan.
    """

    method: str
    effects: tuple[str, ...]
    groups: tuple[str | None, ...]
    terms: tuple[str, ...]
    estimates: np.ndarray
    replicates: np.ndarray
    std_errors: np.ndarray
    std_error_fixed: np.ndarray
    n_failed: int
    n_singular: int
    n_clusters: int | None
    jackknife: Callable[[], np.ndarray]
    n_separated: int = 0

    @property
    def n(self) -> int:
        """Replicates asked for, failures included."""
        return self.replicates.shape[0]

    @property
    def standard_errors(self) -> np.ndarray:
        """(P,) standard deviations of the replicates; nan where an estimate is infinite."""
        return np.where(
            np.isinf(self.estimates), np.nan, _column(np.nanstd, self.replicates, ddof=1)
        )

    @property
    def bias(self) -> np.ndarray:
        """(P,) mean of the replicates less the estimates; nan where any is infinite."""
        known = np.where(np.isfinite(self.estimates), self.estimates, np.nan)
        return _column(np.nanmean, self.replicates) - known

    def confint(self, kind="percentile", *, level=0.95, parameters=None):
        """Confidence intervals.

        Parameters
        ----------
        kind : {"percentile", "basic", "bca", "normal", "studentized", "symmetric"}
            "studentized" divides each replicate by its own standard error: for fixed effects
            only. "symmetric" does so with the same distance on both sides, which keeps its
            coverage best with few clusters. "bca" needs refits
            without each cluster.
        parameters : {"fixed", "random"} or list of str, optional
            All by default; the fixed effects for "studentized" and "symmetric".

        Returns
        -------
        Table
            term, group, estimate, lower, upper.

        Raises
        ------
        OptionError
        NotAvailableError
            For an interval that cannot be had, with the reason.
        """
        if kind not in KINDS:
            raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
        check_level(level)
        if kind in STUDENTIZED and parameters is None:
            parameters = "fixed"
        chosen = self._chosen(parameters)
        estimate, replicates = self.estimates[chosen], self.replicates[:, chosen]
        if kind in STUDENTIZED:
            lower, upper = self._studentized(chosen, level, symmetric=kind == "symmetric")
        elif kind == "bca":
            lower, upper = intervals.bca(estimate, replicates, self.jackknife()[:, chosen], level)
            self._warn_one_sided(chosen, lower)
        else:
            function = {
                "percentile": intervals.percentile,
                "basic": intervals.basic,
                "normal": intervals.normal_theory,
            }[kind]
            lower, upper = function(estimate, replicates, level)
        lost = ~np.isfinite(estimate) & np.array(
            [self.groups[i] is None for i in chosen], dtype=bool
        )
        lower, upper = (np.where(lost, np.nan, limit) for limit in (lower, upper))
        self._warn_separated(chosen, lost, kind)
        if kind not in STUDENTIZED and self.n_clusters is not None:
            if self.n_clusters < FEW_CLUSTERS:
                warnings.warn(
                    f"{self.n_clusters} clusters are too few for {kind} intervals, which come "
                    'out too narrow\nfor fixed effects use kind="symmetric"; for variances '
                    'method="parametric"',
                    DataWarning,
                    stacklevel=depth_of_package(),
                )
        return Table(
            {
                "term": [self.terms[i] for i in chosen],
                "group": [self.groups[i] for i in chosen],
                "estimate": estimate.copy(),
                "lower": lower,
                "upper": upper,
            }
        )

    def _chosen(self, parameters):
        if parameters is None:
            return np.arange(len(self.terms))
        if isinstance(parameters, str) and parameters in ("fixed", "random"):
            wanted = "fixed" if parameters == "fixed" else "ran_pars"
            return np.array([i for i, e in enumerate(self.effects) if e == wanted], dtype=int)
        names = [parameters] if isinstance(parameters, str) else parameters
        if not isinstance(names, list | tuple) or not names:
            raise OptionError(
                f"parameters={parameters!r} must be 'fixed', 'random' or a list of names"
            )
        unknown = [name for name in names if name not in self.terms]
        if unknown:
            raise OptionError(
                f"no parameter {unknown[0]!r}; there are {', '.join(dict.fromkeys(self.terms))}"
            )
        return np.array([i for i, term in enumerate(self.terms) if term in names])

    def _studentized(self, chosen, level, symmetric):
        if any(self.effects[i] != "fixed" for i in chosen):
            raise NotAvailableError(
                "studentized intervals need a standard error of every replicate, which only the "
                'fixed effects have\nuse parameters="fixed", or kind="percentile" or "bca"'
            )
        return intervals.studentized(
            self.estimates[chosen], self.std_error_fixed[chosen], self.replicates[:, chosen],
            self.std_errors[:, chosen], level, symmetric=symmetric,
        )  # fmt: skip

    def _warn_separated(self, chosen, lost, kind):
        """Say of which parameters the estimate, or a replicate, is infinite."""
        names = [self.terms[i] for i in chosen[lost]]
        if names and any(self.effects[i] != "statistic" for i in chosen[lost]):
            warnings.warn(
                f"no bootstrap interval for {', '.join(names)}: no finite "
                f"estimate{because(names)}, "
                'and replicates drawn from the fit have none either\nuse method="profile" there',
                DataWarning,
                stacklevel=depth_of_package(),
            )
        infinite = np.isinf(self.replicates[:, chosen]).sum(axis=0)
        some = [i for i in range(chosen.size) if infinite[i] and not lost[i]]
        if not some:
            return
        counted = ", ".join(f"{self.terms[chosen[i]]} in {infinite[i]:,}" for i in some)
        how = (
            "they count as ±∞ in the limits"
            if kind in ("percentile", "basic")
            else f'a {kind} interval cannot use them; kind="percentile" can'
        )
        warnings.warn(
            f"of {self.n:,} replicates some are separated and have infinite estimates: {counted}; "
            f"{how}",
            DataWarning,
            stacklevel=depth_of_package(),
        )

    def _warn_one_sided(self, chosen, lower):
        lost = [self.terms[i] for i, v in zip(chosen, lower, strict=True) if not np.isfinite(v)]
        if lost:
            warnings.warn(
                f"no BCa interval for {', '.join(lost)}: all replicates lie on one side of the "
                'estimate, or it is not defined\nuse kind="percentile" there',
                DataWarning,
                stacklevel=depth_of_package(),
            )

    def table(self):
        """effect, term, group, estimate, std_error and bias of every parameter."""
        return Table(
            {
                "effect": list(self.effects),
                "term": list(self.terms),
                "group": list(self.groups),
                "estimate": self.estimates.copy(),
                "std_error": self.standard_errors,
                "bias": self.bias,
            }
        )


def _column(function, values, **options):
    """A statistic of each column, nan left out; nan for a column of nan, or with infinities."""
    out = np.full(values.shape[1], np.nan)
    known = (np.isfinite(values).sum(axis=0) > 1) & ~np.isinf(values).any(axis=0)
    if known.any():
        out[known] = function(values[:, known], axis=0, **options)
    return out
