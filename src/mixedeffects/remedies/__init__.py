"""What may be wrong with a fit, remedies that were tried, and one that is recommended."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.remedies.diagnosing import REMEDIES, diagnose
    from mixedeffects.remedies.mending import remedied

__getattr__ = late(
    __name__,
    {
        "REMEDIES": "diagnosing",
        "diagnose": "diagnosing",
        "remedied": "mending",
    },
)

__all__ = ["REMEDIES", "diagnose", "remedied"]
