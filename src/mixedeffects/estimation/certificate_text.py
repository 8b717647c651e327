"""A certificate as people read it: the verdict, what it rests on, and what to try."""

from __future__ import annotations

from math import isfinite
from textwrap import fill

WIDTH = 80


def certificate_text(c):
    """The lines of a certificate.

    Parameters
    ----------
    c : Certificate
        Of any fit.

    Returns
    -------
    str
    """
    rows = [
        ("gradient", f"{number(c.gradient)}, the steepest slope in the optimiser's coordinates"),
        ("left to gain", f"{number(c.remaining)}, what a step could take from the objective"),
        ("zero variances", directions(c)),
        ("search", f"{c.optimizer}: {counted(c.evaluations, 'evaluation')}, "
                   f"{counted(c.iterations, 'iteration')}"),
    ]  # fmt: skip
    if c.infinite:
        rows.append(("infinite", ", ".join(c.infinite)))
    rows += [("" if i else "to try", advice) for i, advice in enumerate(c.advice)]
    left = 4 + max(len(name) for name, _ in rows)
    lines = [verdict(c)]
    for name, words in rows:
        start = f"  {name}".ljust(left)
        lines.append(fill(words, WIDTH, initial_indent=start, subsequent_indent=" " * left))
    return "\n".join(lines)


def verdict(c):
    """The first line."""
    if c.limit:
        return fill(f"{c.message[0].upper()}{c.message[1:].rstrip('.')}", WIDTH)
    if c.rule is not None:
        where = "at a certified optimum" if c.at_maximum else "short of a certified optimum"
        return f"Stopped by your rule ({c.rule}), {where}"
    if not c.converged:
        return f"Not certified: {c.message.rstrip('.')}"
    if c.flat:
        return "Certified maximum, but not a single one: a whole range of variances has it"
    return "Certified optimum"


def directions(c):
    """How many directions of zero variance, and whether they belong there."""
    if not c.singular:
        return "none"
    known = ", where the objective is least" if c.at_maximum else ""
    return f"{counted(len(c.singular), 'direction')}{known}"


def number(value):
    """A size, or that it is not known.

    Examples
    --------
    >>> number(0.000023), number(float("nan"))
    ('2.3e-05', 'not known')
    """
    if not isfinite(value):
        return "not known"
    return f"{value:.1e}" if value else "0"


def counted(n, what):
    """A number of things.

    Examples
    --------
    >>> counted(1, "iteration"), counted(2, "iteration")
    ('1 iteration', '2 iterations')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"
