"""Predictions: rows become linear predictors, these a target, with its variance and an interval.

A linear model is the one whose target is its linear predictor. `linear.predict` and
`generalised.predict` are what users call; `predict` has what both do.
"""

from mixedeffects.inference.prediction.fitted import fitted
from mixedeffects.inference.prediction.simulate import simulate

__all__ = ["fitted", "simulate"]
