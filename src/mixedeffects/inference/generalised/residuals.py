"""Residuals of a generalised linear mixed model, given its random effects."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.generalised.unit_deviance import unit_deviance
from mixedeffects.options import generator

KINDS = ("response", "pearson", "scaled", "deviance", "working", "quantile")


def residuals(fit, kind="response", *, rng=None):
    """Residuals.

    Parameters
    ----------
    fit : GLMMFit
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
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    family, response = fit.family, fit.response
    if kind == "quantile":
        return quantile_of(fit, generator(rng))
    if family.ordinal:
        raise NotAvailableError(
            'ordered categories have no differences from a mean\nuse kind="quantile"'
        )
    mu, complement = means(family, fit.predictors)
    difference = deviations(response, mu, complement)
    if kind == "response":
        return difference
    weight = response.weights
    root = 1.0 if weight is None else np.sqrt(weight)
    if kind == "deviance":
        dispersion = dict(zip(family.extras, fit.predictors[1:], strict=True)).get("dispersion")
        return (
            np.sign(difference)
            * root
            * np.sqrt(unit_deviance(family, response, mu, dispersion, complement))
        )
    if kind == "working":
        return in_units_of(difference, mean_slope(fit))
    variance = unit_variance(fit.family, fit.response.size, fit.predictors, whole=kind == "scaled")
    return root * in_units_of(difference, np.sqrt(variance))


def means(family, predictors):
    """(n,) means of one unit of the response, and of proportions their complements to one, or None.

    Raises
    ------
    NotAvailableError
        A mean is infinite.
    """
    with np.errstate(over="ignore"):
        mu = np.asarray(family.mean(*predictors), dtype=float)
    finite = np.isfinite(mu)
    if not finite.all():
        raise NotAvailableError(
            f"{int((~finite).sum()):,} of {mu.size:,} fitted means are not finite numbers, so that "
            "nothing can be said of the distance of responses from them\n"
            "see fit.certificate for what the likelihood lacks"
        )
    if not _is_proportion(family):
        return mu, None
    with np.errstate(divide="ignore", invalid="ignore"):
        return mu, np.exp(np.asarray(family.link.log_complement(predictors[0]), dtype=float))


def _is_proportion(family):
    return family.support == (0.0, 1.0) and family.link.range == (0.0, 1.0)


def deviations(response, mu, complement=None):
    """(n,) responses (of trials, proportions) minus their means, with all digits near one too."""
    size = 1.0 if response.size is None else np.maximum(response.size, 1.0)
    y = response.y if response.size is None else response.y / size
    if complement is None:
        return y - mu
    none = response.size if response.size is not None else 1.0
    return np.where(mu > 0.5, complement - (none - response.y) / size, y - mu)


def in_units_of(difference, scale):
    """Differences over a standard deviation or slope; zero where both vanish, as their limit is.

    A probability of exactly one leaves its row no variance; that the response is then as expected
    is no deviation, and that it is not is an infinite one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0.0, 0.0, difference / scale)


def unit_variance(family, size, predictors, *, whole):
    """(n,) variance of the response (of the proportion, for trials), without prior weights.

    Parameters
    ----------
    family : Family
    size : (n,) array or None
        Trials.
    predictors : sequence of (n,) arrays
        Arguments of the log density.
    whole : bool
        With the dispersion of families that prior weights divide; False takes it as one.
    """
    predictors = list(predictors)
    if family.weights_scale_dispersion and not whole:
        at = 1 + family.extras.index("dispersion")
        predictors[at] = np.zeros_like(predictors[at])
    variance = np.asarray(family.variance(*predictors, size=size), dtype=float)
    return variance if size is None else variance / np.maximum(size, 1.0) ** 2


def mean_slope(fit):
    """(n,) dmu / deta, for families whose mean is the inverse link of eta."""
    family, eta = fit.family, fit.predictors[0]
    if not np.array_equal(family.mean(*fit.predictors), family.link.inverse(eta), equal_nan=True):
        raise NotAvailableError(
            f"the mean of the {family.name} family depends on more than one linear predictor, so "
            'that it has no working residuals\nuse kind="pearson" or kind="quantile"'
        )
    return family.link.slope(eta)


def quantile_of(fit, rng):
    """(n,) normal quantiles of where each row stands in its distribution at the modes."""
    from scipy.special import ndtri

    family, response = fit.family, fit.response
    with np.errstate(all="ignore"):
        above = np.asarray(family.cdf(response, *fit.predictors), dtype=float)
        if not family.discrete:
            share = above
        else:
            below = np.asarray(family.cdf_below(response, *fit.predictors), dtype=float)
            share = below + rng.random(above.shape) * (above - below)
    # what lies beyond double precision is put at its edge, about 8 standard deviations
    return ndtri(np.clip(share, 1e-300, 1.0 - 2.0**-53))
