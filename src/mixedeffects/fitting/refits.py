"""A model at given parameters, without a fit: what a calculation of power draws from and refits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.engine import make_plan, require_memory, threads_for
from mixedeffects.errors import OptionError
from mixedeffects.estimation import CovarianceParameters, LMMObjective
from mixedeffects.fitting.linear import theta_of

# of the response in whose place the model's own are drawn; no result depends on it
_SEED = 0


def refits_at(design, request, beta, theta, *, sigma=None, extras=None):
    """The refits of a model at given parameters.

    Parameters
    ----------
    design : Design
        Its response need not be one of this model: it only says which values are possible, such as
        the categories of an ordinal response. In its place stands one drawn from the model.
    request : Request
        With a family for a generalised model.
    beta : (p,) array
        Coefficients of the main predictor.
    theta : (n_theta,) array
        Covariance parameters in lme4's order; of a linear model relative to sigma.
    sigma : float, optional
        Residual standard deviation of a linear model, 1 by default.
    extras : mapping of str to array, optional
        Coefficients of a generalised model's other predictors: "dispersion", "zi", "df",
        "thresholds".

    Returns
    -------
    Refits
        See `mixedeffects.estimation.refits`.

    Raises
    ------
    OptionError
        For another number of parameters than the model has.

    Examples
    --------
    >>> from mixedeffects.design import build_design
    >>> from mixedeffects.fitting import Request
    >>> table = {"y": range(80), "x": [0.0, 1.0] * 40, "g": [i // 8 for i in range(80)]}
    >>> design = build_design("y ~ x + (1 | g)", table)
    >>> refits = refits_at(design, Request(), [1.0, 0.5], [0.4], sigma=1.0)
    >>> refits.parametric(100, rng=1).beta.mean(axis=0).round(1)
    array([1. , 0.5])
    """
    beta = _numbers(beta, design.X.shape[1], "beta")
    make = _linear if request.family is None else _generalised
    return make(design, request, beta, theta, sigma, extras or {})


def _linear(design, request, beta, theta, sigma, extras):
    from mixedeffects.estimation.refits import LinearRefits
    from mixedeffects.estimation.refits.simulate import drawn_rows, fixed_predictors

    sigma = float(_numbers([1.0 if sigma is None else sigma], 1, "sigma")[0])
    if sigma <= 0 or extras:
        raise OptionError("a linear model has beta, theta, and a sigma above zero")
    plan = make_plan(design, request.engine)
    require_memory(plan)
    parameters = CovarianceParameters(design.blocks, [np.eye(block.k) for block in design.blocks])
    theta = theta_of(theta, parameters, "theta")
    factors = [sigma * Lam for Lam in parameters.lambdas(theta)]
    fixed = fixed_predictors(design, beta, sigma)
    y = drawn_rows(design, fixed, factors, 1, np.random.default_rng(_SEED))[:, 0]
    design = replace(design, y=y)
    with threads_for(plan.columns):
        objective = LMMObjective.of(design, plan, request.reml)
        evaluation = objective.evaluate(objective.parameters.from_user(theta))
    return LinearRefits(design, plan, evaluation, beta, sigma)


def _generalised(design, request, beta, theta, sigma, extras):
    from mixedeffects.estimation.laplace import assemble
    from mixedeffects.estimation.laplace.refits import LaplaceRefits
    from mixedeffects.family import Response
    from mixedeffects.fitting.problem import objective_of

    if sigma is not None:
        raise OptionError("the dispersion of a generalised model is given by extras=, not sigma=")
    family = request.family
    family.check(Response.of(design), design.spec.response)

    def at(design):
        response = Response.of(design)
        problem, groups, _ = assemble(family, response, design, engine=request.engine)
        names = [group.name for group in groups]
        if {names[0], *extras} != set(names):
            said = ", ".join(names[1:]) or "nothing"
            raise OptionError(f"extras must have the coefficients of {said}")
        given = {**extras, names[0]: beta}
        coefficients = [_numbers(given[g.name], g.T.shape[0], g.name) for g in groups]
        return LaplaceRefits(
            design, response, groups, objective_of(problem, request.nagq),
            np.concatenate(coefficients), theta_of(theta, problem.covariance_parameters, "theta"),
        )  # fmt: skip

    first = at(design)
    y = first.draw(1, np.random.default_rng(_SEED)).y[:, 0]
    every = not family.ordinal or np.unique(y).size == np.unique(design.y).size
    return at(replace(design, y=y)) if every else first


def _numbers(values, n, name):
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"{name} must be {n} numbers") from None
    if out.shape != (n,) or not np.isfinite(out).all():
        raise OptionError(f"{name} must be {n} finite numbers; it has shape {out.shape}")
    return out
