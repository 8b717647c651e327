"""Outcomes of trials: successes with a number of trials, shares of them, successes and failures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.computed_names import negated
from mixedeffects.exploration.hints import TRIALS, hint, tokens
from mixedeffects.exploration.relations import both_present

#: Words for what happened and for what did not.
OPPOSITES = (
    ("success", "failure"), ("successes", "failures"), ("succ", "fail"), ("alive", "dead"),
    ("survived", "died"), ("pass", "fail"), ("passed", "failed"), ("infected", "healthy"),
    ("infected", "uninfected"), ("affected", "unaffected"), ("wins", "losses"), ("yes", "no"),
    ("positive", "negative"), ("pos", "neg"), ("present", "absent"), ("hits", "misses"),
    ("correct", "incorrect"), ("correct", "wrong"), ("good", "bad"), ("cases", "controls"),
)  # fmt: skip
#: Largest distance of a share times its trials from a whole number.
NEARLY = 1e-6


@dataclass(frozen=True, slots=True)
class BinomialColumns:
    """The column beside an outcome that makes it binomial.

    Attributes
    ----------
    beside : str
    role : str
        "trials" or "failures".
    share : bool
        The outcome is the share of successes, not their number.
    """

    beside: str
    role: str
    reason: str
    share: bool = False


def binomial_columns(left, outcome: ColumnProfile) -> BinomialColumns | None:
    """The number of trials or of failures beside the outcome; None where there is none.

    Parameters
    ----------
    left : list of ColumnProfile
        Columns without a role yet.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"prop": [0.5, 0.25, 1.0], "n": [4, 8, 3]}
    >>> prop, n = profiles(open_table(table))[0]
    >>> found = binomial_columns([n], prop)
    >>> found.beside, found.role, found.share
    ('n', 'trials', True)
    """
    if outcome.kind != "number" or not outcome.low >= 0:
        return None
    counts = [p for p in left if p.kind == "number" and p.whole and p.low >= 0]
    for p in counts:
        if p.low <= 0 or not hint(p.name, TRIALS):
            continue
        y, n = _both(outcome, p)
        if outcome.whole and outcome.high > 1 and (n >= y).all():
            reason = f"whole numbers, none below {outcome.name} in the same row"
            return BinomialColumns(p.name, "trials", reason)
        whole = np.abs(y * n - np.round(y * n)) <= NEARLY * n
        if not outcome.whole and outcome.high <= 1 and whole.all():
            reason = f"{outcome.name} times it is a whole number in each row"
            return BinomialColumns(p.name, "trials", reason, share=True)
    if outcome.whole and outcome.n_distinct > 2:
        for p in counts:
            if opposite(outcome.name, p.name):
                reason = f"by its name what {outcome.name} does not count"
                return BinomialColumns(p.name, "failures", reason)
    return None


def opposite(one, two) -> bool:
    """Whether two names say that something happened and that it did not.

    Examples
    --------
    >>> opposite("n_alive", "n_dead"), opposite("failures", "success"), opposite("yes", "dead")
    (True, False, False)
    """
    if negated(one, {str(two).lower()}) or negated(two, {str(one).lower()}):
        return True
    a, b = tokens(one), tokens(two)
    if len(a) != len(b):
        return False
    different = {frozenset(pair) for pair in zip(a, b, strict=True) if pair[0] != pair[1]}
    return len(different) == 1 and different <= {frozenset(pair) for pair in OPPOSITES}


def _both(outcome, p):
    kept = both_present(outcome, p)
    rows = slice(None) if kept is None else kept
    return outcome.values[rows].astype(np.float64), p.values[rows].astype(np.float64)
