"""Mixed-effects (hierarchical, multilevel) models from a formula and a table.

>>> import mixedeffects as me
>>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
>>> round(fit.loglik, 4)
-871.8141

Importing the package loads nothing else: every name below is found on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixedeffects import datasets as datasets
    from mixedeffects import family as family
    from mixedeffects import plot as plot
    from mixedeffects.errors import ConvergenceWarning as ConvergenceWarning
    from mixedeffects.errors import MixedEffectsError as MixedEffectsError
    from mixedeffects.estimation import stopping as stopping
    from mixedeffects.model import GLMM as GLMM
    from mixedeffects.model import LMM as LMM
    from mixedeffects.model import all_fit as all_fit
    from mixedeffects.model import baselines as baselines
    from mixedeffects.model import compare as compare
    from mixedeffects.model import explain as explain
    from mixedeffects.model import explore as explore
    from mixedeffects.model import glmm as glmm
    from mixedeffects.model import lmm as lmm
    from mixedeffects.model import load as load
    from mixedeffects.model import ols as ols
    from mixedeffects.model import reshape_long as reshape_long
    from mixedeffects.model import rm_anova as rm_anova

_ERRORS = (
    "ColumnTypeError",
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "FormulaError",
    "MissingDependencyError",
    "MissingFileError",
    "MixedEffectsError",
    "MixedEffectsWarning",
    "ModelError",
    "NotAvailableError",
    "OptionError",
    "PlanTooLargeError",
    "UnknownOptionError",
)
_HOME = {
    **dict.fromkeys(_ERRORS, "mixedeffects.errors"),
    "GLMM": "mixedeffects.model",
    "LMM": "mixedeffects.model",
    "MMRM": "mixedeffects.model",
    "all_fit": "mixedeffects.model",
    "baselines": "mixedeffects.model",
    "compare": "mixedeffects.model",
    "explain": "mixedeffects.model",
    "explore": "mixedeffects.model",
    "glmm": "mixedeffects.model",
    "lmm": "mixedeffects.model",
    "load": "mixedeffects.model",
    "mmrm": "mixedeffects.model",
    "ols": "mixedeffects.model",
    "reshape_long": "mixedeffects.model",
    "rm_anova": "mixedeffects.model",
    "warmup": "mixedeffects.model",
}
_ROOMS = ("datasets", "family", "plot")
_MODULES = {"stopping": "mixedeffects.estimation.stopping"}

__all__ = [*_HOME, *_ROOMS, *_MODULES, "__version__"]


def __getattr__(name: str):
    import importlib.util

    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"mixedeffects.{name}")
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    elif name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            value = version("mixedeffects")
        except PackageNotFoundError:  # used from a source tree without installation
            value = "unknown"
    elif importlib.util.find_spec(f"{__name__}.{name}"):
        # `from mixedeffects import room` asks here first, and imports the room when told no.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        from mixedeffects.model.foreign.names import of_package

        raise AttributeError(of_package(name, __all__))
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
