"""Columns that are a simple function of others: a square, a logarithm, a ratio, a difference."""

from __future__ import annotations

import numpy as np

#: Largest relative error of a column that was computed, perhaps in single precision or rounded.
EXACT = 1e-6
#: Rows with both that are needed, and different values.
LEAST_ROWS, LEAST_VALUES = 8, 4
#: Rows looked at before all of them.
SAMPLE = 48
#: Columns and rows in which sums are looked for, and columns that a sum is made of, at most.
MOST_SUMMED, SUMMED_ROWS, MOST_PARTS = 60, 400, 4

#: Name and formula of the functions of one column.
ONE = {
    "square": (lambda x: x * x, "{0}²"),
    "logarithm": (lambda x: np.log(np.where(x > 0, x, np.nan)), "log({0})"),
    "logarithm to base 10": (lambda x: np.log10(np.where(x > 0, x, np.nan)), "log10({0})"),
    "logarithm to base 2": (lambda x: np.log2(np.where(x > 0, x, np.nan)), "log2({0})"),
    "logarithm of one more": (lambda x: np.log1p(np.where(x > -1, x, np.nan)), "log(1 + {0})"),
    "square root": (lambda x: np.sqrt(np.where(x >= 0, x, np.nan)), "√{0}"),
    "reciprocal": (lambda x: 1.0 / np.where(x != 0, x, np.nan), "1/{0}"),
}  # fmt: skip
#: The formula of each function of two columns.
TWO = {
    "{0} / {1}": lambda y, q: y / np.where(q != 0, q, np.nan),
    "{0} × {1}": lambda y, q: y * q,
    "{0} − {1}": lambda y, q: y - q,
    "{1} − {0}": lambda y, q: q - y,
    "{0} + {1}": lambda y, q: y + q,
    "{1} / {0}": lambda y, q: q / np.where(y != 0, y, np.nan),
}


def functions(numbers):
    """Columns that are a square, a logarithm, a square root or a reciprocal of another.

    Parameters
    ----------
    numbers : sequence of ColumnProfile
        Columns of numbers.

    Yields
    ------
    ColumnProfile, ColumnProfile, str
        The column, the other, and the function in a word.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> exper = [*range(1, 11)]
    >>> table = {"exper": exper, "expersq": [x * x for x in exper]}
    >>> [(p.name, x.name, how) for p, x, how in functions(profiles(open_table(table))[0])]
    [('expersq', 'exper', 'square'), ('exper', 'expersq', 'square root')]
    """
    numbers = [p for p in numbers if _usable(p)]
    if len(numbers) < 2:
        return
    some = _sample(numbers)
    for word, (function, _) in ONE.items():
        alike = _alike(some[:, :, None], function(some)[:, None, :])
        for i, j in np.argwhere(alike).tolist():
            if i != j and _agrees(numbers[i], function, numbers[j]):
                yield numbers[i], numbers[j], word


def computed_from(y, numbers):
    """Columns that were computed from the outcome, alone or with another column.

    Parameters
    ----------
    y : ColumnProfile
        The outcome.
    numbers : sequence of ColumnProfile
        The other columns.

    Yields
    ------
    ColumnProfile, str, str or None
        The column, the formula, and the other column in it.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> y, brood = [4, 9, 7, 0, 6, 8, 1, 3, 5], [2, 3, 4, 5, 2, 3, 4, 5, 2]
    >>> per = [a / b for a, b in zip(y, brood, strict=True)]
    >>> calls, *others = profiles(open_table({"calls": y, "brood": brood, "per": per}))[0]
    >>> [(p.name, formula) for p, formula, _ in computed_from(calls, others)]
    [('per', 'calls / brood')]
    """
    some_numbers = [p for p in numbers if p.n_distinct > 1]
    if not _usable(y) or not some_numbers:
        return
    of, x = _sample([y]), _sample(some_numbers)
    done = {p.name for p in some_numbers if not _usable(p)}
    for function, text in ONE.values():
        for i in np.flatnonzero(_alike(x, function(of))).tolist():
            p = some_numbers[i]
            if p.name not in done and _agrees(p, function, y):
                done.add(p.name)
                yield p, text.format(y.name), None
    for text, function in TWO.items():
        alike = _alike(x[:, :, None], function(of[:, :, None], x[:, None, :]))
        for i, j in np.argwhere(alike).tolist():
            p, q = some_numbers[i], some_numbers[j]
            if i != j and not {p.name, q.name} & done and _agrees(p, function, y, q):
                done.add(p.name)
                yield p, text.format(y.name, q.name), q.name


