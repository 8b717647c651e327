"""Covariance of the fixed-effect estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.coefficient_parts import check_component, part_of
from mixedeffects.inference.identification import identification, known_covariance
from mixedeffects.inference.separated import limits_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit, HasCoefficients

METHODS = ("model", "kenward-roger", "CR0", "CR2")


def vcov(fit: Fit, *, method="model", groups=None, component="conditional"):
    """Covariance matrix of the coefficients.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    method : {"model", "kenward-roger", "CR0", "CR2"}
        "model": conditional on theta. "kenward-roger": with the uncertainty of theta. "CR0",
        "CR2": robust to a wrong covariance within clusters, without and with correction for few
        clusters.
    groups : str or (n,) array, optional
        For "CR0" and "CR2": a grouping factor of the model, or a label for each row that was
        used; the outermost grouping factor if not given.
    component : str
        Of a generalised model: "conditional", "zi", "dispersion", "thresholds", "df", or "all":
        every parameter, in the order of ``fit.parameter_names``, theta last.

    Returns
    -------
    (p, p) array
        In the order of ``fit.fixef``. Rows of theta on the boundary are nan, and those of
        coefficients without a finite estimate (separation), and what is not in the data.

    Raises
    ------
    OptionError
        For another method, or `groups` where it has no meaning.
    NotAvailableError, PlanTooLargeError
        When the method cannot be computed for this fit, with the reason.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> (fit.vcov().diagonal() ** 0.5).round(3)
    array([6.825, 1.546])
    >>> (fit.vcov(method="CR0").diagonal() ** 0.5).round(3)
    array([6.632, 1.502])
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not one of {', '.join(METHODS)}")
    if groups is not None:
        if method not in ("CR0", "CR2"):
            raise OptionError(f'groups= has a meaning for "CR0" and "CR2" only, not {method!r}')
        from mixedeffects.inference.df import check_ddf, sandwich

        check_ddf(fit, method)
        return getattr(sandwich, method)(fit, groups).vcov.copy()
    if component != "conditional":
        check_component(fit, component)
        if method != "model":
            raise OptionError(f"component={component!r} has method='model' only")
        if component == "all":
            if fit.kind.residual:  # the variance parameters are estimated apart from beta
                return of_coefficients(fit, fit.vcov_beta)
            out = finite_part(part_of(fit, "all")[1], cast("GeneralisedFit", fit).vcov_parameters)
            lost = fit.estimates.size - fit.theta.size + unknown_theta(fit)
            out[lost], out[:, lost] = np.nan, np.nan
            return out
        part = part_of(fit, component)[1]
        return finite_part(part, part.vcov_beta)
    if method == "model":
        return of_coefficients(fit, fit.vcov_beta)
    from mixedeffects.inference.df import df_method

    return of_coefficients(fit, df_method(fit, method).vcov)


def of_coefficients(fit: HasCoefficients, covariance):
    """The covariance of the main coefficients, nan where they or it have no number."""
    return finite_part(fit, known_covariance(cast("Fit", fit), np.eye(fit.beta.size), covariance))


def unknown_theta(fit: Fit):
    """Positions in theta of the terms some variance or covariance of which is not in the data."""
    found = identification(fit)
    doubted = set() if found is None else {(e.block, e.term) for e in found.entries if not e.known}
    places = [(f, t) for f, block in enumerate(fit.all_blocks) for t in range(len(block.terms))]
    parts = [term.part for term in fit.covariance_parameters.terms]
    lost = [np.arange(fit.theta.size)[part] for place, part in zip(places, parts, strict=True)
            if place in doubted]  # fmt: skip
    return np.concatenate([np.empty(0, dtype=int), *lost])


def finite_part(fit: HasCoefficients, covariance):
    """A covariance, nan for coefficients without a finite estimate.

    Parameters
    ----------
    covariance : (p, p) array
        Of its coefficients, and of what else may follow them.
    """
    out = covariance.copy()
    if fit.recession is not None:
        lost = np.flatnonzero(limits_of(fit, np.eye(fit.beta.size)) != 0)
        out[lost], out[:, lost] = np.nan, np.nan
    return out
