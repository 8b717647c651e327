"""Confidence intervals by the method asked for."""

from __future__ import annotations

from mixedeffects.errors import OptionError
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.table import Table

METHODS = ("wald", "profile", "bootstrap")
BOOTSTRAP = ("n", "rng", "resample", "groups", "kind", "parameters", "threads", "progress")


def confint(fit, *, method="wald", level=0.95, **options):
    """Confidence intervals.

    Parameters
    ----------
    fit : FitRecord
    method : {"wald", "profile", "bootstrap"}
        "wald": estimate ± quantile × standard error, fixed effects only. "profile": where the
        likelihood, maximised over everything else, has fallen too far; variance components
        too. "bootstrap": from refits to simulated or resampled data, variance components too.
    level : float
    **options
        Of the method: ``ddf`` for "wald"; ``parameters``, ``criterion`` and ``reference`` for
        "profile" (see `profile` and `profile_confint`); ``n``, ``rng``, ``resample`` (the
        bootstrap's own ``method``), ``groups``, ``kind``, ``parameters``, ``threads``,
        ``progress`` for "bootstrap" (see `bootstrap`).

    Returns
    -------
    Table
        term, estimate, lower, upper; with "profile" and "bootstrap" also group, None for the
        fixed effects.

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
    return run(fit, level, **options)


def _wald(fit, level, ddf="satterthwaite"):
    columns = coefficient_table(fit, ddf=ddf, level=level).columns
    return Table({name: columns[name] for name in ("term", "estimate", "lower", "upper")})


def _profile(fit, level, **options):
    from mixedeffects.inference.profiling import profile_confint

    return profile_confint(fit, level=level, **options)


def _bootstrap(
    fit, level, kind="percentile", resample="parametric", parameters=None, **options
):  # fmt: skip
    from mixedeffects.inference.resampling import bootstrap

    found = bootstrap(fit, method=resample, **options)
    return found.confint(kind=kind, level=level, parameters=parameters)


__all__ = ["confint"]
