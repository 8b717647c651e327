"""Many fits of one model: of other responses, other rows, other multiplicities of its clusters."""

from mixedeffects.estimation.refits.base import Change, Draws, Job, Refits
from mixedeffects.estimation.refits.batches import in_batches, streams
from mixedeffects.estimation.refits.gather import ClusterDraws, draw_rows, gather_design
from mixedeffects.estimation.refits.linear import LinearRefits
from mixedeffects.estimation.refits.results import CONVERGED, FAILED, SINGULAR, RefitResults

__all__ = [
    "CONVERGED",
    "FAILED",
    "SINGULAR",
    "Change",
    "ClusterDraws",
    "Draws",
    "Job",
    "LinearRefits",
    "RefitResults",
    "Refits",
    "draw_rows",
    "gather_design",
    "in_batches",
    "streams",
]
