"""Covariances of visits compared: criteria, and tests of the simpler against the more general."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc

from mixedeffects.covariance import Unstructured
from mixedeffects.errors import DataError, ModelError
from mixedeffects.inference.information import akaike_weights
from mixedeffects.inference.table import Table
from mixedeffects.inference.visits import visits_criteria

# difference of two columns of a model matrix, of its size, that is rounding
SAME = 1e-9


def compare_visits(fits: Any, names):
    """One row per model of the same rows.

    A model is tested against the most general of the others whose covariances include its own, by
    chi-squared with the difference of parameters; only where both have the same fixed effects.

    Returns a `Table`: model, covariance, npar, objective, aic, bic, delta_aic, weight_aic, against,
    chisq, df, p_value.

    Raises
    ------
    DataError
        Other rows or responses.
    ModelError
        REML beside maximum likelihood, or REML of different fixed effects.
    """
    first = fits[0]
    for fit, name in zip(fits[1:], names[1:], strict=True):
        pair = f"{names[0]} and {name}"
        if not np.array_equal(fit.design.y, first.design.y):
            raise DataError(f"{pair} were fitted to different rows or responses")
        if not same_visits(fit, first):
            raise ModelError(
                f"{pair} have other subjects, visits or offsets, so that neither covariance is a "
                "case of the other\nlook at fit.loglik of each"
            )
        if fit.reml != first.reml:
            raise ModelError(
                f"{pair}: one is fitted by REML, the other by maximum likelihood\n"
                "fit both in one way"
            )
        if fit.reml and not same_columns(fit, first):
            raise ModelError(
                f"{pair} have different fixed effects, on which a REML likelihood depends\n"
                "fit both with reml=False"
            )
    # a REML likelihood depends on the columns of the fixed effects: all in those of the first
    shift = np.array([log_columns(fit) - log_columns(first) if fit.reml else 0.0 for fit in fits])
    criteria = [visits_criteria(fit) for fit in fits]
    aic = np.array([c["aic"] for c in criteria]) - shift
    objective = np.array([fit.objective for fit in fits]) - shift
    tests = [_test(fit, fits, names, objective) for fit in fits]
    return Table(
        {
            "model": list(names),
            "covariance": [fit.covariance for fit in fits],
            "npar": [fit.theta.size + (0 if fit.reml else fit.beta.size) for fit in fits],
            "objective": objective,
            "aic": aic,
            "bic": np.array([c["bic"] for c in criteria]) - shift,
            "delta_aic": aic - aic.min(),
            "weight_aic": akaike_weights(aic),
            "against": [test[0] for test in tests],
            "chisq": np.array([test[1] for test in tests]),
            "df": np.array([test[2] for test in tests]),
            "p_value": np.array([test[3] for test in tests]),
        }
    )


def same_columns(one: Any, other: Any):
    """Whether two models have the same fixed effects, in whatever columns."""
    X, Y = np.asarray(one.design.X), np.asarray(other.design.X)
    if X.shape != Y.shape:
        return False
    left = X - Y @ np.linalg.lstsq(Y, X, rcond=None)[0]
    return bool(np.abs(left).max(initial=0.0) <= SAME * np.abs(X).max(initial=1.0))


def log_columns(fit: Any):
    """log|X'X|."""
    return -2.0 * float(np.log(np.abs(np.diagonal(fit.T))).sum())


def same_visits(one: Any, other: Any):
    """Whether two models have the same subjects, visits and offset, row by row."""
    a, b = one.visits, other.visits
    pairs = np.unique(np.column_stack([a.factor.codes, b.factor.codes]), axis=0)
    first, second = (
        0.0 if fit.design.offset is None else fit.design.offset for fit in (one, other)
    )
    T = len(a.names)
    return (
        len(pairs) == a.factor.n_levels == b.factor.n_levels
        and a.names == b.names
        and np.array_equal(one.visit_codes % T, other.visit_codes % T)
        and bool(np.all(np.equal(first, second)))
    )


def _test(fit, fits, names, objective):
    """Against which model, chi-squared, df, p; None and nan where there is none."""
    inside = fit.structure.within
    larger = [
        (other.theta.size, i)
        for i, other in enumerate(fits)
        if other.theta.size > fit.theta.size
        and fit.group in (None, other.group)
        and (
            other.covariance == fit.covariance
            or other.covariance == Unstructured.name
            or other.covariance in inside
        )
        and same_columns(fit, other)
    ]
    if not larger:
        return None, np.nan, np.nan, np.nan
    at, own = max(larger)[1], next(i for i, one in enumerate(fits) if one is fit)
    chisq, df = objective[own] - objective[at], fits[at].theta.size - fit.theta.size
    return names[at], chisq, float(df), float(chdtrc(df, max(chisq, 0.0)))
