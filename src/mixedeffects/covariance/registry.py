"""Covariance structures by name."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from mixedeffects.covariance.base import Covariance
from mixedeffects.covariance.structures import Diagonal, Unstructured
from mixedeffects.errors import OptionError
from mixedeffects.formula import COVARIANCES

STRUCTURES: dict[str, type[Covariance]] = {}
# those that few models have: the file and the class, imported when a formula first names one
LATE = {
    "cs": ("compound_symmetry", "CompoundSymmetry"),
    "csh": ("scaled", "HeterogeneousCompoundSymmetry"),
    "toep": ("scaled", "Toeplitz"),
    "toeph": ("scaled", "HeterogeneousToeplitz"),
    "ar1": ("scaled", "Autoregressive"),
    "ar1h": ("scaled", "HeterogeneousAutoregressive"),
    "ad1": ("scaled", "AnteDependence"),
    "ad1h": ("scaled", "HeterogeneousAnteDependence"),
}


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
    if name not in STRUCTURES and name in LATE:
        file, form = LATE[name]
        STRUCTURES[name] = getattr(import_module(f"mixedeffects.covariance.{file}"), form)
    if name not in STRUCTURES:
        raise OptionError(
            f"the covariance structure '{name}' is not known here\n"
            "mixedeffects.covariance.register makes it known"
        )
    return STRUCTURES[name](k)


def structure_of(term) -> Covariance:
    """The structure of a random term of a design."""
    return structure(term.covariance, len(term.columns))


register(Unstructured)
register(Diagonal)
COVARIANCES += LATE
