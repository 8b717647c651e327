"""Residuals of a linear mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.residual.residuals import residuals_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def residuals(fit: Fit, kind="response"):
    """Residuals.

    Parameters
    ----------
    fit : LMM
        A fitted linear mixed model.
    kind : {"response", "pearson", "scaled", "population"}
        "response": y minus the conditional fitted value. "pearson": that times the square
        root of the prior weight. "scaled": the latter divided by sigma. "population": y
        minus the fixed part alone.

    Returns
    -------
    (n,) array

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.residuals("scaled")[:3].round(3)
    array([-0.16 , -0.571, -1.649])
    """
    return residuals_of(fit, kind)
