"""Predictions of the random effects with their conditional standard deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@in_the_data("estimate", "sd")
def ranef(fit: Fit, *, level=0.95):
    """Conditional modes (BLUPs) of the random effects, one row per group level and column.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    level : float
        Coverage of ``lower`` and ``upper``, which are conditional on theta and beta.

    Returns
    -------
    Table
        group, level, term, estimate, sd, lower, upper; in units of the response per unit
        of the term's column.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), eq. 56-59, doi:10.18637/jss.v067.i01.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> first = fit.ranef().iloc[0]
    >>> print(first["group"], first["term"], first["estimate"].round(3), first["sd"].round(3))
    Subject (Intercept) 2.259 12.071
    """
    half = z_quantile(level)
    # no rows, where only the extra zeros have random effects
    columns = {name: [np.empty(0, dtype=object)] for name in ("group", "level", "term")}
    columns |= {name: [np.empty(0)] for name in ("estimate", "sd")}
    for block, b, cov in zip(fit.design.blocks, fit.b, fit.conditional_covariances(), strict=True):
        q, k = b.shape
        columns["group"].append(np.repeat(np.array([block.factor.name], dtype=object), q * k))
        labels = np.empty(q, dtype=object)
        labels[:] = [str(label) for label in block.factor.labels]
        columns["level"].append(np.repeat(labels, k))
        columns["term"].append(np.tile(np.array(block.names, dtype=object), q))
        columns["estimate"].append(b.ravel())
        diagonal = np.einsum("jaa->ja", cov)
        columns["sd"].append(np.sqrt(np.maximum(diagonal, 0.0)).ravel())
    out = {name: np.concatenate(parts) for name, parts in columns.items()}
    out["lower"] = out["estimate"] - half * out["sd"]
    out["upper"] = out["estimate"] + half * out["sd"]
    return Table(out)
