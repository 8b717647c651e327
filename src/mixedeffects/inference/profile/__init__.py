"""Profile likelihood of a linear mixed model."""

from mixedeffects.inference.profile.compute import profile, profile_confint
from mixedeffects.inference.profile.names import ProfileParameter
from mixedeffects.inference.profile.record import ProfileFacts, fixed_first

__all__ = ["ProfileFacts", "ProfileParameter", "fixed_first", "profile", "profile_confint"]
