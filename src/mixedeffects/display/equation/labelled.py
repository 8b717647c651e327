"""`fit.equation()`: the model written out, labelled by part."""

from __future__ import annotations

from html import escape

from mixedeffects.display.equation.lines import equation_lines
from mixedeffects.display.equation.tree import Operator
from mixedeffects.display.equation.writers import latex, mathml, plain
from mixedeffects.inference.coefficient_parts import check_flag

# fonts with a table for mathematics, of the systems that people read pages on
FONTS = "'STIX Two Math', 'Cambria Math', 'Latin Modern Math', 'DejaVu Math TeX Gyre', math"
CELL = "border: 0; padding: 0.22em 0; vertical-align: baseline"


def _math(inside):
    """A formula that stands by itself in a cell."""
    return (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline" '
        f'style="math-style: normal; font-family: {FONTS}"><mrow>{inside}</mrow></math>'
    )


class Equation:
    """The equation of a fitted model as LaTeX, MathML and text.

    Parameters
    ----------
    lines : list of Line
        The equation, line by line.
    notes : list of str
        What its letters mean.

    Attributes
    ----------
    latex : str
        An ``aligned`` environment, without dollar signs.
    html : str
        MathML that needs no script, style sheet or font from elsewhere, and the notes.
    text : str
    notes : tuple of str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> print(fit.equation())
    Reaction_ij = β_0 + β_1 Days_ij + b_0j + ε_ij
           b_0j ~ N(0, σ_b0²)
           ε_ij ~ N(0, σ²)
    j counts the levels of Subject, i the rows within a level.
    """

    def __init__(self, lines, notes):
        self.lines, self.notes = tuple(lines), tuple(notes)

    @property
    def latex(self):
        rows = [
            f"{'' if line.left is None else latex(line.left)} &{latex(Operator(line.sign))}"
            f"{latex(line.right)}"
            for line in self.lines
        ]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    @property
    def mathml(self):
        """The formulas without the notes: a table of lines, aligned at their signs."""
        rows = []
        for line in self.lines:
            left = "" if line.left is None else _math(mathml(line.left))
            sign = mathml(Operator(line.sign)).replace("<mo>", '<mo form="infix">')
            rows.append(
                f'<tr><td style="text-align: right; {CELL}">{left}</td>'
                f'<td style="text-align: left; {CELL}">{_math(sign + mathml(line.right))}</td></tr>'
            )
        return (
            f'<table role="presentation" style="border: 0; margin: 0.5em 0">{"".join(rows)}</table>'
        )

    @property
    def html(self):
        notes = " ".join(self.notes)
        return f'<div class="mixedeffects-equation">{self.mathml}<p>{escape(notes)}</p></div>'

    @property
    def text(self):
        """One line per line, aligned at the signs, then the notes."""
        lefts = ["" if line.left is None else plain(line.left) for line in self.lines]
        width = max(map(len, lefts))
        rows = [
            f"{left.rjust(width)} {plain(Operator(line.sign)).strip()} {plain(line.right)}"
            for left, line in zip(lefts, self.lines, strict=True)
        ]
        return "\n".join([*rows, *self.notes])

    def __str__(self):
        return self.text

    __repr__ = __str__

    def _repr_html_(self):
        return self.html

    def _repr_latex_(self):
        return f"$$\n{self.latex}\n$$"


def equation(fit, *, estimates=False):
    """The model written out: fixed effects, groups and the individual, and their distributions.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    estimates : bool
        The estimates in place of the parameters' letters.

    Returns
    -------
    Equation
        Shows itself in notebooks; `latex`, `html` (MathML) and `text` are the ways to write it.

    Raises
    ------
    OptionError
        `estimates` is neither True nor False.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(fit.equation(estimates=True).text.splitlines()[0])
    Reaction_ij = 251.405 + 10.467 Days_ij + b_0j + b_1j Days_ij + ε_ij
    """
    check_flag("estimates", estimates)
    return Equation(*equation_lines(fit, estimates))
