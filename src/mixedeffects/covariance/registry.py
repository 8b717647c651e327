"""Covariance structures by name."""

from __future__ import annotations

from functools import lru_cache

from mixedeffects.covariance.base import Covariance
from mixedeffects.covariance.compound_symmetry import CompoundSymmetry
from mixedeffects.covariance.scaled import (
    AnteDependence,
    Autoregressive,
    HeterogeneousAnteDependence,
    HeterogeneousAutoregressive,
    HeterogeneousCompoundSymmetry,
    HeterogeneousToeplitz,
    Toeplitz,
)
from mixedeffects.covariance.structures import Diagonal, Unstructured
from mixedeffects.errors import OptionError
from mixedeffects.formula import COVARIANCES

STRUCTURES: dict[str, type[Covariance]] = {}


def register(form: type[Covariance]) -> type[Covariance]:
    """Make a covariance structure known, so that formulas can name it.

    Parameters
    ----------
    form : subclass of Covariance
        Known by its `name` from then on; one of the same name before is replaced.

    Returns
    -------
    subclass of Covariance
        The same, so that the function can stand as a decorator.
    """
    STRUCTURES[form.name] = form
    if form.name not in COVARIANCES:
        COVARIANCES.append(form.name)
    structure.cache_clear()
    return form


@lru_cache(maxsize=256)
def structure(name, k) -> Covariance:
    """The structure of that name for k columns; it holds no data, so one serves all fits."""
    if name not in STRUCTURES:
        raise OptionError(
            f"the covariance structure '{name}' is not known here\n"
            "mixedeffects.covariance.register makes it known"
        )
    return STRUCTURES[name](k)


def structure_of(term) -> Covariance:
    """The structure of a random term of a design."""
    return structure(term.covariance, len(term.columns))


for _form in (
    Unstructured,
    Diagonal,
    CompoundSymmetry,
    HeterogeneousCompoundSymmetry,
    Toeplitz,
    HeterogeneousToeplitz,
    Autoregressive,
    HeterogeneousAutoregressive,
    AnteDependence,
    HeterogeneousAnteDependence,
):
    register(_form)
