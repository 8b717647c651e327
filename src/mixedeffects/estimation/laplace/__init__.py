"""Generalised linear mixed models: Laplace's approximation, its exact gradient, its optimum."""

from mixedeffects.estimation.laplace.assemble import Coefficients, assemble
from mixedeffects.estimation.laplace.curvature import hessian, quick_hessian
from mixedeffects.estimation.laplace.fit import fit_laplace
from mixedeffects.estimation.laplace.objective import LaplaceObjective, row_slopes
from mixedeffects.estimation.laplace.quadrature import QuadratureObjective
from mixedeffects.estimation.laplace.quick import QuickObjective

__all__ = [
    "Coefficients",
    "LaplaceObjective",
    "QuadratureObjective",
    "QuickObjective",
    "assemble",
    "fit_laplace",
    "hessian",
    "quick_hessian",
    "row_slopes",
]
