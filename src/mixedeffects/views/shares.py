"""Where the variance lies: fixed effects, each grouping factor, and what is left."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.inference.icc import icc
from mixedeffects.inference.r2 import r2
from mixedeffects.inference.table import Table
from mixedeffects.views.record import View

# rows of the R-squared table that are sums of others
SUMS = 2
# shares that are zero but for rounding: of an intercept, or of a term on the boundary
ROUNDING = 1e-14


def variance_view(fit, *, level=0.95, scale="latent", approximation=None, null=None):
    """Variances that add up to the whole, their shares, and the ICCs with intervals.

    Parameters
    ----------
    level : float
        Coverage of the intervals of the ICC.
    scale, approximation, null
        For a generalised model, as in `icc`.

    Returns
    -------
    View
        "data": source, kind ("fixed", "random" or "residual"), position, variance, share, start,
        end (of the share in a bar of all). "icc": group, icc, lower, upper; a share of what the
        fixed effects leave. Facts: marginal, conditional (R squared), scale, coverage.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> data = variance_view(fit).tables["data"].columns
    >>> dict(zip(data["source"], data["share"].round(3).tolist()))
    {'fixed effects': 0.279, 'Subject': 0.521, 'residual': 0.201}
    """
    options = {"scale": scale, "approximation": approximation, "null": null}
    found = r2(fit, **options).columns
    names = list(found["measure"])[SUMS:]
    variance = np.array(found["variance"][SUMS:], dtype=float)
    share = np.array(found["r2"][SUMS:], dtype=float)
    variance[share < ROUNDING], share[share < ROUNDING] = 0.0, 0.0
    kinds = ["fixed", *["random"] * (len(names) - 2), "residual"]
    last = "residual" if fit.kind.residual else f"distribution ({fit.family.name})"
    end = np.cumsum(share)
    columns = {
        "source": text_array(["fixed effects", *names[1:-1], last]), "kind": text_array(kinds),
        "position": np.arange(1, len(names) + 1), "variance": variance, "share": share,
        "start": end - share, "end": end,
    }  # fmt: skip
    table = icc(fit, level=level, **options).columns
    groups = list(table["group"])
    # with one factor the total says the same again
    rows = np.arange(len(groups) if len(groups) > SUMS else 1)
    rho = {
        "group": text_array([groups[i] if groups[i] != "total" else "all groups" for i in rows]),
        **{name: np.asarray(table[name], dtype=float)[rows] for name in ("icc", "lower", "upper")},
    }
    notes = []
    if any(block.Z is not None for block in fit.design.blocks):
        notes.append("variance of random slopes: its mean over the rows")
    if np.isnan(rho["lower"]).any():
        notes.append(
            "no interval for the ICC "
            + ("on this scale" if scale == "response" else "where a term is on the boundary")
        )
    facts = {
        "marginal": float(found["r2"][0]), "conditional": float(found["r2"][1]),
        "scale": None if fit.kind.residual else scale, "coverage": level,
    }  # fmt: skip
    return View({"data": Table(columns), "icc": Table(rho)}, tuple(notes), facts)
