"""The section about the data: rows, groups, what is missing, outcome and predictors."""

from __future__ import annotations

from typing import Any

from mixedeffects.display.numbers import significant
from mixedeffects.errors import DataError
from mixedeffects.report.record import Grid, Paragraph, Section
from mixedeffects.views.report_tables import outcome_table, predictor_tables

DIGITS = 4
# levels of a factor that the table names
MOST_LEVELS = 12
HEADS = {"q1": "1st quartile", "q3": "3rd quartile", "sd": "std. deviation"}


def data_section(fit, facts, words, wishes):
    """Rows, groups, missing values, outcome and predictors.

    Returns a `Section`.

    Parameters
    ----------
    words : dict of str to str
        Paragraphs of the interpretation by topic.
    """
    blocks: list[Any] = [Paragraph(text) for text in _given(fit, wishes)]
    blocks.append(Paragraph(words["Missing values"]))
    blocks.append(_groups(facts))
    if facts.summary.missing.n_rows > facts.summary.missing.n_used:
        blocks.append(_missing(facts))
    blocks.append(_outcome(fit, facts))
    blocks += _predictors(fit)
    return Section("data", "Data", tuple(blocks))


def _given(fit, wishes):
    missing = fit.design.missing
    spec = fit.design.spec
    columns = ", ".join(spec.columns)
    text = (
        f"The table has {missing.n_rows:,} rows; the model uses {missing.n_used:,} of them and the "
        f"columns {columns}."
    )
    if wishes.data is None:
        return [text]
    from mixedeffects.design import open_table

    table = open_table(wishes.data)
    if table.n_rows != missing.n_rows:
        raise DataError(
            f"data has {table.n_rows:,} rows and the table of the fit had {missing.n_rows:,}\n"
            "give the table that the model was fitted to, or leave data= out"
        )
    unused = [name for name in table.names if name not in spec.columns]
    return [f"{text} Columns that the model does not use: {', '.join(unused) or 'none'}."]


def _groups(facts):
    rows = tuple(
        (g.name, f"{g.n_levels:,}", f"{g.smallest:,}", f"{g.mean:,.1f}", f"{g.largest:,}")
        for g in facts.summary.groups
    )
    header = ("factor", "levels", "fewest rows", "mean rows", "most rows")
    return Grid("Grouping factors and rows per level", header, rows)


def _missing(facts):
    rows = tuple(
        (name, f"{count:,}") for name, count in facts.summary.missing.by_column.items() if count
    )
    return Grid("Missing values", ("column", "missing"), rows)


def _outcome(fit, facts):
    columns = outcome_table(fit).columns
    return Grid(
        f"Outcome: {facts.response}", tuple(HEADS.get(n, n) for n in columns),
        tuple(_strings(row) for row in zip(*columns.values(), strict=True)),
        left=1 if "category" in columns else 0,
    )  # fmt: skip


def _predictors(fit):
    numbers, categories = predictor_tables(fit)
    out = []
    if numbers.columns["column"]:
        out.append(
            Grid(
                "Numeric predictors", tuple(HEADS.get(n, n) for n in numbers.columns),
                tuple(_strings(row) for row in zip(*numbers.columns.values(), strict=True)),
            )
        )  # fmt: skip
    c = categories.columns
    if c["column"]:
        rows = []
        for name in dict.fromkeys(c["column"]):
            own = [
                f"{level} ({count:,})"
                for column, level, count in zip(c["column"], c["level"], c["rows"], strict=True)
                if column == name
            ]
            more = f", and {len(own) - MOST_LEVELS:,} more" if len(own) > MOST_LEVELS else ""
            rows.append((name, f"{len(own):,}", ", ".join(own[:MOST_LEVELS]) + more))
        header = ("factor", "levels", "rows of each")
        out.append(Grid("Categorical predictors", header, tuple(rows), left=3))
    return out


def _strings(values):
    return tuple(
        f"{value:,}" if isinstance(value, int)
        else value if isinstance(value, str)
        else significant(float(value), DIGITS)
        for value in values
    )  # fmt: skip
