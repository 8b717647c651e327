"""Tidy tables in the style of R's broom.mixed: parameters, the whole fit, and its rows."""

from mixedeffects.inference.broom.augment import augment
from mixedeffects.inference.broom.glance import glance
from mixedeffects.inference.broom.tidy import tidy

__all__ = ["augment", "glance", "tidy"]
