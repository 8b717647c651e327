"""A tree written as OMML, the mathematics of Word documents (ECMA-376, part 1, section 22.1)."""

from __future__ import annotations

from html import escape

from mixedeffects.display.equation.tree import (
    Brace,
    Fence,
    Matrix,
    Number,
    Operator,
    Row,
    Sub,
    Sup,
    Symbol,
    Word,
)
from mixedeffects.display.equation.writers import GREEK, ONE

NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# a thin space where factors stand side by side
SIGNS = {"times": "\u2009", "dot": "·", "~": "∼", "-": "−", "minus": "−", "<=": "≤", "...": "⋯"}


def omml(lines):
    """Lines of an equation as one paragraph of mathematics per line.

    Returns
    -------
    list of str
        ``<m:oMathPara>`` elements, the namespace declared.
    """
    out = []
    for line in lines:
        left = "" if line.left is None else office(line.left)
        body = left + office(Operator(line.sign)) + office(line.right)
        out.append(
            f'<m:oMathPara xmlns:m="{NAMESPACE}" xmlns:w="{WORDS}"><m:oMathParaPr>'
            f'<m:jc m:val="left"/></m:oMathParaPr><m:oMath>{body}</m:oMath></m:oMathPara>'
        )
    return out


def office(node):
    """A node as OMML."""
    return _OFFICE[type(node)](node)


def _text(text):
    """Words, which nothing reads as mathematics."""
    return (
        "<m:r><m:rPr><m:nor/></m:rPr><w:rPr>"
        '<w:rFonts w:ascii="Cambria Math" w:hAnsi="Cambria Math"/></w:rPr>'
        f'<m:t xml:space="preserve">{escape(_printable(text))}</m:t></m:r>'
    )


def _run(text, upright=False):
    style = '<m:rPr><m:sty m:val="p"/></m:rPr>' if upright else ""
    return f'<m:r>{style}<m:t xml:space="preserve">{escape(_printable(text))}</m:t></m:r>'


def _printable(text):
    """Text without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _matrix(node):
    rows = "".join(
        "<m:mr>" + "".join(f"<m:e>{office(cell)}</m:e>" for cell in cells) + "</m:mr>"
        for cells in node.rows
    )
    return _fenced("(", f"<m:m>{rows}</m:m>", ")")


def _fenced(left, body, right):
    return (
        f'<m:d><m:dPr><m:begChr m:val="{left}"/><m:endChr m:val="{right}"/></m:dPr>'
        f"<m:e>{body}</m:e></m:d>"
    )


def _brace(node):
    grouped = (
        '<m:groupChr><m:groupChrPr><m:chr m:val="⏟"/></m:groupChrPr>'
        f"<m:e>{office(node.body)}</m:e></m:groupChr>"
    )
    return f"<m:limLow><m:e>{grouped}</m:e><m:lim>{_text(node.label)}</m:lim></m:limLow>"


def _sup(node):
    if isinstance(node.base, Sub):
        base = node.base
        return (
            f"<m:sSubSup><m:e>{office(base.base)}</m:e><m:sub>{office(base.below)}</m:sub>"
            f"<m:sup>{office(node.above)}</m:sup></m:sSubSup>"
        )
    return f"<m:sSup><m:e>{office(node.base)}</m:e><m:sup>{office(node.above)}</m:sup></m:sSup>"


_OFFICE = {
    Word: lambda n: _text(n.text),
    Symbol: lambda n: _run("1", True) if n.name == ONE else _run(GREEK.get(n.name, n.name)),
    Number: lambda n: _run(n.text, True),
    Operator: lambda n: _run(SIGNS.get(n.sign, n.sign), True),
    Sub: lambda n: f"<m:sSub><m:e>{office(n.base)}</m:e><m:sub>{office(n.below)}</m:sub></m:sSub>",
    Sup: _sup,
    Row: lambda n: "".join(office(item) for item in n.items),
    Fence: lambda n: _fenced(n.left, office(n.body), n.right),
    Matrix: _matrix,
    Brace: _brace,
}
