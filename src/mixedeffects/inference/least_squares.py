"""Ordinary least squares of the fixed part, from cross-products: rows as if independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df.estimates import t_quantile, two_sided_t
from mixedeffects.inference.icc import icc
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# a standard error that groups change by less than this factor is said to be unchanged
SAME = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Least-squares estimates.

    Attributes
    ----------
    beta, std_error : (p,) arrays
    sigma : float
        Residual standard deviation.
    df : int
        Rows less coefficients.
    """

    beta: np.ndarray
    std_error: np.ndarray
    sigma: float
    df: int


def estimates(stats):
    """Least squares from cross-products. Takes `CrossProducts`, returns `Estimates`."""
    p, df = stats.p, stats.n - stats.p
    T, gram, rhs = stats.reference.T, stats.xx[:p, :p], stats.xx[:p, p]
    inverse = np.linalg.inv(gram) if p else gram
    beta = inverse @ rhs
    sigma2 = (stats.yy - float(beta @ rhs)) / df
    covariance = T[:p, :p] @ inverse @ T[:p, :p].T
    return Estimates(
        T[:p, :p] @ beta - T[:p, p],
        np.sqrt(sigma2 * np.diagonal(covariance)),
        float(np.sqrt(sigma2)),
        df,
    )


@dataclass(frozen=True, slots=True)
class OLSFacts:
    """A least-squares fit, and what grouping would change.

    Attributes
    ----------
    coefficients : Table
        term, estimate, std_error, df, statistic, p_value, lower, upper; t with n - p degrees of
        freedom.
    nobs, df : int
        Rows; rows less coefficients.
    sigma, r_squared, adj_r_squared : float
        The shares as R's `summary.lm` has them: about the mean where there is an intercept, about
        zero where there is none; an offset counts as explained.
    level : float
    grouped : Table or None
        The same coefficients from the mixed model, and ratio: its standard error over that of
        least squares.
    df_method : str
        Of the mixed model.
    notes : tuple of str
    """

    coefficients: Table
    nobs: int
    df: int
    sigma: float
    r_squared: float
    adj_r_squared: float
    level: float
    grouped: Table | None
    df_method: str
    notes: tuple[str, ...]


def ols(design, stats, *, level=0.95, fit: Fit | None = None):
    """Coefficients by ordinary least squares, and beside them those of a mixed model.

    Returns an `OLSFacts`.

    Parameters
    ----------
    stats : CrossProducts
        Of the design's rows.
    level : float
        Coverage of the limits.
    fit : LMM, optional
        The mixed model of the same design.

    References
    ----------
    Moulton (1986), doi:10.1016/0304-4076(86)90021-7: what ignoring groups does to standard errors.
    """
    check_level(level)
    found = estimates(stats)
    beta, se = found.beta, found.std_error
    df = np.full(beta.size, float(found.df))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = beta / se
    half = t_quantile(0.5 + level / 2.0, df) * se
    table = Table(
        {
            "term": list(design.x_names), "estimate": beta, "std_error": se, "df": df,
            "statistic": t, "p_value": two_sided_t(t, df), "lower": beta - half,
            "upper": beta + half,
        }
    )  # fmt: skip
    constant = "(Intercept)" in design.x_names
    share = _explained(design, beta, found.sigma**2 * found.df, constant)
    adjusted = 1.0 - (1.0 - share) * (design.n - constant) / found.df
    grouped, label, notes = None, "", _without_groups(design)
    if fit is not None:
        from mixedeffects.inference.df import df_method

        columns = dict(coefficient_table(fit, level=level).columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["ratio"] = columns["std_error"] / se
        grouped, label = Table(columns), df_method(fit, None).label
        notes = _with_groups(fit, columns["ratio"])
    return OLSFacts(
        table, design.n, found.df, found.sigma, share, adjusted, level, grouped, label,
        tuple(notes),
    )  # fmt: skip


def _explained(design, beta, rss, constant):
    """Share of the weighted sum of squares that the fitted values have."""
    w = np.ones(design.n) if design.weights is None else design.weights

    def size(values):
        left = values - (np.average(values, weights=w) if constant else 0.0)
        return float(np.sum(w * left**2))

    if design.offset is None:
        total = size(design.y)
        explained = total - rss
    else:
        explained = size(design.X @ beta + design.offset)
        total = explained + rss
    return max(explained / total, 0.0) if total > 0 else np.nan


def _without_groups(design):
    text = design.spec.text
    return [
        f"least squares takes the {design.n:,} rows as independent; if some belong together "
        "(visits of a patient, pupils of a class), name the column that says which, as in "
        f'me.ols("{text} + (1 | <column>)", data), to see what that changes'
    ]


def _with_groups(fit, ratio):
    """What the groups change, in words."""
    factors = {b.factor.name: b.factor.n_levels for b in fit.design.blocks}
    named = " and ".join(f"{n:,} levels of {name}" for name, n in factors.items())
    notes = [
        f"least squares takes the {fit.design.n:,} rows as independent; the mixed model allows "
        f"rows of a group to be alike, and takes the effects of the groups as independent: {named}"
    ]
    shares = icc(fit).columns
    share = float(shares["icc"][-1])
    if not np.isnan(share):
        where = "between groups" if len(factors) > 1 else f"between levels of {next(iter(factors))}"
        notes.append(
            f"{_percent(share)} of the variance that the fixed effects leave is {where}"
            if share > 0
            else f"the variance {where} is estimated as zero"
        )
    known = np.isfinite(ratio)
    for which, order, words in (
        (
            known & (ratio > SAME),
            -ratio,
            "too small: rows of a group are alike, and say less than as many independent rows",
        ),
        (
            known & (ratio < 1 / SAME),
            ratio,
            "too large: differences between groups are counted as noise",
        ),
    ):
        if which.any():
            names = [fit.design.x_names[j] for j in np.argsort(order, kind="stable") if which[j]]
            more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
            notes.append(
                f"the standard errors of least squares for {', '.join(names[:5])}{more} are {words}"
            )  # fmt: skip
    if known.all() and not ((ratio > SAME) | (ratio < 1 / SAME)).any() and ratio.size:
        notes.append("no standard error differs by more than a tenth from that of least squares")
    if not fit.certificate.converged:
        notes.append("the mixed model did not converge: its numbers are not estimates")
    return notes


def _percent(share):
    """A share between 0 and 1 as a whole number of per cent, or what it is below or above."""
    if share >= 0.995:
        return "over 99%"
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1g}%"
