"""Residuals and predicted random effects against normal quantiles."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.identification import NOT_IN_DATA, identification
from mixedeffects.inference.table import Table
from mixedeffects.views.choice import chosen_group, chosen_terms
from mixedeffects.views.fit_residuals import fit_residuals
from mixedeffects.views.labels import have_room
from mixedeffects.views.normal_band import normal_band, shown_order
from mixedeffects.views.record import View
from mixedeffects.views.row_levels import level_names, row_levels

# points of each end that are named if they leave the band; the last is named anyhow
NAMED = 3
# share of a random effect's variance that its prediction must have to be divided by its root
LEAST = 1e-8


def qq_view(fit, kind=None, *, level=0.95, rng=0):
    """Standardised residuals against normal quantiles, with a simultaneous band.

    Parameters
    ----------
    kind : str, optional
        "standardised" (the default) or "scaled" of a linear model, "quantile" of others.
    level : float
        Coverage of the band, as if residuals were independent.
    rng : numpy.random.Generator or int
        As in `fit_residuals`.

    Returns
    -------
    View
        "data": row (label or number), the row's level of every grouping factor (level,
        level_2, …), theoretical, sample, lower, upper, outside, named; of many rows the tails
        and some between. Facts: n, kind, name, n_outside, coverage, levels (column of levels to
        grouping factor).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> qq_view(fit).tables["data"].columns["row"][[0, -1]].tolist()
    [59, 56]
    """
    found = fit_residuals(fit, kind, rng, normal=True)
    order, columns = _against_normal(found.values, level)
    data = {"row": found.rows[order]} | row_levels(fit, found.kept[order]) | columns
    n, notes = found.values.size, list(found.notes)
    if order.size < n:
        notes.append(f"{order.size} of {n:,} points shown, both tails whole")
    facts = {
        "n": n, "kind": found.kind, "name": found.name, "coverage": level,
        "n_outside": int(columns["outside"].sum()), "levels": level_names(fit),
    }  # fmt: skip
    return View({"data": Table(data)}, tuple(notes), facts)


def qq_ranef_view(fit, group=None, *, term=None, level=0.95):
    """Standardised predictions of random effects against normal quantiles.

    A prediction is divided by its own standard deviation under the model: its variance is that
    of the effect less the conditional variance, the coefficients taken as known (for generalised
    models, the modes being taken for means, approximately). By that levels with few rows, whose
    predictions are shrunk more, can be compared with others.

    Parameters
    ----------
    group : str, optional
        Grouping factor; the first by default.
    term : str, optional
        One of its terms; all by default.
    level : float
        Coverage of the band of each term, as if predictions were independent.

    Returns
    -------
    View
        "data": term, level, estimate, theoretical, sample, lower, upper, outside, named. Facts:
        group, terms, n_levels, n_outside (per term), coverage.

    Raises
    ------
    NotAvailableError
        No term has a variance.

    References
    ----------
    Lange & Ryan (1989), doi:10.1214/aos/1176347130.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> qq_ranef_view(fit, term="Days").tables["data"].columns["level"][[0, -1]].tolist()
    ['335', '308']
    """
    name = chosen_group(fit, group)
    terms = chosen_terms(fit, name, term)
    parts, notes, outside, n_levels = {}, [], {}, 0
    blocks = zip(
        fit.design.blocks,
        fit.parameters.covariances,
        fit.b,
        fit.conditional_covariances(),
        strict=False,
    )
    found = identification(fit)
    for f, (block, G, b, conditional) in enumerate(blocks):
        if block.factor.name != name:
            continue
        n_levels = block.factor.n_levels
        labels = np.array([str(label) for label in block.factor.labels], dtype=object)
        whole = G.diagonal()
        for j, column in enumerate(block.names):
            if column not in terms:
                continue
            if found is not None and not found.known_entries(f)[j].all():
                notes.append(f"{column}: {NOT_IN_DATA}")
                continue
            variance = whole[j] - conditional[:, j, j]
            good = np.flatnonzero(variance > LEAST * whole[j]) if whole[j] > 0 else np.arange(0)
            if good.size < 2:
                notes.append(f"{column}: its variance is zero, so that there is nothing to show")
                continue
            if good.size < n_levels:
                notes.append(f"{column}: {n_levels - good.size:,} levels without information")
            order, columns = _against_normal(b[good, j] / np.sqrt(variance[good]), level)
            if order.size < good.size:
                notes.append(f"{order.size} of {good.size:,} levels shown, both tails whole")
            at = good[order]
            parts[column] = {
                "term": np.full(at.size, column, dtype=object), "level": labels[at],
                "estimate": b[at, j], **columns,
            }  # fmt: skip
            outside[column] = int(columns["outside"].sum())
    if not parts:
        if found is not None:
            raise NotAvailableError(f"the random effects of {name} are {NOT_IN_DATA}")
        raise NotAvailableError(
            f"the random effects of {name} have no variance in this fit, so that their "
            "predictions are all zero"
        )
    found = list(parts.values())
    table = Table({c: np.concatenate([part[c] for part in found]) for c in found[0]})
    facts = {
        "group": name, "terms": list(parts), "n_levels": n_levels, "n_outside": outside,
        "coverage": level,
    }  # fmt: skip
    return View({"data": table}, tuple(dict.fromkeys(notes)), facts)


def _against_normal(values, level):
    """Positions of the values shown, in order of size, and the columns of their points."""
    shown = shown_order(values.size)
    order = np.argsort(values, kind="stable")[shown - 1]
    sample = values[order]
    theoretical, lower, upper = normal_band(values.size, shown, level)
    outside = (sample < lower) | (sample > upper)
    named = np.zeros(sample.size, dtype=bool)
    for end in (slice(None, NAMED), slice(-NAMED, None)):
        named[end] = outside[end]
    named[[0, -1]] = True
    far = np.flatnonzero(named)
    far = far[np.argsort(-np.abs(sample[far]), kind="stable")]
    named[far] = have_room(theoretical[far], sample[far], np.ptp(theoretical), np.ptp(sample))
    return order, {
        "theoretical": theoretical, "sample": sample, "lower": lower, "upper": upper,
        "outside": outside, "named": named,
    }  # fmt: skip
