"""Estimated marginal means, slopes and their contrasts."""

from mixedeffects.means.emmeans import contrasts, emmeans
from mixedeffects.means.emtrends import emtrends
from mixedeffects.means.record import MarginalMeans

__all__ = ["MarginalMeans", "contrasts", "emmeans", "emtrends"]
