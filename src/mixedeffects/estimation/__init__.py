"""Estimation: objective, optimisers, certificate; later, constrained optima for profiles."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.estimation.certificate import Certificate, Direction, FlatDirection
from mixedeffects.estimation.minimize import BY_EVALUATIONS, OPTIMIZERS, minimize
from mixedeffects.estimation.objective import Evaluation, LMMObjective
from mixedeffects.estimation.parameters import Parameters
from mixedeffects.estimation.recession import Recession, complement, null_space
from mixedeffects.estimation.watching import Step

if TYPE_CHECKING:
    from mixedeffects.estimation.absolute import AbsoluteObjective, Gauge
    from mixedeffects.estimation.holding import CorrelationChart, EntryChart, FreeChart, hold
    from mixedeffects.estimation.identification import (
        flat_directions_of_rows,
        known_directions,
        two_alike,
        with_flat,
    )
    from mixedeffects.estimation.stopping import UserRule, check_rule
    from mixedeffects.estimation.tracing import LowerPointError, Point, trace

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("AbsoluteObjective", "Gauge"), "absolute"),
        **dict.fromkeys(("CorrelationChart", "EntryChart", "FreeChart", "hold"), "holding"),
        **dict.fromkeys(
            ("flat_directions_of_rows", "known_directions", "two_alike", "with_flat"),
            "identification",
        ),
        **dict.fromkeys(("UserRule", "check_rule"), "stopping"),
        **dict.fromkeys(("LowerPointError", "Point", "trace"), "tracing"),
    },
)

__all__ = [
    "BY_EVALUATIONS",
    "OPTIMIZERS",
    "AbsoluteObjective",
    "Certificate",
    "CorrelationChart",
    "Direction",
    "EntryChart",
    "Evaluation",
    "FlatDirection",
    "FreeChart",
    "Gauge",
    "LMMObjective",
    "LowerPointError",
    "Parameters",
    "Point",
    "Recession",
    "Step",
    "UserRule",
    "check_rule",
    "complement",
    "flat_directions_of_rows",
    "hold",
    "known_directions",
    "minimize",
    "null_space",
    "trace",
    "two_alike",
    "with_flat",
]
