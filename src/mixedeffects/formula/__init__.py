"""Formula text → terms.  No data, no arrays.

`parse` reads lme4's grammar and gives a `Formula`; see `FUNCTIONS` for what a formula can call.
"""

from mixedeffects.formula.formula import Formula, RandomPart, parse
from mixedeffects.formula.functions import CONTRASTS, FUNCTIONS
from mixedeffects.formula.nodes import quote, unparse
from mixedeffects.formula.terms import TermList, Variable

__all__ = [
    "CONTRASTS", "FUNCTIONS", "Formula", "RandomPart", "TermList", "Variable",
    "parse", "quote", "unparse",
]  # fmt: skip
