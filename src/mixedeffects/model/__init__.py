"""Fitted models: records of a fit and a table of contents of what can be asked of them."""

from typing import TYPE_CHECKING

# The order below saves about 5% of a first fit. SciPy is imported here, where few calls are open:
# deep inside the imports of our own files, CPython crosses the end of a 16 KiB chunk of its stack
# again and again and maps memory each time (10 ms in sum). And it is not imported next to NumPy,
# which the design imports: the threads of their two BLAS, just begun, would compete for the cores.
import mixedeffects.design  # noqa: F401

# isort: split
import scipy.linalg  # noqa: F401

# isort: split
from mixedeffects.doors import late
from mixedeffects.model.lmm import LMM, lmm
from mixedeffects.model.loading import load
from mixedeffects.model.warmup import warmup

if TYPE_CHECKING:
    from mixedeffects.model.all_fits import all_fit
    from mixedeffects.model.comparing import compare
    from mixedeffects.model.explaining import explain
    from mixedeffects.model.exploring import explore, reshape_long
    from mixedeffects.model.generalised import GLMM, glmm
    from mixedeffects.model.least_squares import ols
    from mixedeffects.model.pooling import baselines
    from mixedeffects.model.repeated_measures import rm_anova
    from mixedeffects.model.visits import MMRM, mmrm

__getattr__ = late(
    __name__,
    {
        "GLMM": "generalised",
        "MMRM": "visits",
        "all_fit": "all_fits",
        "baselines": "pooling",
        "compare": "comparing",
        "explain": "explaining",
        "explore": "exploring",
        "glmm": "generalised",
        "mmrm": "visits",
        "ols": "least_squares",
        "reshape_long": "exploring",
        "rm_anova": "repeated_measures",
    },
)

__all__ = [
    "GLMM",
    "LMM",
    "MMRM",
    "all_fit",
    "baselines",
    "compare",
    "explain",
    "explore",
    "glmm",
    "lmm",
    "load",
    "mmrm",
    "ols",
    "reshape_long",
    "rm_anova",
    "warmup",
]
