"""The section of code: what makes the same fit again, and with which versions."""

from __future__ import annotations

import platform
from importlib import metadata

from mixedeffects.display.fit_call import arguments, literal
from mixedeffects.report.record import CodeBlock, Grid, Paragraph, Section

PACKAGES = ("mixedeffects", "numpy", "scipy", "numba", "narwhals")
# flavour of a table -> what it is
FLAVOURS = {
    "pandas": "a pandas data frame", "polars": "a polars data frame",
    "pyarrow": "a pyarrow table", "dict": "a dict of arrays",
}  # fmt: skip
# what an argument was that has no source
LOST = {
    "weights": "numbers, not as a column", "exposure": "numbers, not as a column",
    "family": "an object of your own",
}  # fmt: skip
# the optimiser whose limit is one of evaluations, of which it does not tell how many it made
COUNTS_EVALUATIONS = "Nelder-Mead"


def code_section(fit, facts, words, wishes):
    """Code that makes the fit again, options and versions."""
    lines, unknown = fit_code(fit)
    spec, missing = fit.design.spec, fit.design.missing
    kind = FLAVOURS.get(spec.flavour, "a table")
    read = wishes.code.strip() if wishes.code else f"# data: {kind}, {missing.n_rows:,} rows"
    source = "\n".join(["import mixedeffects as me", "", read, *lines, "print(fit.summary())"])
    blocks = [
        Paragraph(f"The data were given as {kind} of {missing.n_rows:,} rows."),
        CodeBlock(source + "\n"),
    ]
    if unknown:
        blocks.append(Paragraph(" ".join(unknown), "Not reproduced:"))
    blocks.append(_versions())
    return Section("code", "Code", tuple(blocks))


def fit_code(fit):
    """The call that made a fit, as lines of Python, and what of it they lack, in sentences.

    A search that a rule or its limit ended they end after as many iterations.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy(), reml=False)
    >>> print("\\n".join(fit_code(fit)[0]))
    fit = me.lmm(
        "Reaction ~ Days + (1 | Subject)",
        data,
        reml=False,
    )
    """
    options, lost = arguments(fit, defaults=True)
    unknown = [f"{name}= was given as {LOST[name]}: add it to the call." for name in lost]
    _search(fit.certificate, options, unknown)
    lines = [f"fit = me.{fit.kind.function}(", f"    {literal(fit.design.spec.text)},", "    data,"]
    lines += [f"    {name}={source}," for name, source in options.items()]
    return [*lines, ")"], unknown


def _search(certificate, options, unknown):
    """Where a search ended that a rule or its limit ended."""
    if certificate.rule is not None:
        _rule(certificate, options, unknown)
    elif certificate.ran_out:
        _limit(certificate, options, unknown)
    if not certificate.at_maximum:
        unknown.append(
            "start= is not kept: the estimates of a search that ended short of a certified "
            "optimum depend on it, and the code starts where a search does by default."
        )


def _rule(certificate, options, unknown):
    words = f"A rule of the user ended the search ({certificate.rule}), which is kept in words only"
    if not certificate.path:
        unknown.append(f"{words}: add converged= to the call.")
        return
    last = certificate.path[-1].iteration
    options["converged"] = f"lambda state: state.iteration >= {last}"
    unknown.append(f"{words}; the code ends it after as many iterations ({last:,}) instead.")


def _limit(certificate, options, unknown):
    words = "The limit of iterations ended the search; max_iterations= is not kept"
    if certificate.optimizer == COUNTS_EVALUATIONS:
        unknown.append(f"{words}, add it to the call.")
        return
    options["max_iterations"] = repr(certificate.iterations)
    unknown.append(f"{words}, the code allows as many as there were.")


def _versions():
    rows = [("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    rows.append(("system", platform.platform(terse=True)))
    return Grid("Versions", ("package", "version"), tuple(rows), left=2)
