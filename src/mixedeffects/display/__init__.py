"""Display: rounding and layout, no arithmetic."""

from typing import TYPE_CHECKING

from mixedeffects.display.explanation import Explanation
from mixedeffects.display.summary import Summary
from mixedeffects.display.varcorr import VarianceComponents
from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.display.all_fit import AllFit
    from mixedeffects.display.baselines import Baselines
    from mixedeffects.display.bootstrap import Bootstrap
    from mixedeffects.display.comparison import ModelComparison
    from mixedeffects.display.diagnosis import Diagnosis
    from mixedeffects.display.exploration import ExplorationDisplay
    from mixedeffects.display.influence import Influence
    from mixedeffects.display.least_squares import LeastSquares
    from mixedeffects.display.many_responses import ManyResponses
    from mixedeffects.display.means import EstimatedMeans
    from mixedeffects.display.profile import Profile
    from mixedeffects.display.quantile_residuals import QuantileResiduals
    from mixedeffects.display.rm_anova import RMAnova

__getattr__ = late(
    __name__,
    {
        "AllFit": "all_fit",
        "Baselines": "baselines",
        "Bootstrap": "bootstrap",
        "Diagnosis": "diagnosis",
        "EstimatedMeans": "means",
        "ExplorationDisplay": "exploration",
        "Influence": "influence",
        "LeastSquares": "least_squares",
        "ManyResponses": "many_responses",
        "ModelComparison": "comparison",
        "Profile": "profile",
        "QuantileResiduals": "quantile_residuals",
        "RMAnova": "rm_anova",
    },
)

__all__ = [
    "AllFit",
    "Baselines",
    "Bootstrap",
    "Diagnosis",
    "EstimatedMeans",
    "Explanation",
    "ExplorationDisplay",
    "Influence",
    "LeastSquares",
    "ManyResponses",
    "ModelComparison",
    "Profile",
    "QuantileResiduals",
    "RMAnova",
    "Summary",
    "VarianceComponents",
]
