"""`lmm`: a formula and a table become a fitted linear mixed model."""

from __future__ import annotations

from functools import partial
from math import sqrt

import numpy as np

from mixedeffects import inference
from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import build_design, rows_used
from mixedeffects.engine import Solver, make_plan, require_memory, threads_for
from mixedeffects.errors import DataError, ModelError, OptionError
from mixedeffects.estimation import LMMObjective, Parameters, UserRule, check_rule, minimize
from mixedeffects.model.listing import framed
from mixedeffects.model.mixed_model import MixedModel, perhaps_remedied, warn_of_flat
from mixedeffects.model.record import LMMFit, theta_of

# residual size, of the response's, that rounding alone leaves
PERFECT = 1e-14
# sizes of a response whose sixth powers, as the likelihood's derivatives have, are doubles
SMALLEST, LARGEST = 1e-50, 1e50


def lmm(
    formula,
    data,
    *,
    reml=True,
    weights=None,
    engine="auto",
    optimizer="newton",
    start=None,
    max_iterations=None,
    converged=None,
    remedy=False,
):
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : str
        lme4's grammar: ``"y ~ x + (1 + x | g)"``, ``(x || g)``, ``(1 | a/b)``, …
    data : table
        pandas, polars or pyarrow table, dict of arrays, or anything narwhals reads. Never
        changed. Rows with a missing value in a used column are left out and reported.
    reml : bool
        Restricted maximum likelihood (variances without the bias of estimating the
        fixed effects) or, if False, maximum likelihood (comparable across fixed effects).
    weights : str or (n,) array, optional
        Prior weights: Var(e_i) = sigma^2 / weights_i. Of a pandas Series the labels say whose.
    engine : {"auto", "dense", "sparse"}
        How the remainder of the elimination is factored; "auto" takes the cheaper.
    optimizer : {"newton", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA", "em"}
        The first is Newton's method with the average-information matrix, the last expectation
        and maximisation; the others are SciPy's.
    start : (n_theta,) array, optional
        theta to start from, in lme4's order; by default the method of moments, for EM the
        residual variance of least squares split evenly.
    max_iterations : int, optional
        Iterations (for a derivative-free optimiser, evaluations) after which to give up.
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
    LMM

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
    Bates, Mächler, Bolker & Walker (2015), doi:10.18637/jss.v067.i01.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> round(fit.fixef["Days"], 3), round(fit.sigma, 3)
    (10.467, 25.592)
    """
    if not isinstance(reml, bool | np.bool_):
        raise OptionError(f"reml={reml!r} must be True (REML) or False (maximum likelihood)")
    if converged is not None:
        check_rule(converged)
    design = build_design(formula, data, weights=weights)
    fit_it = partial(
        fit_design, design, reml=reml, engine=engine, optimizer=optimizer, start=start,
        max_iterations=max_iterations, converged=converged,
    )  # fmt: skip
    return perhaps_remedied(fit_it, remedy)


def fit_design(
    design,
    *,
    reml=True,
    engine="auto",
    optimizer="newton",
    start=None,
    max_iterations=None,
    converged=None,
):
    """Fit the linear mixed model of a design: sums, plan, objective, optimum.

    Parameters
    ----------
    design : Design
    reml, engine, optimizer, start, max_iterations, converged
        As in `lmm`.

    Returns
    -------
    LMM
    """
    if not design.blocks:
        raise ModelError(
            "the formula has no random effects\n"
            "add at least one term such as (1 | group), or use ordinary least squares"
        )
    scale = response_size(design)
    plan = make_plan(design, engine)
    require_memory(plan)
    with threads_for(plan.columns):
        stats = CrossProducts.of(design, plan.layout)
        refuse_perfect_fit(stats, design, scale)
        parameters = Parameters(design.blocks, stats.reference.T_blocks)
        objective = LMMObjective(stats, Solver(stats, plan), parameters, bool(reml))
        rule = None
        if converged is not None:
            rule = UserRule(converged, inference.LinearCoordinates(design, objective))
        evaluation, certificate = minimize(
            objective,
            optimizer,
            start=_start(parameters, start),
            max_iterations=max_iterations,
            costly=plan.costly,
            rule=rule,
        )
        fit = LMM.of(design, plan, evaluation, certificate)
    warn_of_flat(fit)
    return fit


def _start(parameters, theta):
    if theta is None:
        return None
    return parameters.from_user(theta_of(theta, parameters, "start"))


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


class LMM(MixedModel, LMMFit):
    """A fitted linear mixed model; a table of contents of what can be asked of it."""

    fitted = property(inference.fitted)
    predict = framed(inference.predict)
    residuals = inference.residuals

    def refit(self, y):
        """The same model fitted to another response.

        Parameters
        ----------
        y : (n,) array
            One value per row that was used; of a pandas Series the labels say whose.

        Returns
        -------
        LMM
        """
        return refit(self, y)


def refit(fit, y):
    """Fit the model of `fit` to another response.

    Parameters
    ----------
    fit : LMM
    y : (n,) array

    Returns
    -------
    LMM
    """
    from dataclasses import replace

    y = rows_used("values of y", y, fit.design)
    try:
        y = np.ascontiguousarray(y, dtype=float)
    except (TypeError, ValueError):
        raise DataError("y must be numbers, one for each row that was used") from None
    if y.shape != (fit.design.n,):
        raise DataError(f"y has shape {y.shape}; the fit used {fit.design.n} rows")
    if not np.all(np.isfinite(y)):
        raise DataError("y has values that are not finite")
    return fit_design(
        replace(fit.design, y=y), reml=fit.reml, optimizer=fit.certificate.optimizer,
        start=fit.theta if fit.theta.all() else None,
    )  # fmt: skip
