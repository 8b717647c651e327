"""Covariance structures: theta to Lambda, by name."""

from mixedeffects.covariance.structures import (
    STRUCTURES,
    Diagonal,
    Unstructured,
    canonical_factor,
    structure,
)

__all__ = ["STRUCTURES", "Diagonal", "Unstructured", "canonical_factor", "structure"]
