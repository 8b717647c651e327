"""Grouping factors whose random effects vary in the fit."""

from __future__ import annotations

from mixedeffects.views.choice import chosen_group

# variances of a random effect, over the residual's or on the link's scale, that are zero but for
# rounding
ROUNDING = 1e-14


def varied_group(fit, group=None):
    """A grouping factor; of none given the first that has a variance, or else the first.

    Raises
    ------
    OptionError, ModelError
        As `chosen_group`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> varied_group(me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()))
    'Subject'
    """
    first = chosen_group(fit, group)
    if group is not None:
        return first
    return next((b.factor.name for b in fit.design.blocks if varies(fit, b.factor.name)), first)


def varies(fit, group):
    """Whether any random effect of a grouping factor has a variance in the fit."""
    return any(
        float((Lam @ Lam.T).diagonal().max()) > ROUNDING
        for block, Lam in zip(fit.design.blocks, fit.lambdas, strict=False)
        if block.factor.name == group
    )
