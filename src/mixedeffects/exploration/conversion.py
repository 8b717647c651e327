"""Code that makes numbers of text."""

from __future__ import annotations

import json

#: Roles of columns whose values may stay text.
LABELS = ("group", "subject", "row id", "constant", "empty", "text")


def written_numbers(found, roles) -> tuple[str, ...]:
    """Columns of numbers that the table holds as text, and that a model needs as numbers."""
    return tuple(p.name for p in found if p.written and roles.by_column[p.name].role not in LABELS)


def conversion_call(flavour, names) -> str:
    """The Python that converts columns of a table called ``data``; "" for other libraries.

    Examples
    --------
    >>> conversion_call("pandas", ["pain"])
    'data["pain"] = pandas.to_numeric(data["pain"], errors="coerce")'
    >>> conversion_call("polars", ["pain", "age"])
    'data = data.with_columns(polars.col("pain", "age").cast(polars.Float64, strict=False))'
    """
    texts = [json.dumps(name, ensure_ascii=False) for name in names]
    if flavour == "pandas" and len(texts) == 1:
        return f'data[{texts[0]}] = pandas.to_numeric(data[{texts[0]}], errors="coerce")'
    if flavour == "pandas":
        some = f"[{', '.join(texts)}]"
        return f'data[{some}] = data[{some}].apply(pandas.to_numeric, errors="coerce")'
    if flavour == "polars":
        return (
            f"data = data.with_columns(polars.col({', '.join(texts)})"
            ".cast(polars.Float64, strict=False))"
        )
    return ""
