"""Residuals of the rows that were used, and tests of a fit's distribution by them.

Users call `linear.residuals`, `generalised.residuals`, `quantile.quantile_residuals` and
`dispersion.check_dispersion`, each imported when it is first asked for.
"""
