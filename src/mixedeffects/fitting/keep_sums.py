"""What is computed of the rows of a fit before they are left out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mixedeffects.errors import MixedEffectsError
from mixedeffects.inference.checkup.random import known_noise
from mixedeffects.inference.identification import identification
from mixedeffects.inference.interpretation.columns import (
    between_shares,
    codes,
    level_means,
    nested_in,
    powers,
)
from mixedeffects.inference.interpretation.groups import averages
from mixedeffects.inference.row_sums import (
    block_triangle,
    column_means,
    column_moments,
    fixed_triangle,
    fixed_variance,
    level_counts,
    mean_noise,
    mean_squares,
)
from mixedeffects.inference.summary import accuracy_note
from mixedeffects.inference.variance_means import finite_fixed_variance, latent_variances

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def keep_sums(fit: Fit):
    """Compute, into ``fit.sums``, every sum over the rows that other questions ask for."""
    fixed_triangle(fit)
    fixed_variance(fit)
    mean_noise(fit)
    averages(fit)
    for of_columns in (powers, codes, between_shares, level_means, nested_in, known_noise):
        of_columns(fit)
    with suppress(MixedEffectsError):  # it has none with rows either
        latent_variances(fit, slopes=True)
    finite_fixed_variance(fit, "")
    column_means(fit)
    if not fit.kind.residual:
        accuracy_note(fit)
    found = identification(fit)
    if found is not None:
        found.combinations()
        found.reasons()
    for j in range(len(fit.design.x_names)):
        column_moments(fit, j)
    for f, block in enumerate(fit.all_blocks):
        level_counts(fit, f)
        mean_squares(fit, f)
        block_triangle(fit, f)
        for j in range(block.k):
            column_moments(fit, j, f)
