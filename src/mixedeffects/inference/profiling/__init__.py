"""Profile likelihoods."""

from mixedeffects.inference.profiling.compute import profile, profile_confint
from mixedeffects.inference.profiling.names import ProfileParameter
from mixedeffects.inference.profiling.record import ProfileFacts, fixed_first

__all__ = ["ProfileFacts", "ProfileParameter", "fixed_first", "profile", "profile_confint"]
