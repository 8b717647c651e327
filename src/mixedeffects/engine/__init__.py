"""The engine: plans and factorisations. It knows no formula, likelihood or theta."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.engine.exchange import with_fixed, with_response
from mixedeffects.engine.plan import (
    Plan,
    free_memory,
    make_plan,
    plan_blocks,
    plan_products,
    require_memory,
)
from mixedeffects.engine.remainder_products import block_diagonal, crossing_matrix, own_matrix
from mixedeffects.engine.solver import Solver
from mixedeffects.engine.threads import threads_for
from mixedeffects.engine.variance_products import (
    all_products,
    level_products,
    products_of_rows,
    variance_gram,
)

if TYPE_CHECKING:
    from mixedeffects.engine.connected_parts import parts_of
    from mixedeffects.engine.connected_sums import pair_sums

__getattr__ = late(__name__, {"parts_of": "connected_parts", "pair_sums": "connected_sums"})

__all__ = [
    "Plan",
    "Solver",
    "all_products",
    "block_diagonal",
    "crossing_matrix",
    "free_memory",
    "level_products",
    "make_plan",
    "own_matrix",
    "pair_sums",
    "parts_of",
    "plan_blocks",
    "plan_products",
    "products_of_rows",
    "require_memory",
    "threads_for",
    "variance_gram",
    "with_fixed",
    "with_response",
]
