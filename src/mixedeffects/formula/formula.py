"""`parse`: formula text → `Formula`, the record every other room reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mixedeffects.errors import FormulaError
from mixedeffects.formula.bars import RandomPart, random_parts, without_bars
from mixedeffects.formula.checks import check_expression, check_response, has_dot
from mixedeffects.formula.nodes import Bar, Name, Node, column_names, unparse
from mixedeffects.formula.parser import Parser
from mixedeffects.formula.terms import Expansion, TermList, Variable


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula.

    Attributes
    ----------
    text : str
        As the user wrote it; all spans refer to it.
    response : Node or None
        Expression left of ``~``.
    columns : tuple of Name
        Every use of a column, with its span, in the order of the text.
    column_names : tuple of str
        Distinct names of `columns`.
    uses_dot : bool
        True while ``.`` waits for a table; see `with_columns`.
    notes : tuple of str
        What the user should know about how the text was read.
    """

    text: str
    response: Node | None
    fixed: TermList
    offsets: tuple[Variable, ...]
    random: tuple[RandomPart, ...]
    columns: tuple[Name, ...]
    column_names: tuple[str, ...]
    uses_dot: bool = False
    notes: tuple[str, ...] = ()

    @property
    def response_text(self) -> str:
        return "" if self.response is None else unparse(self.response)

    def __str__(self) -> str:
        """Canonical spelling, which parses to the same model.

        Examples
        --------
        >>> str(parse("y~a*b+(x||g/h)"))
        'y ~ 1 + a + b + a:b + (1 + x || h:g) + (1 + x || g)'
        """
        parts = [str(self.fixed)]
        parts += ["."] if self.uses_dot else []
        parts += [f"offset({offset.text})" for offset in self.offsets]
        parts += [part.text for part in self.random]
        return f"{self.response_text} ~ {' + '.join(parts)}".lstrip()

    def with_columns(self, columns: tuple[str, ...]) -> Formula:
        """The same formula with ``.`` replaced by the columns it does not name itself."""
        return _parse(self.text, self.response is not None, columns) if self.uses_dot else self

    def locate(self, column: str) -> tuple[int, int] | None:
        """Span of the first use of a column."""
        return next(((n.start, n.end) for n in self.columns if n.name == column), None)


def parse(text: str, *, response: bool = True) -> Formula:
    """Read a model formula in lme4's grammar.

    Parameters
    ----------
    text : str
        ``"response ~ fixed effects + (effects | group)"``.
    response : bool
        Whether a response is required.

    Returns
    -------
    Formula
        The same object for the same text: results are cached.

    Raises
    ------
    FormulaError
        With a caret under the place that cannot be read.

    Examples
    --------
    >>> formula = parse("Reaction ~ Days + (Days | Subject)")
    >>> formula.fixed.names, formula.random[0].text
    (('Days',), '(1 + Days | Subject)')
    >>> parse("y ~ (a + b)^2 - b").fixed.names
    ('a', 'a:b')
    """
    if not isinstance(text, str):
        raise FormulaError(
            f"a formula is a text, not {type(text).__name__}",
            hint="the formula comes first, and then the table" if hasattr(text, "shape") else None,
        )
    return _parse(text, response, None)


@lru_cache(maxsize=512)
def _parse(text: str, need_response: bool, columns: tuple[str, ...] | None) -> Formula:
    left, right = Parser(text).sides()
    if left is None and need_response:
        raise FormulaError(
            "the formula has no response", text, 0, text.index("~") + 1,
            "write the column to be explained before '~'",
        )  # fmt: skip
    bars: list[tuple[Bar, str]] = []
    fixed = without_bars(right, bars, text)
    used = list(column_names(left)) if left is not None else []
    used += column_names(right)
    expansion = Expansion(text, _dot_columns(columns, used))
    if left is not None:
        check_response(left, text)
    terms = expansion.expand(fixed) if fixed is not None else []
    for node in [*expansion.variables.values(), *expansion.offsets]:
        check_expression(node, text)
    answer = "" if left is None else unparse(left)
    if answer in expansion.variables:
        bit = list(expansion.variables).index(answer)
        terms = [term for term in terms if not term >> bit & 1]
        expansion.notes.append(f"the response '{answer}' is left out on the right of '~'")
    random, notes = random_parts(bars, text)
    if columns is not None:
        named = [v for v in expansion.variables.values() if isinstance(v, Name)]
        used += [node for node in named if node.name not in {name.name for name in used}]
    return Formula(
        text=text,
        response=left,
        fixed=expansion.result(terms),
        offsets=tuple(Variable(unparse(node), node) for node in expansion.offsets),
        random=random,
        columns=tuple(used),
        column_names=tuple(dict.fromkeys(name.name for name in used)),
        uses_dot=columns is None and any(has_dot(side) for side in (left, right) if side),
        notes=tuple(dict.fromkeys(expansion.notes + notes)),
    )


def _dot_columns(columns: tuple[str, ...] | None, used: list[Name]) -> tuple[str, ...] | None:
    if columns is None:
        return None
    named = {name.name for name in used}
    return tuple(column for column in columns if column not in named)
