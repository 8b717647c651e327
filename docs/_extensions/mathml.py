"""Equations as MathML, which browsers draw themselves: nothing is loaded from a network."""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert

# what the pages write, as the converter knows it
SAME = (
    # upright names, of operators with a thin space before them
    (r"\\operatorname\*?\s*(?:\{([^{}]*)\}|([A-Za-z]))", r"\\,\\text{\1\2}"),
    (r"\\mathrm(?=\{[A-Za-z]{2,}\})", r"\\text"),
    (r"\\log (?=[\da-z\\])", r"\\log\\,"),
    (r"\\tfrac", r"\\frac"),
    (r"\\[Bb]igg?[lrm]?\\([lr]angle|[{}])", r"\\\1 "),
    (r"(begin|end)\{aligned\}", r"\1{align*}"),
)


def markup(latex, display):
    """The MathML of an equation, in LaTeX; `display` is "inline" or "block"."""
    for old, new in SAME:
        latex = re.sub(old, new, latex)
    return convert(latex, display=display)


def visit_inline(translator, node):
    """An equation within a line."""
    translator.body.append(markup(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator, node):
    """An equation with lines of its own."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(markup(node.astext(), "block"))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """For Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
