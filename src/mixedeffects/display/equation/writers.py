"""A tree written as LaTeX, as MathML and as plain text."""

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

GREEK = {
    "beta": "β", "gamma": "γ", "delta": "δ", "sigma": "σ", "rho": "ρ", "epsilon": "ε", "eta": "η",
    "mu": "μ", "theta": "θ", "phi": "φ", "pi": "π", "nu": "ν", "omega": "ω",
    "Sigma": "Σ", "Phi": "Φ",
}  # fmt: skip
# of the lines below the three kinds of effects, dark enough for words on white
COLOURS = {"fixed": "#0B5A8E", "group": "#A34A00", "rest": "#555555"}
# powers that have a character
POWERS = {"2": "²", "3": "³", "−1": "⁻¹"}
# between a coefficient and what it belongs to
THIN = '<mspace width="0.17em"></mspace>'
# the function that is one where what is in its brackets is true
ONE = "one"
# sign -> LaTeX, MathML and text
SIGNS = {
    "+": ("+", "+", " + "), "-": ("-", "−", " − "), "minus": ("{-}", "−", "−"),
    "=": ("=", "=", " = "),
    "~": (r"\sim", "∼", " ~ "), ",": (",", ",", ", "), "times": (r"\,", "", " "),
    "dot": (r"\cdot", "·", "·"), "|": (r"\mid", "|", " | "), "<=": (r"\le", "≤", " ≤ "),
    ">": (">", "&gt;", " > "), "...": (r"\cdots", "⋯", "…"), "/": ("/", "/", "/"),
}  # fmt: skip
# characters that mean something to LaTeX, in math mode within \mathrm{}
SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"{\wedge}", "%": r"\%",
    "#": r"\#", "&": r"\&", "$": r"\$", "~": r"{\sim}", " ": r"\ ", "-": r"\text{-}",
    ":": r"{:}", "*": r"{\ast}", "'": r"\text{'}", '"': r'\text{"}', "=": "{=}",
    "+": "{+}", "<": "{<}", ">": "{>}", ",": "{,}", "/": "/", "`": r"\text{`}",
    "\n": r"\ ", "\t": r"\ ", "\r": "",
}  # fmt: skip


def latex_text(text):
    r"""Any text as LaTeX in math mode: upright, nothing in it read as a command.

    Examples
    --------
    >>> print(latex_text("blood_pressure 50%"))
    \mathrm{blood\_pressure\ 50\%}
    """
    return r"\mathrm{" + "".join(SPECIAL.get(c, _latex_character(c)) for c in text) + "}"


def _latex_character(character):
    if character.isascii():
        return character if character.isprintable() else ""
    return rf"\text{{{character}}}"


def latex(node):
    """A node as LaTeX in math mode."""
    return _LATEX[type(node)](node)


def mathml(node):
    """A node as presentation MathML."""
    return _MATHML[type(node)](node)


def plain(node):
    """A node as one line of text."""
    return _PLAIN[type(node)](node)


def _mathml_symbol(node):
    if node.name == ONE:
        return '<mn style="font-weight: bold">1</mn>'
    return f"<mi>{GREEK.get(node.name, node.name)}</mi>"


def _mathml_word(node):
    # a text keeps its spaces and is upright whatever its length
    return f"<mtext>{escape(node.text)}</mtext>"


def _mathml_brace(node):
    # a border, because few fonts have a brace that grows as long as a sum
    colour = COLOURS[node.part]
    return (
        f'<munder><mrow style="border-bottom: 2px solid {colour}; padding-bottom: 0.2em">'
        f"{mathml(node.body)}</mrow>"
        f'<mtext style="color: {colour}">{escape(node.label)}</mtext></munder>'
    )


def _mathml_matrix(node):
    rows = "".join(
        "<mtr>" + "".join(f"<mtd>{mathml(cell)}</mtd>" for cell in cells) + "</mtr>"
        for cells in node.rows
    )
    return f"<mrow><mo>(</mo><mtable>{rows}</mtable><mo>)</mo></mrow>"


def _latex_matrix(node):
    rows = r" \\ ".join(" & ".join(latex(cell) for cell in cells) for cells in node.rows)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def _plain_matrix(node):
    rows = "; ".join(", ".join(plain(cell) for cell in cells) for cells in node.rows)
    return f"[{rows}]"


def _plain_sub(node):
    return f"{plain(node.base)}_{plain(node.below).replace(' ', '')}"


def _plain_sup(node):
    above = plain(node.above)
    return f"{plain(node.base)}{POWERS.get(above, '^' + above)}"


def _sub_sup(node):
    """A square of something with a subscript keeps both at the same letter."""
    return isinstance(node.base, Sub)


def _latex_sup(node):
    if _sub_sup(node):
        base = node.base
        return f"{latex(base.base)}_{{{latex(base.below)}}}^{{{latex(node.above)}}}"
    return f"{{{latex(node.base)}}}^{{{latex(node.above)}}}"


def _mathml_sup(node):
    if _sub_sup(node):
        base = node.base
        return f"<msubsup>{_one(base.base)}{_one(base.below)}{_one(node.above)}</msubsup>"
    return f"<msup>{_one(node.base)}{_one(node.above)}</msup>"


def _one(node):
    return f"<mrow>{mathml(node)}</mrow>"


_LATEX = {
    Word: lambda n: latex_text(n.text),
    Symbol: lambda n: (
        r"\mathbf{1}" if n.name == ONE else f"\\{n.name}" if n.name in GREEK else n.name
    ),
    Number: lambda n: _scientific(n.text, r"{} \times 10^{{{}}}"),
    Operator: lambda n: f" {SIGNS[n.sign][0]} ",
    Sub: lambda n: f"{latex(n.base)}_{{{latex(n.below)}}}",
    Sup: _latex_sup,
    Row: lambda n: "".join(latex(item) + _gap(item) for item in n.items),
    Fence: lambda n: rf"\left{n.left} {latex(n.body)} \right{n.right}",
    Matrix: _latex_matrix,
    Brace: lambda n: rf"\underbrace{{{latex(n.body)}}}_{{{latex_text(n.label)}}}",
}
_MATHML = {
    Word: _mathml_word,
    Symbol: _mathml_symbol,
    Number: lambda n: f"<mn>{escape(n.text)}</mn>",
    Operator: lambda n: THIN if n.sign == "times" else f"<mo>{SIGNS[n.sign][1]}</mo>",
    Sub: lambda n: f"<msub>{_one(n.base)}{_one(n.below)}</msub>",
    Sup: _mathml_sup,
    Row: lambda n: "".join(mathml(item) for item in n.items),
    Fence: lambda n: f"<mrow><mo>{n.left}</mo>{mathml(n.body)}<mo>{n.right}</mo></mrow>",
    Matrix: _mathml_matrix,
    Brace: _mathml_brace,
}
_PLAIN = {
    Word: lambda n: n.text,
    Symbol: lambda n: "1" if n.name == ONE else GREEK.get(n.name, n.name),
    Number: lambda n: n.text,
    Operator: lambda n: SIGNS[n.sign][2],
    Sub: _plain_sub,
    Sup: _plain_sup,
    Row: lambda n: "".join(plain(item) for item in n.items),
    Fence: lambda n: f"{n.left}{plain(n.body)}{n.right}",
    Matrix: _plain_matrix,
    Brace: lambda n: plain(n.body),
}


def _gap(node):
    """A command such as \\beta ends where a letter would go on."""
    return " " if isinstance(node, Symbol) and node.name in GREEK else ""


def _scientific(text, pattern):
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    return pattern.format(digits, int(exponent))
