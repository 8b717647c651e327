"""`glmm`: a formula, a table and a family become a fitted generalised linear mixed model."""

from __future__ import annotations

import warnings
from functools import partial
from importlib import import_module

import numpy as np

from mixedeffects import inference
from mixedeffects.design import build_glmm_design, collapse, take_rows
from mixedeffects.engine import threads_for
from mixedeffects.errors import DataWarning, ModelError, OptionError, depth_of_package
from mixedeffects.estimation import (
    UserRule,
    check_rule,
    flat_directions_of_rows,
    with_flat,
)
from mixedeffects.estimation.laplace import (
    LaplaceObjective,
    QuadratureObjective,
    QuickObjective,
    assemble,
    fit_laplace,
    in_users,
)
from mixedeffects.family import Response, ZeroInflated, family_of
from mixedeffects.model.generalised_record import GLMMFit, coefficient_names
from mixedeffects.model.listing import Listed, framed
from mixedeffects.model.mixed_model import MixedModel, perhaps_remedied, warn_of_flat


def glmm(
    formula,
    data,
    *,
    family="binomial",
    link=None,
    nagq=1,
    weights=None,
    exposure=None,
    zi=None,
    dispersion=None,
    engine="auto",
    optimizer="newton",
    start=None,
    max_iterations=None,
    converged=None,
    remedy=False,
):
    """Fit a generalised linear mixed model by maximum likelihood.

    Parameters
    ----------
    formula : str
        lme4's grammar. For a binomial family the response is 0/1, two categories,
        ``successes / trials`` or ``cbind(successes, failures)``; for ``"ordinal"`` an ordered
        column.
    data : table
        pandas, polars or pyarrow table, dict of arrays, or anything narwhals reads. Never
        changed.
    family : str or Family
        "binomial", "poisson", "nbinom1", "nbinom2", "gamma", "inverse_gaussian", "beta",
        "betabinomial", "gaussian", "t", "ordinal", "truncated_poisson", "hurdle_poisson", …,
        or an instance, such as a family of your own.
    link : str or Link, optional
        "logit", "probit", "cloglog", "cauchit", "log", "identity", "inverse", "sqrt"; the family's
        usual one by default.
    nagq : int
        1: Laplace's approximation. More: points of adaptive Gauss–Hermite quadrature per random
        effect, for models with one grouping factor. 0: quick; coefficients are found
        together with the modes of the random effects.
    weights : str or (n,) array, optional
        Prior weights; trials, where the response is a proportion.
    exposure : str or (n,) array, optional
        Its logarithm is added to the linear predictor.
    zi : str, optional
        One-sided formula of the probability of extra zeros (of any zero, in a hurdle family).
    dispersion : str, optional
        One-sided formula of the logarithm of the dispersion parameter.
    engine : {"auto", "dense", "sparse"}
    optimizer : {"newton", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA"}
        The first is quasi-Newton with the exact gradient.
    start : GLMM, optional
        A fit of the same model to start from.
    max_iterations : int, optional
    converged : callable, optional
        A rule of your own that ends the search, asked after every iteration: a function of the
        optimiser's `State`, such as ``me.stopping.no_effect_moves(0.1)``. The fit then counts as
        converged; whether it also is a proved optimum is ``fit.certificate.proved``.
    remedy : bool
        Where the fit is singular, not certified or lost a predictor that lies too far from zero,
        try the six remedies of `diagnose` and return the fit it recommends, with a warning that
        says what was changed, and ``fit.remedies``. It leaves no predictor out.

    Returns
    -------
    GLMM

    Raises
    ------
    FormulaError, DataError, ModelError, OptionError, PlanTooLargeError
        All of them `MixedEffectsError`.

    Warns
    -----
    ConvergenceWarning
        When the optimum could not be certified; with ``remedy=True``, when the model was changed.

    References
    ----------
    Tierney & Kadane (1986), doi:10.1080/01621459.1986.10478240; Bates, Mächler, Bolker &
    Walker (2015), doi:10.18637/jss.v067.i01.

    Examples
    --------
    >>> import mixedeffects as me
    >>> table = {
    ...     "y": [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 4],
    ...     "x": [0, 1, 2, 3] * 3,
    ...     "g": list("aaaabbbbcccc"),
    ... }
    >>> fit = me.glmm("y ~ x + (1 | g)", table, family="poisson")
    >>> fit.converged
    True
    """
    if converged is not None:
        check_rule(converged)
    chosen = family_of(family, link)
    if zi is not None and "zi" not in chosen.extras:
        chosen = ZeroInflated(chosen)
    check_nagq(nagq)
    prepared = build_glmm_design(
        formula, data, kind=response_kind(chosen), weights=weights, exposure=exposure, zi=zi,
        dispersion=dispersion,
    )  # fmt: skip
    fit_it = partial(
        fit_glmm, prepared, chosen, nagq=nagq, engine=engine, optimizer=optimizer, start=start,
        max_iterations=max_iterations, converged=converged,
    )  # fmt: skip
    return perhaps_remedied(fit_it, remedy)


