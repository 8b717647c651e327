"""Residuals of the rows that were used."""

from __future__ import annotations

from mixedeffects.errors import OptionError
from mixedeffects.inference.predict import fitted

KINDS = ("response", "pearson", "scaled", "population")


def residuals(fit, kind="response"):
    """Residuals.

    Parameters
    ----------
    fit : FitRecord
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
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    groups = "population" if kind == "population" else "conditional"
    out = fit.design.y - fitted(fit, groups=groups)
    if kind == "scaled":
        return fit.noise.standardised(out)
    return fit.noise.alike(out) if kind == "pearson" else out
