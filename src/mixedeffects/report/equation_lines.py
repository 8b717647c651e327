"""Equations that break at their operators where a page is narrow."""

from __future__ import annotations

import re
from xml.etree import ElementTree

MATHML = "http://www.w3.org/1998/Math/MathML"
ROW, UNDER, TABLE, OPERATOR = (f"{{{MATHML}}}{n}" for n in ("mrow", "munder", "mtable", "mo"))
# characters that a narrow page has room for; smaller than this nobody reads
ROOM, SMALLEST = 29, 0.5
# between columns of a matrix
GAP = 2
# a line may begin with these, and a formula's line does so in print
BEFORE = frozenset("=∼~+−-")
MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)


def breakable(markup: str) -> str:
    """Every formula as several, one for each summand, side by side in one place.

    Browsers break lines between formulas and never within one; a summand that is longer than a line
    is smaller. Formulas without operators at their
    outermost level stay as they are.

    Examples
    --------
    >>> one = "<mrow><mi>y</mi><mo>=</mo><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"
    >>> breakable(f'<math xmlns="{MATHML}">{one}</math>').count("<math")
    3
    """
    return MATH.sub(lambda found: _parts(found[0]), markup)


def _parts(formula):
    ElementTree.register_namespace("", MATHML)
    math = ElementTree.fromstring(formula)
    if len(math) != 1 or math[0].tag != ROW:
        return formula
    groups = _groups(math[0])
    if len(groups) < 2 and _length(groups[0]) <= ROOM:
        return formula
    out = []
    for group in groups:
        part = ElementTree.Element(math.tag, math.attrib)
        size = min(1.0, max(SMALLEST, ROOM / max(_length(group), 1)))
        if size < 1.0:
            part.set("style", f"{math.get('style', '')}; font-size: {size:.2f}em")
        part.append(_row(group, math[0].attrib))
        out.append(ElementTree.tostring(part, encoding="unicode"))
    # spaces at which a line may break
    return " ".join(out)


def _groups(children):
    """Elements in groups that may stand on lines of their own. Returns list of list."""
    groups = [[]]
    for child in children:
        if _is_operator(child, BEFORE) and groups[-1]:
            child.set("form", "infix")
            groups.append([])
        if child.tag == UNDER and child[0].tag == ROW:
            # the first summand keeps the words below the line that all have
            first, *others = _groups(child[0])
            under = ElementTree.Element(UNDER, child.attrib)
            under.extend([_row(first, child[0].attrib), *child[1:]])
            groups[-1].append(under)
            groups += [[_row(other, child[0].attrib)] for other in others]
        elif child.tag == ROW and child.find(f".//{TABLE}") is not None:
            # a vector and a matrix in one pair of brackets
            for part in child:
                groups[-1].append(part)
                if _is_operator(part, {","}):
                    groups.append([])
        else:
            groups[-1].append(child)
    return groups


def _length(elements):
    """Characters side by side: of a table those of its columns, each as wide as its widest cell."""
    out = 0
    for element in elements:
        if element.tag == TABLE:
            cells = zip(*([_length([cell]) for cell in row] for row in element), strict=True)
            out += sum(max(column) + GAP for column in cells)
        elif element.tag == UNDER:
            out += max(_length([part]) for part in element)
        else:
            out += len((element.text or "").strip()) + _length(element)
    return out


def _is_operator(element, texts):
    return element.tag == OPERATOR and (element.text or "").strip() in texts


def _row(children, attributes):
    row = ElementTree.Element(ROW, attributes)
    row.extend(children)
    return row
