"""R's algebra of model terms.

A term is a set of variables, kept as the bits of an integer (bit i = variable i, numbered
by first appearance in the text), so ``a:b`` equals ``b:a`` and products are bitwise *or*.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mixedeffects.errors import FormulaError
from mixedeffects.formula.nodes import (
    Bar,
    Call,
    Chain,
    Dot,
    Literal,
    Name,
    Node,
    Paren,
    Power,
    Unary,
    strip,
    unparse,
)  # fmt: skip

#: Most terms a formula may expand to, and most products formed on the way.
MAX_TERMS, MAX_PRODUCTS = 5_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Variable:
    """A column or an expression of columns; `text` is its canonical spelling."""

    text: str
    node: Node


@dataclass(frozen=True, slots=True)
class TermList:
    """Model terms in R's order: by degree, then by appearance.

    Attributes
    ----------
    variables : tuple of Variable
        By first appearance in the text.
    terms : tuple of tuple of int
        Positions in `variables`, ascending; the intercept is not among them.
    """

    intercept: bool
    variables: tuple[Variable, ...]
    terms: tuple[tuple[int, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Term names: ``("x", "f", "x:f")``."""
        return tuple(":".join(self.variables[i].text for i in term) for term in self.terms)

    def __str__(self) -> str:
        return " + ".join(("1" if self.intercept else "0", *self.names))


@dataclass(slots=True)
class Expansion:
    """Expands one side of a formula: `expand` gives its terms, `result` makes a `TermList` of them.

    `dot` holds the columns that ``.`` stands for; None until a table is known.
    """

    text: str
    dot: tuple[str, ...] | None = None
    intercept: bool = True
    variables: dict[str, Node] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    offsets: list[Node] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    products: int = 0

    def error(self, message: str, node: Node, hint: str | None = None) -> FormulaError:
        return FormulaError(message, self.text, node.start, node.end, hint)

    def result(self, terms: list[int]) -> TermList:
        ordered = sorted(terms, key=int.bit_count)
        variables = tuple(Variable(text, node) for text, node in self.variables.items())
        members = tuple(
            tuple(i for i in range(term.bit_length()) if term >> i & 1) for term in ordered
        )
        used = sorted({i for term in members for i in term})
        place = {old: new for new, old in enumerate(used)}
        return TermList(
            self.intercept,
            tuple(variables[i] for i in used),
            tuple(tuple(place[i] for i in term) for term in members),
        )

    def variable(self, node: Node) -> list[int]:
        text = unparse(node)
        self.variables.setdefault(text, node)
        return [1 << self.places.setdefault(text, len(self.places))]

    def unique(self, terms: list[int], node: Node) -> list[int]:
        kept = list(dict.fromkeys(terms))
        if len(kept) > MAX_TERMS:
            raise self.error(f"this expands to more than {MAX_TERMS} terms", node)
        return kept

    def multiply(self, left: list[int], right: list[int], node: Node) -> list[int]:
        self.products += len(left) * len(right)
        if self.products > MAX_PRODUCTS:
            raise self.error(f"this expands to more than {MAX_TERMS} terms", node)
        return self.unique([a | b for a in left for b in right], node)

    def expand(self, node: Node, adding: bool = True) -> list[int]:
        """Terms of a subtree; ``1``, ``0`` and ``-1`` set `intercept` on the way, as in R."""
        match node:
            case Paren():
                return self.expand(node.inner, adding)
            case Name():
                return self.variable(node)
            case Dot():
                return self.columns(node)
            case Literal():
                return self.constant(node, adding)
            case Call():
                return self.call(node, adding)
            case Unary(op="+"):
                return self.expand(node.operand, adding)
            case Unary(op="-"):
                self.expand(node.operand, not adding)
                return []
            case Power():
                return self.power(node)
            case Chain() if node.ops[0] in _CHAINS:
                return self.chain(node, adding)
            case Bar():
                raise self.error(
                    "a random term needs parentheses", node,
                    f"did you mean ({unparse(node)})?",
                )  # fmt: skip
            case _:
                raise self.error(
                    f"'{unparse(node)}' is not a term", node,
                    f"did you mean I({unparse(node)})?",
                )  # fmt: skip

    def columns(self, node: Dot) -> list[int]:
        if self.dot is None:
            return []
        return [
            term for name in self.dot for term in self.variable(Name(name, node.start, node.end))
        ]

    def constant(self, node: Literal, adding: bool) -> list[int]:
        if node.text in ("0", "1"):
            self.intercept = (node.text == "1") == adding
            return []
        raise self.error(
            f"{node.text} is not a term", node,
            "only 0 and 1 stand alone (no intercept, intercept); arithmetic goes inside I(...)",
        )  # fmt: skip

    def call(self, node: Call, adding: bool) -> list[int]:
        if node.function == "offset":
            if not adding:
                raise self.error("an offset cannot be removed", node)
            if len(node.args) != 1 or node.kwargs:
                raise self.error("offset() takes one expression", node)
            self.offsets.append(node.args[0])
            return []
        if node.function in ("cbind", "c"):
            raise self.error(f"{node.function}() is not a predictor", node)
        if node.args and isinstance(node.args[0], Bar) and len(node.args) == 1:
            raise self.error("a random term can only be added, with '+'", node)
        return self.variable(node)

    def power(self, node: Power) -> list[int]:
        exponent = strip(node.exponent)
        if not isinstance(exponent, Literal) or not isinstance(exponent.value, int):
            raise self.error(
                "the power of a term must be a whole number", node.exponent,
                f"did you mean I({unparse(node)})?",
            )  # fmt: skip
        if exponent.value < 1:
            raise self.error("the power of a term must be 1 or more", node.exponent)
        base = self.expand(node.base)
        if len(base) == 1 and exponent.value > 1:
            text = unparse(node)
            self.notes.append(
                f"'{text}' means crossing terms, so it is just '{unparse(node.base)}';"
                f" for the arithmetic power write I({text})"
            )
        terms = base
        for _ in range(exponent.value - 1):
            grown = self.multiply(terms, base, node)
            if grown == terms:
                break
            terms = grown
        return terms

    def chain(self, node: Chain, adding: bool) -> list[int]:
        terms = self.expand(node.operands[0], adding)
        for op, operand in zip(node.ops, node.operands[1:], strict=True):
            if op == "-":
                removed = set(self.expand(operand, not adding))
                terms = [term for term in terms if term not in removed]
                continue
            right = self.expand(operand, adding)
            if op in "*:" and len(right) == 1 and right == terms:
                text = unparse(operand)
                self.notes.append(
                    f"'{text}{op}{text}' means crossing terms, so it is just '{text}'; for the "
                    f"square write I({text}^2)"
                )
            if op == "+":
                terms = terms + right
            elif op == "*":
                terms = terms + right + self.multiply(terms, right, node)
            elif op == ":":
                terms = self.multiply(terms, right, node)
            elif op == "/":
                whole = _union(terms)
                terms = terms + [whole | term for term in right]
            else:
                whole = _union(right)
                terms = [whole | term for term in terms]
            if op != "+":
                terms = self.unique(terms, node)
        return self.unique(terms, node)


_CHAINS = frozenset(("+", "-", "*", "/", ":", "%in%"))


def _union(terms: list[int]) -> int:
    whole = 0
    for term in terms:
        whole |= term
    return whole
