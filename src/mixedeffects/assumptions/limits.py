"""From what on a departure is named: beyond chance, and large enough to matter."""

from __future__ import annotations

from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM

# probability, under a true model, that one question is answered with a false alarm
ALPHA = 1e-3


def critical(df, questions=1):
    """Two-sided limit of a t statistic, shared among questions by Bonferroni's inequality.

    Examples
    --------
    >>> round(float(critical(1e6)), 2), round(float(critical(30)), 2)
    (3.29, 3.65)
    """
    from scipy.special import stdtrit

    return stdtrit(max(df, 1.0), 1.0 - ALPHA / (2.0 * max(questions, 1)))


def verdict(sure, size, look, problem):
    """Verdict on a departure of some size.

    Parameters
    ----------
    sure : bool
        Whether it is beyond chance.
    size, look, problem : float
        How large it is, and from where on it is worth knowing, and plainly wrong.
    """
    if not sure or not size >= look:
        return FINE
    return PROBLEM if size >= problem else LOOK
