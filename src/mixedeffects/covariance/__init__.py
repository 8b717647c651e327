"""Covariances: of the effects of one level (structures, by name), across levels, and of rows."""

from typing import TYPE_CHECKING

from mixedeffects.covariance.base import Covariance, Invariance
from mixedeffects.covariance.noise import FittedNoise, Noise, PriorWeights
from mixedeffects.covariance.prior import IDENTITY, Prior
from mixedeffects.covariance.registry import LATE, register, structure, structure_of
from mixedeffects.covariance.structures import Diagonal, Unstructured, canonical_factor
from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.covariance.compound_symmetry import CompoundSymmetry
    from mixedeffects.covariance.grouped import Grouped
    from mixedeffects.covariance.scaled import (
        AnteDependence,
        Autoregressive,
        HeterogeneousAnteDependence,
        HeterogeneousAutoregressive,
        HeterogeneousCompoundSymmetry,
        HeterogeneousToeplitz,
        Toeplitz,
    )

__getattr__ = late(__name__, {**{form: file for file, form in LATE.values()}, "Grouped": "grouped"})

__all__ = [
    "IDENTITY",
    "AnteDependence",
    "Autoregressive",
    "CompoundSymmetry",
    "Covariance",
    "Diagonal",
    "FittedNoise",
    "Grouped",
    "HeterogeneousAnteDependence",
    "HeterogeneousAutoregressive",
    "HeterogeneousCompoundSymmetry",
    "HeterogeneousToeplitz",
    "Invariance",
    "Noise",
    "Prior",
    "PriorWeights",
    "Toeplitz",
    "Unstructured",
    "canonical_factor",
    "register",
    "structure",
    "structure_of",
]