def fit_glmm(
    data,
    family,
    *,
    nagq=1,
    engine="auto",
    optimizer="newton",
    start=None,
    max_iterations=None,
    converged=None,
):
    """Fit the generalised linear mixed model of a design.

    Parameters
    ----------
    data : GLMMDesign
    family : Family
    nagq, engine, optimizer, start, max_iterations, converged
        As in `glmm`.

    Returns
    -------
    GLMM
    """
    design = data.design
    if not design.blocks and not any(part.blocks for part in data.parts.values()):
        raise ModelError(
            "the formula has no random effects\n"
            "add at least one term such as (1 | group), or use a generalised linear model"
        )
    if "dispersion" in data.parts and "dispersion" not in family.extras:
        raise OptionError(f"the {family.name} family has no dispersion parameter for dispersion=")
    response = Response(data.y, data.size, data.weights, row_of=data.table_row)
    family.check(response, design.spec.response)
    if data.exposure is not None and family.link.name not in LINKS_OF_RATES:
        warnings.warn(
            f"exposure= adds its logarithm to the linear predictor, which makes a rate of a mean "
            f"with link 'log' (or 'cloglog'), not with '{family.link.name}'",
            DataWarning,
            stacklevel=depth_of_package(),
        )
    problem, groups, plan, row_of = problem_of(data, family, response, engine)
    rule = None
    if converged is not None:
        rule = UserRule(converged, user_coordinates(data, problem, groups))
    with threads_for(plan.columns):
        evaluation, certificate, curvature = fit_laplace(
            objective_of(problem, nagq),
            optimizer,
            start=None if start is None else start_of(start, problem, groups),
            max_iterations=max_iterations,
            names=Names(data, groups),
            rule=rule,
        )
    flat = flat_directions(data, family, response, problem.covariance)
    certificate = with_flat(certificate, flat, problem.covariance.terms)
    fit = GLMM.of(
        data, family, response, nagq, plan, evaluation, certificate, curvature, groups, row_of
    )
    warn_of_flat(fit)
    return fit


def flat_directions(data, family, response, covariance):
    """Directions of the variances that the data say nothing about.

    The distribution has a variance of its own where it is normal with the identity link. A
    single yes or no, or a single category, has no variance besides its mean: a row's own variance
    shows only where it has several trials. Whether a count is an extra zero is such a yes or no:
    the likelihood of a row is linear in its probability.

    Parameters
    ----------
    data : GLMMDesign
    family : Family
    response : Response
    covariance : Parameters
    """
    copies = np.ones(data.design.n)
    if response.weights is not None and not family.weights_scale_dispersion:
        copies = copies * response.weights
    trials = copies if response.size is None else copies * response.size
    several = np.zeros(trials.size, dtype=bool)
    main = trials <= 1.0 if family.has_size or family.ordinal else several
    groups = [(tuple(data.design.blocks), main)]
    for name, part in data.parts.items():
        groups.append((tuple(part.blocks), copies <= 1.0 if name == "zi" else several))
    groups = [(blocks, single) for blocks, single in groups if blocks]
    return flat_directions_of_rows(
        [blocks for blocks, _ in groups], covariance,
        residual=family.name == "gaussian" and family.link.name == "identity",
        single=[single for _, single in groups],
    )  # fmt: skip


def user_coordinates(data, problem, groups):
    """What a stopping rule needs to speak of the model in the user's units."""
    names = {g.name: coefficient_names(data, g.name, g.T.shape[0]) for g in groups}
    blocks = (*data.design.blocks, *(b for part in data.parts.values() for b in part.blocks))
    return inference.GeneralisedCoordinates(problem, groups, names, blocks, len(data.design.blocks))


