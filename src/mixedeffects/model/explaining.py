"""`explain`: the plan of a fit and its predicted cost, before anything runs."""

from __future__ import annotations

from mixedeffects.design import build_design
from mixedeffects.display import Explanation
from mixedeffects.engine import make_plan
from mixedeffects.model.foreign import understood


@understood
def explain(formula, data, *, family=None, weights=None, zi=None, engine="auto"):
    """Say how a model would be fitted, and what that would cost.

    Parameters
    ----------
    formula, data, weights, engine
        As in `lmm` or `glmm`.
    family : str or Family, optional
        Of a generalised model; a linear one by default.
    zi : str, optional
        As in `glmm`.

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
    if family is None:
        design = build_design(formula, data, weights=weights)
        return Explanation(design, make_plan(design, engine))
    from mixedeffects.family import family_of
    from mixedeffects.fitting import response_kind

    kind = response_kind(family_of(family))
    design = build_design(formula, data, kind=kind, weights=weights, zi=zi)
    design = design.changed(blocks=design.all_blocks)
    return Explanation(design, make_plan(design, engine))
