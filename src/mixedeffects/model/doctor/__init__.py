"""The convergence doctor: what may be wrong with a fit, six remedies tried, one recommended."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.model.doctor.allfit import all_fit
    from mixedeffects.model.doctor.diagnosing import REMEDIES, diagnose
    from mixedeffects.model.doctor.mending import remedied

__getattr__ = late(
    __name__,
    {
        "REMEDIES": "diagnosing",
        "all_fit": "allfit",
        "diagnose": "diagnosing",
        "remedied": "mending",
    },
)

__all__ = ["REMEDIES", "all_fit", "diagnose", "remedied"]
