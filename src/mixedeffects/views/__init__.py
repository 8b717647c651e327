"""What charts of a fit or of a table show, as tidy tables: one view per file, nothing drawn."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.views.record import View

if TYPE_CHECKING:
    from mixedeffects.views.caterpillar import caterpillar_view
    from mixedeffects.views.deletions import influence_group, influence_view
    from mixedeffects.views.forest import coefficients_view
    from mixedeffects.views.mean_lines import interaction_view
    from mixedeffects.views.mean_notes import few
    from mixedeffects.views.mean_points import means_view
    from mixedeffects.views.mean_scale import event_words, scale_words
    from mixedeffects.views.normal_quantiles import qq_ranef_view, qq_view
    from mixedeffects.views.optimiser_path import trace_view
    from mixedeffects.views.predictive import predictive_view
    from mixedeffects.views.profile_curves import profile_view
    from mixedeffects.views.residuals_by_group import by_group_view
    from mixedeffects.views.residuals_fitted import residuals_view, scale_location_view
    from mixedeffects.views.shares import variance_view
    from mixedeffects.views.shrinkage import shrinkage_view
    from mixedeffects.views.simulated_ranks import quantile_residuals_view
    from mixedeffects.views.three_effects import effects_view
    from mixedeffects.views.trajectories import trajectories_view
    from mixedeffects.views.tukey import boxes
    from mixedeffects.views.verdicts import verdict_words

__getattr__ = late(
    __name__,
    {
        "effects_view": "three_effects",
        "interaction_view": "mean_lines",
        "means_view": "mean_points",
        "variance_view": "shares",
        "coefficients_view": "forest",
        "trajectories_view": "trajectories",
        "shrinkage_view": "shrinkage",
        "caterpillar_view": "caterpillar",
        "residuals_view": "residuals_fitted",
        "scale_location_view": "residuals_fitted",
        "qq_view": "normal_quantiles",
        "qq_ranef_view": "normal_quantiles",
        "by_group_view": "residuals_by_group",
        "quantile_residuals_view": "simulated_ranks",
        "influence_view": "deletions",
        "profile_view": "profile_curves",
        "trace_view": "optimiser_path",
        "predictive_view": "predictive",
        "influence_group": "deletions",
        "verdict_words": "verdicts",
        "boxes": "tukey",
        "event_words": "mean_scale",
        "few": "mean_notes",
        "scale_words": "mean_scale",
    },
)

__all__ = [
    "View",
    "boxes",
    "by_group_view",
    "caterpillar_view",
    "coefficients_view",
    "effects_view",
    "event_words",
    "few",
    "influence_group",
    "influence_view",
    "interaction_view",
    "means_view",
    "predictive_view",
    "profile_view",
    "qq_ranef_view",
    "qq_view",
    "quantile_residuals_view",
    "residuals_view",
    "scale_location_view",
    "scale_words",
    "shrinkage_view",
    "trace_view",
    "trajectories_view",
    "variance_view",
    "verdict_words",
]
