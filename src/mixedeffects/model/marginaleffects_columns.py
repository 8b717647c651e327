"""The columns of a fit or of its table as marginaleffects compares them: polars Series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from mixedeffects.design import open_table
from mixedeffects.errors import ColumnTypeError, DataError


def columns_of_fit(fit):
    """Series of the model's own columns on the rows used, and the kinds of its predictors."""
    design = fit.design
    spec = design.spec
    if design.sources is None:
        raise DataError(
            "this fit keeps the model's matrices but not the columns of the table, which "
            "marginaleffects changes one at a time\ngive the table: to_marginaleffects(data)"
        )
    out = {spec.response: pl.Series(spec.response, np.asarray(design.y))}
    for name, column in design.sources.columns.items():
        out[name] = series(name, column)
    for members, block in zip(spec.block_terms, design.blocks, strict=True):
        labels, codes = block.factor.labels, block.factor.codes
        names = [variable.text for variable in spec.formula.random[members[0]].group]
        parts = getattr(labels, "parts", None)
        for i, name in enumerate(names):
            if name in out:
                continue
            if parts is None:
                out[name] = enum(name, codes, [str(label) for label in labels])
            else:
                out[name] = enum(name, labels.codes[codes, i], parts[i].as_text())
    if spec.weights is not None and design.weights is not None:
        out.setdefault(spec.weights, pl.Series(spec.weights, np.asarray(design.weights)))
    return out, {name: column.kind for name, column in design.sources.columns.items()}


def columns_of_table(fit, data):
    """Series of a table's columns on the rows used, without unreadable ones, and their kinds."""
    design = fit.design
    spec = design.spec
    table = open_table(data)
    new = fit.rebuild(table, response=True)
    if new.y.size != design.n or not np.array_equal(new.y, design.y):
        raise DataError(
            f"data must be the table the model was fitted to: it has {new.y.size} complete rows, "
            f"the fit used {design.n}, or their '{spec.response}' differs\n"
            "other rows go to newdata= of marginaleffects' functions"
        )
    out, kinds = {}, {}
    for name in map(str, table.names):
        try:
            column = table.column(name)
        except ColumnTypeError:
            continue
        out[name] = series(name, rows_kept(column, new.kept))
        kinds[name] = column.kind
    out.setdefault(spec.response, pl.Series(spec.response, np.asarray(design.y)))
    return out, kinds


def series(name, column):
    """A column as marginaleffects can compare it: numbers, booleans as 0 and 1, Enum for text."""
    if column.labels is None:
        out = pl.Series(name, np.asarray(column.values))
        if column.kind == "boolean":
            out = out.cast(pl.Int8)
        if column.missing is None:
            return out
        return pl.select(pl.when(pl.Series(~column.missing)).then(out).alias(name)).to_series()
    codes, labels = column.values, column.labels
    if column.missing is None:
        codes, labels, _ = column.coded()
    return enum(name, codes, labels.as_text())


def rows_kept(column, kept):
    """The rows used, in which a column that the model does not read may have gaps."""
    if kept is None:
        return column
    missing = None if column.missing is None else column.missing[kept]
    return replace(column, values=column.values[kept], missing=missing, all_used=False)


def enum(name, codes, texts):
    """An Enum of integer codes, null where negative."""
    codes = pl.Series(np.asarray(codes, dtype=np.int64))
    places = pl.select(pl.when(codes >= 0).then(codes)).to_series()
    return pl.Series(name, texts, dtype=pl.Enum(texts)).gather(places)


def variable_type(values, categorical):
    """What marginaleffects calls a column: how it is compared and averaged.

    Examples
    --------
    >>> import polars as pl
    >>> variable_type(pl.Series([0.0, 1.0]), False), variable_type(pl.Series([0, 1]), True)
    ('binary', 'character')
    """
    dtype = values.dtype
    if dtype == pl.Enum:
        return "character"
    if not dtype.is_numeric():
        return "unknown"
    if categorical:  # factor(x): numbers that are names
        return "character"
    if ((values == 0) | (values == 1)).all():
        return "binary"
    return "integer" if dtype.is_integer() else "numeric"
