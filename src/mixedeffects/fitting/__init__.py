"""From a design and a request to a fit, and from a fit to the same model fitted again.

A `Request` is every option of `lmm` or `glmm`; `fit_linear` and `fit_generalised` carry it out; the
records that they make, `LMMFit` and `GLMMFit`, know their request, so that ``fit.again(...)`` needs
only what changes.
"""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.fitting.generalised import fit_generalised, response_kind
    from mixedeffects.fitting.generalised_fit import GLMMFit
    from mixedeffects.fitting.linear import fit_linear, refuse_perfect_fit, response_size
    from mixedeffects.fitting.linear_fit import LMMFit
    from mixedeffects.fitting.new_response import refit
    from mixedeffects.fitting.option_list import OPTIONS, Option
    from mixedeffects.fitting.problem import check_nagq, objective_of, problem_of
    from mixedeffects.fitting.refits import refits_at
    from mixedeffects.fitting.request import Request
    from mixedeffects.fitting.storage import read, save

__getattr__ = late(
    __name__,
    {
        "GLMMFit": "generalised_fit",
        "LMMFit": "linear_fit",
        "OPTIONS": "option_list",
        "Option": "option_list",
        "Request": "request",
        "check_nagq": "problem",
        "fit_generalised": "generalised",
        "fit_linear": "linear",
        "objective_of": "problem",
        "problem_of": "problem",
        "read": "storage",
        "refit": "new_response",
        "refuse_perfect_fit": "linear",
        "refits_at": "refits",
        "response_kind": "generalised",
        "response_size": "linear",
        "save": "storage",
    },
)

__all__ = [
    "OPTIONS",
    "GLMMFit",
    "LMMFit",
    "Option",
    "Request",
    "check_nagq",
    "fit_generalised",
    "fit_linear",
    "objective_of",
    "problem_of",
    "read",
    "refit",
    "refits_at",
    "refuse_perfect_fit",
    "response_kind",
    "response_size",
    "save",
]
