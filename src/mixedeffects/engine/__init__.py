"""The engine: plans and factorisations. It knows no formula, likelihood or theta."""

from mixedeffects.engine.own import own_matrix
from mixedeffects.engine.plan import Plan, free_memory, make_plan, require_memory
from mixedeffects.engine.projection import Solver
from mixedeffects.engine.refixed import with_fixed
from mixedeffects.engine.threads import threads_for

__all__ = [
    "Plan",
    "Solver",
    "free_memory",
    "make_plan",
    "own_matrix",
    "require_memory",
    "threads_for",
    "with_fixed",
]
