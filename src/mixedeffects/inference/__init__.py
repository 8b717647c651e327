"""Inference: functions of a fit record, one method per file.

What a fit and its summary need is imported with the room, the rest when it is first asked for.
"""

from typing import TYPE_CHECKING

from mixedeffects.doors import late
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.combinations import Combination
from mixedeffects.inference.confint import confint
from mixedeffects.inference.dispersion import dispersion
from mixedeffects.inference.icc import icc, variance_shares
from mixedeffects.inference.identification import Identification, identification
from mixedeffects.inference.information import aic, aicc, bic, loglik, n_parameters
from mixedeffects.inference.r2 import r2
from mixedeffects.inference.ranef import ranef
from mixedeffects.inference.separated import fixed_estimates
from mixedeffects.inference.summary import SummaryFacts, summary_facts
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import TermCovariance, VarCorr, varcorr
from mixedeffects.inference.variance_errors import variance_errors
from mixedeffects.inference.vcov import vcov

if TYPE_CHECKING:
    from mixedeffects.inference.anova_table import anova
    from mixedeffects.inference.broom import augment, glance, tidy
    from mixedeffects.inference.deletion import InfluenceFacts, influence
    from mixedeffects.inference.hypotheses import test
    from mixedeffects.inference.least_squares import OLSFacts, ols
    from mixedeffects.inference.pooling import BaselineFacts, baselines
    from mixedeffects.inference.prediction import fitted, simulate
    from mixedeffects.inference.prediction.linear import predict
    from mixedeffects.inference.profiling import ProfileFacts, profile, profile_confint
    from mixedeffects.inference.resampling import BootstrapFacts, bootstrap
    from mixedeffects.inference.residual.linear import residuals
    from mixedeffects.inference.rm_anova import RMAnovaFacts
    from mixedeffects.inference.trace_parameters import UserCoordinates

__getattr__ = late(
    __name__,
    {
        "anova": "anova_table",
        **dict.fromkeys(("augment", "glance", "tidy"), "broom"),
        **dict.fromkeys(("InfluenceFacts", "influence"), "deletion"),
        "test": "hypotheses",
        **dict.fromkeys(("OLSFacts", "ols"), "least_squares"),
        **dict.fromkeys(("BaselineFacts", "baselines"), "pooling"),
        **dict.fromkeys(("fitted", "simulate"), "prediction"),
        "predict": "prediction.linear",
        **dict.fromkeys(("ProfileFacts", "profile", "profile_confint"), "profiling"),
        **dict.fromkeys(("BootstrapFacts", "bootstrap"), "resampling"),
        "residuals": "residual.linear",
        "RMAnovaFacts": "rm_anova",
        "UserCoordinates": "trace_parameters",
    },
)

__all__ = [
    "BaselineFacts",
    "BootstrapFacts",
    "Combination",
    "Identification",
    "InfluenceFacts",
    "OLSFacts",
    "ProfileFacts",
    "RMAnovaFacts",
    "SummaryFacts",
    "Table",
    "TermCovariance",
    "UserCoordinates",
    "VarCorr",
    "aic",
    "aicc",
    "anova",
    "augment",
    "baselines",
    "bic",
    "bootstrap",
    "coefficient_table",
    "confint",
    "dispersion",
    "fitted",
    "fixed_estimates",
    "glance",
    "icc",
    "identification",
    "influence",
    "loglik",
    "n_parameters",
    "ols",
    "predict",
    "profile",
    "profile_confint",
    "r2",
    "ranef",
    "residuals",
    "simulate",
    "summary_facts",
    "test",
    "tidy",
    "varcorr",
    "variance_errors",
    "variance_shares",
    "vcov",
]
