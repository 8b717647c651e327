"""A report as Markdown, with pictures of the charts in a folder beside it or in the text."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

from mixedeffects.display.words import markdown_text
from mixedeffects.report.pictures import Painter

SCALE = 1.5


def painter(interactive):
    """What draws the pictures of the charts."""
    return Painter("png", scale=SCALE)


def write(document, path, painter, *, pictures="files"):
    """Write the Markdown, and the pictures in ``<name>_files``."""
    folder = path.with_name(f"{path.stem}_files")
    if pictures == "files" and any(document.figures()):
        folder.mkdir(exist_ok=True)

    def place(figure):
        data = painter.picture(figure)
        if pictures == "inline":
            return f"data:image/png;base64,{b64encode(data).decode()}"
        (folder / f"{figure.key}.png").write_bytes(data)
        return quote(f"{folder.name}/{figure.key}.png")

    path.write_text(text(document, place), encoding="utf-8")


def text(document, place):
    """The Markdown.

    Parameters
    ----------
    place : callable
        From a figure to the address of its picture, which it makes.
    """
    parts = [f"# {markdown_text(document.title)}", code(document.subtitle, ""), document.made]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts += [_block(block, place) for block in section.blocks]
        for part in section.parts:
            parts.append(f"### {part.title}")
            parts += [_block(block, place) for block in part.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def code(source, language):
    """A fence that is longer than any run of backticks within."""
    longest = max((len(run) for run in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{source.rstrip()}\n{fence}"


def table(grid):
    """A pipe table with its caption above."""
    right = [i >= grid.left for i in range(len(grid.header))]
    rule = ["---:" if r else ":---" for r in right]
    lines = [grid.header, *grid.rows]
    cells = [[markdown_text(text).replace("\n", " ") for text in line] for line in lines]
    rows = [cells[0], rule, *cells[1:]]
    body = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"**{markdown_text(grid.caption)}**\n\n{body}"


def _paragraph(block, place):
    strong = f"**{markdown_text(block.strong)}** " if block.strong else ""
    return strong + markdown_text(block.text)


def _figure(block, place):
    words = markdown_text(block.chart.title)
    return f"![{words}]({place(block)})\n\n*{markdown_text(block.caption)}*"


def _formula(block, place):
    notes = " ".join(block.equation.notes)
    return f"$$\n{block.equation.latex}\n$$\n\n{markdown_text(notes)}"


_BLOCKS = {
    "paragraph": _paragraph,
    "items": lambda block, place: "\n".join(f"- {markdown_text(t)}" for t in block.texts),
    "grid": lambda block, place: table(block),
    "formula": _formula,
    "figure": _figure,
    "shown": lambda block, place: code(str(block.thing), "text"),
    "code": lambda block, place: code(block.text, block.language),
}


def _block(block, place):
    return _BLOCKS[block.kind](block, place)
