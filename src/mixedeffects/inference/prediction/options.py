"""What is asked of a prediction."""

from __future__ import annotations

from dataclasses import dataclass

from mixedeffects.errors import OptionError
from mixedeffects.inference.normal import check_level

GROUPS = ("conditional", "population")
NEW_LEVELS = ("error", "population", "marginal")
INTERVALS = (None, "confidence", "prediction")
SCALES = ("response", "link")


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """What is to be predicted: the options of `predict`, those of both kinds of model."""

    groups: str
    new_levels: str
    interval: str | None
    level: float
    scale: str = "link"
    component: str | None = None
    size: object = None
    weights: object = None
    ddf: str | None = None

    def __post_init__(self):
        for name, known in (
            ("scale", SCALES),
            ("groups", GROUPS),
            ("new_levels", NEW_LEVELS),
        ):
            if (value := getattr(self, name)) not in known:
                raise OptionError(f"{name}={value!r} is not one of {', '.join(known)}")
        if self.interval not in INTERVALS:
            raise OptionError(
                f"interval={self.interval!r} is not one of None, confidence, prediction"
            )
        check_level(self.level)

    @property
    def conditional(self) -> bool:
        """Whether groups of the fit have their own effects."""
        return self.groups == "conditional"

    @property
    def between(self) -> bool:
        """Whether the variance between groups is part of what an interval holds."""
        new_group = self.interval == "prediction" and not self.conditional
        return self.new_levels == "marginal" or (new_group and self.new_levels != "population")
