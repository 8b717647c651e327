"""The data of a fit in numbers: outcome, predictors, levels at the ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.ranef import named_ranef
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

QUANTILES = {"min": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "max": 1.0}


def number_summary(values):
    """Mean, standard deviation and five quantiles.

    Takes values (n,) array. Returns dict of str to float.

    Examples
    --------
    >>> import numpy as np
    >>> number_summary(np.array([1.0, 2.0, 6.0]))["median"]
    2.0
    """
    values = np.asarray(values, dtype=float)
    out = {"mean": float(values.mean())}
    out["sd"] = float(values.std(ddof=1)) if values.size > 1 else float("nan")
    found = np.quantile(values, list(QUANTILES.values()))
    return out | dict(zip(QUANTILES, found.tolist(), strict=True))


def outcome_table(fit: Fit):
    """The response of the rows used.

    Returns
    -------
    Table
        Of numbers: rows, mean, sd, min, q1, median, q3, max (one row). Of categories: category,
        rows, share. Of successes among trials: rows, trials, successes, share.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> outcome_table(fit).columns["rows"]
    [180]
    """
    y = np.asarray(fit.response.y)
    size = fit.response.size
    categories = fit.design.categories
    if size is not None:
        trials, successes = float(size.sum()), float(y.sum())
        return Table(
            {
                "rows": [y.size],
                "trials": [trials],
                "successes": [successes],
                "share": [successes / trials],
            }
        )
    if categories is not None:
        counts = np.bincount(y.astype(np.intp), minlength=len(categories))
        return Table(
            {
                "category": [str(label) for label in categories],
                "rows": counts.tolist(),
                "share": (counts / y.size).tolist(),
            }
        )
    return Table({"rows": [y.size], **{n: [v] for n, v in number_summary(y).items()}})


def predictor_tables(fit: Fit):
    """The columns that the fixed effects read.

    Returns
    -------
    numbers : Table
        column, mean, sd, min, q1, median, q3, max.
    categories : Table
        column, level, rows.
    """
    numbers = {"column": [], "mean": [], "sd": [], **{name: [] for name in QUANTILES}}
    categories = {"column": [], "level": [], "rows": []}
    kept = fit.design.sources
    if kept is None:
        return Table(numbers), Table(categories)
    for name in kept.columns:
        if name in kept.categorical:
            codes, labels = kept.levels(name)
            counts = np.bincount(codes, minlength=len(labels)).tolist()
            categories["column"] += [name] * len(labels)
            categories["level"] += [str(label) for label in labels]
            categories["rows"] += counts
        else:
            found = {"column": name, **number_summary(kept.numbers(name))}
            for column, values in numbers.items():
                values.append(found[column])
    return Table(numbers), Table(categories)


def extreme_levels(fit: Fit, level=0.95, most=5):
    """Predicted random effects, the highest and the lowest of each factor and column.

    Parameters
    ----------
    most : int
        Of either end; all levels where there are no more than twice as many.

    Returns
    -------
    dict of (group, term) to Table
        rank (1 is the highest), level, estimate, std_error, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> extreme_levels(fit, most=1)["Subject", "Days"].columns["level"].tolist()
    ['308', '335']
    """
    if not fit.design.blocks:  # random effects of the extra zeros only
        return {}
    c = named_ranef(fit, level=level).columns
    out = {}
    for block in fit.design.blocks:
        for term in dict.fromkeys(block.names):
            rows = np.flatnonzero((c["group"] == block.factor.name) & (c["term"] == term))
            order = rows[np.argsort(-c["estimate"][rows], kind="stable")]
            rank = np.arange(1, order.size + 1)
            if order.size > 2 * most:
                ends = np.r_[:most, order.size - most : order.size]
                order, rank = order[ends], rank[ends]
            columns = {n: c[n][order] for n in ("level", "estimate", "std_error", "lower", "upper")}
            out[block.factor.name, term] = Table({"rank": rank, **columns})
    return out
