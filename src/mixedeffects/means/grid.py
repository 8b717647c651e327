"""The reference grid: all combinations of levels and covariate values that means are taken over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.estimable import aliasing
from mixedeffects.inference.row_sums import kept
from mixedeffects.means.nesting import (
    equal_weights,
    existing,
    nesting,
    with_parents,
)

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# ways to reduce a number to one value, and what of its summary that is
REDUCERS = {"mean": "mean", "median": "median", "min": "low", "max": "high"}
WEIGHTS = ("equal", "proportional", "outer", "cells", "flat")
# rows times columns of a grid that is still made
LARGEST = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One variable of the grid.

    Attributes
    ----------
    name : str
        Column of the table.
    values : list
        Levels of a factor, or numbers.
    codes : (n,) array or None
        Which of the values each row of the fit has (-1 none of them), for a factor and for a
        number with two values; None otherwise.
    all_codes, chosen : (n,) and (n_values,) int arrays, optional
        Where only some levels of a factor are in the grid: the codes of all its levels, and which
        of these the values are.
    """

    name: str
    values: list
    codes: np.ndarray | None
    all_codes: np.ndarray | None = None
    chosen: np.ndarray | None = None


def predictors_of(fit: Fit):
    """The columns behind the fixed effects.

    Raises NotAvailableError for a fit that was saved without them.
    """
    predictors = fit.design.sources
    if predictors is None:
        raise NotAvailableError(
            "this fit was loaded from a file without its predictors, so there are no levels and "
            "means to take\nfit the model again"
        )
    return predictors


def axes(fit: Fit, *, at=None, cov_reduce="mean"):
    """The variables of the fixed effects and the values each takes in the grid.

    Returns dict of str to Axis.

    Parameters
    ----------
    at : dict, optional
        Column to values, instead of all levels or of the mean.
    cov_reduce : str, callable or dict of these by column
        What a numeric column is reduced to, over the rows used: "mean", "median", "min", "max",
        "range" (both ends), or a function of its values. A column with two values keeps both.

    Raises
    ------
    OptionError
        For a column that the fixed effects do not read, or a level that is not there.
    """
    predictors = predictors_of(fit)
    at = {} if at is None else at
    if not isinstance(at, Mapping):
        raise OptionError(f"at={at!r} must be a dict of column names to values")
    names = list(predictors.columns)
    for name in at:
        check_name(name, names, "at")
    found = {}
    for name in names:
        if name in predictors.categorical:
            codes, labels = predictors.levels(name)
            found[name] = _factor(name, codes, labels, at.get(name))
        else:
            found[name] = _covariate(fit, name, at.get(name), cov_reduce)
    return found


def as_names(names):
    """A column name or several, as a list.

    Examples
    --------
    >>> as_names("a"), as_names(None), as_names(("a", "b"))
    (['a'], [], ['a', 'b'])
    """
    if names is None:
        return []
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise OptionError(f"{names!r} is not a column name or a list of them")
    return list(names)


def check_name(name, names, option):
    """Refuse a column that the fixed effects do not read."""
    if name not in names:
        if "~" in name:
            raise OptionError(
                f"{option}: {name!r} is a formula; give the column alone, by= for a second one\n"
                "the differences of means are contrasts(…)"
            )
        raise OptionError(
            f"{option}: '{name}' is not a column that the fixed effects read\n"
            f"columns: {', '.join(names) or 'none'}"
        )


def _factor(name, codes, labels, wanted):
    if wanted is None:
        return Axis(name, labels, np.asarray(codes))
    wanted = _as_list(wanted)
    places = {label_text(label): i for i, label in enumerate(labels)}
    wanted = [label_text(value) for value in wanted]
    missing = [value for value in wanted if value not in places]
    if not wanted:
        raise OptionError(f"at: no level of '{name}' is given")
    if missing:
        raise OptionError(
            f"at: '{name}' has no level {', '.join(missing)}\n"
            f"levels: {', '.join(list(places)[:20])}"
        )
    chosen = [places[value] for value in wanted]
    recode = np.full(len(labels), -1)
    recode[chosen] = np.arange(len(chosen))
    values = [labels[i] for i in chosen]
    return Axis(name, values, recode[codes], np.asarray(codes), np.array(chosen))


