"""The same question asked with complete, no and partial pooling, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.inference.dummies import (
    condition_number,
    independent_columns,
    project,
    spanning,
)
from mixedeffects.inference.icc import icc
from mixedeffects.inference.identification import known_covariance, unknown_components
from mixedeffects.inference.information import n_parameters
from mixedeffects.inference.least_squares import estimates
from mixedeffects.inference.row_sums import level_counts
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@dataclass(frozen=True, slots=True, eq=False)
class Pooling:
    """One of the three models.

    Attributes
    ----------
    name : str
        "complete pooling", "no pooling" or "partial pooling".
    what : str
        In words.
    estimate, std_error : (p,) arrays
        nan where the model has no such coefficient.
    sigma : float
        Residual standard deviation.
    n_parameters : int
        Coefficients and variances estimated, the residual variance among them.
    """

    name: str
    what: str
    estimate: np.ndarray
    std_error: np.ndarray
    sigma: float
    n_parameters: int


@dataclass(frozen=True, slots=True, eq=False)
class BaselineFacts:
    """Three models of one formula.

    Attributes
    ----------
    complete, none, partial : Pooling
    design_effect : (p,) array
        Squared ratio of the standard errors, partial to complete pooling.
    icc : float
        Share of the random variance between groups.
    condition_number : float
        Of the matrix of the fixed columns and all dummies, before any column is dropped; nan when
        not computed. Above about 1e15 the matrix is singular.
    aliased : tuple of (str, str)
        Columns that the dummies determine, and how, in words.
    """

    terms: tuple[str, ...]
    complete: Pooling
    none: Pooling
    partial: Pooling
    design_effect: np.ndarray
    icc: float
    condition_number: float
    aliased: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def models(self) -> tuple[Pooling, ...]:
        return self.complete, self.none, self.partial

    def table(self) -> Table:
        """One row per model and coefficient: model, term, estimate, std_error."""
        p = len(self.terms)
        return Table(
            {
                "model": [m.name for m in self.models for _ in range(p)],
                "term": list(self.terms) * 3,
                "estimate": np.concatenate([m.estimate for m in self.models]),
                "std_error": np.concatenate([m.std_error for m in self.models]),
            }
        )

    def summary(self) -> Table:
        """One row per model: model, sigma, n_parameters."""
        return Table(
            {
                "model": [m.name for m in self.models],
                "sigma": [m.sigma for m in self.models],
                "n_parameters": [m.n_parameters for m in self.models],
            }
        )


def baselines(fit: Fit):
    """Complete pooling (least squares), no pooling (a dummy per group), partial pooling (the fit).

    Returns a `BaselineFacts`.

    References
    ----------
    Gelman & Hill (2007), chapter 12, for the three names.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> facts = baselines(fit)
    >>> facts.aliased[1]
    ('style[Some]', 'style[Some] is a sum of professor columns')
    """
    complete = complete_pooling(fit)
    levels = sorted(block.factor.n_levels for block in fit.design.blocks)
    with threads_for(fit.beta.size + sum(levels[:-1])):
        none, condition, aliased, remarks = _none(fit)
    p = fit.beta.size
    partial = Pooling(
        "partial pooling",
        "mixed model: group effects are draws from a distribution whose variance is estimated",
        fit.beta,
        np.sqrt(np.diagonal(known_covariance(fit, np.eye(p), fit.vcov_beta))),
        np.nan if unknown_components(fit)[-1] else fit.noise.sigma,
        n_parameters(fit),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = (partial.std_error / complete.std_error) ** 2
    share = float(icc(fit).columns["icc"][-1])
    return BaselineFacts(
        terms=fit.design.x_names,
        complete=complete,
        none=none,
        partial=partial,
        design_effect=effect,
        icc=share,
        condition_number=condition,
        aliased=aliased,
        notes=(*_clustering(fit, effect, share), *remarks),
    )


def complete_pooling(fit: Fit):
    """Least squares without the random terms, from the cross-products."""
    found = estimates(fit.cross_products)
    return Pooling(
        "complete pooling",
        "least squares: all rows as if independent, groups ignored",
        found.beta,
        found.std_error,
        found.sigma,
        found.beta.size + 1,
    )


def rows_of_a_row(fit: Fit):
    """Mean over the rows of how many rows their level of the first factor has."""
    sizes = level_counts(fit, 0).astype(float)
    return float((sizes**2).sum() / sizes.sum())


def _clustering(fit: Fit, effect, share):
    """What ignoring the groups does to the standard errors, in words."""
    notes = []
    names = fit.design.x_names
    block = fit.design.blocks[0]
    if len(fit.design.blocks) == 1 and block.Z is None and not np.isnan(share):
        size = rows_of_a_row(fit)
        rows = f"{size:,.1f}".removesuffix(".0")
        notes.append(
            f"{100 * share:.0f}% of the random variance lies between levels of "
            f"{block.factor.name} (ICC {share:.3f}) and a level has {rows} rows, so the "
            f"variance of a mean is {1.0 + (size - 1.0) * share:.3g} times what complete pooling "
            f"believes (design effect 1 + ({rows} - 1) x {share:.3f})"
        )
    low = [(names[j], effect[j]) for j in np.argsort(-effect) if effect[j] > 1.1]
    if low:
        shown = ", ".join(f"{name} ({np.sqrt(v):.2g} times)" for name, v in low[:5])
        notes.append(
            "complete pooling ignores that rows of a group are alike: its standard errors are too "
            f"small for {shown}"
        )
    high = [(names[j], effect[j]) for j in np.argsort(effect) if effect[j] < 1 / 1.1]
    if high:
        shown = ", ".join(f"{name} ({1 / np.sqrt(v):.2g} times)" for name, v in high[:5])
        notes.append(
            "complete pooling counts the differences between groups as noise: its standard errors "
            f"are too large for {shown}, which vary within groups"
        )
    return notes


def _none(fit: Fit):
    """Least squares with a dummy for every level of every grouping factor."""
    design = fit.design
    factors = spanning([block.factor for block in design.blocks])
    p, n = design.X.shape[1], design.n
    names = " and ".join(dict.fromkeys(b.factor.name for b in design.blocks))
    what = f"least squares with a dummy for every level of {names}"
    remarks = []
    if any(block.k > 1 or block.Z is not None for block in design.blocks):
        remarks.append(
            "no pooling gives every group its own intercept; random slopes have no counterpart "
            "in it"
        )
    condition = condition_number(design)
    gram, total, rank, means = project(design, factors)
    nothing = np.full(p, np.nan)
    if gram is None:
        remarks.append(
            "no pooling was not computed: the rank of the dummies of three or more crossed "
            "factors of this size is not known"
        )
        return Pooling("no pooling", what, nothing, nothing, np.nan, 0), condition, (), remarks
    kept, dependent = independent_columns(gram[:p, :p], total[:p])
    aliased = tuple(
        (design.x_names[j], _reason(design.x_names[j], j, factors, means, j in dependent))
        for j in range(p)
        if j not in kept
    )
    estimate, error = nothing.copy(), nothing.copy()
    rss, df = float(gram[p, p]), n - rank - len(kept)
    if kept:
        scale = np.sqrt(gram.diagonal()[kept])
        inverse = np.linalg.inv(gram[np.ix_(kept, kept)] / np.outer(scale, scale))
        beta = inverse @ (gram[kept, p] / scale)
        rss -= float(beta @ (gram[kept, p] / scale))
        estimate[kept] = beta / scale
        error[kept] = np.sqrt(np.diagonal(inverse)) / scale
    sigma = float(np.sqrt(max(rss, 0.0) / df)) if df > 0 else np.nan
    remarks.append(
        f"no pooling spends {rank:,} coefficients on the groups themselves, about which nobody "
        "asked, and learns from differences within groups only"
    )
    if df <= 0:
        remarks.append("no pooling leaves no degrees of freedom: as many dummies as rows")
    if np.isnan(condition):
        remarks.append("the condition number of the matrix with all dummies was not computed")
    pooling = Pooling("no pooling", what, estimate, error * sigma, sigma, rank + len(kept) + 1)
    return pooling, condition, aliased, remarks


def _reason(name, j, factors, means, with_others):
    what = " and ".join(f.name for f in factors)
    if with_others:
        return f"{name} is a combination of {what} columns and earlier ones"
    if means is not None:
        values = means[:, j]
        if np.ptp(values) <= 1e-9 * np.abs(values).max():
            return f"{name} is the sum of all {what} columns"
        if np.isin(values, (0.0, 1.0)).all():
            return f"{name} is a sum of {what} columns"
        return f"{name} is constant within {what}: a combination of its columns"
    return f"{name} is a combination of {what} columns"
