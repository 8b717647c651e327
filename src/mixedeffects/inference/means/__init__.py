"""Estimated marginal means, slopes and their contrasts."""

from mixedeffects.inference.means.emmeans import contrasts, emmeans
from mixedeffects.inference.means.emtrends import emtrends
from mixedeffects.inference.means.record import MarginalMeans

__all__ = ["MarginalMeans", "contrasts", "emmeans", "emtrends"]
