"""A fitted linear mixed model: what is kept, in the user's coordinates."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import sqrt
from typing import Any, cast

import numpy as np

from mixedeffects.covariance import FittedNoise, PriorWeights
from mixedeffects.design import Design, without_rows
from mixedeffects.engine import (
    Plan,
    threads_for,
)
from mixedeffects.errors import ConvergenceWarning
from mixedeffects.estimation import GLS, Certificate, Evaluation, LMMObjective, RandomParts
from mixedeffects.fitting.linear import coefficients_of, fit_linear, optimum, theta_of
from mixedeffects.fitting.parameters import FitParameters
from mixedeffects.fitting.request import Request
from mixedeffects.inference.kinds import LINEAR
from mixedeffects.inference.row_sums import sums_of_rows


@dataclass(frozen=True, eq=False, repr=False)
class LMMFit:
    """Estimates of a linear mixed model and what they were computed from.

    Attributes
    ----------
    request : Request
        What was asked for besides the rows.
    objective : float
        -2 log-likelihood (ML) or REML criterion at the estimates.
    sigma : float
        Residual standard deviation, in units of the response.
    theta : (n_theta,) array
        Relative covariance parameters, lme4's order: the column-major lower triangles of
        the terms' relative Cholesky factors.
    beta : (p,) array
    lambdas : tuple of (k, k) arrays
        Relative factor of each grouping factor's block.
    evaluation : Evaluation
        The optimum in the engine's coordinates, for methods that need more of it.
    cache : dict
        Results that several methods share, by name; filled as they are asked for.
    sums : dict
        Sums over the rows, by name; likewise. All that a fit without rows knows of them.
    """

    design: Design
    plan: Plan
    request: Request
    certificate: Certificate
    objective: float
    sigma: float
    theta: np.ndarray
    beta: np.ndarray
    lambdas: tuple[np.ndarray, ...]
    evaluation: Evaluation = field(repr=False)
    cache: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    sums: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    default_ddf = "satterthwaite"
    kind = LINEAR
    linear = exact = True
    n_distribution = 1  # sigma
    recession = None
    categories = None

    @classmethod
    def of(cls, design, plan, evaluation, certificate, request):
        """Bring an optimum back from the engine's coordinates to the user's."""
        objective = evaluation.objective
        p = objective.p
        T = objective.stats.reference.T
        theta = objective.parameters.to_user(evaluation.theta)
        return cls(
            design=design,
            plan=plan,
            request=request,
            certificate=certificate,
            objective=evaluation.value,
            sigma=sqrt(evaluation.s2),
            theta=theta,
            beta=T[:p, :p] @ evaluation.factorisation.beta() - T[:p, p],
            lambdas=tuple(objective.parameters.lambdas(theta)),
            evaluation=evaluation,
        )

    def at(self, theta):
        """The same model at other covariance parameters: nothing is optimised but beta, sigma.

        Parameters
        ----------
        theta : (n_theta,) array
            In the engine's coordinates.
        """
        certificate = replace(self.certificate, flat=(), singular=())
        with threads_for(self.plan.columns):
            evaluation = self.evaluation.objective.evaluate(theta)
            out = self.of(self.design, self.plan, evaluation, certificate, self.request)
        out.sums.update(sums_of_rows(cast(Any, self)))
        return out

    def optimum_arrays(self):
        """The optimum as a file keeps it."""
        from mixedeffects.fitting.storage_linear import optimum_arrays

        return optimum_arrays(self)

    @classmethod
    def restored(cls, path, design, arrays, certificate, request):
        """The fit of which a file has the optimum."""
        from mixedeffects.fitting.storage_linear import restored

        return restored(cls, path, design, arrays, certificate, request)

    def again(self, design=None, **changes):
        """The model fitted again.

        Parameters
        ----------
        design : Design, optional
            Other rows, or other columns; without it nothing looks at the rows again.
        **changes
            Options of the `Request` that differ; the search is a new one, without start.

        Returns
        -------
        The same class of record.
        """
        request = self.request.again(**changes)
        if design is not None or request.engine != self.request.engine:
            return fit_linear(self.design if design is None else design, request, type(self))
        old = self.evaluation.objective
        objective = LMMObjective(old.stats, old.solver, old.parameters, request.reml)
        with threads_for(self.plan.columns):
            return optimum(self.design, self.plan, objective, request, type(self))

    def by_ml(self):
        """The same model by maximum likelihood, fitted once, without another pass over the rows."""
        if not self.reml:
            return self
        if "by ml" not in self.cache:
            self.cache["by ml"] = self.again(reml=False)
        return self.cache["by ml"]

    def with_response(self, y):
        """The design with another response, as `again` takes it."""
        return replace(self.design, y=y)

    @cached_property
    def refits(self):
        """The model at its estimates, to draw from and to fit many times."""
        from mixedeffects.estimation.refits import LinearRefits

        return LinearRefits(self.design, self.plan, self.evaluation, self.beta, self.sigma)

    def refitted(self, design, starts=None):
        """The fit to a resampled design, and its status as of `RefitResults`.

        Parameters
        ----------
        design : Design
            Of the resample.
        starts
            Where the search for the modes begins; a linear model does not search for them.
        """
        from mixedeffects.estimation.refits import CONVERGED, FAILED, SINGULAR

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = self.again(design, engine="auto", optimizer="newton", start=self.as_start())
        status = SINGULAR if fit.certificate.is_singular else CONVERGED
        return fit, status if fit.certificate.converged else FAILED

    def without_rows(self):
        """The fit without the rows it was fitted to: its sums answer what does not ask for rows."""
        from mixedeffects.fitting.keep_sums import keep_sums

        keep_sums(cast(Any, self))
        out = replace(self, design=without_rows(self.design))
        out.sums.update(self.sums)
        return out

    def with_design(self, design):
        """The fit with the rows of its design in another order, for comparisons with other fits."""
        return replace(self, design=design)

    def as_start(self):
        """Where a search for the estimates of a similar response may begin; None at a boundary."""
        return self.theta if self.theta.all() else None

    @property
    def reml(self):
        """Whether the variances are by restricted maximum likelihood."""
        return self.request.reml

    @property
    def extras(self) -> Mapping[str, np.ndarray]:
        """Coefficients of other predictors, of which there are none."""
        return {}

    @property
    def estimates(self):
        """(P,) beta, then theta."""
        return self.parameters.values

    @property
    def parameter_names(self):
        """Names of all parameters, in the order of `estimates`."""
        return self.parameters.names

    @property
    def modes(self):
        """Per block, the (q, k) conditional modes."""
        return self.b

    def part_of_recession(self, place):
        """None: every coefficient of a linear model has a finite estimate."""
        return None

    def extra_names(self, name, size):
        """Column names of one of the other predictors, of which there are none."""
        return ()

    @property
    def covariance_parameters(self):
        """Which entries of theta belong to which term: `estimation/covariance_parameters.py`."""
        return self.evaluation.objective.parameters

    @property
    def all_blocks(self):
        """The design's blocks: there is no other predictor with random effects."""
        return self.design.blocks

    @cached_property
    def vcov_beta(self):
        """(p, p) covariance of beta, given theta: sigma^2 (X'V^-1X)^-1.

        Bates, Mächler, Bolker & Walker (2015), eq. 54, doi:10.18637/jss.v067.i01.
        """
        return self.sigma**2 * (self.gls.T_hat @ self.gls.T_hat.T)

    @cached_property
    def b(self):
        """Per block, the (q, k) conditional modes of the random effects."""
        return self.gls.modes

    @cached_property
    def parameters(self):
        """All parameters: names, values, covariance, variance components."""
        return FitParameters(self)

    @property
    def coefficients(self):
        """Where the coefficients stand among the engine's parameters, and in which columns."""
        return coefficients_of(self.evaluation.objective)

    @cached_property
    def gls(self):
        """What the estimated V^-1 does to the columns of the model."""
        return GLS(self.evaluation)

    @property
    def cross_products(self):
        """The sums of products of columns that the fit was made from."""
        return self.evaluation.objective.stats

    @property
    def residual_df(self):
        """What the residual sum of squares is divided by: n - p by REML, n by ML."""
        return self.evaluation.objective.nu

    @cached_property
    def family(self):
        """The distribution of the response given the random effects."""
        from mixedeffects.family import Gaussian

        return Gaussian()

    @cached_property
    def response(self):
        """The response as the family reads it."""
        from mixedeffects.family import Response

        return Response(self.design.y, None, self.design.weights)

    @cached_property
    def fixed_predictors(self):
        """Per argument of the family's log density, its (n,) linear predictor's fixed part."""
        eta = self.design.X @ self.beta
        if self.design.offset is not None:
            eta += self.design.offset
        return eta, np.full(self.design.n, np.log(self.sigma))

    @property
    def predictors(self):
        """Per argument of the family's log density, its (n,) linear predictor at the modes."""
        from mixedeffects.inference.prediction.rows import random_part

        eta, log_sigma = self.fixed_predictors
        blocks = [(block.factor.codes, block.Z) for block in self.design.blocks]
        return eta + random_part(blocks, self.b), log_sigma

    def row_scores(self):
        """(n,) derivatives of the log-likelihood by the predictor of every row."""
        return self.noise.precisions(self.design.n) * (self.design.y - self.predictors[0])

    def uncertainty(self, ddf=None):
        """How far predictions are from what they predict, with degrees of freedom by a method."""
        from mixedeffects.inference.prediction.gls_errors import GLSErrors

        return GLSErrors(cast(Any, self), ddf)

    @cached_property
    def noise(self):
        """The residual variance of the rows."""
        return FittedNoise(PriorWeights(self.design.weights), self.sigma)

    @property
    def random_effects(self):
        """Per block, itself, its predictor, a factor of its covariance and its modes."""
        blocks, factors = self.design.blocks, [self.sigma * Lam for Lam in self.lambdas]
        return RandomParts(zip(blocks, (0,) * len(blocks), factors, self.b, strict=True))

    @cached_property
    def _conditional(self):
        with threads_for(self.plan.columns):
            blocks = self.gls.conditional()
        T_blocks = self.gls.T_blocks
        return tuple(self.sigma**2 * (T @ blocks[f] @ T.T) for f, T in enumerate(T_blocks))

    def conditional_covariances(self):
        """Per block, the (q, k, k) covariance of the random effects given data and theta."""
        return self._conditional

    def rebuild(self, data, **options):
        """The formula's columns for other rows, as `ModelSpec.rebuild`."""
        return self.design.spec.rebuild(data, **options)

    def objective_at(self, theta):
        """-2 log-likelihood (ML) or REML criterion at any theta, in lme4's order.

        Parameters
        ----------
        theta : (n_theta,) array
            Relative covariance parameters in lme4's order.

        Returns
        -------
        float

        Examples
        --------
        >>> import mixedeffects as me
        >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
        >>> round(fit.objective_at([1.0, 0.0, 1.0]), 4)
        1773.6803
        """
        objective = self.evaluation.objective
        with threads_for(self.plan.columns):
            theta = theta_of(theta, objective.parameters, "theta")
            return objective.value(objective.parameters.from_user(theta))

    def objective_without_random(self):
        """-2 log-likelihood (ML) or REML criterion with all variances of random effects zero.

        Returns
        -------
        float

        Examples
        --------
        >>> import mixedeffects as me
        >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), reml=False)
        >>> round(fit.objective_without_random(), 3)  # of lm(Reaction ~ Days)
        1900.293
        """
        return self.objective_at(np.zeros(self.theta.size))
