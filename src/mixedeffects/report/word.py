"""A report as a Word document: headings, tables, equations and pictures that Word can edit."""

from __future__ import annotations

import io
from functools import partial

from mixedeffects.display.equation.office import omml
from mixedeffects.report.html import words_of
from mixedeffects.report.library import needed
from mixedeffects.report.pictures import Painter
from mixedeffects.report.word_table import clean, table_xml

# inches: the text's width, and pixels of the pictures per point
WIDTH, SCALE, POINTS_PER_INCH = 6.3, 2.0, 96.0
FONT, MONO = "Calibri", "Consolas"


def painter(interactive):
    """What draws the pictures of the document."""
    return Painter("png", scale=SCALE)


def write(document, path, painter, *, pictures="files"):
    """Write the document.

    Parameters
    ----------
    pictures
        Without meaning here.
    """
    docx = needed("docx")
    put = {**_BLOCKS, "figure": partial(_figure, painter)}
    file = docx.Document()
    _prepare(file, document)
    file.add_heading(clean(document.title), 0)
    _mono(file.add_paragraph(), document.subtitle)
    file.add_paragraph(document.made)
    for section in document.sections:
        file.add_heading(section.title, 1)
        for block in section.blocks:
            put[block.kind](file, block)
        for part in section.parts:
            file.add_heading(part.title, 2)
            for block in part.blocks:
                put[block.kind](file, block)
    file.save(str(path))


def _prepare(file, document):
    """Fonts, margins and what the file says of itself."""
    from docx.shared import Inches, Pt, RGBColor

    properties = file.core_properties
    properties.title, properties.author = clean(document.title)[:255], "mixedeffects"
    properties.comments = ""
    properties.language = "en"
    for section in file.sections:
        section.left_margin = section.right_margin = Inches(1.0)
        section.top_margin = section.bottom_margin = Inches(0.9)
    file.styles["Normal"].font.name = FONT
    file.styles["Normal"].font.size = Pt(10.5)
    for name in ("Title", "Heading 1", "Heading 2", "Caption"):
        file.styles[name].font.color.rgb = RGBColor(0x22, 0x22, 0x22)
        file.styles[name].font.name = FONT


def _mono(paragraph, text):
    from docx.shared import Pt

    run = paragraph.add_run(clean(text))
    run.font.name, run.font.size = MONO, Pt(9)


def _paragraph(file, block):
    paragraph = file.add_paragraph()
    if block.strong:
        paragraph.add_run(clean(block.strong) + " ").bold = True
    paragraph.add_run(clean(block.text))


def _items(file, block):
    for text in block.texts:
        file.add_paragraph(clean(text), style="List Bullet")


def _grid(file, block):
    from docx.oxml import parse_xml

    caption = file.add_paragraph(clean(block.caption), style="Caption")
    caption.paragraph_format.keep_with_next = True
    table = parse_xml(table_xml(block))
    file.element.body.insert_element_before(table, "w:sectPr")
    _space(file)


def _space(file):
    from docx.shared import Pt

    file.add_paragraph().paragraph_format.space_after = Pt(2)


def _formula(file, block):
    from docx.oxml import parse_xml

    for line in omml(block.equation.lines):
        file.add_paragraph()._p.append(parse_xml(line))
    file.add_paragraph(clean(" ".join(block.equation.notes)))


def _figure(painter, file, block):
    from docx.shared import Inches

    data = painter.picture(block)
    pixels = int.from_bytes(data[16:20], "big")  # the width, in the header of a PNG
    width = min(WIDTH, pixels / SCALE / POINTS_PER_INCH)
    picture = file.add_picture(io.BytesIO(data), width=Inches(width))
    picture._inline.docPr.set("descr", clean(words_of(block)))
    file.paragraphs[-1].paragraph_format.keep_with_next = True
    file.add_paragraph(clean(block.caption), style="Caption")


def _shown(file, block):
    _mono(file.add_paragraph(), str(block.thing))


def _code(file, block):
    _mono(file.add_paragraph(), block.text.rstrip())


_BLOCKS = {
    "paragraph": _paragraph, "items": _items, "grid": _grid, "formula": _formula,
    "shown": _shown, "code": _code,
}  # fmt: skip
