"""Fitted models: records of a fit and a table of contents of what can be asked of them."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.model.explain import explain
from mixedeffects.model.lmm import LMM, lmm
from mixedeffects.model.storage import load
from mixedeffects.model.warmup import warmup

if TYPE_CHECKING:
    from mixedeffects.model.comparing import compare
    from mixedeffects.model.generalised import GLMM, glmm
    from mixedeffects.model.pooling import baselines
    from mixedeffects.model.repeated_measures import rm_anova

__getattr__ = late(
    __name__,
    {
        "GLMM": "generalised",
        "baselines": "pooling",
        "compare": "comparing",
        "glmm": "generalised",
        "rm_anova": "repeated_measures",
    },
)

__all__ = [
    "GLMM",
    "LMM",
    "baselines",
    "compare",
    "explain",
    "glmm",
    "lmm",
    "load",
    "rm_anova",
    "warmup",
]
