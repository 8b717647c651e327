"""A fitted model in sentences: one topic per file, numbers rounded as the tables round them."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.display.words.interpretation import Interpretation, interpret, markdown_text

__getattr__ = late(
    __name__,
    dict.fromkeys(("Interpretation", "interpret", "markdown_text"), "interpretation"),
)

__all__ = ["Interpretation", "interpret", "markdown_text"]
