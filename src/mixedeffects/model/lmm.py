"""`lmm`: a formula and a table become a fitted linear mixed model."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import build_design
from mixedeffects.errors import OptionError
from mixedeffects.estimation import check_rule
from mixedeffects.fitting import LMMFit, Request, fit_linear
from mixedeffects.model.foreign import understood
from mixedeffects.model.listing import Listed, framed
from mixedeffects.model.mixed_model import MixedModel, perhaps_remedied


@understood
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
        Iterations (of Nelder-Mead and COBYQA evaluations) after which to give up.
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
    request = Request(
        reml=bool(reml), engine=engine, optimizer=optimizer, start=start,
        max_iterations=max_iterations, converged=converged,
    )  # fmt: skip
    return perhaps_remedied(lambda: fit_linear(design, request, LMM), remedy)


class LMM(MixedModel, LMMFit):
    """A fitted linear mixed model; a table of contents of what can be asked of it."""

    predict = Listed(wrap=framed)
    residuals = Listed()
