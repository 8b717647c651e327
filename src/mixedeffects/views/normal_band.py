"""Which order statistics a normal quantile plot shows, and the band where they should lie."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mixedeffects.inference.normal import check_level

# order statistics shown: all up to so many, else so many of each tail and the others evenly spaced
MOST, TAIL = 400, 80
DRAWS, SEED = 1000, 20130847


def shown_order(n, most=MOST, tail=TAIL):
    """Positions, from 1, of the order statistics to show of n: the tails whole.

    Examples
    --------
    >>> shown_order(4).tolist(), shown_order(10**6)[[0, 79, -80, -1]].tolist()
    ([1, 2, 3, 4], [1, 80, 999921, 1000000])
    """
    from scipy.special import ndtr, ndtri

    if n <= most:
        return np.arange(1, n + 1)
    edge = ndtri(tail / n)
    middle = np.rint(n * ndtr(np.linspace(edge, -edge, most - 2 * tail + 2))).astype(np.intp)
    ends = np.arange(1, tail + 1)
    return np.unique(np.concatenate([ends, middle.clip(1, n), n + 1 - ends]))


def normal_band(n, shown, level=0.95):
    """Medians of normal order statistics and limits that hold for all of them at once.

    The i-th of n uniform order statistics is Beta(i, n + 1 - i). The limits are its quantiles gamma
    / 2 and 1 - gamma / 2, with the gamma at which a sample of independent values lies within all
    limits shown with the probability `level`; gamma comes from 1,000 simulated samples (with always
    the same seed). Returns median, lower, upper (k,) arrays.

    Parameters
    ----------
    shown : (k,) int array
        Positions from 1.

    References
    ----------
    Aldor-Noiman, Brown, Buja, Rolke & Stine (2013), doi:10.1080/00031305.2013.847865.

    Examples
    --------
    >>> import numpy as np
    >>> median, lower, upper = normal_band(3, np.arange(1, 4))
    >>> bool(np.allclose(lower, -upper[::-1])), median.round(2).tolist()
    (True, [-0.82, 0.0, 0.82])
    """
    from scipy.special import betaincinv, ndtri

    check_level(level)
    shown = np.asarray(shown)
    local = 1.0 - level if shown.size == 1 else _local_level(n, tuple(shown.tolist()), level)
    a, b = shown.astype(float), (n + 1 - shown).astype(float)
    lower = ndtri(betaincinv(a, b, local / 2.0))
    # by symmetry: the upper limit of i is the lower limit of n + 1 - i, without 1 - tiny
    upper = -ndtri(betaincinv(b, a, local / 2.0))
    return ndtri(betaincinv(a, b, 0.5)), lower, upper


@lru_cache(maxsize=64)
def _local_level(n, shown, level):
    """gamma: the quantile 1 - level of the smallest two-sided p-value of a sample."""
    from scipy.special import betainc

    rng, shown = np.random.default_rng(SEED), np.array(shown)
    # sums of exponentials in the gaps between the positions shown make their order statistics
    gaps = np.diff(np.concatenate([[0], shown, [n + 1]])).astype(float)
    sums = np.cumsum(rng.standard_gamma(gaps, (DRAWS, gaps.size)), axis=1)
    uniform = sums[:, :-1] / sums[:, -1:]
    below = betainc(shown, n + 1 - shown, uniform)
    return float(np.quantile(2.0 * np.minimum(below, 1.0 - below).min(axis=1), 1.0 - level))
