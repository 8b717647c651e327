"""Many fits of one design: other responses, or other multiplicities of its levels."""

from mixedeffects.estimation.refits.gather import gather_design, nested_in
from mixedeffects.estimation.refits.refits import Refits
from mixedeffects.estimation.refits.results import CONVERGED, FAILED, SINGULAR, RefitResults

__all__ = [
    "CONVERGED",
    "FAILED",
    "SINGULAR",
    "RefitResults",
    "Refits",
    "gather_design",
    "nested_in",
]
