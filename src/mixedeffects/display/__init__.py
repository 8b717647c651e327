"""Display: rounding and layout, no arithmetic."""

from mixedeffects.display.explanation import Explanation
from mixedeffects.display.summary import Summary

__all__ = ["Explanation", "Summary"]
