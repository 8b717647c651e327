"""The bootstrap of a generalised linear mixed model."""

from __future__ import annotations

import threading

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation.laplace.refits import LaplaceRefits, fixed_covariance
from mixedeffects.estimation.refits import FAILED, ClusterDraws, draw_rows, in_batches
from mixedeffects.inference.resampling.parameters import parameter_names, parameter_values
from mixedeffects.inference.separated import limits_of

# refits of compiled models to a thread at a time
BATCH = 4


class GeneralisedBootstrap:
    """Replicates of one generalised fit.

    Parameters
    ----------
    stream : callable
        From a replicate's number to its own generator.
    codes : (n,) int array or None
        Cluster of every row.

    Raises
    ------
    NotAvailableError
        For residuals.
    """

    def __init__(self, fit, method, stream, codes):
        if method == "residual":
            raise NotAvailableError(
                "the residuals of a generalised model do not have one distribution, so they cannot "
                'be exchanged between rows\nuse method="parametric", or "cluster"'
            )
        self.fit, self.method, self.stream = fit, method, stream
        self.refits = LaplaceRefits.of(fit)
        self.clusters = None if codes is None else ClusterDraws(fit.design, codes)

    def run(self, n, *, threads=None, progress=False, visit=None):
        """Refit n replicates.

        Parameters
        ----------
        visit : callable, optional
            Called as ``visit(i, refit, y)`` with every replicate that could be fitted.

        Returns
        -------
        values : (n, K) array
            As `parameter_values`; nan where the refit failed.
        std_errors : (n, p) array
        status : (n,) array
        separated : (n,) bool array
            Refits with coefficients that have no finite estimate: inf, -inf or nan.
        """
        fit = self.fit
        K, p = len(parameter_names(fit)[2]), fit.beta.size
        values, errors = np.full((n, K), np.nan), np.full((n, p), np.nan)
        status, separated = np.full(n, FAILED), np.zeros(n, dtype=bool)
        many = self.method == "parametric" and self.refits.compiled and visit is None
        local = threading.local()

        def one(i):
            rng = self.stream(i)
            if self.method != "parametric":
                clusters = self.clusters
                design = clusters.resample(rng) if clusters else draw_rows(fit.design, rng)
                return self.refits.rows(design), None
            if not hasattr(local, "worker"):
                local.worker = self.refits.worker()
            y, u = local.worker.draw(rng)
            return local.worker.refit(y, u), y

        def work(batch, rows):
            for i in range(rows.start, rows.stop):
                found, y = one(i)
                status[i], separated[i] = found.status, found.recession is not None
                if found.status != FAILED:
                    values[i] = values_of(fit, found)
                    errors[i] = np.sqrt(np.diagonal(found.covariance))
                    if visit is not None:
                        visit(i, found, y)

        in_batches(n, BATCH, work, threads=threads if many else 1, progress=progress)
        return values, errors, status, separated

    def left_out(self, n):
        """(n, K) parameters without each cluster."""
        fit, out, clusters = self.fit, [], self.clusters
        assert clusters is not None
        for j in range(n):
            times = np.ones(n, dtype=np.int64)
            times[j] = 0
            found = self.refits.rows(clusters.draw(times))
            out.append(values_of(fit, found))
        return np.array(out)


def std_error_fixed(fit):
    """(p,) standard errors of the main coefficients, theta known, as of every replicate."""
    errors = np.sqrt(np.diagonal(fixed_covariance(fit.evaluation, fit.coefficients[0].T)))
    return np.where(limits_of(fit, np.eye(fit.beta.size)) != 0, np.nan, errors)


def values_of(fit, found):
    """(K,) parameters of one refit."""
    return parameter_values(fit, found.coefficients[None], found.theta[None], np.ones(1))[0]
