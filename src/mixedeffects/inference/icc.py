"""Intraclass correlation: the share of the variance that lies between groups."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.table import Table


def mean_variances(fit):
    """Average variance that each block contributes to an observation.

    For a random intercept that is its variance; with slopes it is the mean over the rows of
    z'Gz (Johnson 2014, doi:10.1111/2041-210X.12225).

    Returns
    -------
    list of float, one per block
    """
    out = []
    for block, Lam in zip(fit.design.blocks, fit.lambdas, strict=True):
        G = fit.sigma**2 * (Lam @ Lam.T)
        if block.Z is None:
            out.append(float(G[0, 0]))
        else:
            out.append(float(np.einsum("ab,ab->", G, block.Z.T @ block.Z) / block.Z.shape[0]))
    return out


def icc(fit):
    """Share of the random variance per grouping factor, and in all.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    Table
        group, variance, icc: one row per grouping factor, then "total".

    References
    ----------
    Nakagawa, Johnson & Schielzeth (2017), doi:10.1098/rsif.2017.0213 (the adjusted ICC).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> fit.icc()["icc"].round(3).tolist()
    [0.589, 0.589]
    """
    variances = mean_variances(fit)
    residual = fit.sigma**2
    if fit.design.weights is not None:
        residual *= float(np.mean(1.0 / fit.design.weights))
    whole = sum(variances) + residual
    names = [b.factor.name for b in fit.design.blocks]
    values = [*variances, sum(variances)]
    return Table(
        {"group": [*names, "total"], "variance": values, "icc": [v / whole for v in values]}
    )
