"""The bootstrap of a mixed model."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    MixedEffectsError,
    ModelError,
    NotAvailableError,
    OptionError,
    depth_of_package,
)
from mixedeffects.estimation.refits import (
    CONVERGED,
    FAILED,
    SINGULAR,
    ClusterDraws,
    Refits,
    draw_rows,
    in_batches,
    streams,
)
from mixedeffects.inference.clusters import outermost
from mixedeffects.inference.identification import known_covariance, unknown_components
from mixedeffects.inference.prediction.simulate import simulate
from mixedeffects.inference.resampling.clusters import cluster_codes
from mixedeffects.inference.resampling.parameters import parameter_names, parameter_values
from mixedeffects.inference.resampling.record import BootstrapFacts
from mixedeffects.inference.resampling.residual import ResidualResponses
from mixedeffects.inference.separated import at_the_limits
from mixedeffects.options import check_count

METHODS = ("parametric", "residual", "cluster", "observation")
# share of failed refits above which a warning says so
MANY_FAILED = 0.01
# clusters above which leaving out each in turn would take too long: without compiled refits, which
# take milliseconds each, and with them, which take time in proportion to the clusters
MOST_LEFT_OUT, MOST_COMPILED = 2_000, 20_000


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
    if not fit.linear:
        return _generalised(
            fit, n, method, stream, codes, statistic, threads, progress, words, n_clusters
        )
    if statistic is not None:
        return _of_statistic(fit, n, method, stream, codes, statistic, progress, words, n_clusters)
    results = _refits(fit, n, method, stream, codes, threads, progress)
    _report_failures(results.n_failed, n)
    values = parameter_values(fit, results.beta, results.theta, results.sigma)
    values[results.status == FAILED] = np.nan
    estimates = parameter_values(fit, fit.beta[None], fit.theta[None], np.array([fit.sigma]))[0]
    unknown = np.concatenate([np.zeros(fit.beta.size, dtype=bool), unknown_components(fit)])
    values[:, unknown] = estimates[unknown] = np.nan
    std_errors = np.where(results.ok[:, None], results.std_error, np.nan)
    effects, parts, terms = parameter_names(fit)
    return BootstrapFacts(
        method=words,
        effects=tuple(effects),
        groups=tuple(parts),
        terms=tuple(terms),
        estimates=estimates,
        replicates=values,
        std_errors=std_errors,
        std_error_fixed=np.sqrt(
            np.diagonal(known_covariance(fit, np.eye(fit.beta.size), fit.vcov_beta))
        ),
        n_failed=results.n_failed,
        n_singular=results.n_singular,
        n_clusters=n_clusters,
        jackknife=lambda: _jackknife(fit, method, codes),
    )


def _words(method, name, n_clusters):
    return {
        "parametric": "parametric bootstrap",
        "residual": "bootstrap of rescaled random effects and residuals",
        "cluster": f"bootstrap of the {n_clusters or 0:,} clusters of {name}",
        "observation": "bootstrap of rows, ignoring the groups",
    }[method]


def _generalised(
    fit, n, method, stream, codes, statistic, threads, progress, words, n_clusters
):  # fmt: skip
    from mixedeffects.inference.resampling import generalised as of

    study = of.GeneralisedBootstrap(fit, method, stream, codes)
    if statistic is not None:
        if method != "parametric":
            raise NotAvailableError(
                "a statistic of your own is bootstrapped from a generalised model by "
                'method="parametric" only'
            )
        names, estimates = _named(statistic(fit))
        values = np.full((n, estimates.size), np.nan)

        def visit(i, found, y):
            values[i] = _named(statistic(fit.of_refit(found, y)), names)[1]

        _, _, status, separated = study.run(n, progress=progress, visit=visit)
        _report_failures(int((status == FAILED).sum()), n)
        facts = _statistic_facts(names, estimates, values, status, words, n_clusters)
        return replace(facts, n_separated=int(separated.sum()))
    values, errors, status, separated = study.run(n, threads=threads, progress=progress)
    failed = int((status == FAILED).sum())
    _report_failures(failed, n)
    effects, groups, terms = parameter_names(fit)

    def jackknife():
        known = _left_out_clusters(fit, method, codes)
        if known.max() >= MOST_LEFT_OUT:
            raise NotAvailableError(
                f"BCa intervals need a refit without each of {known.max() + 1:,} clusters\n"
                'use kind="percentile"'
            )
        return of.GeneralisedBootstrap(fit, "cluster", stream, known).left_out(known.max() + 1)

    coefficients = fit.estimates[: fit.estimates.size - fit.theta.size]
    whole = fit.certificate.recession
    if whole is not None:
        coefficients = at_the_limits(coefficients, whole.limits(np.eye(coefficients.size)))
    estimates = parameter_values(fit, coefficients[None], fit.theta[None], np.ones(1))[0]
    unknown = np.concatenate([np.zeros(coefficients.size, dtype=bool), unknown_components(fit)])
    values[:, unknown] = estimates[unknown] = np.nan
    return BootstrapFacts(
        method=words,
        effects=tuple(effects),
        groups=tuple(groups),
        terms=tuple(terms),
        estimates=estimates,
        replicates=values,
        std_errors=errors,
        std_error_fixed=of.std_error_fixed(fit),
        n_failed=failed,
        n_singular=int((status == SINGULAR).sum()),
        n_clusters=n_clusters,
        jackknife=jackknife,
        n_separated=int(separated.sum()),
    )


def _refits(fit, n, method, stream, codes, threads, progress):
    refits = Refits.of(fit)
    options = {"threads": threads, "progress": progress}
    if method == "parametric":
        return refits.parametric(n, stream(0), **options)
    if method == "residual":
        return refits.responses(ResidualResponses(fit, n, stream), **options)
    if method == "cluster":
        return refits.weighted(_Multiplicities(n, codes, stream), clusters=codes, **options)
    return refits.designs(lambda i: draw_rows(fit.design, stream(i)), n, **options)


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
    names, estimates = _named(statistic(fit))
    design = fit.design
    if method == "residual":
        draw = ResidualResponses(fit, n, stream).one
    elif method == "cluster":
        times, clusters = _Multiplicities(n, codes, stream), ClusterDraws(design, codes)

    def data(i):
        if method == "parametric":
            return replace(design, y=simulate(fit, 1, stream(i))[:, 0].copy())
        if method == "residual":
            return replace(design, y=draw(i))
        if method == "cluster":
            return clusters.draw(times.one(i))
        return draw_rows(design, stream(i))

    values = np.full((n, estimates.size), np.nan)
    status = np.full(n, FAILED)

    def work(batch, rows):
        for i in range(rows.start, rows.stop):
            try:
                record = again_quietly(fit, data(i))
            except (MixedEffectsError, np.linalg.LinAlgError):
                continue
            if record.certificate.converged:
                _, values[i] = _named(statistic(record), names)
                status[i] = SINGULAR if record.certificate.is_singular else CONVERGED

    in_batches(n, 1, work, threads=1, progress=progress)
    failed = int((status == FAILED).sum())
    _report_failures(failed, n)

    return _statistic_facts(names, estimates, values, status, words, n_clusters)


def _statistic_facts(names, estimates, values, status, words, n_clusters):
    def refuse():
        raise NotAvailableError(
            "BCa intervals of a statistic of your own would need full fits without each cluster\n"
            'use kind="percentile" or "basic"'
        )

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
        jackknife=refuse,
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


def _jackknife(fit, method, codes):
    """Parameters with each cluster left out."""
    codes = _left_out_clusters(fit, method, codes)
    q, refits = int(codes.max()) + 1, Refits.of(fit)
    if q > (MOST_COMPILED if refits.compiled else MOST_LEFT_OUT):
        raise NotAvailableError(
            f'BCa intervals need a refit without each of {q:,} clusters\nuse kind="percentile"'
        )
    results = refits.weighted(_LeaveOneOut(q), clusters=codes)
    out = parameter_values(fit, results.beta, results.theta, results.sigma)
    out[~results.ok] = np.nan
    return out


def _left_out_clusters(fit, method, codes):
    """The independent cluster of every row, which a jackknife leaves out one at a time."""
    if method == "observation":
        raise NotAvailableError(
            "BCa intervals of a bootstrap of rows would need a refit without each row\n"
            'use kind="percentile"'
        )
    if codes is None:
        if outermost(fit.design) is None:
            raise NotAvailableError(
                "BCa intervals need refits without each independent cluster, and crossed grouping "
                'factors leave none\nuse kind="percentile"'
            )
        codes, _ = cluster_codes(fit.design)
    return codes


class _LeaveOneOut:
    """Every cluster once, but for one."""

    def __init__(self, q):
        self.n = q

    def __call__(self, rows):
        out = np.ones((rows.stop - rows.start, self.n), dtype=np.int64)
        out[np.arange(out.shape[0]), np.arange(rows.start, rows.stop)] = 0
        return out


def again_quietly(fit, design):
    """A linear model fitted to a resampled design; its certificate says whether it converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit.again(design, engine="auto", optimizer="newton", start=fit.as_start())
