"""Simulated quantile residuals, and tests of a fit's distribution by them."""

from mixedeffects.inference.quantile.dispersion import check_dispersion
from mixedeffects.inference.quantile.residuals import QuantileFacts, quantile_residuals
from mixedeffects.inference.quantile.row_sample import counted_rows, row_sample

__all__ = ["QuantileFacts", "check_dispersion", "counted_rows", "quantile_residuals", "row_sample"]
