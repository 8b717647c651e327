"""What options of commands can be, where they are one of a few words."""

from __future__ import annotations

from enum import StrEnum


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
