"""What a fit would be without some rows: deletion diagnostics."""

from mixedeffects.inference.deletion.influence import influence
from mixedeffects.inference.deletion.record import InfluenceFacts

__all__ = ["InfluenceFacts", "influence"]
