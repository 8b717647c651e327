"""What the rows say of the columns that sentences are about: powers, codes, shares, nesting.

Each is computed of the rows once; a fit without rows has kept it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design.evaluate import Evaluator
from mixedeffects.errors import MixedEffectsError
from mixedeffects.formula import Call, Name, column_names, strip, unparse
from mixedeffects.inference.row_sums import level_counts, summed

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# rows that are looked at before all are
FEW = 1_000
# share of a column's variance that a power of another may leave: what six digits have
LEFT = 1e-9
# levels from which means of levels say something
LEAST_LEVELS = 8
# share of the variance of means by level that a column may leave to hold them, as rounded means do
NEARLY = 0.02
# different values from which a column being a power of another is no chance
LEAST_VALUES = 4
# whole numbers that may be codes of categories: how many different ones
FEWEST_CODES, MOST_CODES = 3, 6
# functions that move and stretch a column
LINEAR = ("center", "scale", "standardize")
# name -> function of positive numbers, or of all
POWERS = (
    lambda x: x * x,
    lambda x: x * x * x,
    lambda x: np.sqrt(x) if x.min() >= 0 else None,
    lambda x: np.log(x) if x.min() > 0 else None,
    lambda x: 1.0 / x if x.min() > 0 else None,
)


def powers(fit: Fit) -> Mapping[str, str]:
    """Numeric columns that are the square, cube, root, logarithm or inverse of another.

    ``expersq`` beside ``exper``, up to a shift and a scale. Returns dict of str to str.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> rng = np.random.default_rng(1)
    >>> x = rng.integers(0, 20, 90).astype(float)
    >>> table = {"y": rng.normal(size=90), "x": x, "xx": x * x, "g": np.arange(90) % 9}
    >>> powers(me.lmm("y ~ x + xx + (1 | g)", table))
    {'xx': 'x'}
    """
    found = summed(fit, "powers of columns", lambda: _powers(fit))
    return dict(zip(found[::2], found[1::2], strict=True))


def _powers(fit: Fit):
    columns = numeric_columns(fit)
    out, names = {}, list(columns)
    for i, root in enumerate(names):
        for name in names[i + 1 :] if root not in out else ():
            if name not in out and _power(columns[root], columns[name]):
                out[name] = root
            elif name not in out and root not in out and _power(columns[name], columns[root]):
                out[root] = name
    return [text for pair in out.items() for text in pair]


def _power(x, z):
    """Whether z is a power of x, up to a shift and a scale."""
    for rows in (slice(FEW), slice(None)) if x.size > FEW else (slice(None),):
        some, other = x[rows], z[rows]
        if np.unique(some[:FEW]).size < LEAST_VALUES or _line(some, other):
            return False
        with np.errstate(all="ignore"):
            curves = [curve for f in POWERS if (curve := f(some)) is not None]
        if not any(_line(curve, other) for curve in curves):
            return False
    return True


def _line(x, z):
    """Whether z is x, up to a shift and a scale."""
    x, z = x - x.mean(), z - z.mean()
    xx, zz = float(x @ x), float(z @ z)
    return xx > 0 and zz > 0 and float(x @ z) ** 2 >= (1.0 - LEFT) * xx * zz


def numeric_columns(fit: Fit):
    """Columns of numbers that stand as they are in the fixed effects: name to (n,) array."""
    sources = fit.design.sources
    if sources is None:
        return {}
    out = {}
    for variable in fit.design.spec.formula.fixed.variables:
        node = strip(variable.node)
        if not isinstance(node, Name) or node.name not in sources.columns:
            continue
        column = sources.columns[node.name]
        if node.name not in sources.categorical and column.kind == "number":
            out[node.name] = np.asarray(column.values, dtype=float)
    return out


def standing_columns(fit: Fit):
    """`numeric_columns`, and functions of numbers that are part of no curve: ``log(x)``.

    Computed of the columns of the table. Returns dict of str to (n,) array.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = {"y": [1.0, 3, 2, 5, 4, 6], "x": [1.0, 2, 4, 1, 3, 5], "g": list("aabbcc")}
    >>> standing_columns(me.lmm("y ~ I(x - 1) + (1 | g)", data))
    {'I(x - 1)': array([0., 1., 3., 0., 2., 4.])}
    """
    out, spec, sources = numeric_columns(fit), fit.design.spec, fit.design.sources
    nodes = {v.text: strip(v.node) for v in spec.formula.fixed.variables}
    if sources is None or not any(isinstance(node, Call) for node in nodes.values()):
        return out
    bent = tangled(nodes, powers(fit))
    for text, node in nodes.items():
        if isinstance(node, Call) and text not in bent and text not in spec.levels:
            values = _evaluated(text, node, sources)
            if values is not None:
                out[unparse(node)] = values
    return out


def _evaluated(text, node, sources):
    """The numbers of a function of columns, of rows; None of more columns than one, and of none."""
    known = {n.name: sources.columns.get(n.name) for n in column_names(node)}
    if not known or any(
        column is None or column.kind != "number" or name in sources.categorical
        for name, column in known.items()
    ):
        return None
    inner = strip(node.args[0]) if node.args else None
    if node.function in LINEAR and isinstance(inner, Name):
        return np.asarray(known[inner.name].values, dtype=float)
    n = len(next(iter(known.values())).values)
    try:
        asked = Evaluator(text, known, n, states={}, levels={}, training=False)
        values = np.asarray(asked.numbers(node), dtype=float)
    except MixedEffectsError:  # a function of all rows, as poly
        return None
    return values if values.ndim == 1 and np.isfinite(values).all() else None


def level_means(fit: Fit):
    """Numeric columns that hold another one's means by level of a factor, as Mundlak's do.

    Returns list of (str, str, str): the column of means, the other, the factor.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> rng = np.random.default_rng(1)
    >>> g, x = np.repeat(np.arange(9), 5), rng.normal(size=45)
    >>> m = (np.bincount(g, x) / 5)[g]
    >>> table = {"y": x + rng.normal(size=45), "x": x, "m": m, "g": g}
    >>> level_means(me.lmm("y ~ x + m + (1 | g)", table))
    [('m', 'x', 'g')]
    """
    found = summed(fit, "columns of means", lambda: _level_means(fit))
    return list(zip(found[::3], found[1::3], found[2::3], strict=True))


def _level_means(fit: Fit):
    columns = numeric_columns(fit)
    out = []
    for f, block in enumerate(fit.design.blocks if len(columns) > 1 else ()):
        level, n_levels = block.factor.codes, block.factor.n_levels
        held = [name for name, x in columns.items() if _constant_in(x, level, n_levels)]
        for name, x in columns.items() if held else ():
            if name in held:
                continue
            means = (np.bincount(level, x, n_levels) / level_counts(fit, f))[level]
            spread = float(((means - means.mean()) ** 2).sum())
            for other in held:
                if other not in out[::3] and _same(columns[other], means, spread):
                    out += [other, name, block.factor.name]
    return out


def _same(z, means, spread):
    """Whether a column is another one's means by level, which differ."""
    few = slice(FEW)
    tolerance = LEFT * spread
    for rows in (few, slice(None)):
        if not float(((z[rows] - means[rows]) ** 2).sum()) <= tolerance:
            return False
    return spread > 0


