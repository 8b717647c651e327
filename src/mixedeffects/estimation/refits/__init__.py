"""Many fits of one design: other responses, or other multiplicities of its levels."""

from mixedeffects.estimation.refits.batches import in_batches, streams
from mixedeffects.estimation.refits.deleted import Deletions
from mixedeffects.estimation.refits.gather import ClusterDraws, draw_rows, gather_design
from mixedeffects.estimation.refits.refits import Refits
from mixedeffects.estimation.refits.results import CONVERGED, FAILED, SINGULAR, RefitResults

__all__ = [
    "CONVERGED",
    "FAILED",
    "SINGULAR",
    "ClusterDraws",
    "Deletions",
    "RefitResults",
    "Refits",
    "draw_rows",
    "gather_design",
    "in_batches",
    "streams",
]
