"""Whether responses vary more than a family without a free dispersion lets them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation.laplace import LaplaceObjective, assemble, in_engines
from mixedeffects.estimation.refits import gather_design
from mixedeffects.family import Response
from mixedeffects.inference.information import n_parameters
from mixedeffects.inference.prediction.rows import own_rows
from mixedeffects.inference.prediction.simulate import simulated
from mixedeffects.inference.residual.pool import LEVEL, monte_carlo_p
from mixedeffects.inference.residual.residuals import (
    deviations,
    in_units_of,
    means,
    residuals_of,
    unit_variance,
)
from mixedeffects.inference.residual.row_sample import MOST_DRAWN, copies_of, row_sample
from mixedeffects.inference.table import Table
from mixedeffects.options import check_count, generator

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# a mean squared Pearson residual that is rounding: no response differs from its mean
NOTHING = 1e-9


def check_dispersion(fit: Fit, n=250, rng=None):
    """Tests for more (or less) variance than the model says.

    Parameters
    ----------
    fit : GLMM
        The fitted model; of the method, the model itself.
    n : int
        Simulations.
    rng : numpy.random.Generator or int, optional
        Source of random numbers, or its seed.

    Returns
    -------
    Table
        method, statistic, df, ratio, p_value, meaning. "Pearson": the sum of squared Pearson
        residuals over rows minus parameters, p_value of the upper tail of chi-squared, as
        performance::check_overdispersion has it; the modes of the random effects use degrees of
        freedom too, so that with many groups its ratio lies below 1 under a true model. "Pearson,
        effective df" takes them away: df is rows minus the sum over rows of the expected
        information times the variance of the linear predictor. "simulated": the sum of squares
        among those of simulated responses, with new random effects and modes of their own,
        two-sided; it is right for small counts and small groups too, where chi-squared is not.
        Prior weights of these families count rows: a row of weight 3 is
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
    chi2 = float((residuals_of(fit, "scaled") ** 2).sum())
    found = []
    for name, df in (
        ("Pearson", float(rows - n_parameters(fit))),
        ("Pearson, effective df", rows - used),
    ):
        ratio = chi2 / df if df > 0 else np.nan
        p = float(chdtrc(df, chi2)) if df > 0 else np.nan
        found.append((name, chi2, df, ratio, p, _words(p, ratio)))
    ratio = chi2 / (rows - used) if rows > used else np.nan
    values = np.array([chi2 / rows, *simulated_ratios(fit, check_count(n), generator(rng))])
    values[values < NOTHING] = 0.0
    p = monte_carlo_p(values)
    usual = values[1:].mean()  # zero where no response can differ from its mean
    against = values[0] / usual if usual > 0 else np.inf
    found.append(("simulated", chi2, rows - used, ratio, p, _words(p, against)))
    names = ("method", "statistic", "df", "ratio", "p_value", "meaning")
    return Table({name: [row[i] for row in found] for i, name in enumerate(names)})


def simulated_ratios(fit: Fit, n, rng):
    """(n,) mean squared Pearson residuals of responses simulated with new random effects.

    The modes of each response are found anew, at the parameters of the fit: modes follow the
    responses, of small groups so closely that these vary less about them than a true model says.
    A row of weight 2.5 is drawn as two rows and one of weight a half. Where that would be very
    many rows each is drawn once, at the modes of the fit, and its square weighted.
    """
    design, weights, drawn = fit.design, fit.response.weights, fit
    if weights is not None:
        if weights.sum() > MOST_DRAWN:
            return _ratios_at_the_modes(fit, n, rng)
        rows, weights = copies_of(weights)
        design, drawn = replace(gather_design(design, rows), weights=weights), row_sample(fit, rows)
    problem, groups, plan = assemble(fit.family, Response.of(design), design)
    x = in_engines(problem, groups, {"conditional": fit.beta, **fit.extras}, fit.theta)
    out = []
    with threads_for(plan.columns):
        for y in simulated(drawn, n, rng):
            problem.response = Response(y, design.size, weights)
            found = LaplaceObjective(problem).evaluate(x)
            if np.isfinite(found.value):  # else it has no mode, and nothing can be said of it
                out.append(_mean_square(fit.family, problem.response, found.predictors))
    return out


def _ratios_at_the_modes(fit: Fit, n, rng):
    response = fit.response
    return [
        _mean_square(fit.family, Response(y, response.size, response.weights), fit.predictors)
        for y in simulated(fit, n, rng, groups="conditional")
    ]


def _mean_square(family, response, predictors):
    """The weighted mean of the squared Pearson residuals of a response."""
    variance = unit_variance(family, response.size, predictors, whole=True)
    away = deviations(response, *means(family, predictors))
    squares = in_units_of(away, np.sqrt(variance)) ** 2
    return float(np.average(squares, weights=response.weights))


def effective_parameters(fit: Fit):
    """Degrees of freedom that coefficients and modes use: the trace of the hat matrix.

    The sum over rows of Fisher's information about the linear predictor times the variance of its
    estimate, plus the parameters of other predictors.
    """
    rows = own_rows(fit)
    variance = fit.uncertainty().variance(rows, {"conditional": np.ones(rows.n)}, conditional=True)
    information = fit.family.expected_information(fit.response, fit.predictors)
    others = sum(values.size for values in fit.extras.values())
    return float(information @ variance) + others


def refuse_no_dispersion(fit: Fit):
    """Refuse families and responses whose variance is not for the data to contradict.

    Raises NotAvailableError.
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
