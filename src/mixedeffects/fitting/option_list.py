"""The options of `lmm` and `glmm`, each once.

The command line makes its arguments of this list, a report the call that fits a model again, a
saved file what it keeps of a `Request`. Signatures and docstrings are held to it by a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mixedeffects.errors import OptionError

ONLY_LMM, ONLY_GLMM = ("lmm",), ("glmm",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: what its value is, which fits have it, and how the command line offers it."""

    name: str
    default: Any = None
    # which of "lmm" and "glmm" have it
    functions: tuple[str, ...] = ("lmm", "glmm")
    # whether it is about how the optimum is found; else it says which model is fitted
    search: bool = False
    # whether a file keeps it as a text or a number
    saved: bool = False
    # from a fit to the value that makes its model again; None where there is none, or none is known
    value: Callable[[Any], Any] = lambda fit: None
    # from a fit to the value that a call need not say, where that is another than the default
    usual: Callable[[Any], Any] | None = None
    # from a fit to whether it was given numbers or an object, which no source repeats
    lost: Callable[[Any], bool] = lambda fit: False
    # on the command line, which has it if there is a help text; a bool there is a flag that gives
    # what is not the default
    help: str = ""
    kind: type = str
    flag: str = ""
    metavar: str | None = None
    least: int | None = None


def has_extra_zeros(family):
    """Whether zi is the probability of zeros besides those of the counts, not of all zeros."""
    return "zi" in family.extras and family.zeros != "all"


def named_family(fit):
    """The family that a call names; extra zeros are an option of their own."""
    return fit.family.base if has_extra_zeros(fit.family) else fit.family


def known_by_name(family):
    """Whether the names of a family and its link are enough to find it again."""
    from mixedeffects.family import family_of

    try:
        return family_of(family.name, family.link.name) == family
    except OptionError:
        return False


def zero_formula(fit):
    """The formula of the extra zeros, which are a constant where there is none."""
    return predictor_formula(fit, "zi") or ("~ 1" if has_extra_zeros(fit.family) else None)


def predictor_formula(fit, name):
    """The formula of one of the other linear predictors."""
    predictor = fit.design.others.get(name)
    return None if predictor is None else predictor.spec.text


def numbers_without_a_name(name):
    """Whether values of the rows were given as numbers, not as a column of the table."""
    return lambda fit: getattr(fit.design, name) is not None and not getattr(fit.design.spec, name)


OPTIONS = (
    Option(
        name="reml", default=True, functions=ONLY_LMM, saved=True, value=lambda fit: fit.reml,
        flag="ml", kind=bool, help="Maximum likelihood; REML if not given.",
    ),
    Option(
        name="family", default="binomial", functions=ONLY_GLMM,
        value=lambda fit: named_family(fit).name, usual=lambda fit: None,
        lost=lambda fit: not known_by_name(named_family(fit)), metavar="NAME",
        help="A generalised model: binomial, poisson, nbinom2, gamma, beta, ordinal, …; "
        "a linear one if not given.",
    ),
    Option(
        name="link", functions=ONLY_GLMM, value=lambda fit: fit.family.link.name,
        usual=lambda fit: fit.family.links[0], metavar="NAME",
        help="logit, log, …; the family's usual one if not given.",
    ),
    Option(
        name="nagq", default=1, functions=ONLY_GLMM, saved=True, value=lambda fit: fit.nagq,
        kind=int, metavar="N", help="Quadrature points; 1 is Laplace's approximation.",
    ),
    Option(
        name="zi", functions=ONLY_GLMM, value=zero_formula, metavar="FORMULA",
        help='Formula of the extra zeros: "~ 1".',
    ),
    Option(
        name="dispersion", functions=ONLY_GLMM, metavar="FORMULA",
        value=lambda fit: predictor_formula(fit, "dispersion"),
        help='Formula of the dispersion: "~ x".',
    ),
    Option(
        name="exposure", functions=ONLY_GLMM, value=lambda fit: fit.design.spec.exposure or None,
        lost=numbers_without_a_name("exposure"), metavar="COLUMN",
        help="Column of what counts were counted over.",
    ),
    Option(
        name="weights", value=lambda fit: fit.design.spec.weights or None,
        lost=numbers_without_a_name("weights"), metavar="COLUMN", help="Column of prior weights.",
    ),
    Option(
        name="engine", default="auto", search=True, saved=True,
        value=lambda fit: fit.request.engine,
    ),
    Option(
        name="optimizer", default="newton", search=True, saved=True,
        value=lambda fit: fit.request.optimizer, metavar="NAME",
        help="newton, L-BFGS-B, Nelder-Mead, Powell, COBYQA or em.",
    ),
    Option(name="start", search=True),
    Option(
        name="max_iterations", search=True, saved=True, kind=int, metavar="N", least=1,
        help="Iteration limit.",
    ),
    Option(name="converged", search=True),
    Option(
        name="remedy", default=False, search=True, kind=bool,
        help="Where the fit is singular or not certified, try the six remedies of diagnose and "
        "take the model they recommend.",
    ),
)  # fmt: skip
