"""One question about a fit, answered."""

from __future__ import annotations

from dataclasses import dataclass

FINE, LOOK, PROBLEM = "fine", "look", "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a fit, answered.

    Attributes
    ----------
    name : str
        "optimum", "collinearity", …
    value : float
        The number it was decided on; nan without one.
    verdict : {"fine", "look", "problem"}
        "look": legal, but know it. "problem": numbers of the fit may be wrong, or are not
        supported by the data.
    words : str
        One or two sentences.
    about : {"optimum", "assumptions"}
        Whether the question is if the estimates are the model's, or if the model is the data's.
    """

    name: str
    value: float
    verdict: str
    words: str
    about: str = "optimum"


def listed(names, most=6):
    """Names for a sentence: ``"'a', 'b' and 3 more"``.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcd"), most=2)
    ("'a', 'b'", "'a', 'b' and 2 more")
    """
    names = list(names)
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def plain(value):
    """A number with three digits, a large one as people write it.

    Examples
    --------
    >>> plain(3856.2), plain(0.01234), plain(1.49e7), plain(6.569), plain(2.3e12)
    ('3,856', '0.0123', '14,900,000', '6.57', '2.3e+12')
    """
    if 1000.0 <= abs(value) < 1e9:
        digits = max(len(f"{abs(value):.0f}") - 4, 0)  # four of them say enough
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"
