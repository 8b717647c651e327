"""Distributions that a family tends to as some of its predictors go to infinity.

A likelihood that rises towards such a limit has no maximum; its supremum is the limit's likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a family.

    Attributes
    ----------
    moves : tuple of (str, int)
        Which predictors go where: ``(("dispersion", 1),)`` where the dispersion's predictor goes
        to plus infinity, -1 for minus infinity.
    meaning : str
        What that says of the data; a clause.
    advice : str
        What to do.

    Examples
    --------
    >>> from mixedeffects.family import NegativeBinomial2
    >>> NegativeBinomial2().limits[0].advice
    'use that family: family="poisson"'
    """

    moves: tuple[tuple[str, int], ...]
    meaning: str
    advice: str


def simpler(predictor, sign, counts, name):
    """The limit of a family with a dispersion in a family without.

    Parameters
    ----------
    counts : str
        What the simpler family is a distribution of.
    name : str
        Of the simpler family.
    """
    return Limit(
        ((predictor, sign),),
        f"the data are no more dispersed than {counts}",
        f'use that family: family="{name}"',
    )


def log_series(*moves):
    """The limit of zero-truncated negative binomial counts whose untruncated mean is zero."""
    return Limit(
        moves,
        "the counts above zero are at least as dispersed as Fisher's logarithmic series, the "
        "truncated negative binomial's limit as its mean before truncation goes to zero",
        "look at the largest counts; a random effect of every row (a column that numbers the rows, "
        '(1 | row)) with family="truncated_poisson" has a heavier tail',
    )


def all_ones(*moves):
    """The limit of zero-truncated counts none of which is above one."""
    return Limit(
        moves,
        "all counts above zero are 1 in the rows concerned, so that the mean before truncation "
        "goes to zero",
        "leave out the rows or the levels where every count is 1, or the predictor that finds them",
    )


def renamed(limits, old, new):
    """The same limits with the names of families changed in what they advise."""
    from dataclasses import replace

    return tuple(
        replace(limit, advice=limit.advice.replace(f'family="{old}', f'family="{new}'))
        for limit in limits
    )
