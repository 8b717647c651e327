"""A report before it is a page: sections of paragraphs, tables, equations, charts and code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text; `strong` opens it."""

    text: str
    strong: str = ""
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of plain texts."""

    texts: tuple[str, ...]
    kind: str = "items"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of strings; its first `left` columns are words."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    kind: str = "grid"


@dataclass(frozen=True, slots=True)
class EquationBlock:
    """An `Equation`."""

    equation: Any
    kind: str = "formula"


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A `Chart` with a key that is unique in the report, and what to look for."""

    key: str
    chart: Any
    caption: str
    kind: str = "figure"


@dataclass(frozen=True, slots=True)
class DisplayBlock:
    """Something that shows itself: as HTML in a page, as text elsewhere."""

    thing: Any
    kind: str = "shown"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Source text, or text to be read with equal widths."""

    text: str
    language: str = "python"
    kind: str = "code"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it; `parts` are sections of the next level."""

    key: str
    title: str
    blocks: tuple[Any, ...] = ()
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Attributes
    ----------
    subtitle : str
        The formula.
    made : str
        With what, in words.
    """

    title: str
    subtitle: str
    made: str
    sections: tuple[Section, ...]

    def figures(self):
        """Every chart, in order."""
        for section in self.sections:
            for part in (section, *section.parts):
                yield from (block for block in part.blocks if isinstance(block, Figure))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for.

    Attributes
    ----------
    charts : tuple of str or None
        None for those that suit the model.
    data : Any
        The table, if it was given.
    code : str or None
        How the data were read.
    started : callable or None
        Called with every figure as soon as it is made.
    """

    level: float = 0.95
    ddf: str | None = None
    charts: tuple[str, ...] | None = None
    data: Any = None
    code: str | None = None
    started: Callable[[Figure], None] | None = None
