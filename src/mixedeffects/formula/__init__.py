"""Formula text → terms.  No data, no arrays.

`parse` reads lme4's grammar and gives a `Formula`; see `FUNCTIONS` for what a formula can call.
"""

from mixedeffects.formula.bars import RandomPart, random_text
from mixedeffects.formula.formula import Formula, parse
from mixedeffects.formula.functions import (
    CONTRASTS,
    CORRELATED,
    COVARIANCES,
    FUNCTIONS,
    UNCORRELATED,
)  # fmt: skip
from mixedeffects.formula.grouping import Group
from mixedeffects.formula.nodes import (
    Call,
    Chain,
    Items,
    Literal,
    Name,
    Node,
    Paren,
    Power,
    Unary,
    children,
    column_names,
    quote,
    strip,
    unparse,
)  # fmt: skip
from mixedeffects.formula.parser import close_match
from mixedeffects.formula.terms import TermList, Variable

__all__ = [
    "CONTRASTS", "CORRELATED", "COVARIANCES", "FUNCTIONS", "UNCORRELATED",
    "Call", "Chain", "Formula", "Group", "Items", "Literal", "Name", "Node", "Paren", "Power",
    "RandomPart", "TermList", "Unary", "Variable",
    "children", "close_match", "column_names", "parse", "quote", "random_text",
    "strip", "unparse",
]  # fmt: skip
