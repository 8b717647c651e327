"""The bootstrap of a mixed model."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from mixedeffects.errors import (
    DataWarning,
    MixedEffectsError,
    ModelError,
    NotAvailableError,
    OptionError,
    depth_of_package,
)
from mixedeffects.estimation.refits import (
    FAILED,
    SINGULAR,
    ClusterDraws,
    draw_rows,
    in_batches,
    streams,
)
from mixedeffects.inference.identification import known_covariance, unknown_components
from mixedeffects.inference.resampling.clusters import cluster_codes
from mixedeffects.inference.resampling.jackknife import jackknife
from mixedeffects.inference.resampling.parameters import parameter_names, parameter_values
from mixedeffects.inference.resampling.record import BootstrapFacts
from mixedeffects.inference.resampling.residual import ResidualResponses
from mixedeffects.inference.separated import at_the_limits, limits_of
from mixedeffects.options import check_count

METHODS = ("parametric", "residual", "cluster", "observation")
# share of failed refits above which a warning says so
MANY_FAILED = 0.01


def bootstrap(
    fit, n=1000, *, method="parametric", rng=None, groups=None, statistic=None, threads=None,
    progress=False,
):  # fmt: skip
    """Refit the model to resampled data.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    n : int
        Replicates.
    method : {"parametric", "residual", "cluster", "observation"}
        "parametric" draws responses from the fitted model. "residual" resamples predicted
        random effects and residuals, rescaled to the estimated variances: no normality; for
        linear models only.
        "cluster" resamples whole clusters, each draw a new one: nothing but independent
        clusters is assumed. "observation" resamples rows, as if they were independent.
    rng : numpy.random.Generator or int, optional
        The same seed gives the same replicates for any number of threads.
    groups : str or (n,) array, optional
        For "cluster": the factor, or the cluster of every row that was used; by default the
        factor that all others are nested in.
    statistic : callable, optional
        From a fit to a number, several, or a dict of numbers; bootstrapped in place of the
        parameters. Every replicate is then a full fit, which is much slower.
    threads : int, optional
        All processors where that helps, by default.
    progress : bool or callable
        True shows progress on standard error; a function is called as ``progress(done, n)``.

    Returns
    -------
    BootstrapFacts

    Raises
    ------
    OptionError, DataError
    NotAvailableError
        For crossed factors and no `groups`.

    Warns
    -----
    DataWarning
        For "observation", and when refits fail.

    Notes
    -----
    Replicates of a generalised model start from the fit, and their last Newton step, of less than a
    hundredth of a standard error, is not looked at again. Their standard errors, for studentized
    intervals, are those at known variances.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application. Carpenter, Goldstein &
    Rasbash (2003), doi:10.1111/1467-9876.00415, for "residual".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> boot = fit.bootstrap(500, rng=1)
    >>> boot.n_failed
    0
    >>> boot.confint("studentized")["term"].tolist()
    ['(Intercept)', 'Days']
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not one of {', '.join(METHODS)}")
    if statistic is not None and not callable(statistic):
        raise OptionError("statistic must be a function of a fit")
    if groups is not None and method != "cluster":
        raise OptionError('groups= is for method="cluster"')
    n = check_count(n)
    codes, name = cluster_codes(fit.design, groups) if method == "cluster" else (None, "")
    stream = streams(rng)
    n_clusters = None if codes is None else int(codes.max()) + 1
    words = _words(method, name, n_clusters)
    if method == "observation":
        warnings.warn(
            "resampling rows ignores that rows of a group belong together: intervals of "
            "everything that varies between groups come out far too narrow\n"
            'use method="cluster" or "parametric"',
            DataWarning,
            stacklevel=depth_of_package(),
        )
    if method == "residual" and not fit.kind.residual:
        raise NotAvailableError(
            "the residuals of a generalised model do not have one distribution, so they cannot "
            'be exchanged between rows\nuse method="parametric", or "cluster"'
        )
    if statistic is not None:
        return _of_statistic(fit, n, method, stream, codes, statistic, progress, words, n_clusters)
    results = _refits(fit, n, method, stream, codes, threads, progress)
    _report_failures(results.n_failed, n)
    values = parameter_values(fit, results.coefficients, results.theta, results.sigma)
    values[results.status == FAILED] = np.nan
    coefficients = fit.refits.coefficients
    every = np.eye(coefficients.size)
    if fit.certificate.recession is not None:
        coefficients = at_the_limits(coefficients, fit.certificate.recession.limits(every))
    estimates = parameter_values(fit, coefficients[None], fit.theta[None], np.array([fit.sigma]))[0]
    unknown = np.concatenate([np.zeros(coefficients.size, dtype=bool), unknown_components(fit)])
    values[:, unknown] = estimates[unknown] = np.nan
    main = np.eye(fit.beta.size)
    errors = np.sqrt(np.diagonal(known_covariance(fit, main, fit.refits.vcov)))
    effects, parts, terms = parameter_names(fit)
    return BootstrapFacts(
        method=words,
        effects=tuple(effects),
        groups=tuple(parts),
        terms=tuple(terms),
        estimates=estimates,
        replicates=values,
        std_errors=np.where(results.ok[:, None], results.std_error, np.nan),
        std_error_fixed=np.where(limits_of(fit, main) != 0, np.nan, errors),
        n_failed=results.n_failed,
        n_singular=results.n_singular,
        n_clusters=n_clusters,
        jackknife=partial(jackknife, fit, method, codes),
        n_separated=int(results.separated.sum()),
    )


