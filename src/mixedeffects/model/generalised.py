"""`glmm`: a formula, a table and a family become a fitted generalised linear mixed model."""

from __future__ import annotations

from mixedeffects import inference
from mixedeffects.design import build_design
from mixedeffects.estimation import check_rule
from mixedeffects.family import family_of, family_with_zeros
from mixedeffects.fitting import GLMMFit, Request, check_nagq, fit_generalised, response_kind
from mixedeffects.model.foreign import understood
from mixedeffects.model.listing import Listed, framed, result
from mixedeffects.model.mixed_model import MixedModel, perhaps_remedied


@understood
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
        "binomial", "poisson", "nbinom1", "nbinom2", "compois", "gamma", "lognormal",
        "inverse_gaussian", "tweedie", "beta", "ordered_beta", "betabinomial", "gaussian", "t",
        "ordinal", "truncated_poisson", "hurdle_poisson", "hurdle_gamma", "zero_inflated_beta", …,
        or an instance, such as a family of your own.
    link : str or Link, optional
        "logit", "probit", "cloglog", "cauchit", "log", "identity", "inverse", "sqrt"; the family's
        usual one by default.
    nagq : int
        1: Laplace's approximation. More, to 1,000: points of adaptive Gauss–Hermite quadrature per
        random effect, for models with one grouping factor. 0: quick; coefficients are found
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
        How what one grouping factor leaves of the others is factored; by predicted cost by default.
    optimizer : {"newton", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA"}
        The first is quasi-Newton with the exact gradient.
    start : GLMM, optional
        A fit of the same model to start from.
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
    if zi is not None:
        chosen = family_with_zeros(chosen)
    check_nagq(nagq)
    prepared = build_design(
        formula, data, kind=response_kind(chosen), weights=weights, exposure=exposure, zi=zi,
        dispersion=dispersion,
    )  # fmt: skip
    request = Request(
        reml=False, family=chosen, nagq=int(nagq), engine=engine, optimizer=optimizer, start=start,
        max_iterations=max_iterations, converged=converged,
    )  # fmt: skip
    return perhaps_remedied(lambda: fit_generalised(prepared, request, GLMM), remedy)


class GLMM(MixedModel, GLMMFit):
    """A fitted generalised linear mixed model; a table of contents of what can be asked of it."""

    dispersion = property(inference.dispersion)
    predict = Listed("mixedeffects.inference.prediction.generalised", framed)
    residuals = Listed("mixedeffects.inference.residual.generalised")
    check_dispersion = Listed("mixedeffects.inference.residual.dispersion", result)
