"""Classical repeated-measures analysis of variance of a complete subjects x cells table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.estimates import f_p_value
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

COLUMNS = (
    "term", "num_df", "den_df", "sum_sq", "error_sum_sq", "statistic", "p_value",
    "partial_eta_squared", "mauchly_w", "mauchly_p", "gg_epsilon", "gg_p_value", "hf_epsilon",
    "hf_p_value",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RMAnovaFacts:
    """A repeated-measures ANOVA and what it was computed from.

    Attributes
    ----------
    outcome, subject : str
    within, between : tuple of str
    table : Table
        One row per effect, columns `COLUMNS`; sphericity is nan where an effect has one degree
        of freedom or no repeated factor.
    n_subjects, n_complete : int
        Subjects of the table, and those with every cell observed, on whom the ANOVA rests.
    n_rows, n_rows_used : int
        Rows with an observed outcome, and those of complete subjects.
    n_averaged : int
        Rows beyond the first of a subject's cell: cells are averaged.
    lmm : Table or None
        The mixed model on all rows: term, num_df, den_df, statistic, p_value.
    """

    outcome: str
    subject: str
    within: tuple[str, ...]
    between: tuple[str, ...]
    table: Table
    n_subjects: int
    n_complete: int
    n_rows: int
    n_rows_used: int
    n_averaged: int
    lmm: Table | None
    lmm_formula: str
    notes: tuple[str, ...]


def subsets(names):
    """All non-empty sets of names, small ones first, in order.

    Examples
    --------
    >>> list(subsets(("a", "b")))
    [('a',), ('b',), ('a', 'b')]
    """
    for size in range(1, len(names) + 1):
        yield from combinations(names, size)


def univariate_tests(Y, within, groups, between):
    """F tests of all effects, with sphericity and its corrections.

    Parameters
    ----------
    Y : (N, C) array
        One row per subject; the last within factor varies fastest over the columns.
    within : dict of str to int
        Factor to number of levels.
    groups : dict of str to (N,) int array
        Between-subject factor to level of every subject.

    Returns
    -------
    Table
        Type III sums of squares (the same as types I and II when groups are equally large).

    Raises
    ------
    ModelError
        When subjects are too few for the groups.

    References
    ----------
    Greenhouse & Geisser (1959), doi:10.1007/BF02289823; Huynh & Feldt (1976),
    doi:10.3102/10769986001001069, with N - g for N as in Lecoutre (1991),
    doi:10.3102/10769986016004371; Mauchly (1940), doi:10.1214/aoms/1177731915.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.array([[1.0, 2, 4], [2, 2, 3], [0, 3, 5], [1, 1, 4]])
    >>> table = univariate_tests(Y, {"time": 3}, {}, {}).columns
    >>> table["term"], table["statistic"].round(3)
    (['time'], array([10.5]))
    """
    B, effects = _between_design(Y.shape[0], groups, between)
    N, g = B.shape
    if np.linalg.matrix_rank(B) < g:
        raise ModelError(
            f"a combination of {', '.join(between)} has no complete subject, so its cell mean is "
            "unknown\nuse a mixed model, or fewer between-subject factors"
        )
    error_df = N - g
    if error_df < 1:
        raise ModelError(
            f"{N} complete subjects are too few for {g} group means: no error is left to test "
            "against"
        )
    inverse = np.linalg.inv(B.T @ B)
    rows = []
    for chosen in ((), *subsets(tuple(within))):
        M = _within_contrasts(within, chosen)
        Z = Y @ M
        coefficients = inverse @ (B.T @ Z)
        residual = Z - B @ coefficients
        E = residual.T @ residual
        sphericity = _sphericity(E, error_df) if M.shape[1] > 1 else None
        for name, columns in effects:
            if not chosen and not name:
                continue
            part = coefficients[columns]
            H = part.T @ np.linalg.solve(inverse[np.ix_(columns, columns)], part)
            term = ":".join([*name, *chosen])
            rows.append(_test(term, H, E, len(columns), error_df, sphericity))
    return _table(COLUMNS, rows)


def _between_design(N, groups, between):
    """Sum-to-zero coding of all effects of the between factors: matrix, and columns by effect."""
    B, effects = [np.ones((N, 1))], [((), [0])]
    codings = {
        name: np.vstack([np.eye(k - 1), -np.ones((1, k - 1))])[groups[name]]
        for name, k in between.items()
    }
    at = 1
    for chosen in subsets(tuple(between)):
        part = np.ones((N, 1))
        for name in chosen:
            part = (part[:, :, None] * codings[name][:, None, :]).reshape(N, -1)
        B.append(part)
        effects.append((chosen, list(range(at, at + part.shape[1]))))
        at += part.shape[1]
    return np.concatenate(B, axis=1), effects


def _within_contrasts(within, chosen):
    """Orthonormal contrasts (C, d) of one effect: of its factors, means over the others."""
    M = np.ones((1, 1))
    for name, k in within.items():
        if name in chosen:
            centred = np.eye(k) - 1.0 / k
            part = np.linalg.svd(centred)[0][:, : k - 1]
        else:
            part = np.full((k, 1), k**-0.5)
        M = np.kron(M, part)
    return M


def _test(term, H, E, df_hypothesis, error_df, sphericity):
    from scipy.special import fdtrc

    d = E.shape[0]
    num, den = df_hypothesis * d, error_df * d
    ss, sse = float(np.trace(H)), float(np.trace(E))
    F = (ss / num) / (sse / den) if sse > 0 else np.nan
    p = float(fdtrc(num, den, F))
    out = [term, float(num), float(den), ss, sse, F, p, ss / (ss + sse) if ss + sse > 0 else np.nan]
    if sphericity is None:
        return [*out, *[np.nan] * 6]
    w, w_p, gg, hf = sphericity
    corrected = []
    for epsilon in (gg, hf):
        e = min(epsilon, 1.0)
        corrected += [epsilon, float(fdtrc(num * e, den * e, F))]
    return [*out, w, w_p, *corrected]


def _sphericity(E, error_df):
    """Mauchly's W and its p-value, Greenhouse-Geisser and Huynh-Feldt epsilon."""
    d = E.shape[0]
    trace = float(np.trace(E))
    if trace <= 0:
        return (np.nan,) * 4
    gg = trace**2 / (d * float((E * E).sum()))
    below = error_df - d * gg
    hf = ((error_df + 1.0) * d * gg - 2.0) / (d * below) if below > 0 else 1.0
    w, p = mauchly(E, error_df)
    return w, p, gg, hf


