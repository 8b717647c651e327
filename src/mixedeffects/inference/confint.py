"""Confidence intervals by the method asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.coefficient_parts import MAIN, as_ratios, check_flag, part_of
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.component_names import component_name
from mixedeffects.inference.separated import limits_of, warn_separated
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_errors import variance_errors

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

METHODS = ("wald", "profile", "bootstrap")
LIMITS = ("estimate", "lower", "upper")
BOOTSTRAP = ("n", "rng", "resample", "groups", "kind", "parameters", "threads", "progress")


def confint(fit: Fit, *, method="wald", level=0.95, exponentiate=False, **options):
    """Confidence intervals.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    method : {"wald", "profile", "bootstrap"}
        "wald": estimate ± quantile × standard error; of a linear model fixed effects only, of a
        generalised one all parameters, symmetric on the log scale for standard deviations and
        on Fisher's z for correlations. "profile": where the
        likelihood, maximised over everything else, has fallen too far; variance components
        too. "bootstrap": from refits to simulated or resampled data, variance components too.
    level : float
        Coverage of the intervals.
    exponentiate : bool
        Coefficients and their limits as ratios (of odds, of means); standard deviations and
        correlations stay as they are.
    **options
        Of the method: ``ddf`` for "wald"; ``parameters``, ``criterion`` and ``reference`` for
        "profile" (see `profile` and `profile_confint`); ``n``, ``rng``, ``resample`` (the
        bootstrap's own ``method``), ``groups``, ``kind``, ``parameters``, ``threads``,
        ``progress`` for "bootstrap" (see `bootstrap`).

    Returns
    -------
    Table
        term, estimate, lower, upper; with "profile" and "bootstrap", and of a generalised
        model, also group, None for coefficients. That of a generalised model by "wald" has
        component too: the linear predictor that a parameter belongs to.

    Raises
    ------
    OptionError
        For another method, or an option that the method does not have.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.confint()["lower"].round(2).tolist()
    [237.01, 7.21]
    >>> fit.confint(ddf="wald")["lower"].round(2).tolist()
    [238.03, 7.44]
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not one of {', '.join(METHODS)}")
    run, known = {
        "wald": (_wald, ("ddf",)),
        "profile": (_profile, ("parameters", "criterion", "reference")),
        "bootstrap": (_bootstrap, BOOTSTRAP),
    }[method]  # fmt: skip
    unknown = [name for name in options if name not in known]
    if unknown:
        raise OptionError(
            f"intervals by {method} have no option {', '.join(unknown)}; "
            f"they have {', '.join(known)}"
        )
    check_flag("exponentiate", exponentiate)
    found = run(fit, level, **options)
    return ratios(fit, found) if exponentiate else found


def ratios(fit: Fit, table):
    """The same intervals with those of coefficients as exponentials."""
    columns = dict(table.columns)
    n = len(columns["term"])
    group = columns.get("group", [None] * n)
    owner = columns.get("component", [MAIN] * n)
    names = set(fit.design.x_names)
    rows = np.array(
        [
            group[i] is None and ("component" in columns or columns["term"][i] in names)
            for i in range(n)
        ]
    )
    columns |= {name: np.array(columns[name], dtype=float) for name in LIMITS}
    for part in dict.fromkeys(owner[i] for i in np.flatnonzero(rows)):
        own = rows & np.array([name == part for name in owner])
        changed = as_ratios(fit, part, {name: columns[name][own] for name in LIMITS})
        for name, values in changed.items():
            columns[name][own] = values
    return Table(columns)


def _wald(fit: Fit, level, ddf=None):
    if not fit.linear:
        return _wald_of_all(fit, level, ddf)
    columns = coefficient_table(fit, ddf=ddf, level=level).columns
    return Table({name: columns[name] for name in ("term", *LIMITS)})


def _wald_of_all(fit: Fit, level, ddf):
    """Coefficients of all linear predictors, then standard deviations and correlations."""
    c = coefficient_table(fit, ddf=ddf, level=level, component="all").columns
    v = variance_errors(fit, level=level).columns
    n = len(c["term"])
    names, tested = part_of(fit, "all")
    warn_separated(names, limits_of(tested, np.eye(tested.beta.size)))
    terms = [component_name(a, b) for a, b in zip(v["term1"], v["term2"], strict=True)]
    out = {
        "component": [*c.get("component", [MAIN] * n), *v["component"]],
        "group": [None] * n + list(v["group"]),
        "term": [*c["term"], *terms],
    }
    for name in LIMITS:
        out[name] = np.concatenate([c[name], v["sdcor" if name == "estimate" else name]])
    return Table(out)


def _profile(fit: Fit, level, **options):
    from mixedeffects.inference.profiling import profile_confint

    return profile_confint(fit, level=level, **options)


def _bootstrap(
    fit: Fit, level, kind="percentile", resample="parametric", parameters=None, **options
):  # fmt: skip
    from mixedeffects.inference.resampling import bootstrap, check_intervals

    check_intervals(fit, kind, resample, options.get("groups"))
    found = bootstrap(fit, method=resample, **options)
    return found.confint(kind=kind, level=level, parameters=parameters)


__all__ = ["confint"]
