"""Where an approximation of the likelihood is worth a look: large or few responses per level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# standard deviation on the logit scale from which, and responses a level (rows, or their trials)
# up to which, normal approximations of what a level's responses say are doubtful
LARGE, FEW = 3.0, 5.0
# standard deviation of the distribution behind each link
SCALES = {"logit": 1.0, "probit": 0.55, "cloglog": 0.71, "loglog": 0.71, "cauchit": 1.0}


def doubtful(fit: Fit):
    """Whether groups are so different, or so small, that the approximation is worth a look.

    Examples
    --------
    >>> import mixedeffects as me
    >>> cows = me.datasets.cbpp()  # 842 in 15 herds
    >>> doubtful(me.glmm("incidence / size ~ period + (1 | herd)", cows))
    False
    >>> doubtful(me.glmm("(incidence > 0) ~ period + (1 | herd)", cows))
    True
    """
    if fit.kind.residual:
        return False
    scale = LARGE * SCALES.get(fit.family.link.name, 1.0)
    large = any(np.sqrt((Lam * Lam).sum(axis=1)).max(initial=0.0) > scale for Lam in fit.lambdas)
    sizes = fit.response.size
    responses = fit.design.n if sizes is None else sizes.sum()
    few = any(block.factor.n_levels * FEW >= responses for block in fit.all_blocks)
    if len(fit.all_blocks) == 1:
        return large or few
    # where nothing can be compared, only where it is known to go wrong: single 0 / 1 responses
    single = fit.family.ordinal or (
        fit.family.has_size and (fit.response.size is None or fit.response.size.max() == 1)
    )
    varies = any(np.abs(Lam).max(initial=0.0) > 0.5 * scale / LARGE for Lam in fit.lambdas)
    return large or (few and single and varies)
