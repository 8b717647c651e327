"""Display: rounding and layout, no arithmetic."""

from mixedeffects.display.explanation import Explanation
from mixedeffects.display.summary import Summary
from mixedeffects.display.varcorr import VarianceComponents

__all__ = ["Explanation", "Summary", "VarianceComponents"]
