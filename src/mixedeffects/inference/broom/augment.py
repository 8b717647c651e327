"""Fitted values and residuals beside the rows of a table, as R's broom.mixed has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import open_table
from mixedeffects.errors import DataError, NotAvailableError
from mixedeffects.inference.level_columns import array_of
from mixedeffects.inference.prediction import fitted
from mixedeffects.inference.residual.residuals import residuals_of
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def augment(fit: Fit, data=None, *, influence=False):
    """Fitted values and residuals beside the rows they belong to.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    data : table, optional
        The table the model was fitted to; its rows and columns are kept as they are, and rows
        that were left out get nan. A pandas table may have its rows in another order: their
        labels say which is which. Without it, the rows used with the model's own columns.
    influence : bool
        Also .hat and .cooksd.

    Returns
    -------
    Table, or a table of the kind of `data`
        Without `data`: row (position in the table that was given), the response, one column
        per grouping factor. Then

        .fitted
            With the groups' effects. Of a generalised model the mean response, a probability
            for successes among trials; for an ordinal one a column ``.fitted[category]`` of
            probabilities each, and no residuals.
        .resid
            Response (successes: their proportion) minus .fitted.
        .fixed
            Fitted value of an average group, offset included.
        .hat
            Derivative of .fitted by the response at the same theta: the leverage of fixed and
            random effects together.
        .cooksd
            e^2 hat / (p sigma^2 (1 - hat)^2) of Pearson residuals e, as lme4 has it; that of
            the fixed effects alone is in ``influence``.

    Raises
    ------
    DataError
        When `data` are not the rows the model was fitted to.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", data)
    >>> table = fit.augment(data, influence=True)
    >>> table[[".fitted", ".fixed", ".hat"]].round(3).iloc[0].tolist()
    [253.664, 251.405, 0.229]
    """
    design = fit.design
    results = _fitted_columns(fit)
    if influence and not fit.kind.residual:
        raise NotAvailableError(
            "leverages of single rows are those of linear mixed models; influence() leaves out "
            "groups or rows of a generalised one"
        )
    if influence:
        from mixedeffects.inference.deletion.rows import leverages

        hat = leverages(fit)
        e = residuals_of(fit, "pearson")
        with np.errstate(divide="ignore", invalid="ignore"):
            cooks = (e / (1.0 - hat)) ** 2 * hat / (fit.noise.variance * (fit.beta.size or np.nan))
        results |= {".hat": hat, ".cooksd": cooks}
    if data is not None:
        return _beside(fit, data, results)
    kept = design.missing.kept
    rows = np.arange(design.n) if kept is None else np.flatnonzero(kept)
    y = design.y
    if fit.family.ordinal:
        y = [fit.design.categories[int(code)] for code in y]
    columns = {"row": rows, design.spec.response: y}
    for block in design.blocks:
        columns[block.factor.name] = array_of(block.factor.labels)[block.factor.codes]
    return Table(columns | results, design.used_index)


def _fitted_columns(fit: Fit):
    conditional, population = fitted(fit), fitted(fit, groups="population")
    if fit.family.ordinal:
        from mixedeffects.inference.prediction.ordinal import category_names

        return {
            f"{column}[{name}]": p[:, k]
            for column, p in ((".fitted", conditional), (".fixed", population))
            for k, name in enumerate(category_names(fit))
        }
    return {".fitted": conditional, ".resid": residuals_of(fit), ".fixed": population}


def _beside(fit: Fit, data, results):
    """The columns of `data` with results added, nan in rows that were left out."""
    from mixedeffects.design.attach import places_among, with_columns

    design, table = fit.design, open_table(data)
    new = fit.rebuild(table, response=True)
    places = places_among(design, table, new)
    if places is None:
        raise DataError(
            f"data must be the table the model was fitted to, with {design.missing.n_rows} rows "
            f"and the same '{design.spec.response}' and predictors\n"
            "use predict(data) for other rows"
        )
    kept = slice(None) if new.kept is None else new.kept
    for name, values in results.items():
        results[name] = np.full(table.n_rows, np.nan)
        results[name][kept] = np.asarray(values)[places]
    return with_columns(data, results)
