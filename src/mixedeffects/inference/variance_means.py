"""What every source of variance contributes to an observation, averaged over the rows.

Shares of variance (ICC, R squared) of linear and of generalised models are made of these.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.row_sums import mean_squares

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
    for f, Lam in enumerate(main):
        G = fit.sigma**2 * (Lam @ Lam.T)
        out.append(float(np.einsum("ab,ab->", G, mean_squares(fit, f))))
    return out


def singular_blocks(fit):
    """Positions of the blocks that have a term on the boundary."""
    owner = [f for f, block in enumerate(fit.design.blocks) for _ in block.terms]
    return sorted({owner[direction.term] for direction in fit.certificate.singular})
