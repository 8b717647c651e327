"""What stands over the table of each method: what it is, by which method."""

from __future__ import annotations

from functools import cache
from inspect import signature

from mixedeffects.display.results.record import Heading
from mixedeffects.inference.coefficient_parts import MAIN, ratio_of
from mixedeffects.inference.df import df_method

TYPES = {1: "I", 2: "II", 3: "III"}


def heading_of(function, fit, args, options):
    """The heading of what a listed function of a fit returned.

    Parameters
    ----------
    function : callable
        Whose name is one of `HEADINGS`.
    args, options
        What it was called with, besides the fit.
    """
    names, defaults = parameters(function)
    asked = {**defaults, **dict(zip(names, args, strict=False))}
    asked |= {name: value for name, value in options.items() if name in names}
    asked["options"] = {name: value for name, value in options.items() if name not in names}
    return Heading(HEADINGS[function.__name__](fit, asked))


@cache
def parameters(function):
    """Names of a function's parameters after the fit, and their defaults."""
    _, *found = signature(function).parameters.values()
    named = [p for p in found if p.kind is not p.VAR_KEYWORD]
    return [p.name for p in named], {p.name: p.default for p in named}


def method_label(fit, ddf):
    """A method as tables name it: "t (Satterthwaite)"."""
    return df_method(fit, ddf).label


def percent(level):
    """Coverage, in per cent."""
    return f"{100 * level:g}% intervals"


def part_words(component):
    """Which linear predictor, where it is not the first."""
    return "" if component == MAIN else f" of {component}"


def ratio_words(fit, options):
    """What the exponentials are."""
    if not options.get("exponentiate"):
        return ""
    if options.get("component", MAIN) == "all":
        return ", exponentiated"
    what = ratio_of(fit, options.get("component", MAIN))
    return f", exponentiated (ratios of {what})" if what else ", exponentiated"


def of_test(fit, options):
    """Coefficients or hypotheses, with the method and the coverage."""
    component = options["component"]
    main = component == MAIN or (component == "all" and not fit.extras)
    label = method_label(fit, options["ddf"] if main else None)
    if options["joint"]:
        return f"Joint test of the hypotheses, {f_label(label)}"
    what = "Coefficients" if options["hypotheses"] is None else "Hypotheses"
    also = f"{part_words(component)}{ratio_words(fit, options)}"
    return f"{what}{also}, {label}, {percent(options['level'])}"


def f_label(label):
    """The label of a method as that of its joint tests."""
    return label.replace("t (", "F (", 1).replace("z (Wald)", "chi-squared (Wald)")


def of_anova(fit, options):
    """The type of the tests, and the method."""
    kind = TYPES.get(options["type"], options["type"])
    part = part_words(options["component"])
    label = method_label(fit, options["ddf"] if options["component"] == MAIN else None)
    return f"Analysis of variance{part}, type {kind}, {f_label(label)}"


def of_ranova(fit, options):
    """What is left out, and by which likelihood."""
    criterion = "REML" if fit.reml else "maximum likelihood"
    return f"The model without each random term, likelihood-ratio tests ({criterion})"


def of_confint(fit, options):
    """Coverage and method of intervals."""
    method, more = options["method"], options["options"]
    if method == "wald":
        by = method_label(fit, more.get("ddf"))
    elif method == "profile":
        ml = more.get("criterion", "ml") == "ml"
        by = f"profile, estimates by {'maximum likelihood' if ml else 'REML'}"
    else:
        by = f"{more.get('resample', 'parametric')} bootstrap, {more.get('kind', 'percentile')}"
    return f"{percent(options['level'])}, {by}{ratio_words(fit, options)}"


def scale_words(fit, options):
    """On which scale the variances of a generalised model are."""
    if fit.kind.residual:
        return ""
    of = "the response" if options["scale"] == "response" else "the linear predictor"
    return f", on the scale of {of}"


def of_icc(fit, options):
    """Which scale, and the coverage."""
    return f"Intraclass correlation (ICC){scale_words(fit, options)}, {percent(options['level'])}"


def of_r2(fit, options):
    """Which scale."""
    return f"R-squared: shares of the variance{scale_words(fit, options)}"


def of_random_pca(fit, options):
    """In which units."""
    units = "the response" if options["units"] == "response" else "the formula"
    return f"Principal components of the random effects, in units of {units}"


def of_check_dispersion(fit, options):
    """What is tested."""
    return "Tests of dispersion: the variance of the data against that of the model"


def of_tidy(fit, options):
    """What the rows are, with the method of the coefficients."""
    effects = options["effects"]
    fixed = effects == "fixed" or "fixed" in effects
    by = f"{method_label(fit, options['ddf'])}, " if fixed else ""
    what = "Coefficients and variance components" if len(effects) == 2 else "Estimates"
    return f"{what}, {by}{percent(options['level'])}"


def of_glance(fit, options):
    """How the model was fitted."""
    return f"Fit by {'REML' if fit.reml else 'maximum likelihood'}"


HEADINGS = {
    "anova": of_anova,
    "check_dispersion": of_check_dispersion,
    "confint": of_confint,
    "glance": of_glance,
    "icc": of_icc,
    "r2": of_r2,
    "random_pca": of_random_pca,
    "ranova": of_ranova,
    "test": of_test,
    "tidy": of_tidy,
}