def start_of(fit, problem, groups):
    """The estimates of a fit in the engine's coordinates of another problem of the same model."""
    if not isinstance(fit, GLMMFit):
        raise OptionError("start= must be a fit of the same model by glmm(), or be left out")
    x = np.empty(problem.n_parameters)
    values = {"conditional": fit.beta, **fit.extras}
    for group in groups:
        own = values.get(group.name)
        if own is None or own.size != group.T.shape[0]:
            raise OptionError("start= is a fit of another model; leave it out")
        x[group.part] = np.linalg.solve(group.T, own)
    if fit.theta.size != problem.n_parameters - problem.n_fixed:
        raise OptionError("start= is a fit of another model; leave it out")
    x[problem.n_fixed :] = problem.covariance.from_user(fit.theta)
    return x


def problem_of(data, family, response, engine="auto"):
    """The estimation problem of a design, equal rows merged; see `assemble` and `merged_rows`.

    Returns
    -------
    problem : Problem
    groups : tuple of Coefficients
    plan : Plan
    row_of : (n,) array or None
    """
    used, used_response, row_of = merged_rows(data, family, response)
    return *assemble(family, used_response, used.design, used.parts, engine=engine), row_of


def merged_rows(data, family, response):
    """The design with equal rows fitted once, if that saves many.

    Returns
    -------
    data : GLMMDesign
    response : Response
        With the number of rows in its weights.
    row_of : (n,) array or None
        Row of `data` for each row that was used; None when they are the same.
    """
    found = None if family.weights_scale_dispersion else collapse(data)
    if found is None:
        return data, response, None
    size = None if response.size is None else response.size[found.first]
    merged = Response(response.y[found.first], size, found.counts)
    return take_rows(data, found.first), merged, found.row_of


class Names:
    """What the estimation's parameters are called by the user.

    Parameters
    ----------
    data : GLMMDesign
    groups : tuple of Coefficients
    """

    def __init__(self, data, groups):
        self._data, self._groups = data, groups

    def coefficients(self, direction):
        """Names of the coefficients that a direction of the parameters is made of."""
        out = []
        for group in self._groups:
            size = np.abs(group.T @ direction[group.part])
            out += list(zip(size.tolist(), self._named(group), strict=True))
        largest = max(size for size, _ in out)
        return [name for size, name in out if size > PART * largest]

    def of_recession(self, recession):
        """A recession in the user's coordinates, and the coefficients that are not finite.

        Parameters
        ----------
        recession : Recession
            In the engine's coordinates of the fixed coefficients.

        Returns
        -------
        recession : Recession
            Over all coefficients, in the order of the fit's parameters.
        names : tuple of str
        """
        found = in_users(recession, self._groups)
        names = [name for group in self._groups for name in self._named(group)]
        moving = np.flatnonzero(np.abs(found.directions).max(axis=0))
        return found, tuple(names[i] for i in moving)

    def _named(self, group):
        prefix = "" if group.name == "conditional" else f"{group.name}: "
        size = group.T.shape[0]
        return [prefix + name for name in coefficient_names(self._data, group.name, size)]

    def term(self, i):
        """Grouping factor of the i-th random term, ``"zi: g"`` in the part of the zeros."""
        data = self._data
        out = [block.factor.name for block in data.design.blocks for _ in block.terms]
        for name, part in data.parts.items():
            out += [f"{name}: {block.factor.name}" for block in part.blocks for _ in block.terms]
        return out[i]


def check_nagq(nagq):
    """Refuse what is not a number of quadrature points."""
    if isinstance(nagq, bool) or not isinstance(nagq, int | np.integer) or not 0 <= nagq <= 100:
        raise OptionError(f"nagq={nagq!r} must be a whole number from 0 to 100")


def objective_of(problem, nagq):
    """The approximation of the likelihood that nagq asks for."""
    if nagq == 0:
        return QuickObjective(problem)
    return LaplaceObjective(problem) if nagq == 1 else QuadratureObjective(problem, int(nagq))


def response_kind(family):
    """How the design reads the response of a family."""
    if family.has_size:
        return "binomial"
    if family.ordinal:
        return "ordinal"
    return "count" if family.discrete else "number"


# links with which the logarithm of an exposure is a factor of a rate
LINKS_OF_RATES = ("log", "cloglog")
# share of the largest coefficient of a direction below which another is not named
PART = 0.02


GENERALISED = "mixedeffects.inference.generalised"


class GLMM(MixedModel, GLMMFit):
    """A fitted generalised linear mixed model; a table of contents of what can be asked of it."""

    dispersion = property(inference.dispersion)
    fitted = property(lambda self: import_module(GENERALISED).fitted(self))
    predict = Listed(GENERALISED, framed)
    residuals = Listed(GENERALISED)
    refit = Listed("mixedeffects.model.generalised_refit")
    check_dispersion = Listed("mixedeffects.inference.quantile", framed)
