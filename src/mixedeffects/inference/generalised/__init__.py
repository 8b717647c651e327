"""Predictions, residuals and new responses of generalised linear mixed models."""

from mixedeffects.inference.generalised.predict import fitted, predict
from mixedeffects.inference.generalised.residuals import residuals
from mixedeffects.inference.generalised.simulate import simulate, simulated

__all__ = ["fitted", "predict", "residuals", "simulate", "simulated"]
