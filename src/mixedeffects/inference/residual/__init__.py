"""Residuals of the rows that were used: `linear.residuals` and `generalised.residuals`."""
