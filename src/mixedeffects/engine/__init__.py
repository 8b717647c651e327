"""The engine: plans and factorisations. It knows no formula, likelihood or theta."""

from mixedeffects.engine.own import block_diagonal, crossing_matrix, own_matrix
from mixedeffects.engine.plan import Plan, free_memory, make_plan, require_memory
from mixedeffects.engine.projection import Solver
from mixedeffects.engine.refixed import with_fixed, with_response
from mixedeffects.engine.threads import threads_for

__all__ = [
    "Plan",
    "Solver",
    "block_diagonal",
    "crossing_matrix",
    "free_memory",
    "make_plan",
    "own_matrix",
    "require_memory",
    "threads_for",
    "with_fixed",
    "with_response",
]
