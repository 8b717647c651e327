"""Fitted models: records of a fit and a table of contents of what can be asked of them."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.model.explain import explain
from mixedeffects.model.lmm import LMM, lmm
from mixedeffects.model.loading import load
from mixedeffects.model.warmup import warmup

if TYPE_CHECKING:
    from mixedeffects.model.all_fits import all_fit
    from mixedeffects.model.comparing import compare
    from mixedeffects.model.exploring import explore, reshape_long
    from mixedeffects.model.generalised import GLMM, glmm
    from mixedeffects.model.least_squares import ols
    from mixedeffects.model.pooling import baselines
    from mixedeffects.model.repeated_measures import rm_anova

__getattr__ = late(
    __name__,
    {
        "GLMM": "generalised",
        "all_fit": "all_fits",
        "baselines": "pooling",
        "compare": "comparing",
        "explore": "exploring",
        "glmm": "generalised",
        "ols": "least_squares",
        "reshape_long": "exploring",
        "rm_anova": "repeated_measures",
    },
)

__all__ = [
    "GLMM",
    "LMM",
    "all_fit",
    "baselines",
    "compare",
    "explain",
    "explore",
    "glmm",
    "lmm",
    "load",
    "ols",
    "reshape_long",
    "rm_anova",
    "warmup",
]