def combinations(numbers):
    """Columns that are a sum of others, each times a number, as a difference and its parts are.

    Parameters
    ----------
    numbers : sequence of ColumnProfile
        Columns of numbers.

    Yields
    ------
    ColumnProfile, list of str
        The column, and the earlier ones that it is made of: two at least, four at most.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> ses, mean = [1.5, 2, 4, 7, 5, 9, 3, 8, 6], [2.5] * 3 + [7.0] * 3 + [5.5] * 3
    >>> own = [a - b for a, b in zip(ses, mean, strict=True)]
    >>> found, _ = profiles(open_table({"ses": ses, "mean": mean, "own": own}))
    >>> [(p.name, parts) for p, parts in combinations(found)]
    [('own', ['ses', 'mean'])]
    """
    numbers = [p for p in numbers if p.n_distinct > 1 and p.n_missing == 0][:MOST_SUMMED]
    if len(numbers) < 3:
        return
    n = numbers[0].n
    rows = np.unique(np.linspace(0, n - 1, min(n, SUMMED_ROWS)).astype(np.int64))
    columns = np.column_stack([_floats(p, rows) for p in numbers])
    columns = columns - columns.mean(axis=0)
    size = np.sqrt((columns**2).sum(axis=0))
    kept: list[int] = []
    spanned = np.empty((rows.size, 0))
    for j, p in enumerate(numbers):
        if size[j] == 0 or len(kept) + 3 > rows.size:
            continue
        target = columns[:, j] / size[j]
        rest = target - spanned @ (spanned.T @ target)
        rest -= spanned @ (spanned.T @ rest)  # again, for what rounding left
        length = float(np.sqrt(rest @ rest))
        if length > EXACT:
            kept.append(j)
            spanned = np.column_stack([spanned, rest / length])
            continue
        b = np.linalg.lstsq(columns[:, kept] / size[kept], target, rcond=None)[0]
        parts = [numbers[kept[i]] for i in np.flatnonzero(np.abs(b) > EXACT)]
        if 2 <= len(parts) <= MOST_PARTS and _is_sum(p, parts):
            yield p, [q.name for q in parts]


def _is_sum(p, parts) -> bool:
    """Whether that holds in all rows."""
    y = _floats(p, slice(None))
    x = np.column_stack([np.ones(y.size), *(_floats(q, slice(None)) for q in parts)])
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    return bool(np.abs(y - x @ b).max() <= 10 * EXACT * np.abs(y - y.mean()).max())


def _usable(p) -> bool:
    return p.kind == "number" and p.n_distinct >= LEAST_VALUES and p.n_present >= LEAST_ROWS


def _sample(columns) -> np.ndarray:
    """Some rows of the columns, (m, k) with nan where missing."""
    n = columns[0].n
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))
    return np.column_stack([_floats(p, rows) for p in columns])


def _alike(target, value) -> np.ndarray:
    """Which columns agree in all rows of a sample that have both, by broadcasting."""
    both = np.isfinite(target) & np.isfinite(value)
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(target), np.abs(value))
        off = np.abs(target - value) > EXACT * size + 1e-300
    return ~(off & both).any(axis=0) & (both.sum(axis=0) >= min(LEAST_ROWS, target.shape[0]) / 2)


def _agrees(p, function, *of) -> bool:
    """Whether a column is the function's value in all rows."""
    columns = [_floats(q, slice(None)) for q in (p, *of)]
    there = np.logical_and.reduce([np.isfinite(c) for c in columns])
    if np.count_nonzero(there) < LEAST_ROWS:
        return False
    target, *arguments = (c[there] for c in columns)
    value = function(*arguments)
    if not np.isfinite(value).all() or np.unique(target).size < LEAST_VALUES:
        return False
    size = np.maximum(np.abs(target), np.abs(value)) + 1e-12 * np.abs(target).max()
    return bool((np.abs(target - value) <= EXACT * size).all())


def _floats(p, rows):
    values = p.values[rows].astype(np.float64)
    if p.present is not None:
        values = np.where(p.present[rows], values, np.nan)
    return values
