"""`ols`: ordinary least squares, and what grouping would change."""

from __future__ import annotations

from mixedeffects import inference
from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import build_design
from mixedeffects.display import LeastSquares
from mixedeffects.engine import make_plan
from mixedeffects.errors import ModelError
from mixedeffects.fitting import Request, fit_linear, refuse_perfect_fit, response_size
from mixedeffects.model.foreign import understood
from mixedeffects.model.lmm import LMM
from mixedeffects.model.mixed_model import announced


@understood
def ols(formula, data, *, weights=None, level=0.95):
    """Fit the fixed part of a formula by ordinary least squares.

    Where to start, and what to compare a mixed model with: all rows count as independent. If the
    formula has random terms they are left out of this fit, and the mixed model that has them is
    shown below, with how many times larger or smaller its standard errors are.

    Parameters
    ----------
    formula : str
        As in `lmm`; random terms, which say what the groups are, may be left out: ``"y ~ x"``.
    data : table
        As in `lmm`.
    weights : str or (n,) array, optional
        As in `lmm`: weighted least squares.
    level : float
        Coverage of the confidence intervals.

    Returns
    -------
    LeastSquares
        Prints a table of coefficients and notes; ``.tidy()`` and ``.glance()`` are frames,
        ``.fit`` is the mixed model, or None.

    Raises
    ------
    FormulaError, DataError, ModelError, OptionError
        As `lmm`; also where there are as many coefficients as rows.

    See Also
    --------
    baselines : The same beside a model with a dummy for every group.

    Examples
    --------
    >>> import mixedeffects as me
    >>> alone = me.ols("score ~ style", me.datasets.flipped_classrooms())
    >>> {name: round(value, 2) for name, value in alone.fixef.items()}
    {'(Intercept)': 70.85, 'style[Some]': 3.82, 'style[Fully]': 8.04}
    >>> classes = me.ols("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> classes.grouped()["ratio"].round(1).tolist()
    [2.3, 2.3, 2.3]
    """
    design = build_design(formula, data, weights=weights)
    if not design.blocks:
        if design.n <= design.X.shape[1]:
            raise ModelError(
                f"{design.X.shape[1]:,} coefficients and {design.n:,} rows: nothing is left to "
                "tell how sure the estimates are\nuse fewer predictors"
            )
        scale = response_size(design)
        stats = CrossProducts.of(design, make_plan(design).layout)
        refuse_perfect_fit(stats, design, scale)
        return LeastSquares(inference.ols(design, stats, level=level), design, None)
    fit = announced(fit_linear(design, Request(reml=True), LMM))
    facts = inference.ols(fit.design, fit.cross_products, level=level, fit=fit)
    return LeastSquares(facts, fit.design, fit)