def _constant_in(x, level, n_levels):
    """Whether a column does not vary within the levels of a factor."""
    first = np.zeros(n_levels)
    for rows in (slice(FEW), slice(None)):
        first[level[rows]] = x[rows]
        if not np.array_equal(first[level[rows]], x[rows]):
            return False
    return True


def codes(fit: Fit):
    """Numeric columns whose values are whole numbers 0, 1, 2 … or 1, 2, 3 …, a few of them.

    Returns list of (str, int, int): the column, its smallest and its largest value.
    """
    found = summed(fit, "codes", lambda: [n for n, x in numeric_columns(fit).items() if _coded(x)])
    sources = fit.design.sources
    numbers = {} if sources is None else {name: sources.summary(name) for name in found}
    return [(name, int(of.low), int(of.high)) for name, of in numbers.items()]


def _coded(x):
    if np.unique(x[:FEW]).size > MOST_CODES:
        return False
    values = np.unique(x)
    whole = values[0] in (0.0, 1.0) and bool((np.diff(values) == 1.0).all())
    return whole and FEWEST_CODES <= values.size <= MOST_CODES


def between_shares(fit: Fit):
    """Share of each numeric column's variance that lies between the levels of each factor.

    Returns dict of (str, str) to float: factor and column; nan where other columns hold the means
    of the levels, or nearly, so that its coefficient is that within them.
    """
    names = list(summed(fit, "numeric columns", lambda: list(standing_columns(fit))))
    blocks = fit.design.blocks
    shares = summed(fit, "shares between levels", lambda: _shares(fit))
    pairs = [(block.factor.name, name) for block in blocks for name in names]
    return dict(zip(pairs, np.asarray(shares).tolist(), strict=True))


