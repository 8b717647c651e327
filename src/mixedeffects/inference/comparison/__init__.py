"""Comparing fitted models: criteria, likelihood-ratio tests, tests of random terms."""

from mixedeffects.inference.comparison.bootstrap import BootstrapTest, bootstrap_test
from mixedeffects.inference.comparison.facts import (
    ComparisonFacts,
    LikelihoodRatio,
    comparison_facts,
    likelihood_ratio,
    needs_ml,
    tested,
)
from mixedeffects.inference.comparison.likelihoods import refuse_other_likelihoods
from mixedeffects.inference.comparison.nesting import Nesting, nesting
from mixedeffects.inference.comparison.random_terms import Reduction, reductions
from mixedeffects.inference.comparison.reference import NullDistribution, reference
from mixedeffects.inference.comparison.same_rows import on_the_same_rows

__all__ = [
    "BootstrapTest",
    "ComparisonFacts",
    "LikelihoodRatio",
    "Nesting",
    "NullDistribution",
    "Reduction",
    "bootstrap_test",
    "comparison_facts",
    "likelihood_ratio",
    "needs_ml",
    "nesting",
    "on_the_same_rows",
    "reductions",
    "reference",
    "refuse_other_likelihoods",
    "tested",
]
