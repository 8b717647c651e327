"""Fitted models: records of a fit and a table of contents of what can be asked of them."""

from mixedeffects.model.explain import explain
from mixedeffects.model.lmm import LMM, lmm
from mixedeffects.model.storage import load
from mixedeffects.model.warmup import warmup

__all__ = ["LMM", "explain", "lmm", "load", "warmup"]
