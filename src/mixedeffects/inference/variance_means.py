"""What every source of variance contributes to an observation, averaged over the rows.

Shares of variance (ICC, R squared) are made of these, on the scale of the linear predictor, where
variances add up. What the residuals are to a linear model, the distribution is to a generalised
one: see `mixedeffects.inference.distribution_variance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.row_sums import (
    AT_ESTIMATES,
    fixed_variance,
    mean_noise,
    mean_squares,
    summed,
)
from mixedeffects.inference.separated import limits_of, warn_separated

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

SCALES = ("latent", "response")


def check_scale(fit: Fit, scale, approximation, null):
    """Refuse options that have no meaning for the model. Raises OptionError."""
    if scale not in SCALES:
        raise OptionError(f"scale={scale!r} is not one of {', '.join(SCALES)}")
    if fit.kind.residual and (approximation is not None or null is not None):
        raise OptionError(
            "approximation= and null= are for generalised models: a linear one has its residual "
            "variance"
        )
    if scale == "response" and (approximation is not None or null is not None):
        raise OptionError('approximation= and null= are for scale="latent"')
    if null is not None and getattr(null, "linear", True):
        raise OptionError("null= must be a generalised mixed model without predictors")


@dataclass(frozen=True, slots=True, eq=False)
class LatentVariances:
    """Variances of an observation on the scale of the linear predictor.

    Attributes
    ----------
    groups : list of int
        Blocks that are groups: not those of one level per row, which are overdispersion.
    blocks : list of float
        Of every block.
    noise : float
        Of the residuals, or of the distribution.
    noise_slopes : array or None
        Derivatives of `noise` by the parameters of ``fit.parameters.covariance_without_beta``,
        where they were asked for.
    """

    groups: list
    blocks: list
    noise: float
    noise_slopes: np.ndarray | None

    @property
    def between(self):
        """Of the groups."""
        return [self.blocks[f] for f in self.groups]

    @property
    def whole(self):
        return sum(self.blocks) + self.noise


def latent_variances(fit: Fit, approximation=None, null=None, *, slopes=False):
    """The sources of variance of a fit, that of its fixed effects apart.

    Parameters
    ----------
    approximation : str, optional
        Of the variance of a generalised model's distribution; see `icc`.
    null : GLMMFit, optional
        Whose mean response is taken.
    slopes : bool
        Whether the derivatives of the noise are wanted, the mean response taken as known.
    """
    parameters = fit.parameters
    if fit.kind.residual:
        blocks, noise = mean_variances(fit), mean_noise(fit)
        return LatentVariances(
            list(range(len(blocks))),
            blocks,
            fit.noise.variance * noise,
            parameters.residual_slopes * noise if slopes else None,
        )
    from mixedeffects.inference.distribution_variance import (
        check_approximation,
        distribution_slopes,
        distribution_variance,
        mean_response,
    )
    from mixedeffects.inference.observation_scale import row_level

    approximation = check_approximation(fit, approximation)
    mean = None
    if approximation != "theoretical":
        mean = mean_response(fit if null is None else null)
    single = row_level(fit)

    def about_rows(what, compute):
        name = f"{AT_ESTIMATES}{what} {approximation}"
        return summed(fit, name, compute) if null is None else compute()

    noise = about_rows(
        "distribution variance", lambda: distribution_variance(fit, approximation, mean)
    )
    noise_slopes = None
    if slopes:
        by_extras = about_rows(
            "distribution slopes", lambda: distribution_slopes(fit, approximation, mean)
        )
        noise_slopes = np.concatenate([by_extras, parameters.residual_slopes])
    return LatentVariances(
        [f for f in range(len(fit.design.blocks)) if f not in single],
        mean_variances(fit),
        noise,
        noise_slopes,
    )


def mean_variances(fit: Fit):
    """Average variance that each block contributes to an observation.

    For a random intercept that is its variance; with slopes it is the mean over the rows of z'Gz
    (Johnson 2014, doi:10.1111/2041-210X.12225). Returns list of float, one per block.
    """
    main = fit.parameters.covariances[: len(fit.design.blocks)]  # extra zeros may have their own
    return [float(np.einsum("ab,ab->", G, mean_squares(fit, f))) for f, G in enumerate(main)]


def finite_fixed_variance(fit: Fit, what):
    """`fixed_variance`; nan, with a warning, where the linear predictor of a row is infinite.

    Warns DataWarning.

    Parameters
    ----------
    what : str
        What cannot be had without it.
    """
    infinite = summed(
        fit, AT_ESTIMATES + "infinite predictors",
        lambda: fit.recession is not None and bool(limits_of(fit, np.asarray(fit.design.X)).any()),
    )  # fmt: skip
    if not infinite:
        return fixed_variance(fit)
    warn_separated(
        fit.design.x_names, limits_of(fit, np.eye(fit.beta.size)),
        f"{what} needs the variance of the fixed part on the scale of the link, which is infinite "
        'then; scale="response" has shares of the variance of the response itself',
    )  # fmt: skip
    return np.nan


def singular_blocks(fit: Fit):
    """Positions of the blocks that have a term on the boundary."""
    owner = [f for f, block in enumerate(fit.design.blocks) for _ in block.terms]
    return sorted({owner[direction.term] for direction in fit.certificate.singular})
