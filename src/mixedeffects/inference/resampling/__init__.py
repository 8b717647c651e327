"""Resampling: the bootstrap."""

from mixedeffects.inference.resampling.bootstrap import bootstrap
from mixedeffects.inference.resampling.jackknife import check_intervals
from mixedeffects.inference.resampling.record import BootstrapFacts

__all__ = ["BootstrapFacts", "bootstrap", "check_intervals"]
