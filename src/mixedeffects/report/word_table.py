"""Tables of Word documents (ECMA-376, part 1, section 17.4), written as text and parsed once.

Cell by cell through python-docx takes seconds for a hundred rows.
"""

from __future__ import annotations

from html import escape
from unicodedata import east_asian_width

from mixedeffects.report.html import true_minus

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# twentieths of a point: the text's width, a character of 9 points, the margins of a cell
TEXT_WIDTH, CHARACTER, MARGINS = 9072, 116, 190
# characters beyond which a cell's text goes on in a second line
LONGEST = 44
# rows of a table that is kept on one page
UNBROKEN = 25
# eighths of a point: lines above the header, below it and at the end
ABOVE, BELOW, LAST = 8, 6, 8


def clean(text):
    """Text without the control characters that a Word document cannot hold.

    Examples
    --------
    >>> clean("a\\x00b")
    'a b'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def width_of(text):
    """Characters of usual width that a text is as wide as: those of Chinese count twice.

    Examples
    --------
    >>> width_of("ab"), width_of("测验")
    (2, 4)
    """
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def widths_of(lines):
    """Widths of columns that hold their texts, shrunk in proportion where the page is too narrow.

    Returns
    -------
    list of int
        In twentieths of a point.

    Examples
    --------
    >>> widths_of([["term", "df"], ["(Intercept)", "17.0"]])
    [1466, 654]
    """
    longest = [max(map(width_of, column)) for column in zip(*lines, strict=True)]
    wanted = [CHARACTER * min(n, LONGEST) + MARGINS for n in longest]
    least = [CHARACTER * min(n, 9) + MARGINS for n in longest]
    excess = sum(wanted) - TEXT_WIDTH
    room = sum(wanted) - sum(least)
    if excess > 0 and room > 0:
        share = min(1.0, excess / room)
        wanted = [int(w - share * (w - low)) for w, low in zip(wanted, least, strict=True)]
    return wanted


def table_xml(grid):
    """A table with rules as in a journal; its header is repeated on every page.

    Returns
    -------
    str
        A ``<w:tbl>`` element, the namespace declared.
    """
    lines = [grid.header, *grid.rows]
    widths = widths_of(lines)
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    # a table that fits on a page is not broken, of a longer one the header stays with its rows
    together = len(grid.rows) if len(grid.rows) <= UNBROKEN else 2
    rows = "".join(_row(grid, i, line, widths, i < together) for i, line in enumerate(lines))
    return (
        f'<w:tbl xmlns:w="{NAMESPACE}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar><w:tblLook w:firstRow="1" '
        'w:firstColumn="1" w:noHBand="1" w:noVBand="1"/>'
        f'<w:tblCaption w:val="{escape(clean(grid.caption))}"/></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{rows}</w:tbl>"
    )


def _row(grid, i, line, widths, keep):
    last = len(grid.rows)
    header = "<w:tblHeader/>" if i == 0 else ""
    borders = ""
    if i == 0:
        borders = _border("top", ABOVE) + _border("bottom", BELOW)
    elif i == last:
        borders = _border("bottom", LAST)
    cells = "".join(
        _cell(text, width, j >= grid.left, i == 0, borders, keep)
        for j, (text, width) in enumerate(zip(line, widths, strict=True))
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{header}</w:trPr>{cells}</w:tr>"


def _border(side, size):
    return f'<w:{side} w:val="single" w:sz="{size}" w:color="777777"/>'


def _cell(text, width, right, bold, borders, keep):
    sides = f"<w:tcBorders>{borders}</w:tcBorders>" if borders else ""
    align = '<w:jc w:val="right"/>' if right else ""
    weight = "<w:b/>" if bold else ""
    together = "<w:keepNext/>" if keep else ""
    shown = escape(clean(true_minus(text)))
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{sides}</w:tcPr><w:p><w:pPr>{together}'
        f'<w:spacing w:before="30" w:after="30"/>{align}</w:pPr><w:r><w:rPr>{weight}'
        f'<w:sz w:val="18"/></w:rPr><w:t xml:space="preserve">{shown}</w:t></w:r></w:p></w:tc>'
    )