def mauchly(E, error_df):
    """Mauchly's test that a covariance is a multiple of the identity.

    Parameters
    ----------
    E : (d, d) array
        Error sums of squares and products of orthonormal contrasts.

    Returns
    -------
    W, p_value : float
        nan when the error has fewer degrees of freedom than E has rows.

    References
    ----------
    Anderson (2003), An Introduction to Multivariate Statistical Analysis, section 10.7.4.
    """
    from scipy.special import chdtrc

    d = E.shape[0]
    if error_df < d:
        return np.nan, np.nan
    sign, logdet = np.linalg.slogdet(E)
    if sign <= 0:
        return 0.0, np.nan
    log_w = float(logdet - d * np.log(np.trace(E) / d))
    f = 0.5 * d * (d + 1) - 1.0
    rho = 1.0 - (2.0 * d * d + d + 2.0) / (6.0 * d * error_df)
    second = (d + 2.0) * (d - 1.0) * (d - 2.0) * (2.0 * d**3 + 6.0 * d * d + 3.0 * d + 2.0)
    second /= 288.0 * (error_df * d * rho) ** 2
    z = -error_df * rho * log_w
    first, further = float(chdtrc(f, z)), float(chdtrc(f + 4.0, z))
    return float(np.exp(log_w)), first + second * (further - first)


def term_tests(fit: Fit, names, *, ddf="satterthwaite"):
    """F tests of a fit's terms; type III where its factors have sum-to-zero codings.

    Parameters
    ----------
    names : dict of str to str
        Term of the fit to the name it is shown by, in the order wanted.

    Returns
    -------
    Table
        term, num_df, den_df, statistic, p_value.
    """
    method = df_method(fit, ddf)
    spec, p = fit.design.spec, fit.beta.size
    rows = []
    for term, shown in names.items():
        place = spec.terms.index(term)
        L = np.eye(p)[[j for j in range(p) if spec.x_terms[j] == place]]
        test = method.joint(L, L @ fit.beta)
        rows.append((shown, test.num_df, test.den_df, test.statistic, f_p_value(test)))
    return _table(("term", "num_df", "den_df", "statistic", "p_value"), rows)


def _table(names, rows):
    """Rows as columns; the first is text, the others are numbers."""
    first, *others = ([row[i] for row in rows] for i in range(len(names)))
    return Table(dict(zip(names, (first, *map(np.array, others)), strict=True)))
