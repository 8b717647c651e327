"""The generalised linear mixed model of a design: problem, optimum, what is in the data."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects import inference
from mixedeffects.design import MAIN
from mixedeffects.engine import threads_for
from mixedeffects.errors import DataWarning, ModelError, OptionError, depth_of_package
from mixedeffects.estimation import (
    UserRule,
    flat_directions_of_rows,
    plainly_in_the_data,
    with_flat,
)
from mixedeffects.estimation.laplace import fit_laplace, in_engines
from mixedeffects.family import Response
from mixedeffects.fitting.linear import check_restricted
from mixedeffects.fitting.names import Names, coefficient_names
from mixedeffects.fitting.problem import objective_of, problem_of

# links with which the logarithm of an exposure is a factor of a rate
LINKS_OF_RATES = ("log", "cloglog")


def fit_generalised(design, request, record):
    """Fit the generalised mixed model of a design; `record` is the class that is made."""
    family = request.family
    if not design.all_blocks:
        raise ModelError(
            "the formula has no random effects\n"
            "add at least one term such as (1 | group), or use a generalised linear model"
        )
    check_restricted(design)
    if "dispersion" in design.others and "dispersion" not in family.extras:
        raise OptionError(f"the {family.name} family has no dispersion parameter for dispersion=")
    response = Response.of(design)
    family.check(response, design.spec.response)
    if design.exposure is not None and family.link.name not in LINKS_OF_RATES:
        warnings.warn(
            f"exposure= adds its logarithm to the linear predictor, which makes a rate of a mean "
            f"with link 'log' (or 'cloglog'), not with '{family.link.name}'",
            DataWarning,
            stacklevel=depth_of_package(),
        )
    problem, groups, plan, row_of = problem_of(design, family, response, request.engine)
    rule, start = None, None
    if request.converged is not None:
        rule = UserRule(request.converged, user_coordinates(design, problem, groups))
    if request.start is not None:
        start = start_of(request.start, problem, groups, record)
    with threads_for(plan.columns):
        evaluation, certificate, curvature = fit_laplace(
            objective_of(problem, request.nagq),
            request.optimizer,
            start=start,
            max_iterations=request.max_iterations,
            names=Names(design, groups),
            rule=rule,
        )
    theta = problem.theta(evaluation.estimates)
    flat = flat_directions(design, family, response, problem.covariance_parameters, theta)
    certificate = with_flat(certificate, flat, problem.covariance_parameters.terms)
    return record.of(
        design, response, plan, evaluation, certificate, curvature, groups, request.kept(), row_of
    )


def flat_directions(design, family, response, covariance, theta):
    """Directions of the variances that the data say nothing about.

    The distribution has a variance of its own where it is normal with the identity link. A
    single yes or no, or a single category, has no variance besides its mean: a row's own variance
    shows only where it has several trials. Whether a count is an extra zero is such a yes or no:
    the likelihood of a row is linear in its probability.
    """
    if all(plainly_in_the_data(one.blocks) for one in design.predictors.values()):
        return ()
    copies = np.ones(design.n)
    if response.weights is not None and not family.weights_scale_dispersion:
        copies = copies * response.weights
    trials = copies if response.size is None else copies * response.size
    several = np.zeros(trials.size, dtype=bool)
    main = trials <= 1.0 if family.has_size or family.ordinal else several
    single = {MAIN: main, "zi": copies <= 1.0}
    groups = [
        (one.blocks, single.get(name, several))
        for name, one in design.predictors.items() if one.blocks
    ]  # fmt: skip
    return flat_directions_of_rows(
        [blocks for blocks, _ in groups], covariance, theta,
        residual=family.name == "gaussian" and family.link.name == "identity",
        single=[single for _, single in groups],
    )  # fmt: skip


def user_coordinates(design, problem, groups):
    """What a stopping rule needs to speak of the model in the user's units."""
    names = {g.name: coefficient_names(design, g.name, g.T.shape[0]) for g in groups}
    return inference.UserCoordinates(
        groups, names, problem.covariance_parameters, design.all_blocks, len(design.blocks),
        residual=False,
    )  # fmt: skip


def start_of(fit, problem, groups, record):
    """The estimates of a fit in the engine's coordinates of another problem of the same model."""
    if not isinstance(fit, record):
        raise OptionError("start= must be a fit of the same model by glmm(), or be left out")
    values = {"conditional": fit.beta, **fit.extras}
    sizes = {group.name: group.T.shape[0] for group in groups}
    known = all(name in values and values[name].size == size for name, size in sizes.items())
    if not known or fit.theta.size != problem.n_parameters - problem.n_fixed:
        raise OptionError("start= is a fit of another model; leave it out")
    return in_engines(problem, groups, values, fit.theta)


def response_kind(family):
    """How the design reads the response of a family."""
    if family.has_size:
        return "binomial"
    if family.ordinal:
        return "ordinal"
    return "count" if family.discrete else "number"
