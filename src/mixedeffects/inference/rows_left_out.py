"""What is computed of the rows of a fit before they are left out."""

from __future__ import annotations

from mixedeffects.inference.interpretation.groups import averages
from mixedeffects.inference.row_sums import (
    block_triangle,
    column_moments,
    fixed_triangle,
    fixed_variance,
    level_counts,
    mean_noise,
    mean_squares,
)


def keep_sums(fit):
    """Compute, into ``fit.sums``, every sum over the rows that other questions ask for."""
    fixed_triangle(fit)
    fixed_variance(fit)
    mean_noise(fit)
    averages(fit)
    for j in range(len(fit.design.x_names)):
        column_moments(fit, j)
    for f, block in enumerate(fit.all_blocks):
        level_counts(fit, f)
        mean_squares(fit, f)
        block_triangle(fit, f)
        for j in range(block.k):
            column_moments(fit, j, f)
