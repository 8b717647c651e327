"""The linear mixed model of a design: sums, plan, objective, optimum."""

from __future__ import annotations

from math import sqrt

import numpy as np

from mixedeffects import inference
from mixedeffects.engine import make_plan, require_memory, threads_for
from mixedeffects.errors import ModelError, OptionError
from mixedeffects.estimation import Coefficients, LMMObjective, UserRule, minimize
from mixedeffects.formula import CORRELATED, UNCORRELATED

# structures that the bars mean
BARS = (CORRELATED, UNCORRELATED)
# residual size, of the response's, that rounding alone leaves
PERFECT = 1e-14
# sizes of a response whose sixth powers, as the likelihood's derivatives have, are doubles
SMALLEST, LARGEST = 1e-50, 1e50


def fit_linear(design, request, record):
    """Fit the linear mixed model of a design; `record` is the class of `LMMFit` that is made."""
    require_random_effects(design)
    check_restricted(design)
    scale = response_size(design)
    plan = make_plan(design, request.engine)
    require_memory(plan)
    with threads_for(plan.columns):
        objective = LMMObjective.of(design, plan, bool(request.reml))
        refuse_perfect_fit(objective.stats, design, scale)
        return optimum(design, plan, objective, request, record)


def coefficients_of(objective):
    """The fixed effects as the one group of coefficients of a linear model."""
    T, p = objective.stats.reference.T, objective.p
    return (Coefficients("conditional", slice(0, p), T[:p, :p], -T[:p, p]),)


def optimum(design, plan, objective, request, record):
    """The fit at the optimum of an objective."""
    start, rule = start_and_rule(design, objective, request)
    evaluation, certificate = minimize(
        objective,
        request.optimizer,
        start=start,
        max_iterations=request.max_iterations,
        costly=plan.costly,
        rule=rule,
    )
    return record.of(design, plan, evaluation, certificate, request.kept())


def start_and_rule(design, objective, request):
    """What the user gave as `start` and `converged`, for the optimiser; None where not given."""
    start, rule = None, None
    if request.converged is not None:
        user = inference.UserCoordinates(
            coefficients_of(objective), {"conditional": design.x_names}, objective.parameters,
            design.blocks, len(design.blocks), residual=True,
        )  # fmt: skip
        rule = UserRule(request.converged, user)
    if request.start is not None:
        parameters = objective.parameters
        start = parameters.from_user(theta_of(request.start, parameters, "start"))
    return start, rule


def require_random_effects(design):
    """Refuse a formula without random effects."""
    if not design.blocks:
        raise ModelError(
            "the formula has no random effects\n"
            "add at least one term such as (1 | group), or fit ordinary least squares: "
            "me.ols(formula, data)"
        )


def check_restricted(design):
    """What covariance structures other than those of the bars ask of their terms' columns."""
    if any(term.covariance not in BARS for block in design.all_blocks for term in block.terms):
        from mixedeffects.fitting.structures import check_structures

        check_structures(design)


def response_size(design):
    """Largest modulus of the response, refused where its powers are not doubles."""
    scale = max(float(design.y.max()), -float(design.y.min()))
    if not SMALLEST < scale < LARGEST:
        raise ModelError(
            f"the response '{design.spec.response}' has values of size {scale:.0e}, whose powers "
            "double precision cannot hold\nrescale it"
        )
    return scale


def refuse_perfect_fit(stats, design, scale):
    """Refuse a response without residual variance: its likelihood has no maximum."""
    if sqrt(max(stats.yy, 0.0) / design.n) <= PERFECT * scale:
        raise ModelError(
            f"the fixed effects fit the response '{design.spec.response}' exactly: no residual "
            "variance is left to estimate\ncheck whether a predictor is a copy of the response"
        )


def theta_of(values, parameters, name):
    """Check a user's theta: as many finite numbers as the model has."""
    try:
        theta = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"{name} must be {parameters.n_theta} numbers") from None
    if theta.shape != (parameters.n_theta,) or not np.isfinite(theta).all():
        raise OptionError(
            f"{name} must be {parameters.n_theta} finite numbers, in lme4's order; "
            f"it has shape {theta.shape}"
        )
    return theta
