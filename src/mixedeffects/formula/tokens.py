"""Formula text → tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mixedeffects.errors import FormulaError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*)
  | (?P<ticked>`(?:[^`\\]|\\.)*`)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<op>\|\||\*\*|%in%|<=|>=|==|!=|&&|[-+*/^:()|,~=<>&!\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)

_ADVICE = {
    "`": "a name in backticks needs a closing backtick",
    '"': "a quoted text needs its closing quote",
    "'": "a quoted text needs its closing quote",
    "%": "the only %operator% is %in%",
    "$": "name the column itself; the table is given separately",
    "@": "name the column itself; the table is given separately",
    "{": "write parentheses",
    "}": "write parentheses",
    ";": "one formula at a time",
    "#": "a formula has no comments",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, string, op or end; `value` what it stands for."""

    kind: str
    value: str
    text: str
    start: int
    end: int
    ticked: bool = False


def unescape(text: str) -> str:
    """Text between quotes with ``\\`` escapes resolved."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def tokenize(text: str) -> list[Token]:
    """Split a formula into tokens, the last of kind ``end``.

    Raises
    ------
    FormulaError
        A character that no formula contains, pointed at.

    Examples
    --------
    >>> [token.text for token in tokenize("y ~ x.1 %in% `a b`")][:-1]
    ['y', '~', 'x.1', '%in%', '`a b`']
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            char = text[position]
            advice = _ADVICE.get(char, "put a column name with special characters in `backticks`")
            what = "is never closed" if char in "`\"'" else "is not part of a formula"
            raise FormulaError(
                f"{char!r} {what}" if char != "'" else f'"\'" {what}',
                text, position, position + 1, advice,
            )  # fmt: skip
        kind, word, start = str(match.lastgroup), match.group(), position
        position = match.end()
        if kind == "space":
            continue
        if kind == "number" and position < len(text) and (text[position].isidentifier()):
            end = position
            while end < len(text) and (text[end].isalnum() or text[end] in "_."):
                end += 1
            raise FormulaError(
                f"{text[start:end]!r} is neither a number nor a name", text, start, end,
                f"a column with this name is written `{text[start:end]}` (in backticks)",
            )  # fmt: skip
        if kind == "ticked":
            tokens.append(Token("name", unescape(word[1:-1]), word, start, position, True))
        elif kind == "string":
            tokens.append(Token("string", unescape(word[1:-1]), word, start, position))
        else:
            value = {"**": "^", "&&": "&"}.get(word, word)
            tokens.append(Token(kind, value, word, start, position))
    tokens.append(Token("end", "", "", len(text), len(text)))
    return tokens
