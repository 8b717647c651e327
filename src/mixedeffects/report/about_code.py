"""The section of code: what makes the same fit again, and with which versions."""

from __future__ import annotations

import platform
from importlib import metadata

from mixedeffects.report.record import Code, Grid, Paragraph, Section

PACKAGES = ("mixedeffects", "numpy", "scipy", "numba", "narwhals")
# flavour of a table -> what it is
FLAVOURS = {
    "pandas": "a pandas data frame", "polars": "a polars data frame",
    "pyarrow": "a pyarrow table", "dict": "a dict of arrays",
}  # fmt: skip


def code_section(fit, facts, words, wishes):
    """Code that makes the fit again, options and versions.

    Parameters
    ----------
    fit : LMM or GLMM
    facts : InterpretationFacts
    words : dict of str to str
    wishes : Wishes

    Returns
    -------
    Section
    """
    lines, unknown = fit_code(fit)
    spec, missing = fit.design.spec, fit.design.missing
    kind = FLAVOURS.get(spec.flavour, "a table")
    read = wishes.code.strip() if wishes.code else f"# data: {kind}, {missing.n_rows:,} rows"
    source = "\n".join(["import mixedeffects as me", "", read, *lines, "print(fit.summary())"])
    blocks = [
        Paragraph(f"The data were given as {kind} of {missing.n_rows:,} rows."),
        Code(source + "\n"),
    ]
    if unknown:
        blocks.append(Paragraph(f"Not known from the fit: {', '.join(unknown)}."))
    blocks.append(_versions())
    return Section("code", "Code", tuple(blocks))


def fit_code(fit):
    """The call that made a fit, as lines of Python, and options that the fit does not know.

    Parameters
    ----------
    fit : LMM or GLMM

    Returns
    -------
    lines : list of str
    unknown : list of str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy(), reml=False)
    >>> print("\\n".join(fit_code(fit)[0]))
    fit = me.lmm(
        'Reaction ~ Days + (1 | Subject)',
        data,
        reml=False,
    )
    """
    spec, unknown, options = fit.design.spec, [], {}
    weights = fit.design.weights if fit.linear else fit.data.weights
    name = spec.weights
    if fit.linear:
        options["reml"] = bool(fit.reml)
    else:
        options |= {"family": fit.family.name, "link": fit.family.link.name, "nagq": fit.nagq}
        if "zi" in fit.family.extras and fit.family.zeros != "all":
            options["family"] = fit.family.name.removeprefix("zero_inflated_")
            options["zi"] = "~ 1"
        for part in ("zi", "dispersion"):
            if part in fit.data.parts:
                options[part] = fit.data.parts[part].spec.text
        if fit.data.exposure is not None:
            if spec.exposure:
                options["exposure"] = spec.exposure
            else:
                unknown.append("the exposure, which was numbers and not a column")
    if name is not None:
        options["weights"] = name
    elif weights is not None:
        unknown.append("the weights, which were numbers and not a column")
    if fit.certificate.optimizer != "newton":
        options["optimizer"] = fit.certificate.optimizer
    function = "lmm" if fit.linear else "glmm"
    lines = [f"fit = me.{function}(", f"    {spec.text!r},", "    data,"]
    lines += [f"    {key}={value!r}," for key, value in options.items()]
    return [*lines, ")"], unknown


def _versions():
    rows = [("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    rows.append(("system", platform.platform(terse=True)))
    return Grid("Versions", ("package", "version"), tuple(rows), left=2)
