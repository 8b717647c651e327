"""What stands right of the bar: ``g``, ``a:b``, ``a/b``, ``a*b`` → grouping factors."""

from __future__ import annotations

from mixedeffects.errors import FormulaError
from mixedeffects.formula.functions import FACTOR_FUNCTIONS
from mixedeffects.formula.nodes import Call, Chain, Name, Node, Paren, unparse
from mixedeffects.formula.terms import Variable

#: A grouping factor: the columns whose combinations are its levels.
Group = tuple[Variable, ...]


def group_name(group: Group) -> str:
    """``"b:a"`` for the combinations of b and a."""
    return ":".join(variable.text for variable in group)


def grouping_factors(node: Node, text: str) -> list[Group]:
    """Grouping factors of a random term, most nested first as in lme4.

    Raises
    ------
    FormulaError
        Something other than columns joined by ``:``, ``/`` or ``*``.

    Examples
    --------
    >>> from mixedeffects.formula.parser import Parser
    >>> def names(text):
    ...     bar = Parser(f"y ~ (1 | {text})").sides()[1].inner
    ...     return [group_name(group) for group in grouping_factors(bar.right, text)]
    >>> names("a/b/c")
    ['c:b:a', 'b:a', 'a']
    >>> names("a:b"), names("a*b")
    (['a:b'], ['a', 'b', 'a:b'])
    """
    match node:
        case Name():
            return [(Variable(unparse(node), node),)]
        case Paren():
            return grouping_factors(node.inner, text)
        case Call() if node.function in FACTOR_FUNCTIONS and node.args:
            return [(Variable(unparse(node), node),)]
        case Chain() if node.ops[0] in ("/", ":", "*", "%in%"):
            return _chain(node, text)
        case _:
            hint = "a grouping factor is a column, or columns joined by ':' or '/'"
            if isinstance(node, Chain) and node.ops[0] == "+":
                parts = [unparse(part) for part in node.operands]
                hint = (
                    f"for crossed factors write {' + '.join(f'(1 | {part})' for part in parts)};"
                    f" for their combinations (1 | {':'.join(parts)})"
                )
            raise FormulaError(
                f"'{unparse(node)}' is not a grouping factor", text, node.start, node.end, hint
            )


def _chain(node: Chain, text: str) -> list[Group]:
    groups = grouping_factors(node.operands[0], text)
    for op, operand in zip(node.ops, node.operands[1:], strict=True):
        right = grouping_factors(operand, text)
        if op == "/":
            groups = [_join(inner, groups[0]) for inner in right] + groups
        elif op == "*":
            groups = groups + right + [_join(a, b) for a in groups for b in right]
        else:
            groups = [_join(a, b) for a in groups for b in right]
        if len(groups) > 100:
            raise FormulaError("too many grouping factors", text, node.start, node.end)
    return groups


def _join(first: Group, second: Group) -> Group:
    """The combination of two factors; a column that is in both counts once."""
    return tuple({variable.text: variable for variable in first + second}.values())
