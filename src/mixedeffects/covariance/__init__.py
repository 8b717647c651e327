"""Covariance structures: theta to Lambda, by name."""

from mixedeffects.covariance.base import Covariance, Invariance
from mixedeffects.covariance.registry import register, structure, structure_of
from mixedeffects.covariance.structures import Diagonal, Unstructured, canonical_factor

__all__ = [
    "Covariance", "Diagonal", "Invariance", "Unstructured", "canonical_factor", "register",
    "structure", "structure_of",
]  # fmt: skip
