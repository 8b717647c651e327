"""Simulated quantile residuals, and tests of a fit's distribution by them."""

from mixedeffects.inference.quantile.dispersion import check_dispersion
from mixedeffects.inference.quantile.residuals import QuantileFacts, quantile_residuals

__all__ = ["QuantileFacts", "check_dispersion", "quantile_residuals"]
