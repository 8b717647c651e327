"""Variance of a family's distribution on the scale of the linear predictor.

What a residual is to a linear model, the distribution is to a generalised one. For 0 / 1 and
ordinal responses its variance is that of the latent variable whose thresholds the link describes
("theoretical"). For others it is Var(Y) / (dE[Y]/d eta)^2 at the mean response ("delta"), and with
the logarithmic link, where it is a squared coefficient of variation c^2, also the variance
of the logarithm: log(1 + c^2) if Y were lognormal, trigamma(1 / c^2) if it were gamma (over
(dlog E[Y]/d eta)^2, which is not 1 where zeros are truncated).
"""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.averages import average
from mixedeffects.inference.dispersion import extra_predictor
from mixedeffects.inference.prediction.uncertainty import effect_variance
from mixedeffects.inference.row_sums import AT_ESTIMATES, summed

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

APPROXIMATIONS = ("theoretical", "delta", "lognormal", "trigamma")
THEORETICAL = {"logit": pi**2 / 3.0, "probit": 1.0, "cloglog": pi**2 / 6.0, "loglog": pi**2 / 6.0}


def default_approximation(family):
    """The approximation that suits a family.

    Examples
    --------
    >>> from mixedeffects.family import Binomial, Poisson
    >>> default_approximation(Binomial()), default_approximation(Poisson())
    ('theoretical', 'lognormal')
    """
    if family.has_size or family.ordinal:
        return "theoretical" if family.link.name in THEORETICAL else "delta"
    plain = family.name in ("gaussian", "t")
    return "lognormal" if family.link.name == "log" and not plain else "delta"


def check_approximation(fit: Fit, approximation):
    """The approximation asked for, or the family's own; refused where it has no meaning.

    Raises OptionError, NotAvailableError.
    """
    family = fit.family
    if approximation is None:
        approximation = default_approximation(family)
    if approximation not in APPROXIMATIONS:
        raise OptionError(
            f"approximation={approximation!r} is not one of {', '.join(APPROXIMATIONS)}"
        )
    link, ordinal = family.link.name, family.ordinal
    latent = family.has_size or ordinal
    if approximation == "theoretical" and not (latent and link in THEORETICAL):
        raise OptionError(
            f"approximation='theoretical' is for binomial and ordinal responses with the links "
            f"{', '.join(THEORETICAL)}; the model is {family}"
        )
    if approximation in ("lognormal", "trigamma") and (link != "log" or latent):
        raise OptionError(
            f"approximation={approximation!r} is for the log link; the model is {family}"
        )
    if approximation == "delta" and ordinal:
        raise NotAvailableError(
            f"the {family} distribution has no variance on the scale of the linear predictor"
        )
    refuse_random_zeros(fit)
    return approximation


def refuse_random_zeros(fit: Fit):
    """Refuse extra zeros with random effects. Raises NotAvailableError."""
    if any(part.blocks for part in fit.design.others.values()):
        raise NotAvailableError(
            "the extra zeros have random effects of their own: which share of the variance is "
            "between groups has no one answer then"
        )


def row_variances(fit: Fit, blocks=None):
    """(n,) variance that the random effects of some blocks add to the linear predictor of a row.

    Parameters
    ----------
    blocks : sequence of int, optional
        Positions among the design's blocks; all by default.
    """
    chosen = range(len(fit.design.blocks)) if blocks is None else blocks
    out = np.zeros(fit.design.n)
    everyone = np.arange(fit.design.n)
    for f in chosen:
        out += effect_variance(fit.design.blocks[f].Z, fit.lambdas[f], everyone)
    return out


def mean_response(fit: Fit):
    """Mean over the rows of what the inverse link gives, random effects integrated out."""
    return summed(fit, AT_ESTIMATES + "mean response", lambda: _mean_response(fit))


def _mean_response(fit: Fit):
    eta, sd = fit.fixed_predictors[0], np.sqrt(row_variances(fit))
    link = fit.family.link
    if link.name == "log":
        with np.errstate(over="ignore"):
            return float(np.exp(eta + 0.5 * sd**2).mean())
    if link.name == "identity":
        return float(eta.mean())
    return float(average(link.inverse, eta, sd).mean())


def other_predictors(fit: Fit, values=None):
    """Arguments of the family's mean and variance after eta: numbers, or (n,) arrays.

    Parameters
    ----------
    values : dict of str to array, optional
        Other coefficients than the fit's.
    """
    values = fit.extras if values is None else values
    return [extra_predictor(fit, name, values[name]) for name in fit.family.extras]


def distribution_variance(fit: Fit, approximation, mean, values=None):
    """Variance of the distribution on the scale of the linear predictor.

    Parameters
    ----------
    mean : float
        Mean response at which the other three are taken; see `mean_response`.
    values : dict of str to array, optional
        Coefficients of other predictors than the fit's own.

    Returns
    -------
    float
        A mean over the rows, where the dispersion has a formula or prior weights divide it. Of
        binomial responses for a single trial.

    Raises
    ------
    NotAvailableError
        Where the distribution has no finite variance.
    """
    family = fit.family
    if approximation == "theoretical":
        return THEORETICAL[family.link.name]
    eta = float(np.asarray(family.link.link(np.asarray(mean))))
    others = other_predictors(fit, values)
    weights = fit.response.weights if family.weights_scale_dispersion else None
    n = max([1 if weights is None else weights.size, *(np.size(x) for x in others)])
    others = [np.broadcast_to(x, (n,)) for x in others]
    at = np.full(n, eta)
    size = {"size": np.ones(n)} if family.has_size else {}
    with np.errstate(all="ignore"):  # what is not finite is refused below
        variance = family.variance(at, *others, **size)
        if weights is not None:
            variance = variance / weights
        mu = family.mean(at, *others)
        slope = family.mean_slope(at, *others)
        if approximation == "delta":
            out = variance / slope**2
        else:
            squared = variance / mu**2
            if approximation == "lognormal":
                out = np.log1p(squared)
            else:
                from scipy.special import zeta

                out = zeta(2.0, 1.0 / squared)
            out = out / (slope / mu) ** 2  # 1, but where zeros are truncated
    found = float(np.mean(out))
    if not np.isfinite(found):
        raise NotAvailableError(f"the {family} distribution has no finite variance here")
    return found


def distribution_slopes(fit: Fit, approximation, mean):
    """Derivatives of `distribution_variance` by the other predictors' coefficients."""
    out = []
    for name, values in fit.extras.items():
        for j in range(values.size):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {k: v.copy() for k, v in fit.extras.items()}
                moved[name][j] += step
                ends.append(distribution_variance(fit, approximation, mean, moved))
            out.append((ends[0] - ends[1]) / 2e-5)
    return np.array(out)
