"""Predictions and residuals of generalised linear mixed models."""

from mixedeffects.inference.generalised.predict import fitted, predict
from mixedeffects.inference.generalised.residuals import residuals

__all__ = ["fitted", "predict", "residuals"]
