"""What every source of variance contributes to an observation, averaged over the rows.

Shares of variance (ICC, R squared) of linear and of generalised models are made of these.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError

SCALES = ("latent", "response")


def check_scale(fit, scale, approximation, null):
    """Refuse options that have no meaning for the model.

    Raises
    ------
    OptionError
    """
    if scale not in SCALES:
        raise OptionError(f"scale={scale!r} is not one of {', '.join(SCALES)}")
    if fit.linear and (approximation is not None or null is not None):
        raise OptionError(
            "approximation= and null= are for generalised models: a linear one has its residual "
            "variance"
        )
    if scale == "response" and (approximation is not None or null is not None):
        raise OptionError('approximation= and null= are for scale="latent"')
    if null is not None and getattr(null, "linear", True):
        raise OptionError("null= must be a generalised mixed model without predictors")


def mean_squares(block):
    """(k, k) mean over the rows of z z'."""
    if block.Z is None:
        return np.ones((1, 1))
    return (block.Z.T @ block.Z) / block.Z.shape[0]


def mean_variances(fit):
    """Average variance that each block contributes to an observation.

    For a random intercept that is its variance; with slopes it is the mean over the rows of
    z'Gz (Johnson 2014, doi:10.1111/2041-210X.12225).

    Returns
    -------
    list of float, one per block
    """
    out = []
    main = fit.lambdas[: len(fit.design.blocks)]  # the extra zeros may have effects of their own
    for block, Lam in zip(fit.design.blocks, main, strict=True):
        G = fit.sigma**2 * (Lam @ Lam.T)
        out.append(float(np.einsum("ab,ab->", G, mean_squares(block))))
    return out


def fixed_variance(fit):
    """Variance of X beta over the rows, with n - 1 in the denominator.

    An offset does not count: nothing about it was estimated.
    """
    linear = fit.design.X @ fit.beta
    return float(np.var(linear, ddof=1)) if fit.beta.size else 0.0


def mean_noise(fit):
    """Mean of the residual variance over the rows, in units of sigma^2."""
    weights = fit.design.weights
    return 1.0 if weights is None else float(np.mean(1.0 / weights))


def singular_blocks(fit):
    """Positions of the blocks that have a term on the boundary."""
    owner = [f for f, block in enumerate(fit.design.blocks) for _ in block.terms]
    return sorted({owner[direction.term] for direction in fit.certificate.singular})
