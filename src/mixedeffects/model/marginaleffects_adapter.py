"""A fit as a `ModelAbstract` of marginaleffects; imported when one is asked for."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from math import inf, isfinite
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from marginaleffects.classes.model import ModelAbstract, ModelVault
from marginaleffects.classes.result import MarginaleffectsResult

from mixedeffects.errors import DataError, MixedEffectsWarning, ModelError, OptionError
from mixedeffects.inference.df import linear_estimates
from mixedeffects.inference.estimable import Lost, aliasing
from mixedeffects.inference.prediction.uncertainty import chunks_of
from mixedeffects.model.marginaleffects_columns import (
    columns_of_fit,
    columns_of_table,
    variable_type,
)

# columns that marginaleffects writes and refuses in its input
RESERVED = frozenset(
    (
        "rowid", "type", "group", "estimate", "std_error", "p_value", "s_value", "conf_low",
        "conf_high", "term", "contrast", "statistic",
    )
)  # fmt: skip
# its tests of equivalence use the normal distribution
EQUIVALENCE = ("p_value_noninf", "p_value_nonsup", "p_value_equiv")
# marginaleffects writes the denominator's degrees of freedom as an integer; F with these differs
# from chi-squared / q by less than its ninth digit
INFINITE = 10**9
# releases of marginaleffects that polars 2 breaks
TOO_OLD = ("0.6.0",)


class ModelLMM(ModelAbstract):
    """Predictions of an average group, for marginaleffects.

    Parameters
    ----------
    vcov : str
        Method of `vcov` where True is asked for.
    df : float
        Degrees of freedom of its t statistics.
    """

    def __init__(self, fit, data=None, *, vcov="model", df=inf):
        design = fit.design
        columns, kinds = columns_of_fit(fit) if data is None else columns_of_table(fit, data)
        if data is None:
            self.add_columns(fit, columns, kinds)
        coefficients, names = self.coefficients_of(fit)
        specs = self.specs_of(fit)
        predictors = list(dict.fromkeys(name for spec in specs for name in columns_read(spec)))
        if not predictors or not names:
            raise ModelError(
                "the fixed effects read no column of the table, so that there is nothing to vary: "
                "all rows have the same prediction for an average group"
            )
        taken = sorted(RESERVED & set(predictors))
        if taken:
            raise DataError(
                f"marginaleffects keeps the name '{taken[0]}' for its own column\n"
                "rename that predictor and fit the model again"
            )
        self._vcov, self._df = vcov, df
        self._factors = {name for spec in specs for name in factors(spec)}
        self._booleans = [name for name in predictors if kinds[name] == "boolean"]
        response = design.spec.response
        vault = ModelVault(
            coef=np.asarray(coefficients, dtype=float),
            coefnames=np.array(names),
            formula=plain_formula(response, predictors),
            modeldata=pl.DataFrame([s for name, s in columns.items() if name not in RESERVED]),
            package="mixedeffects",
            variable_names=[response, *predictors],
        )
        super().__init__(fit, vault)

    def coefficients_of(self, fit):
        """The coefficients that predictions depend on, and their names."""
        return fit.beta, list(fit.design.x_names)

    def specs_of(self, fit):
        """The formulas that predictions depend on."""
        return [fit.design.spec]

    def add_columns(self, fit, columns, kinds):
        """Add columns that the main formula does not read, where a model has more formulas."""

    def validation(self):
        """Say what the base class finds out by itself for models of other packages.

        The data are complete and typed already, and its own look at the types of columns fails
        with polars 2.
        """
        spec = self.model.design.spec
        vault: Any = self.vault
        self.coef = vault.coef
        self.formula = vault.formula
        self.response_name = spec.response
        names = self._factors - set(self._booleans)
        data = vault.modeldata
        for name in vault.variable_names:
            if name in data.columns:
                self.set_variable_type(name, variable_type(data[name], name in names))
        warn_of_polars([n for n in vault.variable_names[1:] if data[n].dtype == pl.Enum])

    @property
    def df_resid(self):
        """Degrees of freedom of marginaleffects' t statistics; None stands for normal."""
        return float(self._df) if isfinite(self._df) else None

    def get_df(self):
        """Denominator degrees of freedom of its joint F tests."""
        return int(self._df) if isfinite(self._df) else INFINITE

    def get_vcov(self, vcov=True):
        """(p, p) covariance of the fixed effects: True, False, or a method of ``fit.vcov``."""
        if vcov is None or vcov is False:
            return None
        return self.model.vcov(method=self._vcov if vcov is True else vcov)

    def get_exog(self, newdata):
        """(m, p) model matrix, the offset as one more column where the model has one.

        nan in rows at which a model with dropped columns has no prediction.
        """
        given = [pl.col(name).cast(pl.Boolean) for name in self._booleans]
        rows, offset = self.model.design.spec.fixed_columns(newdata.with_columns(given))
        X = estimable_columns(self.model, np.asarray(rows))
        return X if offset is None else np.column_stack([X, offset])

    def get_predict(self, params, newdata):
        """Predictions for a model matrix of `get_exog`, for any coefficients."""
        params = np.asarray(params)
        p = params.shape[0]
        estimate = newdata[:, :p] @ params
        if newdata.shape[1] > p:
            estimate = estimate + newdata[:, p]
        rows = pl.Series("rowid", np.arange(estimate.shape[0], dtype=np.int32))
        return pl.DataFrame([rows, pl.Series("estimate", estimate)])

    def get_autodiff_args(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """How its automatic differentiation computes a prediction."""
        if self.model.design.offset is not None:
            return "models with offset or exposure"
        return {"model_type": "linear", "family": None, "link": None}

    def t_tests(self, result, *, ddf=None, level=None):
        """A result with standard errors, t tests and intervals of a method of this package.

        The Jacobian of the result says which linear combination of the fixed effects every
        estimate is (for a nonlinear one, to first order); its degrees of freedom follow.

        Parameters
        ----------
        result : MarginaleffectsResult
            Of predictions, comparisons, slopes or hypotheses of this model, not transformed.
        ddf : str, optional
            As in ``fit.test``: "satterthwaite", "kenward-roger", "wald", "CR0" or "CR2".
        level : float, optional
            Coverage; the result's own by default.

        Returns
        -------
        MarginaleffectsResult
            With a column df. Tests of equivalence, which use the normal distribution, are
            left out.

        Raises
        ------
        OptionError
            The result has no Jacobian (``vcov=False``), is not of this model, or was
            transformed.
        """
        J, data = result.jacobian, result.data
        if J is None or "statistic" not in data.columns:
            raise OptionError(
                "the result has no Jacobian or no standard errors\n"
                "compute it with vcov=True and without transform="
            )
        J = np.asarray(J, dtype=float)
        if J.shape != (data.height, self.model.beta.size):
            raise OptionError(
                f"the result has {data.height} rows and a Jacobian of shape {J.shape}; this model "
                f"has {self.model.beta.size} coefficients"
            )
        level = result.conf_level if level is None else level
        estimate, old = data["estimate"].to_numpy(), data["std_error"].to_numpy()
        with np.errstate(invalid="ignore"):
            null = estimate - data["statistic"].to_numpy() * old
        known = np.flatnonzero(np.isfinite(J).all(axis=1) & np.isfinite(null))
        found = {name: np.full(data.height, np.nan) for name in NAMES}
        for part in chunks_of(known.size, max(b.size for b in self.model.b) + J.shape[1]):
            rows = known[part]
            tested = linear_estimates(
                self.model, J[rows], ddf=ddf, level=level,
                null=null[rows], offset=estimate[rows] - J[rows] @ self.model.beta,
            )  # fmt: skip
            for name, source in NAMES.items():
                found[name][rows] = tested[source]
        with np.errstate(divide="ignore"):
            found["s_value"] = -np.log2(found["p_value"])
        columns = [pl.Series(name, values) for name, values in found.items()]
        out = data.with_columns(columns).drop([c for c in EQUIVALENCE if c in data.columns])
        order = [name for name in out.columns if name != "df"]
        order.insert(order.index("statistic") + 1, "df")
        return MarginaleffectsResult(
            out.select(order),
            by=result.by,
            conf_level=level,
            jacobian=result.jacobian,
            newdata=SimpleNamespace(datagrid_explicit=list(result.datagrid_explicit)),
            mapping=dict(HEADINGS),
        )


# columns of marginaleffects -> those of `linear_estimates`
NAMES = {
    "std_error": "std_error",
    "statistic": "statistic",
    "df": "df",
    "p_value": "p_value",
    "conf_low": "lower",
    "conf_high": "upper",
}


# what marginaleffects prints over the columns of a t test, in this order
HEADINGS = {
    "term": "Term",
    "group": "Group",
    "contrast": "Contrast",
    "estimate": "Estimate",
    "std_error": "Std.Error",
    "statistic": "t",
    "df": "Df",
    "p_value": "P(>|t|)",
    "s_value": "S",
}


def warn_of_polars(text):
    """Warn of a marginaleffects that cannot compare the levels of text with this polars.

    Warns MixedEffectsWarning.
    """
    ours, theirs = version("polars"), version("marginaleffects")
    if text and int(ours.split(".")[0]) >= 2 and theirs in TOO_OLD:
        warnings.warn(
            f"marginaleffects {theirs} calls functions that polars {ours} has removed: whatever "
            f"sets '{text[0]}' to other levels (comparisons, newdata=) will fail in it\n"
            "    pip install 'polars<2'",
            MixedEffectsWarning,
            stacklevel=6,
        )


def estimable_columns(part, rows):
    """Kept columns of some rows, nan in rows that the fit cannot estimate.

    Takes rows (m, p_all) array. Returns (m, p) array.

    Warns
    -----
    DataWarning
        When there are such rows, with the reason.
    """
    known = aliasing(part)
    X = rows[:, known.kept]
    lost = Lost.of(part, X, rows[:, known.dropped] if known.dropped.size else None)
    if lost is not None:
        lost.warn()
        X[lost.rows] = np.nan
    return X


def columns_read(spec):
    """Names of the columns that the fixed effects and offsets read."""
    from mixedeffects.formula import column_names

    formula = spec.formula
    nodes = [variable.node for variable in (*formula.fixed.variables, *formula.offsets)]
    return dict.fromkeys(used.name for node in nodes for used in column_names(node))


def factors(spec):
    """Names of the columns whose values are names: text, and what factor() is applied to."""
    from mixedeffects.formula import column_names

    formula = spec.formula
    nodes = [v.node for v in formula.fixed.variables if v.text in spec.levels]
    return dict.fromkeys(used.name for node in nodes for used in column_names(node))


def plain_formula(response, predictors):
    """The variables as a formula that formulaic can read: names, no functions.

    Examples
    --------
    >>> plain_formula("log(y)", ["x", "the age"])
    'response ~ x + `the age`'
    """
    left = response if response.isidentifier() else "response"
    names = [name if name.isidentifier() else f"`{name}`" for name in predictors]
    return f"{left} ~ {' + '.join(names) or '1'}"
