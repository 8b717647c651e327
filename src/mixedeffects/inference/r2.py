"""R-squared of a mixed model: what the fixed effects explain, and the groups with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_means import (
    check_scale,
    finite_fixed_variance,
    latent_variances,
)

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@in_the_data("variance", "r2")
def r2(fit: Fit, *, scale="latent", approximation=None, null=None):
    """Marginal and conditional R-squared, and every source's share of the variance.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    scale, approximation, null
        For a generalised model, as in `icc`.

    Returns
    -------
    Table
        measure, variance, r2. First "marginal" (fixed effects) and "conditional" (fixed and
        random effects), then the sources that add up to one: "fixed", each grouping factor,
        "Residual". Variances in units of the response squared. Of a generalised model the last is
        "distribution"; on the response scale all factors are one source, "random", because
        what they explain together is not a sum.

    Notes
    -----
    The variance of the fixed effects is that of X beta over the rows, with n - 1 in the
    denominator; with random slopes a factor's variance is the mean of z'Gz over the rows; with
    prior weights the residual variance is the mean of sigma^2 / weights.

    References
    ----------
    Nakagawa & Schielzeth (2013), doi:10.1111/j.2041-210x.2012.00261.x; Johnson (2014),
    doi:10.1111/2041-210X.12225, for random slopes; Nakagawa, Johnson & Schielzeth (2017),
    doi:10.1098/rsif.2017.0213, for generalised models.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> table = fit.r2()
    >>> dict(zip(table["measure"], table["r2"].round(3)))
    {'marginal': 0.279, 'conditional': 0.799, 'fixed': 0.279, 'Subject': 0.521, 'Residual': 0.201}
    """
    check_scale(fit, scale, approximation, null)
    if scale == "response" and not fit.kind.residual:
        from mixedeffects.inference.observation_scale import observation_variances

        parts = observation_variances(fit)
        names, values = ["random"], [parts.between]
        fixed, conditional, noise = parts.fixed, parts.fixed + parts.between, parts.within
    else:
        parts = latent_variances(fit, approximation, null)
        names, values = [block.factor.name for block in fit.design.blocks], parts.blocks
        fixed, noise = finite_fixed_variance(fit, "R²"), parts.noise
        conditional = fixed + sum(parts.between)
    variances = [fixed, conditional, fixed, *values, noise]
    whole = fixed + sum(values) + noise
    last = "Residual" if fit.kind.residual else "distribution"
    return Table(
        {
            "measure": ["marginal", "conditional", "fixed", *names, last],
            "variance": variances,
            "r2": [v / whole for v in variances],
        }
    )
