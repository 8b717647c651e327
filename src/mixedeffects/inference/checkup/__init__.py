"""What may be wrong with a fit: one check per question, each with a verdict and a sentence."""

from mixedeffects.inference.checkup.checks import CHECKS, checkup, checkup_table
from mixedeffects.inference.checkup.fixed import (
    FAR,
    FAR_UNCORRELATED,
    WIDE,
    ColumnSize,
    column_sizes,
    lost_columns,
    uncorrelated_columns,
)
from mixedeffects.inference.checkup.random import FEW_LEVELS, NEAR_ZERO
from mixedeffects.inference.checkup.record import Check
from mixedeffects.inference.checkup.spanned import spanned_effects
from mixedeffects.inference.checkup.variance_inflation import (
    INFLATED,
    Collinearity,
    collinear,
    collinearity,
)

__all__ = [
    "CHECKS",
    "FAR",
    "FAR_UNCORRELATED",
    "FEW_LEVELS",
    "INFLATED",
    "NEAR_ZERO",
    "WIDE",
    "Check",
    "Collinearity",
    "ColumnSize",
    "checkup",
    "checkup_table",
    "collinear",
    "collinearity",
    "column_sizes",
    "lost_columns",
    "spanned_effects",
    "uncorrelated_columns",
]
