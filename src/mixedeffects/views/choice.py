"""Which group, term or column a chart is about, when the user names one and when not."""

from __future__ import annotations

from mixedeffects.errors import ModelError, OptionError
from mixedeffects.formula import close_match
from mixedeffects.inference.group_names import group_named, read_names

# variances of a random effect, over the residual's or on the link's scale, that are zero but for
# rounding
ROUNDING = 1e-14


def chosen_group(fit, group=None):
    """A grouping factor of the main formula; the first one by default.

    Raises
    ------
    OptionError
        No such factor.
    ModelError
        The model has none.
    """
    names = list(dict.fromkeys(b.factor.name for b in fit.design.blocks))
    if not names:
        raise ModelError("the main formula has no random effects to show")
    if group is None:
        return names[0]
    found = group_named(group, names)
    return found if found in names else one_of(group, list(read_names(names).values()), "group")


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


def chosen_terms(fit, group, term=None):
    """Terms of a grouping factor: the named one, or all in the formula's order."""
    blocks = [b for b in fit.design.blocks if b.factor.name == group]
    names = list(dict.fromkeys(name for block in blocks for name in block.names))
    return names if term is None else [one_of(term, names, "term")]


def one_of(value, names, what):
    """The name that the value is, with the formula's backticks or without.

    Raises OptionError.

    Examples
    --------
    >>> one_of("Days", ["(Intercept)", "Days"], "term")
    'Days'
    """
    value = named(value, names)
    if value in names:
        return value
    close = close_match(str(value), [str(n) for n in names])
    hint = f"; did you mean {close!r}?" if close else ""
    raise OptionError(f"{what}={value!r} is not one of {', '.join(map(str, names))}{hint}")


def named(value, names):
    """The name that a user means, who may leave out the backticks of a formula.

    Returns
    -------
    str
        The value itself where it is a name, or means none.

    Examples
    --------
    >>> named("my group", ["g", "`my group`"]), named("h", ["g"])
    ('`my group`', 'h')
    """
    names = list(names)
    if value in names or not isinstance(value, str):
        return value
    return next((name for name in names if name.replace("`", "") == value), value)