def _covariate(fit: Fit, name, wanted, cov_reduce):
    if wanted is not None:
        wanted = _as_list(wanted)
        if not wanted or not all(isinstance(v, Real) and isfinite(v) for v in wanted):
            raise OptionError(f"at: the values of '{name}' must be finite numbers")
        return Axis(name, [float(v) for v in wanted], None)
    reduce = cov_reduce.get(name, "mean") if isinstance(cov_reduce, dict) else cov_reduce

    def reduced():
        return _reduced(name, predictors_of(fit), reduce)

    # rows are looked at once for each name and way to reduce them
    return kept(fit, ("grid", name, reduce), reduced) if isinstance(reduce, str) else reduced()


def _reduced(name, sources, reduce):
    if callable(reduce):
        found = np.atleast_1d(np.asarray(reduce(sources.numbers(name)), dtype=float))
        return Axis(name, found.tolist(), None)
    summary = sources.summary(name)
    if reduce == "range":
        return Axis(name, [summary.low, summary.high], None)
    if reduce == "mean" and summary.two_valued:
        return Axis(name, [summary.low, summary.high], sources.upper(name))
    if reduce not in REDUCERS:
        raise OptionError(
            f"cov_reduce={reduce!r} is not one of {', '.join(REDUCERS)}, range or a function"
        )
    return Axis(name, [getattr(summary, REDUCERS[reduce])], None)


