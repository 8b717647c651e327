"""`parse`: formula text → `Formula`, the record every other room reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mixedeffects.errors import FormulaError
from mixedeffects.formula.functions import FUNCTIONS
from mixedeffects.formula.grouping import Group, group_name, grouping_factors
from mixedeffects.formula.nodes import (
    Bar, Call, Chain, Dot, Name, Node, Paren, Unary, children, column_names, strip, unparse,
)  # fmt: skip
from mixedeffects.formula.parser import Parser
from mixedeffects.formula.terms import Expansion, TermList, Variable


@dataclass(frozen=True, slots=True)
class RandomPart:
    """One ``(effects | group)`` after ``/`` is expanded.

    Attributes
    ----------
    text : str
        Canonical: ``"(1 + Days | Subject)"``.
    effects : TermList
    group : tuple of Variable
        Columns whose combinations are the levels; one, or several for ``a:b``.
    group_name : str
    covariance : str
        ``"us"`` for ``|``, ``"diag"`` for ``||``, or the name in ``cs(1 + x | g)``.
    start, end : int
        Span in the formula text.
    """

    text: str
    effects: TermList
    group: Group
    group_name: str
    covariance: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula.

    Attributes
    ----------
    text : str
        As the user wrote it; all spans refer to it.
    response : Node or None
        Expression left of ``~``.
    fixed : TermList
    offsets : tuple of Variable
    random : tuple of RandomPart
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
        raise FormulaError(f"a formula is a text, not {type(text).__name__}")
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
    fixed = _without_bars(right, bars, text)
    used = list(column_names(left)) if left is not None else []
    used += column_names(right)
    expansion = Expansion(text, _dot_columns(columns, used))
    if left is not None:
        _check_response(left, text)
    terms = expansion.expand(fixed) if fixed is not None else []
    for node in [v for v in expansion.variables.values()] + expansion.offsets:
        _check_expression(node, text)
    answer = "" if left is None else unparse(left)
    if answer in expansion.variables:
        bit = list(expansion.variables).index(answer)
        terms = [term for term in terms if not term >> bit & 1]
        expansion.notes.append(f"the response '{answer}' is left out on the right of '~'")
    random, notes = _random_parts(bars, text)
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
        uses_dot=columns is None and any(_has_dot(side) for side in (left, right) if side),
        notes=tuple(dict.fromkeys(expansion.notes + notes)),
    )


def _dot_columns(columns: tuple[str, ...] | None, used: list[Name]) -> tuple[str, ...] | None:
    if columns is None:
        return None
    named = {name.name for name in used}
    return tuple(column for column in columns if column not in named)


def _has_dot(node: Node) -> bool:
    return isinstance(node, Dot) or any(_has_dot(child) for child in children(node))


def _has_bar(node: Node) -> bool:
    return isinstance(node, Bar) or any(_has_bar(child) for child in children(node))


def _as_bar(node: Node) -> tuple[Bar, str] | None:
    """``(… | g)`` or ``name(… | g)`` with its covariance structure; else None."""
    if isinstance(node, Paren):
        inner = strip(node)
        if isinstance(inner, Bar):
            return inner, "diag" if inner.double else "us"
    if isinstance(node, Call) and len(node.args) == 1 and isinstance(strip(node.args[0]), Bar):
        if node.function not in FUNCTIONS:
            return strip(node.args[0]), node.function  # type: ignore[return-value]
    return None


def _without_bars(node: Node, bars: list[tuple[Bar, str]], text: str) -> Node | None:
    """The fixed part of a right-hand side; its random terms are appended to `bars`."""
    bar = _as_bar(node)
    if bar is not None:
        bars.append(bar)
        return None
    if isinstance(node, Bar):
        shown = unparse(Bar(_last(node.left), node.right, node.double, node.start, node.end))
        raise FormulaError(
            "a random term needs parentheses", text, node.start, node.end,
            f"did you mean ({shown})?",
        )  # fmt: skip
    if not _has_bar(node):
        return node
    if isinstance(node, Paren):
        return _without_bars(node.inner, bars, text)
    if isinstance(node, Unary) and node.op == "+":
        return _without_bars(node.operand, bars, text)
    if isinstance(node, Chain) and node.ops[0] in ("+", "-"):
        kept: list[tuple[str, Node]] = []
        for op, operand in zip(("+", *node.ops), node.operands, strict=True):
            if op == "-" and _has_bar(operand):
                raise FormulaError(
                    "a random term cannot be subtracted", text, operand.start, operand.end,
                    "leave it out",
                )  # fmt: skip
            rest = _without_bars(operand, bars, text)
            if rest is not None:
                kept.append((op, rest))
        return _rebuild(kept)
    raise FormulaError(
        "a random term can only be added, with '+'", text, node.start, node.end,
        "write … + (1 | g)",
    )  # fmt: skip


def _rebuild(kept: list[tuple[str, Node]]) -> Node | None:
    if not kept:
        return None
    op, first = kept[0]
    if op == "-":
        first = Unary("-", first, first.start, first.end)
    if len(kept) == 1:
        return first
    operands = (first, *(node for _, node in kept[1:]))
    return Chain(operands, tuple(op for op, _ in kept[1:]), first.start, operands[-1].end)


def _last(node: Node) -> Node:
    """In ``y ~ x + 1 | g`` the user meant the last summand."""
    return node.operands[-1] if isinstance(node, Chain) and node.ops[0] in ("+", "-") else node


def _random_parts(
    bars: list[tuple[Bar, str]], text: str
) -> tuple[tuple[RandomPart, ...], list[str]]:
    parts: dict[str, RandomPart] = {}
    notes: list[str] = []
    for bar, covariance in bars:
        if _has_bar(bar.left) or _has_bar(bar.right):
            raise FormulaError("a bar inside a random term", text, bar.start, bar.end)
        if _has_dot(bar.left) or _has_dot(bar.right):
            raise FormulaError("'.' cannot be used in a random term", text, bar.start, bar.end)
        expansion = Expansion(text)
        effects = expansion.result(expansion.expand(bar.left))
        for variable in effects.variables:
            _check_expression(variable.node, text)
        notes += expansion.notes
        if expansion.offsets:
            raise FormulaError("an offset is not a random effect", text, bar.start, bar.end)
        if not effects.intercept and not effects.terms:
            raise FormulaError(
                "this random term has no effects", text, bar.start, bar.end,
                "write (1 | g) for a random intercept",
            )  # fmt: skip
        for group in grouping_factors(bar.right, text):
            name = group_name(group)
            shown = f"{effects} {'||' if covariance == 'diag' else '|'} {name}"
            shown = f"({shown})" if covariance in ("us", "diag") else f"{covariance}({shown})"
            shown = shown.replace("(1 + 0", "(1")
            if shown in parts:
                notes.append(f"{shown} appears twice; it is used once")
                continue
            parts[shown] = RandomPart(
                shown, effects, group, name, covariance, bar.start, bar.end
            )
    return tuple(parts.values()), notes


def _check_response(node: Node, text: str) -> None:
    if _has_bar(node) or _has_dot(node):
        raise FormulaError("this is not a response", text, node.start, node.end)
    if not any(True for _ in column_names(node)):
        raise FormulaError("the response names no column", text, node.start, node.end)
    _check_expression(node, text)


def _check_expression(node: Node, text: str, top: bool = True) -> None:
    """Refuse what only makes sense elsewhere in a formula: bars, dots, ~ pieces, offsets."""
    if isinstance(node, Bar | Dot):
        raise FormulaError(
            f"'{unparse(node)}' cannot be used inside an expression", text, node.start, node.end
        )
    if isinstance(node, Call) and node.function == "offset":
        raise FormulaError("offset() cannot be inside another function", text, node.start, node.end)
    if isinstance(node, Call) and node.function == "cbind" and not top:
        raise FormulaError("cbind() cannot be inside another function", text, node.start, node.end)
    if isinstance(node, Chain) and node.ops[0] in (":", "%in%") :
        raise FormulaError(
            f"'{node.ops[0]}' cannot be used inside an expression", text, node.start, node.end,
            "interactions stand outside functions: log(x):f",
        )  # fmt: skip
    for child in children(node):
        _check_expression(child, text, top=False)