def _words(method, name, n_clusters):
    return {
        "parametric": "parametric bootstrap",
        "residual": "bootstrap of rescaled random effects and residuals",
        "cluster": f"bootstrap of the {n_clusters or 0:,} clusters of {name}",
        "observation": "bootstrap of rows, ignoring the groups",
    }[method]


def _refits(fit, n, method, stream, codes, threads, progress):
    refits, options = fit.refits, {"threads": threads, "progress": progress}
    if method == "parametric":
        return refits.parametric(n, stream, **options)
    if method == "residual":
        return refits.responses(ResidualResponses(fit, n, stream), **options)
    if method == "cluster":
        return refits.weighted(_Multiplicities(n, codes, stream), clusters=codes, **options)
    rows = fit.design.n
    return refits.counted(
        lambda i: np.bincount(stream(i).integers(0, rows, rows), minlength=rows), n, **options
    )


class _Multiplicities:
    """How often each cluster is drawn, in replicate i from its own stream."""

    def __init__(self, n, codes, stream):
        self.n, self._q, self._stream = n, int(codes.max()) + 1, stream

    def one(self, i):
        return np.bincount(self._stream(i).integers(0, self._q, self._q), minlength=self._q)

    def __call__(self, rows):
        return np.stack([self.one(i) for i in range(rows.start, rows.stop)])


def _of_statistic(fit, n, method, stream, codes, statistic, progress, words, n_clusters):
    """The slow path: a full fit record for every replicate."""
    if method != "parametric" and not fit.kind.residual:
        raise NotAvailableError(
            "a statistic of your own is bootstrapped from a generalised model by "
            'method="parametric" only'
        )
    names, estimates = _named(statistic(fit))
    draw = times = clusters = cast(Any, None)
    if method == "residual":
        draw = ResidualResponses(fit, n, stream).one
    elif method == "cluster":
        times, clusters = _Multiplicities(n, codes, stream), ClusterDraws(fit.design, codes)

    def resampled(i):
        if method == "parametric":
            drawn = fit.refits.draw(1, stream(i))
            return fit.with_response(drawn.y[:, 0].copy()), drawn.starts
        if method == "residual":
            return fit.with_response(draw(i)), None
        if method == "cluster":
            return clusters.draw(times.one(i)), None
        return draw_rows(fit.design, stream(i)), None

    values = np.full((n, estimates.size), np.nan)
    status, separated = np.full(n, FAILED), np.zeros(n, dtype=bool)

    def work(batch, rows):
        for i in range(rows.start, rows.stop):
            design, starts = resampled(i)
            try:
                record, found = fit.refitted(design, starts)
            except (MixedEffectsError, np.linalg.LinAlgError):
                continue
            if found != FAILED:
                _, values[i] = _named(statistic(record), names)
                status[i], separated[i] = found, record.certificate.recession is not None

    in_batches(n, 1, work, threads=1, progress=progress)
    _report_failures(int((status == FAILED).sum()), n)
    facts = _statistic_facts(names, estimates, values, status, words, n_clusters)
    return replace(facts, n_separated=int(separated.sum()))


def _statistic_facts(names, estimates, values, status, words, n_clusters):
    n = values.shape[0]
    return BootstrapFacts(
        method=words,
        effects=("statistic",) * len(names),
        groups=(None,) * len(names),
        terms=tuple(names),
        estimates=estimates,
        replicates=values,
        std_errors=np.empty((n, 0)),
        std_error_fixed=np.empty(0),
        n_failed=int((status == FAILED).sum()),
        n_singular=int((status == SINGULAR).sum()),
        n_clusters=n_clusters,
        jackknife=_no_jackknife_of_statistics,
    )


def _no_jackknife_of_statistics():
    raise NotAvailableError(
        "BCa intervals of a statistic of your own would need full fits without each cluster\n"
        'use kind="percentile" or "basic"'
    )


def _named(value, names=None):
    """Names and numbers of what a user's statistic returns."""
    keys = [str(k) for k in value] if isinstance(value, dict) else None
    try:
        numbers = np.asarray(value if keys is None else list(value.values()), dtype=float)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if value is None or numbers.size == 0:
        raise OptionError(
            f"statistic returned {value!r}; it must return a number, several, or a dict of numbers"
        )
    if keys is not None:
        found = keys
    else:
        numbers = np.atleast_1d(numbers).ravel()
        found = (
            ["statistic"]
            if numbers.size == 1
            else [f"statistic_{i + 1}" for i in range(numbers.size)]
        )
    if numbers.ndim != 1 or (names is not None and found != names):
        raise OptionError("statistic must return the same numbers for every fit")
    return found, numbers


def _report_failures(failed, n):
    if n - failed < 2:
        raise ModelError(
            f"{failed} of {n} refits failed: nothing can be said from the others\n"
            "are the fixed effects estimable in every resample?"
        )
    if failed > MANY_FAILED * n:
        warnings.warn(
            f"{failed:,} of {n:,} refits failed and are left out: intervals describe only the "
            "resamples that could be fitted",
            DataWarning,
            stacklevel=depth_of_package(),
        )
