"""Tokens → expression tree, by operator precedence (R's)."""

from __future__ import annotations

import difflib

from mixedeffects.errors import FormulaError
from mixedeffects.formula.functions import CONTRASTS, COVARIANCES, FUNCTIONS, STRUCTURES_ELSEWHERE
from mixedeffects.formula.nodes import (
    Bar,
    Call,
    Chain,
    Dot,
    Items,
    Literal,
    Name,
    Node,
    Paren,
    Power,
    Unary,
)  # fmt: skip
from mixedeffects.formula.tokens import Token, tokenize

BAR, AND, NOT, COMPARE, SUM, PRODUCT, IN, COLON, SIGN, POWER = range(1, 11)
_LEVEL = {
    "|": BAR, "||": BAR, "&": AND,
    "<": COMPARE, ">": COMPARE, "<=": COMPARE, ">=": COMPARE, "==": COMPARE, "!=": COMPARE,
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%in%": IN, ":": COLON, "^": POWER,
}  # fmt: skip
_CONSTANTS = {
    "True": True, "TRUE": True, "False": False, "FALSE": False, "None": None, "NULL": None,
}  # fmt: skip

# functions that formulas of other packages have, and what is written here
ELSEWHERE = {
    "Error": "a random term for each stratum: (1 | subject), (1 | subject:condition)",
    **dict.fromkeys(("re", "random", "ranef"), "a random term: (1 | g), (1 + x | g)"),
    **dict.fromkeys(("s", "te", "ti", "cr", "cc", "gam"), "a spline: ns(x, 4) or bs(x, 5)"),
    "rcs": "a spline: ns(x, 4)",
    "mo": "C(x, Poly), or the numbers of the categories",
    "as.numeric": "the column itself; categories of text are converted in the table",
    "relevel": 'the reference level: C(x, Treatment("a"))',
    **dict.fromkeys(
        ("lag", "diff", "cumsum", "rank", "mean"), "a column of the table: make it there"
    ),
}

#: Longest formula, in characters, and deepest nesting of parentheses and calls.
MAX_LENGTH, MAX_DEPTH = 50_000, 60


def close_match(word: str, known: list[str]) -> str | None:
    """The known word most like `word`, if one is."""
    lowered = {name.lower(): name for name in reversed(known)}
    if word.lower() in lowered:
        return lowered[word.lower()]
    found = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


