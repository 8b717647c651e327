"""Estimation: objective, optimisers, certificate."""

from mixedeffects.estimation.certificate import Certificate, Direction
from mixedeffects.estimation.minimize import OPTIMIZERS, minimize
from mixedeffects.estimation.objective import Evaluation, LMMObjective
from mixedeffects.estimation.parameters import Parameters

__all__ = [
    "OPTIMIZERS",
    "Certificate",
    "Direction",
    "Evaluation",
    "LMMObjective",
    "Parameters",
    "minimize",
]
