"""The door to the package marginaleffects: predictions, comparisons and slopes of a fit."""

from __future__ import annotations

from math import inf

from mixedeffects.errors import MissingDependencyError, OptionError

VCOV = ("model", "kenward-roger", "CR0", "CR2")


def to_marginaleffects(fit, data=None, *, vcov="model", df=inf, scale="response"):
    """The fit as a model that the package marginaleffects understands.

    Predictions are those of an average group: X beta and offset, as
    ``predict(groups="population")``; of a generalised model the mean of the response there (the
    probabilities of the categories, for an ordinal one), with random effects of zero.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    data : table, optional
        The table the model was fitted to, for ``by=`` and ``newdata=`` with columns that are
        not in the model. Without it the model's own columns are there: response, what the
        fixed effects and offsets read, grouping factors and the weights.
    vcov : {"model", "kenward-roger", "CR0", "CR2"}
        Covariance of the fixed effects where marginaleffects is told ``vcov=True``; its
        functions also take any of these names.
    df : float
        Degrees of freedom of its t statistics, the same for all; normal by default. For
        those of each estimate see ``t_tests`` of the result.
    scale : {"response", "link"}
        Of the predictions of a generalised model.

    Returns
    -------
    ModelLMM or ModelGLMM
        A marginaleffects ``ModelAbstract``. Its method ``t_tests(result, ddf="satterthwaite")``
        gives a result of marginaleffects the standard errors, degrees of freedom, p-values and
        intervals of a method of this package.

    Raises
    ------
    MissingDependencyError
        marginaleffects is not installed.
    OptionError
        For another `vcov` or `df`.
    DataError
        The data are not the rows of the fit; a predictor has a name that marginaleffects
        keeps for itself; or no data were given and the fit was loaded from a file that has
        no columns of the table.
    ModelError
        The fixed effects read no column of the table.

    Warns
    -----
    MixedEffectsWarning
        When the installed marginaleffects and polars do not work together for this model.

    Notes
    -----
    marginaleffects finds the derivatives of slopes (``slopes``, ``avg_slopes``) with respect to
    the coefficients by finite differences of finite differences: its standard errors of slopes
    are off by a thousandth for a model like the one below, and by more where predictions are
    large against the slope. Slopes are linear in the coefficients, so ``eps_vcov=1.0`` takes
    the differences without error. Predictions and comparisons are exact.

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), doi:10.18637/jss.v111.i09.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from marginaleffects import avg_slopes
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> model = fit.to_marginaleffects()
    >>> slope = avg_slopes(model, eps_vcov=1.0)
    >>> slope["estimate"].round(2).to_list(), slope["std_error"].round(3).to_list()
    ([10.47], [1.546])
    >>> model.t_tests(slope, ddf="kenward-roger")["df"].round(2).to_list()
    [17.0]
    """
    if vcov not in VCOV:
        raise OptionError(f"vcov={vcov!r} is not one of {', '.join(VCOV)}")
    if isinstance(df, bool) or not isinstance(df, int | float) or not df > 0:
        raise OptionError(f"df={df!r} must be a positive number, inf for the normal distribution")
    try:
        if not fit.linear:
            from mixedeffects.model.marginaleffects_generalised import ModelGLMM

            return ModelGLMM(fit, data, vcov=vcov, df=df, scale=scale)
        from mixedeffects.model.marginaleffects_adapter import ModelLMM
    except ImportError as problem:
        if (problem.name or "").startswith("mixedeffects"):
            raise
        raise MissingDependencyError(
            f"to_marginaleffects() needs the package marginaleffects ({problem})\n"
            "    pip install marginaleffects"
        ) from None
    return ModelLMM(fit, data, vcov=vcov, df=df)
