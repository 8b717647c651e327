"""Which column is the outcome, by the evidence for each; or which two may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.outcome_evidence import WEIGHTS, Context, evidence

#: Weight below which nothing speaks for a column.
ENOUGH = -1.0
#: Probabilities from which there is no doubt: where groups are found, where none are, so that about
#: one in thirty of those without doubt is wrong.
SURE, SURE_FLAT = 0.7, 0.9


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest column, why, and another that may be it.

    Attributes
    ----------
    rival : str or None
        None where there is little doubt about the first.
    """

    name: str
    reason: str
    rival: str | None = None


def guess_outcome(left, found, factors, time=None) -> Guess | None:
    """The most likely outcome; None where nothing looks like one.

    Parameters
    ----------
    left, found : list of ColumnProfile
        Columns without a role yet, and all of them.
    factors : list of ColumnProfile
        Grouping columns, the finest first.
    time : ColumnProfile, optional
        When rows were measured.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> from mixedeffects.exploration.columns import profiles
    >>> reaction, days, subject = profiles(open_table(me.datasets.sleepstudy()))[0]
    >>> guess_outcome([reaction], [reaction, days, subject], [subject], days).name
    'Reaction'
    """
    if not left:
        return None
    context = Context(left, found, factors, time)
    pieces = [evidence(p, context) for p in left]
    weights = np.array([sum(WEIGHTS[piece] for piece in said) for said in pieces])
    first, *others = np.argsort(-weights, kind="stable").tolist()
    if weights[first] < ENOUGH:
        return None
    share = np.exp(weights - weights[first])
    doubt = others and 1.0 / float(share.sum()) < (SURE if factors else SURE_FLAT)
    reason = ", ".join(filter(None, pieces[first].values()))
    return Guess(left[first].name, reason, left[others[0]].name if doubt else None)