def _as_list(values):
    return [values] if isinstance(values, str | bool | Real) else list(values)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Averages over a grid, one row for each combination of the variables asked for.

    Attributes
    ----------
    labels : dict of str to list
        The combinations that exist, the first variable fastest; besides the variables asked for
        those that they are nested in.
    rows : (m, p_all) array
        Coefficients of each average on all columns of the model matrix.
    offset : (m,) array
    averaged : tuple of str
        Variables with several values that were averaged over.
    empty : (m,) bool array
        Combinations without a weight: no row of the fit has them.
    nested : dict of str to tuple of str
        Per nested factor, those that it is nested in.
    """

    labels: dict[str, list]
    rows: np.ndarray
    offset: np.ndarray
    averaged: tuple[str, ...]
    empty: np.ndarray
    nested: dict[str, tuple[str, ...]]


def cells(fit: Fit, names, found, rows_of, *, weights="equal"):
    """Averages of the model matrix over all variables but those named.

    Returns a `Cells`.

    Parameters
    ----------
    weights : {"equal", "proportional", "outer", "cells", "flat"}
        Of the levels averaged over: the same for all; their frequencies in the data; the products
        of each factor's own frequencies; the frequencies within each combination; the
        same for all cells that have rows. Where factors are nested, only of combinations that
        exist, and "the same" is within each level of the factor that nests them, then over these.
    rows_of : callable
        From a table and its number of rows to (rows, offset): coefficients of every point.
    """
    if weights not in WEIGHTS:
        raise OptionError(f"weights={weights!r} is not one of {', '.join(WEIGHTS)}")
    nested = nesting(fit, list(found.values()))
    names = with_parents(names, nested)
    shown = [found[name] for name in names]
    others = [axis for name, axis in found.items() if name not in names]
    ordered = [*shown, *others]
    shape = tuple(len(axis.values) for axis in ordered)
    m = int(np.prod(shape[: len(shown)], dtype=np.int64))
    total = int(np.prod(shape, dtype=np.int64))
    aliased = aliasing(fit)
    p_all = aliased.kept.size + aliased.dropped.size
    if total * max(p_all, 1) > LARGEST:
        raise OptionError(
            f"the grid has {total} combinations of {', '.join(axis.name for axis in ordered)}; "
            "hold some of them at one value with at="
        )
    index = np.unravel_index(np.arange(total), shape, order="F") if shape else ()
    table = {
        axis.name: _column(axis.values, place) for axis, place in zip(ordered, index, strict=True)
    }
    try:
        X, offset = rows_of(table, total)
    except DataError as problem:
        raise DataError(
            f"{problem}\n(on the grid of levels and covariate values; choose other values with at=)"
        ) from problem
    inner = [a.name for a in others if a.name in nested]
    outer = {parent for name in inner for parent in nested[name]}
    if weights == "outer":  # a frequency of a nested level is one of the level it is nested in
        others = [replace(a, codes=None) if a.name in outer else a for a in others]
    W, empty = _weights(weights, shown, others, m, fit.design.sources)
    places = {axis.name: place for axis, place in zip(ordered, index, strict=True)}
    shown_cells = np.ones(m, dtype=bool)
    if nested:
        good = existing(places, [axis.name for axis in ordered], nested).reshape(W.shape)
        W, empty = _nested_weights(W, empty, weights, places, others, good, nested)
        shown_cells = good.any(axis=0)
    L = np.einsum("om,omp->mp", W, X.reshape(total // m, m, X.shape[1]))[shown_cells]
    offset = np.einsum("om,om->m", W, offset.reshape(total // m, m))[shown_cells]
    labels = {
        axis.name: [axis.values[i] for i in place[:m][shown_cells].tolist()]
        for axis, place in zip(shown, index, strict=False)
    }
    averaged = tuple(axis.name for axis in others if len(axis.values) > 1)
    inside = {name: tuple(parents) for name, parents in nested.items()}
    return Cells(labels, L, offset, averaged, empty[shown_cells], inside)


def _column(values, place):
    if all(isinstance(v, float) for v in values):
        return np.array(values)[place]
    return [values[i] for i in place.tolist()]


def _weights(weights, shown, others, m, sources):
    """(n_others, m) weights that sum to one down each column, and columns without any."""
    sizes = [len(axis.values) for axis in others]
    n_others = int(np.prod(sizes, dtype=np.int64))
    even = np.full((n_others, m), 1.0 / n_others), np.zeros(m, dtype=bool)
    counted = [axis for axis in others if axis.codes is not None]
    if weights == "equal" or not counted:
        return even
    # at= leaves rows out of the grid, and of all frequencies
    rows = None if sources is None else sources.counts
    inside = np.all([a.codes >= 0 for a in (*shown, *others) if a.codes is not None], axis=0)
    if weights == "outer":
        W = np.ones(1)
        for axis in others:
            own = np.ones(len(axis.values)) if axis.codes is None else _counts([axis], inside, rows)
            W = np.kron(own, W)
        return np.tile((W / W.sum())[:, None], m), np.zeros(m, dtype=bool)
    within = [axis for axis in shown if axis.codes is not None] if weights != "proportional" else []
    counts = _counts([*within, *counted], inside, rows)
    if weights == "flat":
        counts = (counts > 0).astype(float)
    # numeric variables have no frequencies: every value of theirs weighs the same
    used = [a if a in within or a in counted else None for a in [*shown, *others]]
    full = counts.reshape([1 if a is None else len(a.values) for a in used] or [1], order="F")
    target = [len(axis.values) for axis in [*shown, *others]]
    W = np.broadcast_to(full, target).reshape(-1, order="F").reshape(n_others, m)
    total = W.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return W / total, total == 0


def _nested_weights(W, empty, weights, places, others, good, nested):
    """The weights without combinations that do not exist, and columns without any.

    Takes good (n_others, m) bool array: which combinations exist.
    """
    if weights in ("equal", "flat"):
        sizes = {axis.name: len(axis.values) for axis in others}
        new = equal_weights(places, nested, sizes, good.ravel()).reshape(W.shape)
        new = np.where(W > 0, new, 0.0)
    else:
        new = np.where(good, np.nan_to_num(W), 0.0)
    total = new.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return new / total, empty | (total == 0)


def _counts(axes_, inside, rows):
    """Rows `inside` in each combination of the axes, flattened, the first axis fastest.

    `rows` says for how many an entry stands; one each where it is None.
    """
    shape = tuple(len(axis.values) for axis in axes_)
    flat = np.ravel_multi_index([axis.codes[inside] for axis in axes_], shape, order="F")
    weights = None if rows is None else rows[inside]
    return np.bincount(flat, weights, minlength=int(np.prod(shape))).astype(float)


def combinations(labels, names):
    """Row numbers of each combination of the named label columns, in order of appearance.

    Examples
    --------
    >>> combinations({"a": [1, 2, 1, 2], "b": ["x", "x", "y", "y"]}, ["b"])
    {('x',): [0, 1], ('y',): [2, 3]}
    """
    n = len(next(iter(labels.values()), [None]))
    groups = {}
    for i in range(n):
        groups.setdefault(tuple(labels[name][i] for name in names), []).append(i)
    return groups


def all_of(labels, names, separator):
    """One text per row from several label columns."""
    columns = [[label_text(v) for v in labels[name]] for name in names]
    return [separator.join(row) for row in zip(*columns, strict=True)]


def label_text(value):
    """A level or a covariate's value as text.

    Examples
    --------
    >>> label_text("a"), label_text(2.0), label_text(0.1234567)
    ('a', '2', '0.123457')
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)
