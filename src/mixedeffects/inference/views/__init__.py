"""What charts of a fit show, as tidy tables: one view per file, nothing drawn."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.inference.views.record import View

if TYPE_CHECKING:
    from mixedeffects.inference.views.caterpillar import caterpillar_view

__getattr__ = late(
    __name__,
    {
        "caterpillar_view": "caterpillar",
    },
)

__all__ = ["View", "caterpillar_view"]
