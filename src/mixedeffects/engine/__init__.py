"""The engine: plans and factorisations. It knows no formula, likelihood or theta."""

from mixedeffects.engine.plan import Plan, make_plan, require_memory
from mixedeffects.engine.projection import Solver
from mixedeffects.engine.threads import threads_for

__all__ = ["Plan", "Solver", "make_plan", "require_memory", "threads_for"]
