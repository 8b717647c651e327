"""The random terms of a formula: ``(effects | group)``."""

from __future__ import annotations

from dataclasses import dataclass

from mixedeffects.errors import FormulaError
from mixedeffects.formula.checks import check_expression, has_bar, has_dot
from mixedeffects.formula.functions import CORRELATED, FUNCTIONS, UNCORRELATED
from mixedeffects.formula.grouping import Group, group_name, grouping_factors
from mixedeffects.formula.nodes import Bar, Call, Chain, Node, Paren, Unary, strip, unparse
from mixedeffects.formula.terms import Expansion, TermList

COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class RandomPart:
    """One ``(effects | group)`` after ``/`` is expanded.

    Attributes
    ----------
    text : str
        Canonical: ``"(1 + Days | Subject)"``.
    group : tuple of Variable
        Columns whose combinations are the levels; one, or several for ``a:b``.
    covariance : str
        `CORRELATED` for ``|``, `UNCORRELATED` for ``||``, or the name in ``cs(1 + x | g)``.
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


def _as_bar(node: Node) -> tuple[Bar, str] | None:
    """``(… | g)`` or ``name(… | g)`` with its covariance structure; else None."""
    if isinstance(node, Paren):
        inner = strip(node)
        if isinstance(inner, Bar):
            return inner, UNCORRELATED if inner.double else CORRELATED
    if isinstance(node, Call) and len(node.args) == 1 and isinstance(strip(node.args[0]), Bar):
        if node.function not in FUNCTIONS:
            return strip(node.args[0]), node.function  # type: ignore[return-value]
    return None


def without_bars(node: Node, bars: list[tuple[Bar, str]], text: str) -> Node | None:
    """The fixed part of a right-hand side; its random terms are appended to `bars`."""
    bar = _as_bar(node)
    if bar is not None:
        bars.append(bar)
        return None
    if isinstance(node, Bar):
        left = _last(node.left) if has_bar(node.left) else node.left
        shown = unparse(Bar(left, node.right, node.double, node.start, node.end))
        raise FormulaError(
            "a random term needs parentheses", text, node.start, node.end,
            f"did you mean ({shown})?",
        )  # fmt: skip
    if not has_bar(node):
        return node
    if isinstance(node, Paren):
        return without_bars(node.inner, bars, text)
    if isinstance(node, Unary) and node.op == "+":
        return without_bars(node.operand, bars, text)
    if isinstance(node, Chain) and node.ops[0] in ("+", "-"):
        kept: list[tuple[str, Node]] = []
        for op, operand in zip(("+", *node.ops), node.operands, strict=True):
            if op == "-" and has_bar(operand):
                raise FormulaError(
                    "a random term cannot be subtracted", text, operand.start, operand.end,
                    "leave it out",
                )  # fmt: skip
            rest = without_bars(operand, bars, text)
            if rest is not None:
                kept.append((op, rest))
        return _rebuild(kept)
    condition = _as_condition(node)
    if condition is not None:
        raise FormulaError(
            "a comparison is not a term", text, node.start, node.end,
            f"did you mean {condition}?",
        )  # fmt: skip
    raise FormulaError(
        "a random term can only be added, with '+'", text, node.start, node.end,
        "write … + (1 | g)",
    )  # fmt: skip


def _as_condition(node: Node) -> str | None:
    """``Days > 5 + (1 | g)`` → ``I(Days > 5) + (1 | g)``; None for anything else."""
    if not isinstance(node, Chain) or len(node.operands) != 2 or node.ops[0] not in COMPARISONS:
        return None
    left, right = (
        list(side.operands) if isinstance(side, Chain) and set(side.ops) == {"+"} else [side]
        for side in node.operands
    )
    if has_bar(left[-1]) or has_bar(right[0]):
        return None
    terms = [unparse(term) for term in left[:-1]]
    terms.append(f"I({unparse(left[-1])} {node.ops[0]} {unparse(right[0])})")
    return " + ".join(terms + [unparse(term) for term in right[1:]])


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
    """In ``y ~ (1 | h) + 1 | g`` the user meant the last summand."""
    return node.operands[-1] if isinstance(node, Chain) and node.ops[0] in ("+", "-") else node


def random_text(effects, group, covariance):
    """A random term as it is written.

    Examples
    --------
    >>> random_text("1 + x", "g", "cs")
    'cs(1 + x | g)'
    """
    bar = "||" if covariance == UNCORRELATED else "|"
    name = "" if covariance in (CORRELATED, UNCORRELATED) else covariance
    return f"{name}({effects} {bar} {group})"


def random_parts(
    bars: list[tuple[Bar, str]], text: str
) -> tuple[tuple[RandomPart, ...], list[str]]:
    """Random parts of the bars, and notes about them."""
    parts: dict[str, RandomPart] = {}
    notes: list[str] = []
    for bar, covariance in bars:
        if has_bar(bar.left) or has_bar(bar.right):
            raise FormulaError("a bar inside a random term", text, bar.start, bar.end)
        if has_dot(bar.left) or has_dot(bar.right):
            raise FormulaError("'.' cannot be used in a random term", text, bar.start, bar.end)
        expansion = Expansion(text)
        effects = expansion.result(expansion.expand(bar.left))
        for variable in effects.variables:
            check_expression(variable.node, text)
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
            shown = random_text(effects, name, covariance)
            if shown in parts:
                notes.append(f"{shown} appears twice; it is used once")
                continue
            parts[shown] = RandomPart(shown, effects, group, name, covariance, bar.start, bar.end)
    return tuple(parts.values()), notes