class Parser:
    """Reads one formula text; `sides` is the entry."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise FormulaError(f"the formula is longer than {MAX_LENGTH} characters")
        self.text = text
        self.tokens = tokenize(text)
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def error(self, message: str, start: int, end: int, hint: str | None = None) -> FormulaError:
        return FormulaError(message, self.text, start, end, hint)

    def take(self) -> Token:
        token = self.token
        self.position += 1
        return token

    def at(self, *ops: str) -> bool:
        return self.token.kind == "op" and self.token.value in ops

    def sides(self) -> tuple[Node | None, Node]:
        """``left ~ right``; left is None for a one-sided formula."""
        tildes = [t for t in self.tokens if t.kind == "op" and t.value == "~"]
        if not tildes:
            raise self.error(
                "the formula has no '~'", 0, len(self.text) or 1,
                "write: response ~ predictors + (1 | group)",
            )  # fmt: skip
        if len(tildes) > 1:
            raise self.error("the formula has two '~'", tildes[1].start, tildes[1].end)
        left = None if self.at("~") else self.expression(BAR)
        if not self.at("~"):
            raise self.unexpected()
        tilde = self.take()
        if self.token.kind == "end":
            raise self.error(
                "nothing is on the right of '~'", tilde.start, tilde.end,
                "write at least '1' (an intercept) or a random term such as (1 | group)",
            )  # fmt: skip
        right = self.expression(BAR)
        if self.token.kind != "end":
            raise self.unexpected()
        return left, right

    def expression(self, floor: int) -> Node:
        """An expression of operators that bind at least as tightly as `floor`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(
                f"the formula is nested more than {MAX_DEPTH} deep",
                self.token.start, self.token.end,
            )  # fmt: skip
        left = self.prefix()
        while self.token.kind == "op":
            level = _LEVEL.get(self.token.value, 0)
            if level < floor:
                break
            if level == POWER:
                self.take()
                right = self.expression(POWER)
                left = Power(left, right, left.start, right.end)
            elif level == BAR:
                bar = self.take()
                right = self.expression(AND)
                left = Bar(left, right, bar.value == "||", left.start, right.end)
            else:
                operands, ops = [left], []
                while self.token.kind == "op" and _LEVEL.get(self.token.value) == level:
                    ops.append(self.take().value)
                    operands.append(self.expression(level + 1))
                left = Chain(tuple(operands), tuple(ops), left.start, operands[-1].end)
        self.depth -= 1
        return left

    def prefix(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.take()
            value = float(token.text)
            whole = token.text.isdecimal() and len(token.text) < 16
            return Literal(int(value) if whole else value, token.text, token.start, token.end)
        if token.kind == "string":
            self.take()
            return Literal(token.value, token.text, token.start, token.end)
        if token.kind == "name":
            return self.name()
        if self.at("("):
            return self.parenthesis()
        if self.at("["):
            self.take()
            items, _ = self.arguments(token, "]")
            return Items(items, token.start, self.tokens[self.position - 1].end)
        if self.at("+", "-", "!"):
            self.take()
            operand = self.expression(NOT if token.value == "!" else SIGN)
            return Unary(token.value, operand, token.start, operand.end)
        raise self.unexpected()

    def name(self) -> Node:
        token = self.take()
        if self.at("(") and not token.ticked:
            return self.call(token)
        if not token.ticked:
            if token.value == ".":
                return Dot(token.start, token.end)
            if token.value in _CONSTANTS:
                return Literal(_CONSTANTS[token.value], token.text, token.start, token.end)
        elif not token.value:
            raise self.error("this name is empty", token.start, token.end)
        return Name(token.value, token.start, token.end)

    def parenthesis(self) -> Node:
        opening = self.take()
        if self.at(")"):
            raise self.error("nothing is inside these parentheses", opening.start, self.token.end)
        if self.at("|", "||"):
            raise self.error(
                "nothing is on the left of the bar", self.token.start, self.token.end,
                "write (1 | g) for a random intercept, (1 + x | g) for an intercept and a slope",
            )  # fmt: skip
        inner = self.expression(BAR)
        self.close(opening, ")")
        return Paren(inner, opening.start, self.tokens[self.position - 1].end)

    def call(self, token: Token) -> Node:
        opening = self.take()
        args, kwargs = self.arguments(opening, ")")
        end = self.tokens[self.position - 1].end
        known = token.value in FUNCTIONS or token.value in CONTRASTS
        # `diag(1 + x | g)`: a covariance structure
        structured = len(args) == 1 and isinstance(args[0], Bar) and token.value not in FUNCTIONS
        if structured and token.value not in COVARIANCES:
            ours = STRUCTURES_ELSEWHERE.get(token.value)
            hint = f"here it is called '{ours}'; " if ours else ""
            raise self.error(
                f"unknown covariance structure '{token.value}'", token.start, token.end,
                f"{hint}structures: {', '.join(COVARIANCES)}; "
                "(1 + x | g) is us, (1 + x || g) is diag",
            )  # fmt: skip
        if not known and not structured:
            plain = token.value.rsplit(".", 1)[-1]
            if token.value in ELSEWHERE:
                raise self.error(
                    f"unknown function '{token.value}'", token.start, token.end,
                    f"here it is {ELSEWHERE[token.value]}",
                )  # fmt: skip
            column = ""
            if self.text[token.end : token.end + 1] == " ":
                column = (
                    "\na column of that name stands in backticks: "
                    f"`{self.text[token.start : end].strip()}`"
                )
            guess = plain if plain in FUNCTIONS else close_match(token.value, list(FUNCTIONS))
            hint = f"did you mean '{guess}'? " if guess else ""
            raise self.error(
                f"unknown function '{token.value}'", token.start, token.end,
                f"{hint}functions: {', '.join(FUNCTIONS)}{column}",
            )  # fmt: skip
        return Call(token.value, args, kwargs, token.start, end)

    def arguments(
        self, opening: Token, closing: str
    ) -> tuple[tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        args: list[Node] = []
        kwargs: dict[str, Node] = {}
        while not self.at(closing):
            key, after = self.token, self.tokens[min(self.position + 1, len(self.tokens) - 1)]
            if key.kind == "name" and after.kind == "op" and after.value == "=":
                self.position += 2
                if key.value in kwargs:
                    raise self.error(f"'{key.value}' is given twice", key.start, key.end)
                kwargs[key.value] = self.expression(BAR)
            elif kwargs:
                raise self.error(
                    "an argument without a name follows one with a name", key.start, key.end
                )
            else:
                args.append(self.expression(BAR))
            if not self.at(","):
                break
            self.take()
        self.close(opening, closing)
        return tuple(args), tuple(kwargs.items())

    def close(self, opening: Token, closing: str) -> None:
        if self.at(closing):
            self.take()
            return
        if self.token.kind == "end" or self.at("~"):
            raise self.error(f"this '{opening.value}' is never closed", opening.start, opening.end)
        raise self.unexpected()

    def unexpected(self) -> FormulaError:
        """The error for a token that cannot stand where it stands."""
        token = self.token
        before = self.tokens[self.position - 1] if self.position else None
        dangling = before is not None and before.kind == "op" and before.value not in (")", "]")
        if before is not None and before.kind == "op" and before.value in ("|", "||"):
            return self.error(
                "no grouping factor is on the right of the bar", before.start, before.end,
                "write (1 | g), where g is the column that says which group a row belongs to",
            )  # fmt: skip
        if before is not None and dangling and (token.kind == "end" or self.at(")", "~", ",")):
            return self.error(f"nothing follows '{before.text}'", before.start, before.end)
        if token.kind == "end":
            return self.error("the formula ends too early", max(token.start - 1, 0), token.end)
        if self.at(")", "]"):
            return self.error(f"this '{token.value}' closes nothing", token.start, token.end)
        if token.kind == "op" and (before is None or dangling):
            return self.error(f"something is missing before '{token.text}'", token.start, token.end)
        if token.kind == "op":
            return self.error(f"'{token.text}' cannot stand here", token.start, token.end)
        spaced = ""
        if before is not None and before.kind == token.kind == "name":
            spaced = (
                f"; a name with a space in it stands in backticks: `{before.text} {token.text}`"
            )
        return self.error(
            f"an operator is missing before '{token.text}'", token.start, token.end,
            f"join terms with '+', interactions with ':' or '*'{spaced}",
        )  # fmt: skip
