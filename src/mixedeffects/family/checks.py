"""Checks of responses: what, in which row, what to do. Rows are counted from 0."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np

from mixedeffects.errors import DataError, ModelError, NotAvailableError


def refuse(response, bad, name, needs, advice="") -> None:
    """Raise a DataError that names the first row where `bad` holds.

    Takes bad (n,) array of bool. Raises DataError.

    Parameters
    ----------
    name : str
        The response as the user wrote it.
    needs : str
        What the family needs, a whole clause.
    advice : str
        What to do about it.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> refuse(Response([1.0, -2.0]), np.array([False, True]), "calls", "counts are not negative")
    Traceback (most recent call last):
    mixedeffects.errors.DataError: calls: row 1 has -2, but counts are not negative
    """
    if not bad.any():
        return
    rows = np.flatnonzero(bad)
    row = rows[0] if response.row_of is None else response.row_of(int(rows[0]))
    more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
    of = f" of {response.size[rows[0]]:g}" if response.size is not None else ""
    tail = f"; {advice}" if advice else ""
    raise DataError(
        f"{name}: row {row} has {response.y[rows[0]]:.10g}{of}{more}, but {needs}{tail}"
    )


def check_zeros(response, name, family) -> None:
    """Some response must be zero where zeros have a probability of their own. Raises ModelError."""
    if (response.y != 0).all():
        other = f"family={family.base.name!r} is for responses without zeros"
        if family.discrete:
            other = "for counts that cannot be zero there are the truncated families"
        raise ModelError(
            f"{name}: there are no zeros, so that nothing can be said of their probability\n"
            f"leave out zi=; {other}"
        )


def check_finite(response, name) -> None:
    """No missing or infinite responses."""
    refuse(
        response,
        ~np.isfinite(response.y),
        name,
        "a response must be a finite number",
        "leave such rows out or correct them",
    )


def check_weights(response, name, positive=False) -> None:
    """Weights must be finite and not negative (positive where a dispersion is divided by them)."""
    w = response.weights
    if w is None:
        return
    bad = ~np.isfinite(w) | (w <= 0 if positive else w < 0)
    if bad.any():
        row = np.flatnonzero(bad)[0]
        raise DataError(
            f"weights of {name}: row {row} has {w[row]:g}, but a weight must be finite and "
            f"{'positive' if positive else 'not negative'}; leave such rows out"
        )


def check_whole(response, name, family, advice) -> None:
    """Whole numbers only."""
    refuse(
        response,
        response.y != np.floor(response.y),
        name,
        f"the {family.name} family needs whole numbers",
        advice,
    )


def check_counts(response, name, family, smallest=0) -> None:
    """Whole numbers from `smallest` on, not all of them zero."""
    check_finite(response, name)
    check_weights(response, name)
    refuse(
        response,
        response.y < smallest,
        name,
        f"the {family.name} family needs counts of at least {smallest}",
        "zeros belong to a hurdle family, e.g. family='hurdle_poisson'" if smallest else "",
    )
    check_whole(
        response,
        name,
        family,
        "for rates give the counts and exposure=; for positive measurements use family='gamma'",
    )
    if not smallest and not response.y.any():
        raise ModelError(
            f"{name}: all counts are zero, so there is nothing to estimate (the mean would go to "
            "zero)"
        )


def check_successes(response, name, family) -> None:
    """Whole numbers of successes within whole numbers of trials, not all the same outcome."""
    y, size = response.y, response.size
    trials = np.float64(1.0) if size is None else size
    fine = (y >= 0.0) & (y <= trials) & (trials < inf) & (y == np.floor(y))
    if size is not None:
        fine &= size == np.floor(size)
    if fine.all() and y.any() and (trials - y).any():
        check_weights(response, name)
        return
    check_finite(response, name)
    check_weights(response, name)
    if size is not None:
        refuse(
            response,
            ~np.isfinite(size) | (size < 0) | (size != np.floor(size)),
            name,
            "trials must be whole numbers of at least 0",
        )
    refuse(response, response.y < 0, name, "successes are not negative")
    whole = response.y != np.floor(response.y)
    if size is None:
        refuse(
            response,
            whole | (response.y > 1),
            name,
            "without trials a response is 0 or 1",
            "for proportions write successes / trials, or use family='beta'",
        )
    else:
        refuse(
            response,
            whole,
            name,
            f"the {family.name} family needs whole numbers of successes",
            "for proportions that are no counts use family='beta'",
        )
        refuse(response, response.y > size, name, "there are more successes than trials")
        if not size.any():
            raise ModelError(f"{name}: no row has any trials, so there is nothing to estimate")
    failures = (1.0 if size is None else size) - response.y
    for outcome, counts in (("success", response.y), ("failure", failures)):
        if not np.any(counts):
            raise ModelError(
                f"{name}: there is no {outcome} in any row, so there is nothing to estimate (the "
                "probability would go to 0 or 1)"
            )


def check_positive(response, name, family) -> None:
    """Numbers above zero."""
    check_finite(response, name)
    check_weights(response, name, positive=family.weights_scale_dispersion)
    refuse(
        response,
        response.y <= 0,
        name,
        f"the {family.name} family needs numbers above 0",
        "zeros among positive numbers need family='hurdle_gamma', 'hurdle_lognormal' or 'tweedie'; "
        "negative ones another origin of the measurement",
    )


def check_unit_interval(response, name, family) -> None:
    """Numbers between 0 and 1, both excluded."""
    check_finite(response, name)
    check_weights(response, name)
    y = response.y
    refuse(
        response,
        (y < 0) | (y > 1),
        name,
        f"the {family.name} family needs numbers between 0 and 1",
        "divide percentages by 100",
    )
    n = len(y)
    refuse(
        response,
        (y == 0) | (y == 1),
        name,
        f"the {family.name} family has no density at exactly 0 or 1",
        "for counts of trials use family='betabinomial' or 'binomial'; for shares "
        "family='zero_inflated_beta' has zeros (as zi='~ 1' says), 'zero_one_inflated_beta' and "
        "'ordered_beta' have zeros and ones; or move the ends inside, e.g. "
        f"(y * {n - 1} + 0.5) / {n} (Smithson & Verkuilen 2006)",
    )


def open_ends(family):
    """The smallest and the largest mean of a family, where its link does not keep to them.

    Parameters
    ----------
    family : Family
        Distribution of the response.

    Returns
    -------
    low, high : float
        Infinite where the link does, or the family has no such end.

    Examples
    --------
    >>> from mixedeffects.family import Binomial
    >>> open_ends(Binomial("log")), open_ends(Binomial())
    ((-inf, 1.0), (-inf, inf))
    """
    if family.ordinal or family.outside(np.zeros(1)) is None:
        return -inf, inf
    low, high = map(float, family.support)
    first, last = family.link.range
    return low if first < low else -inf, high if high < last else inf


def impossible_means(family, eta):
    """Rows whose linear predictor gives no mean that the family has.

    Parameters
    ----------
    family : Family
        Distribution of the response.
    eta : (n,) array
        Linear predictors.

    Returns
    -------
    (n,) bool array or None
        None where the link gives nothing else.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Binomial
    >>> impossible_means(Binomial("log"), np.array([-1.0, 0.1])).tolist()
    [False, True]
    """
    bad = family.outside(eta)
    if bad is None and any(map(isfinite, family.link.domain)):
        low, high = family.support
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = family.link.inverse(eta)
        bad = ~((mean >= low) & (mean <= high))
    return bad


def require_means(family, eta):
    """Refuse drawn linear predictors to which the link gives no mean.

    Parameters
    ----------
    family : Family
        Distribution of the response.
    eta : (n,) array
        Linear predictors.

    Raises
    ------
    NotAvailableError
    """
    bad = impossible_means(family, eta)
    if bad is not None and bad.any():
        raise NotAvailableError(
            f"{int(bad.sum()):,} of {bad.size:,} simulated rows have no mean: with the link "
            f"{family.link.name} random effects can take the linear predictor out of its range\n"
            'use a link that holds all values, such as "log", or groups="conditional"'
        )
