"""What an expression inside a formula may contain."""

from __future__ import annotations

from mixedeffects.errors import FormulaError
from mixedeffects.formula.nodes import (
    Bar,
    Call,
    Chain,
    Dot,
    Node,
    children,
    column_names,
    unparse,
)  # fmt: skip


def has_dot(node: Node) -> bool:
    """Whether a ``.`` is anywhere in the tree."""
    return isinstance(node, Dot) or any(has_dot(child) for child in children(node))


def has_bar(node: Node) -> bool:
    """Whether a bar is anywhere in the tree."""
    return isinstance(node, Bar) or any(has_bar(child) for child in children(node))


def check_response(node: Node, text: str) -> None:
    """Refuse a left-hand side that is not an expression of columns."""
    if has_bar(node) or has_dot(node):
        raise FormulaError("this is not a response", text, node.start, node.end)
    if not any(True for _ in column_names(node)):
        raise FormulaError("the response names no column", text, node.start, node.end)
    check_expression(node, text)


def check_expression(node: Node, text: str, top: bool = True) -> None:
    """Refuse what only makes sense elsewhere in a formula: bars, dots, ~ pieces, offsets."""
    if isinstance(node, Bar | Dot):
        raise FormulaError(
            f"'{unparse(node)}' cannot be used inside an expression", text, node.start, node.end
        )
    if isinstance(node, Call) and node.function == "offset":
        raise FormulaError("offset() cannot be inside another function", text, node.start, node.end)
    if isinstance(node, Call) and node.function == "cbind" and not top:
        raise FormulaError("cbind() cannot be inside another function", text, node.start, node.end)
    if isinstance(node, Chain) and node.ops[0] in (":", "%in%"):
        raise FormulaError(
            f"'{node.ops[0]}' cannot be used inside an expression", text, node.start, node.end,
            "interactions stand outside functions: log(x):f",
        )  # fmt: skip
    for child in children(node):
        check_expression(child, text, top=False)
