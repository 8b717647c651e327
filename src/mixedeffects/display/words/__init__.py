"""A fitted model in sentences: one topic per file, numbers rounded as the tables round them."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.display.words.identification import flat_sentences, unknown_words
    from mixedeffects.display.words.interpretation import Interpretation, interpret, markdown_text
    from mixedeffects.display.words.phrases import listed

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("Interpretation", "interpret", "markdown_text"), "interpretation"),
        **dict.fromkeys(("flat_sentences", "unknown_words"), "identification"),
        "listed": "phrases",
    },
)

__all__ = [
    "Interpretation",
    "flat_sentences",
    "interpret",
    "listed",
    "markdown_text",
    "unknown_words",
]
