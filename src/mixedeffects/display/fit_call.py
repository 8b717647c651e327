"""The arguments that say which model a fit is, as Python source."""

from __future__ import annotations

from mixedeffects.family import FAMILIES, LINKS


def arguments(fit, *, defaults=False):
    """Arguments of `lmm` or `glmm` besides formula and data that make the model of a fit again.

    Parameters
    ----------
    fit : LMM or GLMM
    defaults : bool
        Whether arguments that have their default are among them.

    Returns
    -------
    found : dict of str to str
        Argument to its source.
    lost : list of str
        Arguments that were given as numbers or objects, which have no source.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> arguments(fit)
    ({'family': '"binomial"'}, [])
    >>> arguments(fit, defaults=True)[0]
    {'family': '"binomial"', 'link': '"logit"', 'nagq': '1'}
    """
    found: dict[str, str] = {}
    lost: list[str] = []
    if fit.linear:
        if defaults or not fit.reml:
            found["reml"] = repr(bool(fit.reml))
    else:
        _of_generalised(fit, defaults, found, lost)
    given = {
        "exposure": fit.design.exposure,
        "weights": fit.design.weights,
    }
    for name, values in given.items():
        column = getattr(fit.design.spec, name)
        if column:
            found[name] = literal(column)
        elif values is not None:
            lost.append(name)
    return found, lost


def _of_generalised(fit, defaults, found, lost):
    """Distribution, link, quadrature and the other linear predictors."""
    name, link = fit.family.name, fit.family.link.name
    extra = "zi" in fit.family.extras and fit.family.zeros != "all"
    if extra:
        name = name.removeprefix("zero_inflated_")
    found["family"] = literal(name)
    if name not in FAMILIES or link not in LINKS:
        lost.append("family")
    if defaults or link != fit.family.links[0]:
        found["link"] = literal(link)
    if defaults or fit.nagq != 1:
        found["nagq"] = repr(fit.nagq)
    if extra:
        found["zi"] = literal("~ 1")
    for part in ("zi", "dispersion"):
        if part in fit.design.others:
            found[part] = literal(fit.design.others[part].spec.text)


def literal(text):
    """A text as Python writes it, in double quotes where it has none itself.

    Examples
    --------
    >>> print(literal("y ~ x"), literal('y ~ C(f, "sum")'))
    "y ~ x" 'y ~ C(f, "sum")'
    """
    found = repr(text)
    return found if '"' in found else f'"{found[1:-1]}"'
