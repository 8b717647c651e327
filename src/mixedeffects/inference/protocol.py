"""What an inference function may know of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from mixedeffects.design import Design
    from mixedeffects.engine import Plan
    from mixedeffects.estimation import Certificate, Coefficients, CovarianceParameters, Recession
    from mixedeffects.inference.kinds import Kind
    from mixedeffects.inference.prediction.uncertainty import Uncertainty


class HasCoefficients(Protocol):
    """Coefficients of one or several linear predictors, with the covariance of their estimates."""

    @property
    def kind(self) -> Kind:
        """What such a model is called, and whether it has a residual SD apart."""
        ...

    @property
    def default_ddf(self) -> str:
        """How fixed effects are tested unless the user says otherwise: a name of `df.methods`."""
        ...

    @property
    def beta(self) -> np.ndarray:
        """(p,) fixed effects."""
        ...

    @property
    def vcov_beta(self) -> np.ndarray:
        """(p, p) model-based covariance of beta."""
        ...

    @property
    def recession(self) -> Recession | None:
        """Which combinations of beta have no finite estimate (separation); None if all have one."""
        ...

    @property
    def cache(self) -> dict[Any, Any]:
        """Results that several methods share, by name."""
        ...


class HasColumns(HasCoefficients, Protocol):
    """Coefficients with the columns that they belong to."""

    @property
    def design(self) -> Any:
        """A `Design`, or one `LinearPredictor` of it."""
        ...


class Fit(HasColumns, Protocol):
    """A fitted mixed model, linear or generalised; every array in the user's coordinates.

    `mixedeffects.fitting` has the records: `LMMFit` and `GLMMFit`.
    """

    @property
    def design(self) -> Design:
        """Response, model matrices and grouping factors; see `fit.without_rows`."""
        ...

    @property
    def request(self) -> Any:
        """Every option that was asked for: `mixedeffects.fitting.Request`."""
        ...

    @property
    def linear(self) -> bool:
        """Whether it is a linear mixed model, estimated from cross-products."""
        ...

    @property
    def exact(self) -> bool:
        """Whether the likelihood is no approximation."""
        ...

    @property
    def reml(self) -> bool:
        """Whether the variances are by restricted maximum likelihood."""
        ...

    @property
    def n_distribution(self) -> int:
        """Number of parameters besides beta and theta."""
        ...

    @property
    def family(self) -> Any:
        """The distribution of the response given the random effects."""
        ...

    @property
    def response(self) -> Any:
        """The response as the family reads it."""
        ...

    @property
    def noise(self) -> Any:
        """How rows vary about their means: ``alike`` and ``standardised`` of residuals."""
        ...

    @property
    def plan(self) -> Plan:
        """How its factorisations are computed, and what one costs."""
        ...

    @property
    def estimates(self) -> Any:
        """(P,) beta, the other predictors' coefficients, theta."""
        ...

    @property
    def parameter_names(self) -> Any:
        """Names of all parameters, in the order of `estimates`."""
        ...

    @property
    def modes(self) -> Any:
        """Per block of `all_blocks`, the (q, k) conditional modes."""
        ...

    @property
    def extras(self) -> Mapping[str, np.ndarray]:
        """Coefficients of other predictors ("zi", "dispersion", "thresholds", "df")."""
        ...

    @property
    def sigma(self) -> float:
        """Residual SD, in units of the response; 1 for a generalised model."""
        ...

    @property
    def theta(self) -> np.ndarray:
        """(n_theta,) relative covariance parameters, lme4's order."""
        ...

    @property
    def all_blocks(self) -> Any:
        """The blocks of the main formula, then those of other predictors."""
        ...

    @property
    def lambdas(self) -> Any:
        """Per block of `all_blocks`, its (k, k) relative factor."""
        ...

    @property
    def b(self) -> Any:
        """Per block of the main formula, the (q, k) conditional modes (BLUPs)."""
        ...

    @property
    def random_effects(self) -> Any:
        """Per block of `all_blocks`: itself, its argument of the log density, factor, modes."""
        ...

    @property
    def fixed_predictors(self) -> Any:
        """Per argument of the family's log density, its (n,) linear predictor's fixed part."""
        ...

    @property
    def predictors(self) -> Any:
        """The same at the modes of the random effects."""
        ...

    @property
    def parameters(self) -> Any:
        """All parameters: names, values, covariance, variance components."""
        ...

    @property
    def coefficients(self) -> tuple[Coefficients, ...]:
        """Where the coefficients stand among the engine's parameters, and in which columns."""
        ...

    @property
    def covariance_parameters(self) -> CovarianceParameters:
        """Which entries of theta belong to which term."""
        ...

    @property
    def cross_products(self) -> Any:
        """The sums that a linear model was estimated from; None of others."""
        ...

    @property
    def objective(self) -> float:
        """-2 log-likelihood (ML) or REML criterion."""
        ...

    @property
    def certificate(self) -> Certificate:
        """What proves the optimum, or what it lacks."""
        ...

    @property
    def evaluation(self) -> Any:
        """The optimum in the engine's coordinates."""
        ...

    @property
    def sums(self) -> dict[str, Any]:
        """What was asked of the rows so far: all that a fit without rows has of them."""
        ...

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

    def part_of_recession(self, place: slice) -> Recession | None:
        """`recession` of the coefficients in some places of `estimates`."""
        ...

    def extra_names(self, name: str, size: int) -> tuple[str, ...]:
        """Column names of one of the other predictors."""
        ...

    def objective_without_random(self) -> float:
        """-2 log-likelihood, or REML criterion, with all variances of random effects zero."""
        ...

    def at(self, theta: np.ndarray) -> Any:
        """The same model at other covariance parameters."""
        ...

    def again(self, design: Any = None, **changes: Any) -> Any:
        """The model fitted again, with what differs."""
        ...

    def with_design(self, design: Any) -> Any:
        """The fit with its rows in another order, as far as comparisons look at them."""
        ...

    def with_response(self, y: np.ndarray) -> Any:
        """The design with another response, as `again` takes it."""
        ...

    def as_start(self) -> Any:
        """Where a search for the estimates of a similar response may begin."""
        ...


class LinearFit(Fit, Protocol):
    """A fitted linear mixed model."""

    @property
    def gls(self) -> Any:
        """V^-1 of the fit, and what it gives: scores, traces, errors of predictions."""
        ...

    @property
    def residual_df(self) -> int:
        """Rows, less the fixed effects under REML."""
        ...

    def objective_at(self, theta: np.ndarray) -> float:
        """The criterion at any theta, in lme4's order."""
        ...


class GeneralisedFit(Fit, Protocol):
    """A fitted generalised linear mixed model."""

    @property
    def nagq(self) -> int:
        """1 for Laplace's approximation, 0 for its quick form, else quadrature points."""
        ...

    @property
    def vcov_parameters(self) -> Any:
        """(P, P) covariance of `estimates`."""
        ...

    @property
    def mode_curvature(self) -> Any:
        """What the modes depend on, and how certain they are."""
        ...

    @property
    def row_of(self) -> Any:
        """Row of the estimation's problem of each row; None where they are the same."""
        ...

    def by_quadrature(self, points: int) -> Any:
        """The objective by quadrature, a function of the engine's parameters."""
        ...
