"""Fitted models: records of a fit and a table of contents of what can be asked of them."""

from mixedeffects.model.baselines import baselines
from mixedeffects.model.compare import compare
from mixedeffects.model.explain import explain
from mixedeffects.model.lmm import LMM, lmm
from mixedeffects.model.rm_anova import rm_anova
from mixedeffects.model.storage import load
from mixedeffects.model.warmup import warmup

__all__ = ["LMM", "baselines", "compare", "explain", "lmm", "load", "rm_anova", "warmup"]
