"""Estimation: objective, optimisers, certificate; profiles in a room of their own."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.estimation.boundary import NEGLIGIBLE, Direction
from mixedeffects.estimation.certificate import Certificate, FlatDirection
from mixedeffects.estimation.coefficients import Coefficients, RandomParts
from mixedeffects.estimation.covariance_parameters import CovarianceParameters
from mixedeffects.estimation.gls import GLS
from mixedeffects.estimation.minimize import BY_EVALUATIONS, OPTIMIZERS, minimize
from mixedeffects.estimation.objective import Evaluation, LMMObjective
from mixedeffects.estimation.recession import Recession, complement, null_space
from mixedeffects.estimation.search_log import Step

if TYPE_CHECKING:
    from mixedeffects.estimation.identification import (
        flat_directions_of_rows,
        known_directions,
        plainly_in_the_data,
        with_flat,
    )
    from mixedeffects.estimation.noise import NoiseObjective
    from mixedeffects.estimation.stopping import UserRule, check_rule
    from mixedeffects.estimation.twins import two_alike

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(
            (
                "flat_directions_of_rows",
                "known_directions",
                "plainly_in_the_data",
                "with_flat",
            ),
            "identification",
        ),
        "NoiseObjective": "noise",
        "two_alike": "twins",
        **dict.fromkeys(("UserRule", "check_rule"), "stopping"),
    },
)

__all__ = [
    "BY_EVALUATIONS",
    "GLS",
    "NEGLIGIBLE",
    "OPTIMIZERS",
    "Certificate",
    "Coefficients",
    "CovarianceParameters",
    "Direction",
    "Evaluation",
    "FlatDirection",
    "LMMObjective",
    "NoiseObjective",
    "RandomParts",
    "Recession",
    "Step",
    "UserRule",
    "check_rule",
    "complement",
    "flat_directions_of_rows",
    "known_directions",
    "minimize",
    "null_space",
    "plainly_in_the_data",
    "two_alike",
    "with_flat",
]
