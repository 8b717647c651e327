"""Whether responses vary more than a family without a free dispersion lets them."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.family import Response
from mixedeffects.inference.generalised.residuals import (
    deviations,
    in_units_of,
    means,
    residuals,
    unit_variance,
)
from mixedeffects.inference.generalised.rows import own_rows
from mixedeffects.inference.generalised.uncertainty import uncertainty
from mixedeffects.inference.information import n_parameters
from mixedeffects.inference.quantile.pool import LEVEL, monte_carlo_p
from mixedeffects.inference.quantile.row_sample import counted_rows, row_sample
from mixedeffects.inference.simulate import simulated
from mixedeffects.inference.table import Table
from mixedeffects.options import check_count, generator

# a mean squared Pearson residual that is rounding: no response differs from its mean
NOTHING = 1e-9


def check_dispersion(fit, n=250, rng=None):
    """Tests for more (or less) variance than the model says.

    Parameters
    ----------
    fit : GLMMFit
    n : int
        Simulations.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Table
        method, statistic, df, ratio, p_value, meaning. "Pearson": the sum of squared Pearson
        residuals over rows minus parameters, p_value of the upper tail of chi-squared, as
        performance::check_overdispersion has it; the modes of the random effects use degrees of
        freedom too, so that with many groups its ratio lies below 1 under a true model. "Pearson,
        effective df" takes them away: df is rows minus the sum over rows of the expected
        information times the variance of the linear predictor. "simulated": that ratio among those
        of responses simulated at the modes, two-sided; it is right for small counts too, where
        chi-squared is not. Prior weights of these families count rows: a row of weight 3 is
        three rows here too.

    Raises
    ------
    NotAvailableError
        Where there is nothing to see: 0 / 1 responses, ordered categories, families whose
        dispersion is free.

    References
    ----------
    McCullagh & Nelder (1989), doi:10.1007/978-1-4899-3242-6, section 4.5.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> list(fit.check_dispersion(rng=1)["method"])
    ['Pearson', 'Pearson, effective df', 'simulated']
    """
    from scipy.special import chdtrc

    refuse_no_dispersion(fit)
    weights = fit.response.weights
    rows = fit.design.n if weights is None else float(weights.sum())
    used = effective_parameters(fit)
    chi2 = float((residuals(fit, "scaled") ** 2).sum())
    found = []
    for name, df in (
        ("Pearson", float(rows - n_parameters(fit))),
        ("Pearson, effective df", rows - used),
    ):
        ratio = chi2 / df if df > 0 else np.nan
        p = float(chdtrc(df, chi2)) if df > 0 else np.nan
        found.append((name, chi2, df, ratio, p, _words(p, ratio)))
    ratio = chi2 / (rows - used) if rows > used else np.nan
    values = np.array([ratio, *simulated_ratios(fit, check_count(n), generator(rng))])
    values[values < NOTHING] = 0.0
    p = monte_carlo_p(values)
    usual = values[1:].mean()  # zero where no response can differ from its mean
    words = _words(p, ratio / usual if usual > 0 else np.inf)
    found.append(("simulated", chi2, rows - used, ratio, p, words))
    names = ("method", "statistic", "df", "ratio", "p_value", "meaning")
    return Table({name: [row[i] for row in found] for i, name in enumerate(names)})


def simulated_ratios(fit, n, rng):
    """(n,) mean squared Pearson residuals of responses simulated at the modes.

    A row whose weight is a whole number is drawn as often; other weights, and those of very many
    rows, multiply the square of one draw.
    """
    response, rows, weights = fit.response, counted_rows(fit.response.weights), fit.response.weights
    mu, complement = means(fit.family, fit.predictors)
    scale, size = np.sqrt(unit_variance(fit, whole=True)), response.size
    if rows is not None:
        fit, weights = row_sample(fit, rows), None
        mu, complement, scale, size = (
            None if values is None else values[rows] for values in (mu, complement, scale, size)
        )
    out = []
    for y in simulated(fit, n, rng, groups="conditional"):
        squares = in_units_of(deviations(Response(y, size), mu, complement), scale) ** 2
        out.append(float(np.average(squares, weights=weights)))
    return out


def effective_parameters(fit):
    """Degrees of freedom that coefficients and modes use: the trace of the hat matrix.

    The sum over rows of Fisher's information about the linear predictor times the variance of its
    estimate, plus the parameters of other predictors.
    """
    rows = own_rows(fit)
    variance = uncertainty(fit).variance(rows, {"conditional": np.ones(rows.n)}, conditional=True)
    information = fit.family.expected_information(fit.response, fit.predictors)
    others = sum(values.size for values in fit.extras.values())
    return float(information @ variance) + others


def refuse_no_dispersion(fit):
    """Refuse families and responses whose variance is not for the data to contradict.

    Raises
    ------
    NotAvailableError
    """
    family, size = fit.family, fit.response.size
    if family.ordinal or (family.has_size and (size is None or size.max() <= 1)):
        raise NotAvailableError(
            "0 / 1 responses and ordered categories cannot be over- or underdispersed: their "
            "variance follows from their probabilities\nlook at quantile_residuals().by(group)"
        )
    if not family.discrete:
        raise NotAvailableError(
            f"the dispersion of the {family.name} family is estimated, so that it cannot be too "
            "small\nlook at quantile_residuals()"
        )


def _words(p, ratio):
    if np.isnan(p):
        return "cannot be said: no degrees of freedom are left"
    if not p < LEVEL:
        return "as the model says"
    return "more variable than the model says" if ratio > 1 else "less variable than the model says"
