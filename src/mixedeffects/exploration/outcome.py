"""How an outcome is distributed: clipped, heaped, full of zeros; and which family that suggests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.hints import MEASURED, SCORES, hint

#: Interquartile ranges between a code such as -999 and the nearest other value; rows of a code.
FAR, LEAST_CODED = 5.0, 2
NINES = 10.0 ** np.arange(1, 16) - 1.0
#: Rows and share of the rows at one end that make it a floor or a ceiling.
LEAST_ROWS, LEAST_SHARE = 5, 0.01
#: How many times as frequent as the values next to it the end is.
STANDS_OUT = 4.0
#: On scales of a few points: the share at the end, which must also be the most frequent value.
FEW_POINTS, FEW_POINTS_SHARE = 20, 0.2
#: Values next to the end that are compared with it.
NEIGHBOURS = 10
#: Most points of a rating scale.
MOST_POINTS = 7
#: Skewness from which positive values call for a logarithm.
SKEWED = 1.5
#: Share of zeros from which on a skewed positive response is amounts that may be none.
AMOUNTS = 0.05
#: Variance over mean from which counts call for more than a Poisson distribution.
OVERDISPERSED = 1.5


@dataclass(frozen=True, slots=True)
class End:
    """A pile of values at the smallest or the largest: "floor" or "ceiling"."""

    kind: str
    value: float
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """The outcome of a table.

    Attributes
    ----------
    scale : str
        "binary", "successes of trials", "rating", "count", "proportion", "positive", "amount"
        (zeros and positive numbers), "continuous" or "categories".
    family : str
        Of `glmm`, or "gaussian" for `lmm`.
    n, n_distinct : int
    mean, sd, low, high : float
        nan where the values are not numbers.
    codes : tuple of float
        Values such as -999 far from all others, which may stand for missing ones.
    heaping : str
        What values are heaped at, in words; "" for none.
    zeros, zeros_expected : float
        Share of zeros in counts, and by a negative binomial distribution of the same mean and
        variance; nan for other scales.
    """

    name: str
    scale: str
    family: str
    why: str
    n: int
    n_distinct: int
    mean: float = np.nan
    sd: float = np.nan
    low: float = np.nan
    high: float = np.nan
    ends: tuple[End, ...] = ()
    heaping: str = ""
    zeros: float = np.nan
    zeros_expected: float = np.nan
    codes: tuple[float, ...] = ()


def outcome_facts(p: ColumnProfile, binomial=None) -> OutcomeFacts:
    """Look at the outcome.

    Parameters
    ----------
    binomial : BinomialColumns, optional
        The column of trials or failures beside it.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> score = [100.0] * 20 + [float(x) + 0.5 for x in range(40, 99)]
    >>> facts = outcome_facts(profiles(open_table({"score": score}))[0][0])
    >>> facts.scale, facts.ends[0].kind, facts.ends[0].n
    ('continuous', 'ceiling', 20)
    """
    if p.is_text or p.kind == "boolean" or p.kind == "datetime":
        return _categories(p)
    values = p.numbers()
    distinct, counts = np.unique(values, return_counts=True)
    common = {
        "name": p.name, "n": values.size, "n_distinct": int(distinct.size),
        "mean": float(values.mean()), "low": p.low, "high": p.high,
        "sd": float(values.std(ddof=1)) if values.size > 1 else np.nan,
    }  # fmt: skip
    if binomial is not None:
        why = f"{p.name} counts successes of {binomial.beside} trials"
        if binomial.share:
            why = f"{p.name} is the share of successes in {binomial.beside} trials"
        elif binomial.role == "failures":
            why = f"{p.name} and {binomial.beside} count successes and failures"
        return OutcomeFacts(scale="successes of trials", family="binomial", why=why, **common)
    if distinct.size == 2:
        return _two_numbers(p, distinct, common)
    scale, family, why = _scale(p, values, distinct, counts)
    zeros = expected = np.nan
    if scale == "count":
        zeros, expected = zero_shares(values)
    codes = missing_codes(distinct, counts)
    kept = ~np.isin(distinct, codes)
    distinct, counts = distinct[kept], counts[kept]
    # the ends of a rating scale are categories like the others
    ends = () if scale == "rating" else find_ends(distinct, counts, scale)
    if scale == "continuous" and ends:
        why += f", and piled up at {' and '.join(f'{e.value:g}' for e in ends)}"
    return OutcomeFacts(
        scale=scale, family=family, why=why, ends=ends, heaping=heaped(distinct, counts),
        zeros=zeros, zeros_expected=expected, codes=codes, **common,
    )  # fmt: skip


def _categories(p):
    common = {"name": p.name, "n": p.n_present, "n_distinct": p.n_distinct}
    shown = ", ".join(str(v) for v in (p.labels or ())[:6])
    if p.kind == "datetime":
        why = "dates are no outcome of a model: turn them into a duration"
        return OutcomeFacts(scale="categories", family="gaussian", why=why, **common)
    if p.n_distinct <= 2:
        why = f"{p.name} has two values ({shown})"
        return OutcomeFacts(scale="binary", family="binomial", why=why, **common)
    if p.kind == "ordered":
        why = f"{p.name} is ordered categories ({shown})"
        return OutcomeFacts(scale="rating", family="ordinal", why=why, **common)
    why = f"{p.name} is categories ({shown}), if they have an order"
    return OutcomeFacts(scale="categories", family="ordinal", why=why, **common)


def _two_numbers(p, distinct, common):
    a, b = (f"{v:g}" for v in distinct)
    why = f"{p.name} is {a} or {b}"
    if set(distinct.tolist()) != {0.0, 1.0}:
        why += "; make it 0 and 1"
    return OutcomeFacts(scale="binary", family="binomial", why=why, **common)


def _scale(p, values, distinct, counts):
    """What sort of numbers these are, the family for it, and why."""
    n = p.name
    if not p.whole:
        if p.low > 0 and p.high < 1:
            return "proportion", "beta", f"{n} lies between 0 and 1"
        if distinct.size > MOST_POINTS and (found := _with_ends(n, values)) is not None:
            return found
        skew = skewness(values)
        if p.low > 0 and skew > SKEWED and p.high > 10 * np.median(values):
            why = f"{n} is positive with a long right tail (skewness {skew:.1f})"
            return "positive", "gamma", why
        return "continuous", "gaussian", f"{n} is continuous"
    contiguous = distinct.size == p.high - p.low + 1
    mode = float(distinct[np.argmax(counts)])
    if p.low in (0, 1) and contiguous and 3 <= distinct.size <= MOST_POINTS:
        if p.low == 1 or mode not in (0.0, 1.0):
            return "rating", "ordinal", f"{n} has {distinct.size} points, {p.low:g} to {p.high:g}"
    known = hint(n, SCORES | MEASURED)
    if known is not None and not hint(n, {"count", "number", "num"}):
        what = "a score" if known in SCORES else "a measurement"
        why = f"{n} is whole numbers from {p.low:g} to {p.high:g}, by its name {what}"
        return "continuous", "gaussian", why
    skew = skewness(values)
    if p.low in (0, 1) and (skew > 0.8 or values.mean() < 5) and values.mean() < p.high / 2:
        ratio = float(values.var(ddof=1) / values.mean()) if values.size > 1 else 1.0
        if p.low == 1 and ratio < 1:  # no zero, and steadier than counts are
            return "continuous", "gaussian", f"{n} is whole numbers from 1 to {p.high:g}"
        if ratio > OVERDISPERSED:
            why = (
                f"{n} is whole numbers from {p.low:g}, as counts are, with a variance {ratio:.1f} "
                "times its mean (groups and predictors may explain some of it)"
            )
            return "count", "nbinom2", why
        return (
            "count",
            "poisson",
            f"{n} is whole numbers from {p.low:g}, as counts are, with a variance near its mean",
        )
    return "continuous", "gaussian", f"{n} is whole numbers from {p.low:g} to {p.high:g}"


def _with_ends(n, values):
    """Shares with zeros or ones, amounts with zeros, each end in several rows; None for others."""
    zeros, ones = (int((values == end).sum()) for end in (0.0, 1.0))
    low, high = float(values.min()), float(values.max())
    if min(zeros + ones, values.size - zeros - ones) < LEAST_ROWS:
        return None
    if low == 0.0 and high == 1.0:
        why = f"{n} lies between 0 and 1, which {zeros} and {ones} rows are exactly"
        return "proportion", "ordered_beta", why
    if low == 0.0 and 0.5 < high < 1.0:
        why = f"{n} lies between 0 and 1, and {zeros} rows are exactly 0"
        return "proportion", "zero_inflated_beta", why
    if low > 0.0 and high == 1.0:
        why = f"{n} lies between 0 and 1, and {ones} rows are exactly 1"
        return "proportion", "one_inflated_beta", why
    if low == 0.0 and skewness(values[values > 0.0]) > SKEWED and zeros >= AMOUNTS * values.size:
        why = (
            f"{n} is positive with a long right tail, and {zeros / values.size:.0%} are exactly 0, "
            "if these zeros are true: nothing there, not too little to be measured"
        )
        return "amount", "tweedie", why
    return None


def skewness(values) -> float:
    """Third standardised moment; 0 where nothing varies."""
    d = values - values.mean()
    spread = float(np.sqrt((d * d).mean()))
    return float((d**3).mean()) / spread**3 if spread > 0 else 0.0


def find_ends(distinct, counts, scale="continuous") -> tuple[End, ...]:
    """Floor and ceiling: an end that many more rows have than the values next to it.

    Parameters
    ----------
    distinct, counts : (m,) arrays
        Values in increasing order and their rows.
    scale : str
        Zeros of counts are no floor: `zero_shares` looks at them. Nor are those of amounts, and
        zeros and ones of shares, whose families have them.

    Examples
    --------
    >>> import numpy as np
    >>> find_ends(np.arange(50.0), np.r_[np.full(49, 2), 30])
    (End(kind='ceiling', value=49.0, n=30, share=0.234375),)
    """
    n = int(counts.sum())
    if distinct.size < 4 or n < 20:
        return ()
    out = []
    for kind, end, near in (
        ("floor", 0, counts[1 : 1 + NEIGHBOURS]),
        ("ceiling", -1, counts[-1 - NEIGHBOURS : -1]),
    ):
        rows = int(counts[end])
        share = rows / n
        if kind == "floor" and scale in ("count", "amount"):
            continue
        if scale == "proportion" and distinct[end] in (0.0, 1.0):
            continue
        if distinct.size <= FEW_POINTS:
            piled = share >= FEW_POINTS_SHARE and rows == counts.max()
        else:
            piled = share >= LEAST_SHARE and rows > STANDS_OUT * float(near.mean())
        if piled and rows >= LEAST_ROWS:
            out.append(End(kind, float(distinct[end]), rows, share))
    return tuple(out)


def missing_codes(distinct, counts) -> tuple[float, ...]:
    """Repeated values of nines, such as -9, 99 or -999, that lie far from all other values.

    Parameters
    ----------
    distinct, counts : (m,) arrays
        Values in increasing order and their rows.

    Examples
    --------
    >>> import numpy as np
    >>> missing_codes(np.r_[-999.0, np.arange(50.0)], np.r_[12, np.full(50, 2)])
    (-999.0,)
    >>> missing_codes(np.arange(120.0), np.full(120, 2))
    ()
    """
    nines = np.isin(np.abs(distinct), NINES) & (counts >= LEAST_CODED)
    others = distinct[~nines]
    if not nines.any() or others.size < 2:
        return ()
    low, high = np.quantile(np.repeat(others, counts[~nines]), (0.25, 0.75))
    # more than half of the others may be one value
    reach = FAR * float(high - low if high > low else others[-1] - others[0])
    return tuple(v for v in distinct[nines].tolist() if np.abs(others - v).min() > reach)


def heaped(distinct, counts) -> str:
    """Which round numbers are preferred, in words; "" for none.

    Examples
    --------
    >>> import numpy as np
    >>> heaped(np.arange(1.0, 101), np.where(np.arange(1, 101) % 10 == 0, 40, 2))
    '69% of the values are multiples of 10, of which 10% would be expected'
    """
    if distinct.size and distinct[0] == 0:  # nothing is nothing, however it is rounded
        distinct, counts = distinct[1:], counts[1:]
    n = int(counts.sum())
    if n < 50 or distinct.size < 20 or not (np.floor(distinct) == distinct).all():
        return ""
    steps = np.diff(distinct)
    if steps.min() > 1:  # the scale itself has such steps
        return ""
    for step in (10, 5):
        share = float(counts[distinct % step == 0].sum() / n)
        multiples = distinct[-1] // step - -(-distinct[0] // step) + 1
        by_chance = float(multiples / (distinct[-1] - distinct[0] + 1))
        if share > 2 * by_chance and share > by_chance + 4 * np.sqrt(by_chance / n):
            return (
                f"{share:.0%} of the values are multiples of {step}, of which {by_chance:.0%} "
                "would be expected"
            )
    return ""


def zero_shares(values) -> tuple[float, float]:
    """Share of zeros, and the share by a negative binomial of the same mean and variance.

    Examples
    --------
    >>> import numpy as np
    >>> zero_shares(np.array([0.0, 0, 0, 1, 2, 3]))
    (0.5, 0.42187...)
    """
    mean, variance = float(values.mean()), float(values.var())
    share = float((values == 0).mean())
    if variance <= mean:
        return share, float(np.exp(-mean))
    size = mean * mean / (variance - mean)
    return share, float((size / (size + mean)) ** size)