def _shares(fit: Fit):
    columns = [x - x.mean() for x in standing_columns(fit).values()]
    totals = [float(x @ x) for x in columns]
    out = []
    for f, block in enumerate(fit.design.blocks):
        factor, rows = block.factor, level_counts(fit, f)
        means = [np.bincount(factor.codes, x, factor.n_levels) / rows for x in columns]
        shares = [
            float(rows @ m**2) / total if total > 0 else np.nan
            for m, total in zip(means, totals, strict=True)
        ]
        constant = [m for m, share in zip(means, shares, strict=True) if share > 1.0 - LEFT]
        known = np.column_stack([np.ones(rows.size), *constant])
        for m, share in zip(means, shares, strict=True):
            rest = m - known @ np.linalg.lstsq(known, m, rcond=None)[0]
            spread = float(((m - m.mean()) ** 2).sum())
            held = share < 1.0 - LEFT and float(rest @ rest) <= NEARLY * spread
            out.append(np.nan if held else share)
    return np.array(out)


def nested_in(fit: Fit):
    """Blocks of the main formula whose levels each lie within one level of another's.

    Returns dict of int to tuple of int: block to those it is nested in, with more than one level.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = {"y": [1.0, 3, 2, 5, 4, 6, 7, 8], "a": list("ppppqqqq"), "b": list("iijjiijj")}
    >>> nested_in(me.lmm("y ~ 1 + (1 | a / b)", data))[0]
    (1,)
    """
    flags = np.asarray(summed(fit, "nested blocks", lambda: _nested(fit)), dtype=bool)
    m = len(fit.design.blocks)
    return {f: tuple(np.flatnonzero(flags[f * m : (f + 1) * m]).tolist()) for f in range(m)}


def _nested(fit: Fit):
    factors = [block.factor for block in fit.design.blocks]
    out = np.zeros((len(factors), len(factors)))
    for f, inner in enumerate(factors):
        for g, outer in enumerate(factors):
            if inner.n_levels > outer.n_levels > 1:
                out[f, g] = _within(inner, outer)
    return out.ravel()


def _within(inner, outer):
    parent = np.zeros(inner.n_levels, dtype=np.int64)
    for rows in (slice(FEW), slice(None)):
        a, b = inner.codes[rows], outer.codes[rows]
        parent[a] = b
        if not np.array_equal(parent[a], b):
            return False
    return True


def tangled(variables, root=None, constant=()):
    """Variables of which none can change while the others stay: ``x`` and ``I(x^2)``.

    More variables than columns that they read: of ``log(a / c)`` and ``log(b / c)``, which read
    three, each can change alone. Found by matching variables with columns; what is reached from an
    unmatched variable by alternating paths is the overdetermined part (Dulmage & Mendelsohn 1958,
    doi:10.4153/CJM-1958-052-0).

    Returns set of str.

    Parameters
    ----------
    variables : dict of str to node
        Text to what it is in the formula.
    root : dict of str to str, optional
        Columns that are functions of others, as of `powers`.
    constant : collection of str
        Columns that do not change: of ``sin(pi * t)`` and ``cos(pi * t)`` neither can alone.

    Examples
    --------
    >>> from mixedeffects.formula import parse, strip
    >>> def of(text):
    ...     return {v.text: strip(v.node) for v in parse(text).fixed.variables}
    >>> sorted(tangled(of("y ~ x + I(x^2) + z")))
    ['I(x^2)', 'x']
    >>> sorted(tangled(of("y ~ log(a / c) + log(b / c)")))
    []
    """
    root = root or {}
    reads = {
        text: {root.get(n.name, n.name) for n in column_names(node)} - set(constant)
        for text, node in variables.items()
    }
    owner: dict[str, str] = {}

    def placed(text, seen):
        for column in reads[text] - seen:
            seen.add(column)
            if column not in owner or placed(owner[column], seen):
                owner[column] = text
                return True
        return False

    out = {text for text in reads if reads[text] and not placed(text, set())}
    left = list(out)
    while left:
        more = {owner[column] for column in reads[left.pop()] if column in owner} - out
        out |= more
        left += more
    return out


def curves(variables, root=None, constant=()):
    """The `tangled` variables with the columns of the curve, or surface, that they are part of.

    Returns dict of str to tuple of str.

    Examples
    --------
    >>> from mixedeffects.formula import parse, strip
    >>> parts = parse("y ~ a + log(a) + b + I(b^2) + z").fixed.variables
    >>> curves({v.text: strip(v.node) for v in parts})["I(b^2)"]
    ('b',)
    """
    found, root = tangled(variables, root, constant), root or {}
    reads = {
        text: {root.get(n.name, n.name) for n in column_names(variables[text])} - set(constant)
        for text in found
    }
    parts: list[set[str]] = []
    for own in reads.values():
        touching = [part for part in parts if part & own]
        parts = [part for part in parts if not part & own] + [own.union(*touching)]
    return {
        text: tuple(sorted(next(part for part in parts if own & part)))
        for text, own in reads.items()
    }
