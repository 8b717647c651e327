"""A generalised fit as a `ModelAbstract` of marginaleffects; imported when one is asked for."""

from __future__ import annotations

from math import inf

import numpy as np
import polars as pl

from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.family import Family
from mixedeffects.means.target import CoefficientView
from mixedeffects.model.marginaleffects_adapter import ModelLMM, columns_read, estimable_columns
from mixedeffects.model.marginaleffects_columns import series

SCALES = ("response", "link")


class ModelGLMM(ModelLMM):
    """Predictions of a group with random effects of zero, for marginaleffects.

    Parameters
    ----------
    vcov : str
        "model".
    df : float
        Degrees of freedom of its tests; infinite.
    scale : {"response", "link"}
        The mean of the response, for an ordinal model the probability of every category; or the
        linear predictor.
    """

    def __init__(self, fit, data=None, *, vcov="model", df=inf, scale="response"):
        if vcov != "model":
            raise NotAvailableError(
                f"vcov={vcov!r} is defined for linear mixed models; a generalised one has 'model'"
            )
        if scale not in SCALES:
            raise OptionError(f"scale={scale!r} is not one of {', '.join(SCALES)}")
        self._scale, self._parts = scale, parts_of(fit, scale)
        super().__init__(fit, data, vcov=vcov, df=df)

    def coefficients_of(self, fit):
        """The coefficients that predictions depend on, and their names."""
        n = sum(part.beta.size for part in self._parts)
        return fit.estimates[:n], list(fit.parameter_names[:n])

    def specs_of(self, fit):
        """The formulas that predictions depend on."""
        return [part.design.spec for part in self._parts if part.design is not None]

    def add_columns(self, fit, columns, kinds):
        """Columns of the table that only the other parts read."""
        for part in self._parts[1:]:
            if part.design is None:
                continue
            if part.design.sources is None:
                missing = [c for c in columns_read(part.design.spec) if c not in columns]
                if missing:
                    raise DataError(
                        f"this fit does not keep the column '{missing[0]}'\n"
                        "give the table: to_marginaleffects(data)"
                    )
                continue
            for name, column in part.design.sources.columns.items():
                columns.setdefault(name, series(name, column))
                kinds.setdefault(name, column.kind)

    def get_vcov(self, vcov=True):
        """(p, p) covariance of the coefficients: True, "model" or False."""
        if vcov is None or vcov is False:
            return None
        if not (vcov is True or vcov == "model"):
            raise NotAvailableError(
                f"vcov={vcov!r} is defined for linear mixed models; a generalised one has 'model'"
            )
        n = self.coef.size
        return self.model.vcov_parameters[:n, :n].copy()

    def get_exog(self, newdata):
        """(m, all columns) model matrices of the parts, each followed by its offset."""
        given = [pl.col(name).cast(pl.Boolean) for name in self._booleans]
        table = newdata.with_columns(given)
        out = []
        for part in self._parts:
            if part.design is None:
                out += [np.ones((newdata.height, part.beta.size)), np.zeros((newdata.height, 1))]
                continue
            rows, offset = part.design.spec.fixed_columns(table)
            X = estimable_columns(part, np.asarray(rows))
            out += [X, (np.zeros(newdata.height) if offset is None else offset)[:, None]]
        return np.hstack(out)

    def get_predict(self, params, newdata):
        """Predictions for matrices of `get_exog`, for any coefficients."""
        params, at, first = np.asarray(params), 0, 0
        etas, values = [], []
        for part in self._parts:
            p = part.beta.size
            own = params[first : first + p]
            values.append(own)
            etas.append(newdata[:, at : at + p] @ own + newdata[:, at + p])
            at, first = at + p + 1, first + p
        family, n = self.model.family, newdata.shape[0]
        with np.errstate(all="ignore"):
            if self._scale == "link":
                estimate = etas[0]
            elif family.ordinal:
                return self._categories(family, etas[0], values[1])
            elif len(etas) == 1:
                estimate = family.link.inverse(etas[0])
            else:
                estimate = family.mean(*etas)
        rows = pl.Series("rowid", np.arange(n, dtype=np.int32))
        return pl.DataFrame([rows, pl.Series("estimate", np.asarray(estimate, dtype=float))])

    def _categories(self, family, eta, thresholds):
        labels = [str(label) for label in self.model.design.categories]
        P = family.probabilities(eta, thresholds)
        P[np.isnan(eta)] = np.nan
        n = eta.shape[0]
        return pl.DataFrame(
            {
                "rowid": np.tile(np.arange(n, dtype=np.int32), len(labels)),
                "group": np.repeat(np.array(labels, dtype=object), n).tolist(),
                "estimate": P.T.ravel(),
            }
        )

    def get_autodiff_args(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Its automatic differentiation is not used: derivatives are finite differences."""
        return "generalised mixed models"

    def t_tests(self, result, *, ddf=None, level=None):
        """Refused: marginaleffects' own tests are the ones that these models have."""
        raise NotAvailableError(
            "t tests are for linear mixed models; estimates of a generalised one are compared with "
            "the normal distribution, as marginaleffects does"
        )


def parts_of(fit, scale):
    """The coefficients of every predictor that predictions depend on.

    Returns
    -------
    list of CoefficientView
        `design` is None for constants: thresholds, and parts without a formula.
    """
    family = fit.family
    main = CoefficientView(fit.beta, fit.vcov_beta, fit.design)
    plain = type(family).mean is Family.mean  # the inverse link of the main predictor
    if scale == "link" or plain:
        return [main]
    if family.ordinal:
        return [main, CoefficientView(fit.extras["thresholds"], np.empty((0, 0)), None)]
    out = [main]
    for name in family.extras:
        part = fit.design.others.get(name)
        out.append(CoefficientView(fit.extras[name], np.empty((0, 0)), part))
    return out
