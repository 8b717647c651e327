"""What the package maketables reads of a fit, to set several models side by side.

maketables (https://github.com/py-econometrics/maketables) finds these attributes on any object;
nothing has to be registered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects import inference
from mixedeffects.errors import MissingDependencyError, NotAvailableError
from mixedeffects.inference.df import df_method

# our name of a column -> the token of maketables
COLUMNS = {
    "estimate": "b",
    "std_error": "se",
    "statistic": "t",
    "p_value": "p",
    "df": "df",
    "lower": "ci95l",
    "upper": "ci95u",
}


class MakeTables:
    """The plug-in attributes of maketables, of a fit or a `TableColumn`."""

    __slots__ = ()

    @property
    def _column(self):
        return TableColumn(self)

    @property
    def __maketables_coef_table__(self):
        """pandas DataFrame of b, se, t, p, df, ci95l, ci95u, a row per fixed effect.

        Those of the extra zeros of a generalised model end with "(zi)".
        """
        return coefficient_frame(self._column)

    def __maketables_stat__(self, key):
        """One number or word about the fit, by key or label; None if it has no such thing."""
        return statistic(self._column, key)

    @property
    def __maketables_depvar__(self):
        return self._column.fit.design.spec.response

    @property
    def __maketables_fixef_string__(self):
        """None: grouping factors are random, not absorbed fixed effects."""
        return None

    @property
    def __maketables_vcov_info__(self):
        return {"vcov_type": df_method(self._column.fit, self._column.ddf).label}

    @property
    def __maketables_stat_labels__(self):
        return {key: label for key, label in LABELS.items() if key != label}

    @property
    def __maketables_default_stat_keys__(self):
        return default_keys(self._column.fit)


class TableColumn(MakeTables):
    """A fit as a column of a table of maketables, with its standard errors by a method."""

    __slots__ = ("ddf", "fit")

    def __init__(self, fit: Any, ddf: str | None = None):
        self.fit, self.ddf = fit, ddf

    @property
    def _column(self):
        return self


def to_maketables(fit, *, ddf=None):
    """The fit as a column of a table of maketables, with standard errors by a given method.

    A fit itself is such a column too, with Satterthwaite's t tests if it is linear, with z tests if
    it is generalised.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    ddf : str, optional
        As in ``fit.test``: "satterthwaite", "kenward-roger", "wald", "CR0" or "CR2".

    Returns
    -------
    TableColumn

    Raises
    ------
    OptionError
        For another `ddf`.
    NotAvailableError, PlanTooLargeError
        When the method cannot be computed for this fit.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from maketables import ETable
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> table = ETable([fit, fit.to_maketables(ddf="CR2")])
    >>> print(table.df.loc[("coef", "Days")].tolist()[0])
    10.467***
     (1.546)
    """
    df_method(fit, ddf)
    return TableColumn(fit, ddf)


def coefficient_frame(column):
    """The coefficient table in the columns of maketables, the intercept named as it does.

    Raises
    ------
    MissingDependencyError
        Without pandas.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingDependencyError(
            "tables for maketables are pandas data frames\n    pip install maketables pandas"
        ) from None
    parts = [("", inference.coefficient_table(column.fit, ddf=column.ddf).columns)]
    if "zi" in column.fit.extras:
        table = inference.coefficient_table(column.fit, ddf=column.ddf, component="zi")
        parts.append((" (zi)", table.columns))
    plain = {"(Intercept)": "Intercept"}
    terms = [f"{plain.get(term, term)}{of}" for of, part in parts for term in part["term"]]
    frame = {
        token: np.concatenate([part[name] for _, part in parts]) for name, token in COLUMNS.items()
    }
    return pd.DataFrame(frame, index=pd.Index(terms, name="Coefficient", dtype=object))


def where_known(value):
    """A number, or None where the model has no such thing."""
    try:
        return value()
    except NotAvailableError:
        return None


# What a column can be asked for, by key: restricted likelihoods have keys of their own, so that
# they never share a row with likelihoods. A key that maketables does not know is its own label,
# because it takes the labels of a table from the first model only.
STATISTICS = {
    "N": lambda fit: fit.design.n,
    "Family": lambda fit: (
        None if fit.kind.residual else f"{fit.family.name} ({fit.family.link.name})"
    ),
    "ICC": lambda fit: where_known(lambda: inference.variance_shares(fit).columns["icc"][-1]),
    "Residual SD": lambda fit: inference.varcorr(fit).sigma,
    "R² (marginal)": lambda fit: where_known(lambda: inference.r2(fit).columns["r2"][0]),
    "R² (conditional)": lambda fit: where_known(lambda: inference.r2(fit).columns["r2"][1]),
    "ll": lambda fit: None if fit.reml else inference.loglik(fit),
    "aic": lambda fit: None if fit.reml else inference.aic(fit),
    "bic": lambda fit: None if fit.reml else inference.bic(fit),
    "REML log-likelihood": lambda fit: inference.loglik(fit) if fit.reml else None,
    "AIC (REML)": lambda fit: inference.aic(fit) if fit.reml else None,
    "BIC (REML)": lambda fit: inference.bic(fit) if fit.reml else None,
    "Parameters": lambda fit: inference.n_parameters(fit),
    "Method": lambda fit: "REML" if fit.reml else "ML",
}
LABELS = {key: key for key in STATISTICS} | {
    "ll": "Log-likelihood",
    "aic": "AIC",
    "bic": "BIC",
    "N": "Observations",
    "se_type": "S.E. type",
}


def groups_key(name):
    """Key, and label, of the number of levels of a grouping factor."""
    return f"Groups: {name}"


def statistic(column, key):
    """One number or word about the fit of a column.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> statistic(TableColumn(fit), "Groups: Subject"), statistic(TableColumn(fit), "aic")
    (18, None)
    """
    fit = column.fit
    if key in STATISTICS:
        return STATISTICS[key](fit)
    if key == "se_type":
        return df_method(fit, column.ddf).label
    for block in fit.design.blocks:
        if key == groups_key(block.factor.name):
            return block.factor.n_levels
    return None


def default_keys(fit):
    """What a table says of a fit if nobody asks for anything else."""
    likelihood = (
        ["REML log-likelihood", "AIC (REML)", "BIC (REML)"] if fit.reml else ["ll", "aic", "bic"]
    )
    groups = [groups_key(block.factor.name) for block in fit.design.blocks]
    kind = "Residual SD" if fit.kind.residual else "Family"
    return [
        "N", *groups, kind, "ICC", "R² (marginal)", "R² (conditional)", *likelihood,
        "se_type",
    ]  # fmt: skip
