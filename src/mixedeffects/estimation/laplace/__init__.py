"""Generalised linear mixed models: Laplace's approximation, its exact gradient, its optimum."""

from mixedeffects.estimation.laplace.assemble import assemble, in_engines
from mixedeffects.estimation.laplace.curvature import hessian, quick_hessian
from mixedeffects.estimation.laplace.edge import at_edge, edge_advice, edge_words
from mixedeffects.estimation.laplace.fit import fit_laplace
from mixedeffects.estimation.laplace.objective import LaplaceObjective, StartingPoint, row_slopes
from mixedeffects.estimation.laplace.quadrature import QuadratureObjective
from mixedeffects.estimation.laplace.quick import QuickObjective
from mixedeffects.estimation.laplace.separation import finite_space, in_users

__all__ = [
    "LaplaceObjective",
    "QuadratureObjective",
    "QuickObjective",
    "StartingPoint",
    "assemble",
    "at_edge",
    "edge_advice",
    "edge_words",
    "finite_space",
    "fit_laplace",
    "hessian",
    "in_engines",
    "in_users",
    "quick_hessian",
    "row_slopes",
]
