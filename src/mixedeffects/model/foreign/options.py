"""Options of other packages: those with one plain meaning work, others say what to write."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, signature

from mixedeffects.errors import OptionError, UnknownOptionError

# option elsewhere -> option here and what its value becomes
SAME = {
    "alpha": ("level", lambda value: 1.0 - value),
    "conf_level": ("level", lambda value: value),
    "REML": ("reml", lambda value: value),
    "nAGQ": ("nagq", lambda value: value),
    "ziformula": ("zi", lambda value: value),
    "zi_formula": ("zi", lambda value: value),
    "dispformula": ("dispersion", lambda value: value),
    "newdata": ("data", lambda value: value),
    "exog": ("data", lambda value: value),
    "allow_new_levels": ("new_levels", lambda value: "population" if value else "error"),
    "nsim": ("n", lambda value: value),
    "reps": ("n", lambda value: value),
    "seed": ("rng", lambda value: value),
    "random_state": ("rng", lambda value: value),
    "maxiter": ("max_iterations", lambda value: value),
}

# options whose values have other names elsewhere, in small letters
VALUES = {
    "ddf": {
        "kr": "kenward-roger", "kenward-roger": "kenward-roger", "kenward_roger": "kenward-roger",
        "kenwardroger": "kenward-roger", "satterthwaite": "satterthwaite",
        "satterth": "satterthwaite", "wald": "wald", "z": "wald", "normal": "wald",
        "asymptotic": "wald", "cr0": "CR0", "cr2": "CR2",
    },
    "method": {"boot": "bootstrap", "wald": "wald", "profile": "profile"},
    "type": {"i": 1, "ii": 2, "iii": 3, "1": 1, "2": 2, "3": 3},
}  # fmt: skip

# links that other packages name where here is the family
FAMILIES = {
    "logit": ("binomial", "logit"),
    "logistic": ("binomial", "logit"),
    "probit": ("binomial", "probit"),
    "cloglog": ("binomial", "cloglog"),
}

# families of estimating equations, which have no likelihood
QUASI = {
    "quasibinomial": 'family="betabinomial", of successes in trials',
    "quasipoisson": 'family="nbinom1", whose variance is a multiple of the mean',
    "quasi": 'family="nbinom1" or "betabinomial"',
}

# option -> what to write here
WRITE = {
    "groups": "groups are written into the formula: {formula}",
    "re_formula": "random slopes are written into the formula: {formula}",
    "vc_formula": "variance components are written into the formula: (1 | a/b) for b nested in a, "
    "(1 | a) + (1 | b) for crossed factors",
    "exog_re": "random slopes are written into the formula: {formula}",
    "subset": "filter the table before: me.lmm(formula, data[condition])",
    "control": 'optimizer="L-BFGS-B" and max_iterations= are options of their own',
    "contrasts": "the coding is written into the formula: C(f, Sum)",
    "na_action": "rows with missing values are left out and counted; fill them before",
    "missing": "rows with missing values are left out and counted; fill them before",
    "offset": "an offset is written into the formula: offset(log(hours)), or exposure=",
    "ziformula": 'extra zeros are zi="~ x" of me.glmm',
    "dispformula": 'a model of the dispersion is dispersion="~ x" of me.glmm',
    "correlation": "correlated rows are not modelled by this option",
    "family": "a family is an option of me.glmm",
    "link": "a link is an option of me.glmm",
    "re_form": 'groups="population" leaves the groups\' effects out, groups="conditional" has them',
    "re.form": 'groups="population" leaves the groups\' effects out, groups="conditional" has them',
    "random_effects": 'groups="population" leaves the groups\' effects out',
    "use_re": 'groups="population" leaves the groups\' effects out',
    "se_fit": 'interval="confidence" adds standard errors and limits',
    "type": 'scale="link" or scale="response" of a generalised model; a linear one has one scale',
    "parm": "parameters= of the profile and of the bootstrap, with method= of theirs",
}
# options of functions that have other ones here: function -> option -> what to write
ELSEWHERE = {
    "lmm": {
        "method": 'reml=False for maximum likelihood, optimizer="L-BFGS-B" for another search',
        "solver": "optimizer=",
        "dispersion": 'an option of me.glmm, whose family="gaussian" is a linear model',
        "zi": "an option of me.glmm",
        "nagq": "an option of me.glmm",
        "exposure": "an option of me.glmm",
        "random": "a term of the formula: (1 | g)",
        "verbose": "fit.trace(), the steps of the search",
        "maxfun": "max_iterations=",
    },
    "glmm": {
        "method": "optimizer= for another search; generalised models are by maximum likelihood",
        "reml": "of me.lmm alone: generalised models are by maximum likelihood",
        "random": "a term of the formula: (1 | g)",
        "verbose": "fit.trace(), the steps of the search",
        "trials": 'the formula\'s "successes / trials ~ …"',
    },
    "predict": {
        "return_std": 'interval="confidence", whose std_error it is',
        "se": 'interval="confidence", whose std_error it is',
        "groups_data": 'groups="population" or "conditional"',
    },
    "anova": {"test": 'ddf="satterthwaite", "kenward-roger" or "wald"', "typ": "type="},
    "explore": {
        **dict.fromkeys(("target", "y", "response", "dependent"), "outcome="),
        **dict.fromkeys(("id", "groups", "group", "by"), "subject="),
        "arm": "treatment=",
    },
    "rm_anova": {
        **dict.fromkeys(("depvar", "dv", "y", "target"), "outcome, the second argument"),
        "aggregate_func": "rows of a cell are averaged",
    },
    "compare": {"method": "test=", "REML": "refit=", "model_names": "names="},
}
OF_FORMULA = ("groups", "re_formula", "exog_re")


def understood(function):
    """The function, which takes options of other packages for ours or says what to write.

    Raises OptionError, for options that have no equal here.
    """
    known: set[str] = set()  # of options, looked up when the first are given

    @wraps(function)
    def asked(*args, **options):
        if options:
            if not known:
                known.update(signature(function).parameters)
            options = ours(known, args, options)
        try:
            return function(*args, **options)
        except TypeError:
            refuse_unknown(function, args, options)
            raise

    return asked


def refusing(function):
    """The function, which says what to write for options that it does not have.

    Raises UnknownOptionError.
    """

    @wraps(function)
    def asked(*args, **options):
        try:
            return function(*args, **options)
        except TypeError:
            refuse_unknown(function, args, options)
            raise

    return asked


def refuse_unknown(function, args, options):
    """Say in words what is wrong with a call; nothing where the call itself is right.

    Raises UnknownOptionError.
    """
    from mixedeffects.answers import answer

    known = signature(function).parameters
    try:
        signature(function).bind(*args, **options)
        return
    except TypeError:
        pass
    name = function.__name__
    named = [key for key, p in known.items() if p.kind is p.KEYWORD_ONLY]
    placed = [key for key, p in known.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    for option in options:
        if option not in known:
            near = answer(option, ELSEWHERE.get(name, {}), named)
            near = near.replace("; did you mean '", "; did you mean ").replace("'?", "=?")
            raise UnknownOptionError(
                f"{name} has no option {option}={near}\noptions: {', '.join(named) or 'none'}"
            ) from None
    of_fits = 0 if placed[:1] not in (["fit"], ["self"]) else 1
    if len(args) > len(placed) and named:
        given = args[len(placed)]
        shown = repr(given) if isinstance(given, str | int | float) else type(given).__name__
        raise UnknownOptionError(
            f"{name} takes {shown} by the name of an option\noptions: {', '.join(named)}"
        ) from None
    lacking = [key for key in placed[of_fits:] if known[key].default is Parameter.empty]
    lacking = [key for key in lacking[max(0, len(args) - of_fits) :] if key not in options]
    if lacking:
        raise UnknownOptionError(f"{name} needs {' and '.join(lacking)}") from None


def ours(known, args, options):
    """Options by our names."""
    out = {}
    for name, value in options.items():
        if name not in known:
            here, convert = SAME.get(name, ("", None))
            if convert is not None and here in known:
                if here in options:
                    raise OptionError(f"{name}= is {here}= here: give one of them")
                name, value = here, convert(value)
            elif name == "type" and value in ("link", "response") and "scale" in known:
                name = "scale"
            elif name in WRITE:
                raise OptionError(f"{name}= is not an option here\n{advice(name, args, options)}")
        out[name] = translated(name, value)
    if "family" in known and str(out.get("family")).lower() in QUASI:
        raise OptionError(
            f"family={out['family']!r} has no likelihood, and is no family here\n"
            f"a family that lets rows vary more: {QUASI[out['family'].lower()]}"
        )
    if out.get("link") is None and "family" in known and isinstance(out.get("family"), str):
        family, link = FAMILIES.get(out["family"].lower(), (out["family"], None))
        out["family"] = family
        if link is not None:
            out["link"] = link
    return out


def translated(name, value):
    """A value by our name."""
    if name not in VALUES or not isinstance(value, str):
        return value
    return VALUES[name].get(value.lower(), value)


def advice(name, args, options):
    """What to write, with the user's own formula where it can be made."""
    if name not in OF_FORMULA:
        return WRITE[name]
    return WRITE[name].format(formula=written(args, options))


def written(args, options):
    """The formula that statsmodels says in several arguments.

    Examples
    --------
    >>> written(("y ~ x",), {"groups": "g", "re_formula": "~x"})
    '"y ~ x + (1 + x | g)"'
    >>> written(("y ~ x",), {"groups": [1, 1, 2]})
    '"y ~ x + (1 | g)" with a column g of the table'
    """
    formula = options.get("formula", args[0] if args else "y ~ x")
    groups = options.get("groups", "g")
    named = isinstance(groups, str)
    slopes = str(options.get("re_formula") or options.get("exog_re") or "1").strip()
    slopes = slopes.lstrip("~ ") if isinstance(slopes, str) else "1"
    if slopes != "1" and not slopes.replace(" ", "").startswith(("0+", "1+", "-1+")):
        slopes = f"1 + {slopes}"
    text = f'"{formula} + ({slopes} | {groups if named else "g"})"'
    return text if named else f"{text} with a column g of the table"
