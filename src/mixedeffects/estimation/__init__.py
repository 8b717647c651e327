"""Estimation: objective, optimisers, certificate."""

from mixedeffects.estimation.absolute import AbsoluteObjective, Gauge
from mixedeffects.estimation.certificate import Certificate, Direction
from mixedeffects.estimation.holding import CorrelationChart, EntryChart, FreeChart, hold
from mixedeffects.estimation.minimize import OPTIMIZERS, minimize
from mixedeffects.estimation.objective import Evaluation, LMMObjective
from mixedeffects.estimation.parameters import Parameters
from mixedeffects.estimation.tracing import LowerPointError, Point, trace

__all__ = [
    "OPTIMIZERS",
    "AbsoluteObjective",
    "Certificate",
    "CorrelationChart",
    "Direction",
    "EntryChart",
    "Evaluation",
    "FreeChart",
    "Gauge",
    "LMMObjective",
    "LowerPointError",
    "Parameters",
    "Point",
    "hold",
    "minimize",
    "trace",
]
