"""`explain`: the plan of a fit and its predicted cost, before anything runs."""

from __future__ import annotations

from mixedeffects.design import build_design
from mixedeffects.display import Explanation
from mixedeffects.engine import make_plan


def explain(formula, data, *, weights=None, engine="auto"):
    """Say how a model would be fitted, and what that would cost.

    Parameters
    ----------
    formula, data, weights, engine
        As in `lmm`.

    Returns
    -------
    Explanation
        Prints as text; `.plan` and `.nesting` hold the facts.

    Examples
    --------
    >>> import mixedeffects as me
    >>> plan = me.explain("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(str(plan).splitlines()[1])
    180 rows, 2 fixed-effect columns
    """
    design = build_design(formula, data, weights=weights)
    return Explanation(design, make_plan(design, engine))
