"""What the numbers of marginal means rest on, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.estimable import aliasing
from mixedeffects.inference.separated import LRT, said_of
from mixedeffects.means.adjust import STEPWISE
from mixedeffects.means.estimates import (
    adjusted_by_family,
    bounded_change,
    estimable_rows,
    estimates_of_rows,
    leaves_range,
    limits_of_rows,
    n_compared,
    row_names,
)
from mixedeffects.means.grid import all_of, combinations

if TYPE_CHECKING:
    from mixedeffects.means.record import MarginalMeans


def all_notes(means: MarginalMeans):
    """Facts, scale, adjustment, and which rows have no estimate and why. Returns tuple of str."""
    return (
        *means.facts, *_scale(means), *_intervals(means), *_beyond_the_family(means),
        *_adjustment(means), *not_estimable(means), *_separated(means),
    )  # fmt: skip


def _scale(means: MarginalMeans):
    """The scale of the numbers, and that of the tests."""
    change = means.transformation
    if change is None or means.kind == "slope":
        return ()
    if means.kind == "contrast":
        if means.scale == "response":
            return (f"{change.ratio_names}; tests are on the scale of {change.text}",)
        return (f"differences of {change.text}",)
    if means.scale == "link":
        return (f'on the scale of {change.text}; scale="response" gives {change.response}',)
    return (f"{change.response}, back from {change.text}; tests are on that scale",)


def _beyond_the_family(means: MarginalMeans):
    """That the inverse link gives means that the family does not have."""
    change = bounded_change(means)
    if change is None:
        return ()
    L, good = estimable_rows(means)
    if not change.beyond(change.inverse((L @ means.fit.beta + means.offset)[good])).any():
        return ()
    ends = " or ".join(f"{end:g}" for end in change.ends if np.isfinite(end))
    return (
        f"nan: the link '{change.link.name}' gives {change.response} a value beyond {ends} "
        'there; scale="link" has the linear predictor',
    )


def _adjustment(means: MarginalMeans):
    """How p-values and intervals are adjusted for several tests at once."""
    if means.kind != "contrast" or means.adjust == "none":
        return ()
    if means.adjust == "tukey":
        families = combinations(row_names(means), means.by).values()
        sizes = sorted({n_compared(len(members)) for members in families})
        if sizes == [2]:
            return ()
        text = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else sizes[0]
        return (f"p-values and intervals: Tukey's, for all pairs of {text} means",)
    if means.adjust == "mvt":
        found = estimates_of_rows(means, means.level, 0.0)
        error = adjusted_by_family(means, found["statistic"], found["df"], means.level)[2]
        return (
            "p-values and intervals: multivariate t, integrated with a standard error of "
            f"{error:.0e} at most",
        )
    if means.adjust in STEPWISE:
        return (f"p-values: {means.adjust}; intervals: bonferroni",)
    return (f"p-values and intervals: {means.adjust}",)


def _intervals(means: MarginalMeans):
    """That intervals are not symmetric, to keep within what the means lie between."""
    if means.kind != "mean" or means.exact or not np.isfinite(means.ends).any():
        return ()
    columns = estimates_of_rows(means, means.level, 0.0)
    _, half, _ = adjusted_by_family(means, columns["statistic"], columns["df"], means.level)
    half = half * columns["std_error"]
    if not leaves_range(means, columns["estimate"] - half, columns["estimate"] + half):
        return ()
    name = "logit" if np.isfinite(means.ends).all() else "logarithm"
    return (f"intervals by the {name} of the means: others would leave their range",)


def not_estimable(means: MarginalMeans):
    """Which rows cannot be estimated and why."""
    lost = means.not_estimable
    if not lost:
        return ()
    names = row_names(means)
    texts = all_of(names, list(names), " ")
    shown = ", ".join(texts[i] for i in lost[:5]) + (", …" if len(lost) > 5 else "")
    why = "no rows are behind it" if means.missing[lost].all() else "the fit dropped columns"
    dropped = aliasing(means.fit).names
    listed = f" ({', '.join(dropped[:3])}{', …' if len(dropped) > 3 else ''})"
    said = f"cannot be estimated: {shown}; {why}{listed if dropped else ''}"
    if means.averaged and not means.missing[lost].all():
        said += '; weights="cells" averages over combinations that have rows'
    return (said,)


def _separated(means: MarginalMeans):
    """Rows without a finite estimate, and what can be asked for instead."""
    limits, names = limits_of_rows(means), row_names(means)
    if not limits.size or not (limits != 0).any():
        return ()
    texts = all_of(names, list(names), " ")
    if means.exact:
        scale = " on the scale of the link" if means.scale == "response" else ""
        said = f"{said_of(texts, limits)}{scale}"
    else:
        lost = [t for t, limit in zip(texts, limits, strict=True) if limit != 0]
        said = f"at the end of their range (separation): {', '.join(lost[:5])}"
    return (f"{said}; without a standard error, a Wald test or an interval there; {LRT}",)
