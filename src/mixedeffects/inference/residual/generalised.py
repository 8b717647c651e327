"""Residuals of a generalised linear mixed model, given its random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.residual.residuals import residuals_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def residuals(fit: Fit, kind="response", *, rng=None):
    """Residuals.

    Parameters
    ----------
    fit : GLMM
        A fitted generalised linear mixed model.
    kind : {"response", "pearson", "scaled", "deviance", "working", "quantile"}
        "response": y minus its mean at the modes of the random effects; of successes among trials,
        the proportion minus the probability. "pearson": that over the standard deviation that the
        mean implies, with the dispersion of the gaussian, gamma and inverse Gaussian families taken
        as one (as R has it), times the square root of prior weights. "scaled": over the whole
        standard deviation. "deviance": the signed square root of the row's deviance. "working":
        on the scale of the link, (y - mu) / (dmu / deta). "quantile": randomised quantile
        residuals, the normal quantiles of where y stands in its distribution at the modes;
        with small groups they vary less than under the true effects, so that
        `quantile_residuals` is to be preferred for tests.
    rng : numpy.random.Generator or int, optional
        Of "quantile" for discrete responses.

    Returns
    -------
    (n,) array

    Raises
    ------
    NotAvailableError
        The family has no such residuals.

    References
    ----------
    Dunn & Smyth (1996), doi:10.1080/10618600.1996.10474708.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> fit.residuals("deviance").shape
    (56,)
    """
    return residuals_of(fit, kind, rng)
