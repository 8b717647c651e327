"""Residuals of the rows that were used, given the random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.residual.unit_deviance import unit_deviance
from mixedeffects.options import generator

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def residuals_of(fit: Fit, kind="response", rng=None):
    """(n,) residuals of one of ``fit.kind.residuals``, which the models' own functions describe."""
    if kind not in fit.kind.residuals:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(fit.kind.residuals)}")
    family, response = fit.family, fit.response
    if kind == "quantile":
        return quantile_of(fit, generator(rng))
    if family.ordinal:
        raise NotAvailableError(
            'ordered categories have no differences from a mean\nuse kind="quantile"'
        )
    predictors = fit.fixed_predictors if kind == "population" else fit.predictors
    mu, complement = means(family, predictors)
    difference = deviations(response, mu, complement)
    if kind == "pearson":
        return fit.noise.alike(difference)
    if kind == "scaled":
        return fit.noise.standardised(difference)
    if kind == "deviance":
        extras = dict(zip(family.extras, predictors[1:], strict=True))
        size = np.sqrt(unit_deviance(family, response, mu, extras, complement))
        return np.sign(difference) * root_weights(response) * size
    return in_units_of(difference, mean_slope(fit)) if kind == "working" else difference


class FamilyNoise:
    """How rows vary about their means as the family says, in place of a residual variance."""

    def __init__(self, fit: Fit):
        self.family, self.response, self.predictors = fit.family, fit.response, fit.predictors

    def alike(self, residuals):
        """Residuals of equal variance, that of the family's dispersion."""
        return self._over(residuals, whole=False)

    def standardised(self, residuals):
        """Residuals of variance one."""
        return self._over(residuals, whole=True)

    def _over(self, residuals, whole):
        variance = unit_variance(self.family, self.response.size, self.predictors, whole=whole)
        return root_weights(self.response) * in_units_of(residuals, np.sqrt(variance))


def root_weights(response):
    """Roots of prior weights, 1 where there are none."""
    return 1.0 if response.weights is None else np.sqrt(response.weights)


def means(family, predictors):
    """(n,) means of one unit of the response, and of proportions their complements to one, or None.

    Infinite means are refused.
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
    if not _is_proportion(family) or not np.array_equal(mu, family.link.inverse(predictors[0])):
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

    Not `whole`, it takes the dispersion of families that prior weights divide as one.
    """
    predictors = list(predictors)
    if family.weights_scale_dispersion and not whole:
        at = 1 + family.extras.index("dispersion")
        predictors[at] = np.zeros_like(predictors[at])
    variance = np.asarray(family.variance(*predictors, size=size), dtype=float)
    return variance if size is None else variance / np.maximum(size, 1.0) ** 2


def mean_slope(fit: Fit):
    """(n,) dmu / deta, for families whose mean is the inverse link of eta."""
    family, eta = fit.family, fit.predictors[0]
    if not np.array_equal(family.mean(*fit.predictors), family.link.inverse(eta), equal_nan=True):
        raise NotAvailableError(
            f"the mean of the {family.name} family depends on more than one linear predictor, so "
            'that it has no working residuals\nuse kind="pearson" or kind="quantile"'
        )
    return family.link.slope(eta)


def quantile_of(fit: Fit, rng):
    """(n,) normal quantiles of where each row stands in its distribution at the modes."""
    from scipy.special import ndtri

    family, response = fit.family, fit.response
    with np.errstate(all="ignore"):
        above = np.asarray(family.cdf(response, *fit.predictors), dtype=float)
        if not (family.discrete or family.atoms):
            share = above
        else:
            below = np.asarray(family.cdf_below(response, *fit.predictors), dtype=float)
            share = below + rng.random(above.shape) * (above - below)
    # what lies beyond double precision is put at its edge, about 8 standard deviations
    return ndtri(np.clip(share, 1e-300, 1.0 - 2.0**-53))
