"""The call that makes a fit again, as Python source."""

from __future__ import annotations

from mixedeffects.fitting import OPTIONS


def arguments(fit, *, defaults=False):
    """Sources of the options that make a fit again, by name, and names of those without one.

    With `defaults` those that say which model it is are there, too, where they have their default.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> arguments(fit)
    ({'family': '"binomial"'}, [])
    >>> arguments(fit, defaults=True)[0]
    {'family': '"binomial"', 'link': '"logit"', 'nagq': '1'}
    """
    found, lost = {}, []
    for option in OPTIONS:
        if fit.kind.function not in option.functions:
            continue
        if option.lost(fit):
            lost.append(option.name)
        value = option.value(fit)
        usual = option.default if option.usual is None else option.usual(fit)
        if value is not None and (value != usual or (defaults and not option.search)):
            found[option.name] = literal(value)
    return found, lost


def call(fit, formula, changed):
    """The call of a fit on one line, with another formula and with options that changed."""
    found = {name: text for name, text in arguments(fit)[0].items() if name not in changed}
    more = "".join(f", {name}={text}" for name, text in found.items())
    return f"me.{fit.kind.function}({literal(formula)}, data{more}{options_words(changed)})"


def options_words(options):
    """Options as they follow other arguments: ``", optimizer='L-BFGS-B'"``."""
    return "".join(f", {name}={value!r}" for name, value in options.items())


def literal(value):
    """A text or number as Python writes it, texts in double quotes where they have none.

    Examples
    --------
    >>> print(literal("y ~ x"), literal('y ~ C(f, "sum")'), literal(False))
    "y ~ x" 'y ~ C(f, "sum")' False
    """
    found = repr(value)
    return f'"{found[1:-1]}"' if isinstance(value, str) and '"' not in found else found
