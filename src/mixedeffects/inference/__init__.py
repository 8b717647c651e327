"""Inference: functions of a fit record, one method per file."""

from mixedeffects.inference.broom import augment, glance, tidy
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.confint import confint
from mixedeffects.inference.icc import icc
from mixedeffects.inference.information import aic, bic, loglik, n_parameters
from mixedeffects.inference.predict import fitted, predict
from mixedeffects.inference.ranef import ranef
from mixedeffects.inference.residuals import residuals
from mixedeffects.inference.simulate import simulate
from mixedeffects.inference.summary import SummaryFacts, summary_facts
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import TermCovariance, VarCorr, varcorr
from mixedeffects.inference.vcov import vcov, vcov_fixef

__all__ = [
    "SummaryFacts",
    "Table",
    "TermCovariance",
    "VarCorr",
    "aic",
    "augment",
    "bic",
    "coefficient_table",
    "confint",
    "fitted",
    "glance",
    "icc",
    "loglik",
    "n_parameters",
    "predict",
    "ranef",
    "residuals",
    "simulate",
    "summary_facts",
    "tidy",
    "varcorr",
    "vcov",
    "vcov_fixef",
]
