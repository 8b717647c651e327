"""What an inference function may know of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from mixedeffects.design import Design
    from mixedeffects.engine import Plan
    from mixedeffects.estimation import (
        Certificate,
        Coefficients,
        Evaluation,
        Parameters,
        Recession,
    )
    from mixedeffects.inference.kinds import Kind
    from mixedeffects.inference.prediction.uncertainty import Uncertainty


class FitRecord(Protocol):
    """The record of a fitted mixed model; every array in the user's coordinates.

    Linear and generalised models have the same members. A linear one is Gaussian and has no
    `extras`, but `gls`, `cross_products` and `residual_df` (see `mixedeffects.fitting.LMMFit`); a
    generalised one has `predictors`, `estimates`, `vcov_parameters`, `mode_curvature`, `nagq` (see
    `mixedeffects.fitting.GLMMFit`).

    Attributes
    ----------
    linear : bool
        Whether it is a linear mixed model, estimated from cross-products, with sigma apart from
        its other parameters.
    kind : Kind
        What such a model is called.
    exact : bool
        Whether the likelihood is no approximation.
    n_distribution : int
        Number of parameters besides beta and theta.
    response : Response
        The response as the family reads it.
    fixed_predictors : tuple of (n,) arrays
        Per argument of the family's log density, its linear predictor's fixed part.
    predictors : tuple of (n,) arrays
        The same at the modes of the random effects.
    noise : FittedNoise or FamilyNoise
        How rows vary about their means: ``alike`` and ``standardised`` of residuals.
    random_effects : tuple of (Block, int, (k, k) array, (q, k) array)
        Per block of `all_blocks`: itself, the argument of the log density that it is part of,
        a factor of its covariance (sigma Lambda) and its modes.
    default_ddf : str
        How fixed effects are tested unless the user says otherwise: a name of
        `mixedeffects.inference.df.methods`.
    plan : Plan
        How its factorisations are computed, and what one costs.
    beta : (p,) array
    vcov_beta : (p, p) array
        Model-based covariance of beta.
    recession : Recession or None
        Which combinations of beta have no finite estimate (separation); None if all have one.
    extras : mapping of str to array
        Coefficients of other linear predictors ("zi", "dispersion", "thresholds", "df").
    sigma : float
        Residual standard deviation, in units of the response; 1 for a generalised model, whose
        random effects are relative to nothing.
    theta : (n_theta,) array
        Relative covariance parameters in lme4's order.
    all_blocks : tuple of Block
        The design's, then those of other predictors.
    lambdas : tuple of (k, k) arrays
        Relative factor of each of `all_blocks`.
    b : tuple of (q, k) arrays
        Conditional modes of the random effects (BLUPs), per block.
    parameters : FitParameters
        All parameters: names, values, covariance, variance components.
    coefficients : tuple of Coefficients
        Where the coefficients stand among the engine's parameters, and in which columns.
    covariance_parameters : Parameters
        Which entries of theta belong to which term.
    objective : float
        -2 log-likelihood (ML) or REML criterion.
    evaluation : Evaluation
        The optimum in the engine's coordinates.
    cache : dict
        Results that several methods share, by name.
    """

    design: Design
    linear: bool
    kind: Kind
    exact: bool
    n_distribution: int
    family: Any
    response: Any
    fixed_predictors: tuple[np.ndarray, ...]
    predictors: tuple[np.ndarray, ...]
    noise: Any
    random_effects: tuple[Any, ...]
    default_ddf: str
    plan: Plan
    reml: bool
    beta: np.ndarray
    vcov_beta: np.ndarray
    recession: Recession | None
    extras: Mapping[str, np.ndarray]
    all_blocks: tuple[Any, ...]
    sigma: float
    theta: np.ndarray
    lambdas: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]
    parameters: Any
    coefficients: tuple[Coefficients, ...]
    covariance_parameters: Parameters
    objective: float
    certificate: Certificate
    evaluation: Evaluation
    cache: dict[str, Any]

    def rebuild(self, data: Any, **options: Any) -> Any:
        """The main formula's columns for other rows: those complete in all parts."""
        ...

    def uncertainty(self, ddf: str | None = None) -> Uncertainty:
        """How far predictions are from what they predict."""
        ...

    def row_scores(self) -> np.ndarray:
        """(n,) derivatives of the log-likelihood by the main predictor of every row."""
        ...

    def conditional_covariances(self) -> tuple[np.ndarray, ...]:
        """Per block, the (q, k, k) covariance of the random effects given the data."""
        ...
