"""What a marginal model says of its visits: covariances, criteria, residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.marginal_sandwich import subjects_by_visits
from mixedeffects.inference.table import Table

ADJUSTED = ("kenward-roger", "kenward-roger-linear", "CR0", "CR2")
KINDS = ("response", "pearson", "normalized")


@dataclass(frozen=True, slots=True, eq=False)
class VisitFacts:
    """The covariance of the visits.

    Attributes
    ----------
    subject : str
        The column that says whose rows they are.
    structure : str
        Name of the structure.
    words : str
        The same in words.
    visits : tuple of str
        T of them, those of one group after the other.
    group : str or None
        The column whose levels have a covariance each.
    groups : tuple of str
        The level of each of `visits`; empty where there is one covariance.
    n_subjects : int
    counts : (T,) int array
        Rows of each visit.
    patterns : int
        Different sets of visits that subjects were seen at.
    covariance, correlation : (T, T) arrays
    sd, sd_error : (T,) arrays
        Standard deviations, and standard errors of these.
    correlation_error : (T, T) array
        Standard errors of the correlations.
    n_parameters : int
    """

    subject: str
    structure: str
    words: str
    visits: tuple[str, ...]
    group: str | None
    groups: tuple[str, ...]
    n_subjects: int
    counts: np.ndarray
    patterns: int
    covariance: np.ndarray
    correlation: np.ndarray
    sd: np.ndarray
    sd_error: np.ndarray
    correlation_error: np.ndarray
    n_parameters: int


def visit_covariance(fit: Any):
    """The covariance of the visits with standard errors, from the observed curvature.

    Returns a `VisitFacts`.
    """
    at, block = fit.evaluation, fit.visits
    Sigma, changes = at.Sigma, at.changes
    sd = np.sqrt(Sigma.diagonal())
    correlation = Sigma / np.outer(sd, sd)
    known = at.covariance
    d_sd = 0.5 * np.diagonal(changes, axis1=1, axis2=2) / sd
    relative = d_sd / sd
    d_corr = changes / np.outer(sd, sd) - correlation * (
        relative[:, :, None] + relative[:, None, :]
    )
    sums = fit.pattern_sums
    return VisitFacts(
        subject=block.factor.name,
        structure=fit.covariance,
        words=fit.structure.words,
        visits=block.names * max(len(fit.groups), 1),
        group=fit.group,
        groups=tuple(name for name in fit.groups for _ in block.names),
        n_subjects=block.factor.n_levels,
        counts=(sums.count @ sums.seen).astype(int),
        patterns=len(
            np.unique(sums.seen.reshape(len(sums.count), -1, len(block.names)).any(1), axis=0)
        ),
        covariance=Sigma,
        correlation=correlation,
        sd=sd,
        sd_error=np.sqrt(np.einsum("kt,kl,lt->t", d_sd, known, d_sd)),
        correlation_error=np.sqrt(
            np.maximum(np.einsum("kst,kl,lst->st", d_corr, known, d_corr, optimize=True), 0.0)
        ),
        n_parameters=fit.theta.size,
    )


def covariance_table(facts: VisitFacts):
    """One row per variance and covariance: visits, value, standard deviation or correlation.

    First the column of the groups, where there are some.
    """
    T = len(facts.visits)
    group = facts.groups or ("",) * T
    pairs = [(i, i) for i in range(T)]
    pairs += [(i, j) for i in range(1, T) for j in range(i) if group[i] == group[j]]
    i, j = np.array(pairs).T
    same = i == j
    first = {facts.group: [group[a] for a in i]} if facts.group is not None else {}
    return Table(
        {
            **first,
            "visit": [facts.visits[a] for a in i],
            "with": [None if a == b else facts.visits[b] for a, b in pairs],
            "vcov": facts.covariance[i, j],
            "sdcor": np.where(same, facts.sd[i], facts.correlation[i, j]),
            "std_error": np.where(same, facts.sd_error[i], facts.correlation_error[i, j]),
        }
    )


def visits_criteria(fit: Any):
    """AIC and BIC as SAS and mmrm have them: subjects are the sample.

    By REML only covariance parameters count, since the fixed effects are not in that likelihood.
    """
    k = fit.theta.size + (0 if fit.reml else fit.beta.size)
    n = fit.visits.factor.n_levels
    return {"aic": fit.objective + 2.0 * k, "bic": fit.objective + np.log(n) * k}


def vcov(fit: Any, *, method="model"):
    """Covariance matrix of the coefficients.

    Parameters
    ----------
    fit : MMRM
        The fitted model; of the method, the model itself.
    method : {"model", "kenward-roger", "kenward-roger-linear", "CR0", "CR2"}
        "model": given the covariance of the visits. The next two add what its being estimated makes
        uncertain; "CR0" and "CR2" are robust to its being wrong.

    Returns
    -------
    (p, p) array
        In the order of ``fit.fixef``.

    Raises
    ------
    OptionError
        For another method.
    NotAvailableError
        For a method of REML fits and another fit.

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> fit = me.mmrm("pain_score ~ treatment * factor(time)", trial, "patient", "time")
    >>> fit.vcov().shape
    (8, 8)
    """
    if method == "model":
        return fit.vcov_beta.copy()
    if method not in ADJUSTED:
        raise OptionError(f"method={method!r} is not one of model, {', '.join(ADJUSTED)}")
    return df_method(fit, method).vcov.copy()


def confint(fit: Any, *, method="wald", level=0.95, ddf=None):
    """Confidence intervals of the coefficients: estimate ± quantile of t × standard error.

    Parameters
    ----------
    fit : MMRM
        The fitted model; of the method, the model itself.
    method : {"wald"}
        The only one so far.
    level : float
        Coverage of the intervals.
    ddf : str, optional
        Where standard errors and degrees of freedom come from, as in `mmrm`.

    Returns
    -------
    Table
        term, estimate, lower, upper.

    Raises
    ------
    NotAvailableError
        For another method.

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> fit = me.mmrm("pain_score ~ treatment * factor(time)", trial, "patient", "time")
    >>> list(fit.confint().columns)
    ['term', 'estimate', 'lower', 'upper']
    """
    if method != "wald":
        raise NotAvailableError(
            f"a mixed model for repeated measures has no intervals by method={method!r}\n"
            'leave it out: method="wald"'
        )
    columns = coefficient_table(fit, ddf=ddf, level=level).columns
    return Table({name: columns[name] for name in ("term", "estimate", "lower", "upper")})


def residuals(fit: Any, kind="response"):
    """Responses less their expected values.

    Parameters
    ----------
    fit : MMRM
        The fitted model; of the method, the model itself.
    kind : {"response", "pearson", "normalized"}
        "pearson": divided by the visit's standard deviation. "normalized": those of a subject
        times the inverse of the Cholesky factor of their covariance: uncorrelated, of variance
        one.

    Returns
    -------
    (n,) array

    Raises
    ------
    OptionError
        For another kind.

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> fit = me.mmrm("pain_score ~ treatment * factor(time)", trial, "patient", "time")
    >>> float(fit.residuals("normalized").std().round(1))
    1.0
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    left = fit.design.y - fit.fitted
    if kind == "response":
        return left
    if kind == "pearson":
        return left / np.sqrt(fit.Sigma.diagonal())[fit.visit_codes]
    out = np.empty(left.size)
    for _, visits, rows in subjects_by_visits(fit):
        factor = np.linalg.cholesky(fit.Sigma[np.ix_(visits, visits)])
        out[rows] = np.linalg.solve(factor, left[rows].T).T
    return out
