"""What options of commands can be, where they are one of a few words."""

from __future__ import annotations

from enum import StrEnum

import typer


class Format(StrEnum):
    """What `fit` writes."""

    text = "text"
    json = "json"
    html = "html"
    csv = "csv"


class Shown(StrEnum):
    """What `explore` and `diagnose` write."""

    text = "text"
    json = "json"
    html = "html"


class Remedies(StrEnum):
    """When `diagnose` tries its remedies."""

    auto = "auto"
    always = "always"
    never = "never"


class Tabled(StrEnum):
    """What `anova` and `compare` write."""

    text = "text"
    json = "json"
    csv = "csv"


class Groups(StrEnum):
    """Whose predictions `predict` writes."""

    conditional = "conditional"
    population = "population"


class NewLevels(StrEnum):
    """What `predict` does with groups that the fit has not seen."""

    error = "error"
    population = "population"
    marginal = "marginal"


class Interval(StrEnum):
    """Intervals of `predict`."""

    none = "none"
    confidence = "confidence"
    prediction = "prediction"


class Worded(StrEnum):
    """What `interpret` writes."""

    text = "text"
    markdown = "Markdown"


class Predicted(StrEnum):
    """What `predict` writes; a file that ends in nothing known holds CSV."""

    csv = "csv"
    tsv = "TSV"
    parquet = "Parquet"
    text = "text"


def kind_of_tests(given: str) -> str:
    """1, 2 or 3, also of those who write I, II or III."""
    found = {"i": "1", "ii": "2", "iii": "3"}.get(given.lower(), given)
    if found not in ("1", "2", "3"):
        raise typer.BadParameter(f"{given!r} is not one of 1, 2, 3")
    return found
