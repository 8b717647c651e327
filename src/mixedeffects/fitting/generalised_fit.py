"""A fitted generalised linear mixed model, in the user's coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from mixedeffects.design import MAIN, Design, has_rows, rebuild_all
from mixedeffects.engine import Plan, threads_for
from mixedeffects.estimation import Certificate, Coefficients, RandomParts
from mixedeffects.estimation.laplace.mode_curvature import ModeCurvature
from mixedeffects.fitting.generalised import fit_generalised
from mixedeffects.fitting.generalised_parameters import GeneralisedParameters
from mixedeffects.fitting.names import coefficient_names
from mixedeffects.fitting.problem import objective_of
from mixedeffects.fitting.request import Request
from mixedeffects.inference.kinds import GENERALISED
from mixedeffects.inference.row_sums import sums_of_rows


@dataclass(frozen=True, eq=False, repr=False)
class GLMMFit:
    """Estimates of a generalised linear mixed model and what they were computed from.

    The names are those of `LMMFit` where the meaning is the same, so that functions of a fit work
    on both; random effects are on the scale of the linear predictor, and `sigma` is 1.

    Attributes
    ----------
    request : Request
        What was asked for besides the rows: with the family and the approximation.
    objective : float
        -2 log-likelihood.
    theta : (n_theta,) array
        Covariance parameters in lme4's order: the column-major lower triangles of the Cholesky
        factors of the terms' covariances.
    beta : (p,) array
    extras : dict of str to array
        Coefficients of the other predictors ("dispersion", "zi", "df"), on the scale of
        their link, and "thresholds".
    lambdas : tuple of (k, k) arrays
        Cholesky factor of each block's covariance.
    evaluation : LaplaceEvaluation
        The optimum in the engine's coordinates.
    curvature : (P, P) array or None
        An approximation of d2 objective there; None where the parameters are taken as given.
    coefficients : tuple of Coefficients
        Where each group of coefficients stands among the engine's parameters.
    row_of : (n,) array or None
        Row of the estimation's problem that each row of the design became a part of, where equal
        rows were merged.
    """

    design: Design
    request: Request
    response: Any
    plan: Plan
    certificate: Certificate
    objective: float
    theta: np.ndarray
    beta: np.ndarray
    extras: dict[str, np.ndarray]
    lambdas: tuple[np.ndarray, ...]
    evaluation: Any = field(repr=False)
    curvature: np.ndarray | None = field(repr=False)
    coefficients: tuple[Coefficients, ...] = field(repr=False)
    row_of: np.ndarray | None = field(default=None, repr=False)
    cache: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    sums: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    reml = False
    cross_products = None
    sigma = 1.0
    default_ddf = "wald"
    kind = GENERALISED
    linear = False

    @classmethod
    def of(cls, design, response, plan, evaluation, certificate, curvature, groups, request,
        row_of=None,
    ):  # fmt: skip
        """Bring an optimum back from the engine's coordinates to the user's."""
        problem = evaluation.objective.problem
        x = evaluation.estimates
        values = {group.name: group.of(x) for group in groups}
        theta = problem.covariance_parameters.to_user(problem.theta(x))
        return cls(
            design=design,
            request=request,
            response=response,
            plan=plan,
            certificate=certificate,
            objective=float(evaluation.value),
            theta=theta,
            beta=values.pop("conditional"),
            extras=values,
            lambdas=tuple(problem.covariance_parameters.lambdas(theta)),
            evaluation=evaluation,
            curvature=curvature,
            coefficients=groups,
            row_of=row_of,
        )

    def optimum_arrays(self):
        """The optimum as a file keeps it."""
        from mixedeffects.fitting.storage_generalised import optimum_arrays

        return optimum_arrays(self)

    @classmethod
    def restored(cls, path, design, arrays, certificate, request):
        """The fit of which a file has the optimum."""
        from mixedeffects.fitting.storage_generalised import restored

        return restored(cls, path, design, arrays, certificate, request)

    def at(self, theta):
        """The same model at other covariance parameters: nothing is optimised but the modes.

        It is no optimum, whose curvature could say how well its parameters are known: they are
        taken as given.

        Parameters
        ----------
        theta : (n_theta,) array
            In the engine's coordinates.
        """
        objective = self.evaluation.objective
        x = self.evaluation.x.copy()
        x[objective.problem.n_fixed :] = theta
        certificate = replace(self.certificate, flat=(), singular=())
        with threads_for(self.plan.columns):
            evaluation = objective.evaluate(x, near=self.evaluation)
        out = self.of(
            self.design, self.response, self.plan, evaluation, certificate, None,
            self.coefficients, self.request, self.row_of,
        )  # fmt: skip
        out.sums.update(sums_of_rows(cast(Any, self)))
        return out

    def again(self, design=None, **changes):
        """The model fitted again.

        Parameters
        ----------
        design : Design, optional
            Other rows, or other columns.
        **changes
            Options of the `Request` that differ; the search is a new one, without start.

        Returns
        -------
        The same class of record.
        """
        design = self.design if design is None else design
        return fit_generalised(design, self.request.again(**changes), type(self))

    @cached_property
    def refits(self):
        """The model at its estimates, to draw from and to fit many times."""
        from mixedeffects.estimation.laplace.refits import LaplaceRefits

        return LaplaceRefits(
            self.design, self.response, self.coefficients, self.evaluation.objective,
            self.estimates[: self.estimates.size - self.theta.size], self.theta, self.evaluation,
            self.parameters,
        )  # fmt: skip

    def refitted(self, design, starts=None):
        """The fit to a design's response in the same rows, and its status as of `RefitResults`.

        The search for the modes begins at starts, (1, width).
        """
        u = self.evaluation.mode.u if starts is None else starts[0]
        found = self.refits.worker().refit(design.y, u)
        return None if found.evaluation is None else self.of_refit(found, design.y), found.status

    def of_refit(self, found, y):
        """A `Refit` to y (n,) as a fit, for statistics of a user's own."""
        from mixedeffects.fitting.generalised_rows import of_refit

        return of_refit(self, found, y)

    def by_ml(self):
        """The fit itself."""
        return self

    def with_response(self, y):
        """The design with another response, as `again` takes it."""
        return replace(self.design, y=y)

    def without_rows(self):
        """The fit without the rows it was fitted to: its sums answer what does not ask for rows."""
        if not has_rows(self.design):
            return self
        from mixedeffects.fitting.rows_left_out import left_out

        return left_out(self)

    @classmethod
    def known(cls, optimum, plan, certificate, request, sums):
        """The fit of an optimum without rows, as `left_out` and a file have it."""
        from mixedeffects.fitting.rows_left_out import known

        return known(cls, optimum, plan, certificate, request, sums)

    def with_design(self, design):
        """The fit with the rows of its design in another order, for comparisons with other fits."""
        response = replace(self.response, y=design.y, size=design.size, weights=design.weights)
        return replace(self, design=design, response=response, row_of=None)

    @property
    def exact(self):
        """Whether the likelihood is no approximation: a normal response, linear in everything."""
        family = self.family
        return family.name == "gaussian" and family.link.name == "identity" and self.nagq > 0

    @property
    def n_distribution(self):
        """Number of parameters besides beta and theta."""
        return sum(values.size for values in self.extras.values())

    def as_start(self):
        """Where a search for the estimates of a similar response may begin; None at a boundary.

        Nor at coefficients without a finite estimate: the likelihood of any response is flat there.
        """
        return self if self.theta.all() and self.certificate.recession is None else None

    @property
    def all_blocks(self):
        """The blocks of all linear predictors, those of the main formula first."""
        return self.design.all_blocks

    @property
    def categories(self):
        """Names of the response's categories; None where it is a number."""
        return self.design.categories

    @property
    def family(self):
        """The distribution of the response given the random effects."""
        return self.request.family

    @property
    def nagq(self):
        """1 for Laplace's approximation, 0 for its quick form, else quadrature points."""
        return self.request.nagq

    @cached_property
    def covariance_parameters(self):
        """Which entries of theta belong to which term: `estimation/covariance_parameters.py`."""
        return self.evaluation.objective.problem.covariance_parameters

    @property
    def recession(self):
        """Which combinations of beta have no finite estimate; None if all have one."""
        return self.part_of_recession(slice(0, self.beta.size))

    def part_of_recession(self, place):
        """The same for the coefficients in some places of `estimates`."""
        found = self.certificate.recession
        return None if found is None else found.part(place)

    @cached_property
    def modes(self):
        """Per block of `all_blocks`, the (q, k) conditional modes of the random effects."""
        return self.mode_curvature.modes

    @property
    def b(self):
        """Per block of the main formula, the (q, k) conditional modes."""
        return self.modes[: len(self.design.blocks)]

    @cached_property
    def mode_curvature(self):
        """What the modes depend on, and how certain they are."""
        return ModeCurvature(self.evaluation)

    def conditional_covariances(self):
        """Per block of the main formula, (q, k, k): inverse curvature at the modes, theta known."""
        with threads_for(self.plan.columns):
            return self.mode_curvature.covariances[: len(self.design.blocks)]

    @cached_property
    def fixed_predictors(self):
        """Per argument of the family's log density, its (n,) linear predictor's fixed part."""
        found = self.evaluation.fixed
        return tuple(found if self.row_of is None else (x[self.row_of] for x in found))

    @property
    def random_effects(self):
        """Per block of `all_blocks`: itself, the argument of the log density, factor, modes."""
        from mixedeffects.fitting.generalised_rows import predictor_of_blocks

        owner = predictor_of_blocks(self)
        return RandomParts(zip(self.all_blocks, owner, self.lambdas, self.modes, strict=True))

    @cached_property
    def predictors(self):
        """Per argument of the family's log density, its (n,) linear predictor at the modes."""
        found = self.evaluation.predictors
        return tuple(found if self.row_of is None else (x[self.row_of] for x in found))

    @property
    def noise(self):
        """How rows vary about their means."""
        from mixedeffects.inference.residual.residuals import FamilyNoise

        return FamilyNoise(cast(Any, self))

    def uncertainty(self, ddf=None):
        """How far predictions are from what they predict, compared with the normal distribution."""
        from mixedeffects.inference.prediction.mode_errors import ModeErrors

        return ModeErrors(cast(Any, self))

    def rebuild(self, data, **options):
        """The main formula's columns for other rows: those complete in all parts."""
        return rebuild_all(self.design.specs, data, **options)[MAIN]

    @cached_property
    def parameters(self):
        """All parameters: names, values, covariance, variance components."""
        return GeneralisedParameters(self)

    @property
    def parameter_names(self):
        """Names of all parameters, in the order of `estimates`."""
        return self.parameters.names

    def extra_names(self, name, size):
        """Column names of one of the other predictors."""
        return coefficient_names(self.design, name, size)

    @property
    def estimates(self):
        """(P,) beta, the other predictors' coefficients, theta."""
        return self.parameters.values

    def by_quadrature(self, points):
        """The objective by quadrature, a function of the engine's parameters.

        Parameters
        ----------
        points : int
            Per random effect, at least two.

        Raises
        ------
        ModelError
            Where there are several grouping factors, or too many nodes.
        """
        return objective_of(self.evaluation.objective.problem, points)

    def row_scores(self):
        """(n,) derivatives of Laplace's log-likelihood by the main predictor of every row."""
        from mixedeffects.fitting.generalised_rows import row_scores

        return row_scores(self)

    @property
    def engine_hessian(self):
        """(P, P) second derivatives of the objective in the engine's coordinates."""
        return self.parameters.hessian

    @property
    def parameter_half(self):
        """(P, m) half with half half' the covariance of the engine's parameters."""
        return self.parameters.half

    @property
    def engine_recession(self):
        """The certificate's recession in the engine's coordinates of the fixed coefficients."""
        return self.parameters.recession

    @property
    def vcov_parameters(self):
        """(P, P) covariance of `estimates`; nan for theta on the boundary, and where unknown."""
        return self.parameters.covariance

    @property
    def vcov_beta(self):
        """(p, p) covariance of beta."""
        return self.vcov_parameters[: self.beta.size, : self.beta.size]

    def objective_without_random(self):
        """-2 log-likelihood with all variances of random effects zero, all else estimated.

        Raises ModelError when Newton's method does not get there.
        """
        from mixedeffects.estimation.laplace.without_random import value_without_random

        problem = self.evaluation.objective.problem
        return value_without_random(problem, self.evaluation.estimates[: problem.n_fixed].copy())
