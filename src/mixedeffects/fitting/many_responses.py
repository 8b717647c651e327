"""One model fitted to many responses of the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.errors import ConvergenceWarning, DataError, depth_of_package
from mixedeffects.estimation.refits import CONVERGED, FAILED, SINGULAR
from mixedeffects.inference import Table, n_parameters
from mixedeffects.inference.resampling.parameters import parameter_names, parameter_values

STATUS = {CONVERGED: "converged", SINGULAR: "singular", FAILED: "failed"}
# responses that an error names
SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ResponseFits:
    """Estimates of one model for each of R responses; those of a failed fit are nan.

    Attributes
    ----------
    names : tuple
        Of the responses: names of columns, or 0, 1, ….
    effects, groups, terms : tuple
        What each of P parameters is, as in ``fit.tidy()``.
    estimates : (R, P) array
        Coefficients, then standard deviations and correlations of the random effects, then the
        residual standard deviation of a linear model.
    std_error : (R, p) array
        Of the coefficients of the main formula.
    theta : (R, n_theta) array
    sigma : (R,) array or None
        None for a generalised model, which has none.
    loglik : (R,) array
        By REML, where the model was fitted by REML.
    status : (R,) array of str
        "converged"; "singular": converged, with a variance of zero; "separated": some coefficients
        have no finite estimate; "failed".
    df, nobs : int
        Parameters of the model, and rows.
    words : str
        What kind of model, and by which likelihood.
    refit : callable
        From the place of a response to its whole fit.
    """

    names: tuple[Any, ...]
    effects: tuple[str, ...]
    groups: tuple[str | None, ...]
    terms: tuple[str, ...]
    estimates: np.ndarray
    std_error: np.ndarray
    theta: np.ndarray
    sigma: np.ndarray | None
    loglik: np.ndarray
    status: np.ndarray
    df: int
    nobs: int
    words: str
    refit: Callable[[int], Any]

    @property
    def n(self) -> int:
        """Number of responses."""
        return len(self.names)

    @property
    def n_main(self) -> int:
        """Coefficients of the main formula."""
        return self.std_error.shape[1]

    def place(self, response) -> int:
        """Where a response stands, by its name."""
        try:
            return self.names.index(response)
        except ValueError:
            some = ", ".join(str(name) for name in self.names[:SHOWN])
            raise DataError(f"no response {response!r}; there are {self.n:,}: {some}, …") from None

    def tidy(self):
        """One row per response and parameter."""
        R, P = self.estimates.shape
        std_error = np.full((R, P), np.nan)
        std_error[:, : self.n_main] = self.std_error
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = self.estimates / std_error
        return Table(
            {
                "response": [name for name in self.names for _ in range(P)],
                "effect": list(self.effects) * R,
                "group": list(self.groups) * R,
                "term": list(self.terms) * R,
                "estimate": self.estimates.reshape(-1),
                "std_error": std_error.reshape(-1),
                "statistic": statistic.reshape(-1),
            }
        )

    def glance(self):
        """One row per response."""
        columns: dict[str, Any] = {"response": list(self.names), "status": self.status.tolist()}
        if self.sigma is not None:
            columns["sigma"] = self.sigma
        columns["loglik"] = self.loglik
        columns["aic"] = 2.0 * self.df - 2.0 * self.loglik
        columns["bic"] = np.log(self.nobs) * self.df - 2.0 * self.loglik
        return Table(columns)


def fit_responses(fit, names, Y, hopeless=None, *, threads=None, progress=False):
    """Fit a model to the columns of Y.

    Returns `ResponseFits`. Warns ConvergenceWarning where fits fail.

    Parameters
    ----------
    fit : LMMFit or GLMMFit
        The model, whose estimates the searches start from.
    names : tuple
        Of the columns.
    Y : (n, R) array
        On the scale of the family, checked.
    hopeless : (R,) bool array, optional
        Responses that leave nothing to estimate, which are not tried.
    threads, progress
        As in `Refits.responses`.
    """
    found = fit.refits.empty(len(names))
    tried = np.arange(len(names)) if hopeless is None else np.flatnonzero(~hopeless)
    if tried.size:
        some = fit.refits.responses(Y[:, tried], threads=threads, progress=progress)
        for name in ("theta", "coefficients", "sigma", "objective", "std_error", "status"):
            getattr(found, name)[tried] = getattr(some, name)
        found.separated[tried] = some.separated
    values = parameter_values(fit, found.coefficients, found.theta, found.sigma)
    lost = ~found.ok
    status = np.array([STATUS[code] for code in found.status.tolist()], dtype=object)
    status[found.separated & found.ok] = "separated"
    if lost.any():
        _warn_of_failures(names, lost)
    effects, groups, terms = parameter_names(fit)
    kind = fit.kind.title if fit.kind.residual else f"{fit.family.name} mixed model"
    by = "REML" if fit.reml else "maximum likelihood"
    return ResponseFits(
        names, tuple(effects), tuple(groups), tuple(terms),
        _without(values, lost), _without(found.std_error, lost), _without(found.theta, lost),
        _without(found.sigma, lost) if fit.kind.residual else None,
        _without(-0.5 * found.objective, lost),
        status, n_parameters(fit), fit.design.n, f"{kind} by {by}",
        lambda i: fit.again(fit.with_response(Y[:, i].copy()), start=fit.as_start()),
    )  # fmt: skip


def _warn_of_failures(names, lost):
    some = ", ".join(repr(names[i]) for i in np.flatnonzero(lost)[:SHOWN])
    more = ", …" if lost.sum() > SHOWN else ""
    warnings.warn(
        f"{int(lost.sum()):,} of {lost.size:,} responses could not be fitted: {some}{more}\n"
        'their status is "failed", their estimates are missing; a response that is constant, or '
        "explained in full, leaves nothing to estimate",
        ConvergenceWarning,
        stacklevel=depth_of_package(),
    )


def _without(values, lost):
    values = np.array(values)
    values[lost] = np.nan
    return values
