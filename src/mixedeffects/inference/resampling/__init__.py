"""Resampling: the bootstrap."""

from mixedeffects.inference.resampling.bootstrap import bootstrap
from mixedeffects.inference.resampling.record import BootstrapFacts

__all__ = ["BootstrapFacts", "bootstrap"]
