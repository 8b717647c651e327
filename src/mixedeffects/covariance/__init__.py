"""Covariance structures: theta to Lambda, by name."""

from mixedeffects.covariance.structures import (
    STRUCTURES,
    Diagonal,
    Unstructured,
    canonical_factor,
)

__all__ = ["STRUCTURES", "Diagonal", "Unstructured", "canonical_factor"]
