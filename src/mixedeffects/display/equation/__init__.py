"""A model written out as an equation: a tree of its parts, and three ways to write it."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.display.equation.labelled import Equation, equation

__getattr__ = late(__name__, dict.fromkeys(("Equation", "equation"), "labelled"))

__all__ = ["Equation", "equation"]
