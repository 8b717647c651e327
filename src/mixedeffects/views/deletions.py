"""Which units a fit depends on: a measure of influence, unit by unit."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import label_text, row_labels, text_array
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.clusters import outermost
from mixedeffects.inference.deletion import InfluenceFacts, influence
from mixedeffects.inference.group_names import group_named
from mixedeffects.inference.table import Table
from mixedeffects.views.choice import chosen_group
from mixedeffects.views.labels import have_room
from mixedeffects.views.record import View
from mixedeffects.views.row_levels import level_names, row_levels

MEASURES = ("cooks_distance", "mdffits", "covratio", "covtrace", "dfbetas")
NAMES = {
    "cooks_distance": "Cook's distance",
    "mdffits": "MDFFITS",
    "covratio": "COVRATIO",
    "covtrace": "COVTRACE",
    "dfbetas": "DFBETAS",
}
ROWS = "row"
# units shown: levels in order, rows by number; and those that are named
MOST_LEVELS, MOST_ROWS, NAMED = 40, 1000, 5
# a refit from the optimum of all rows: evaluations of the objective, of which the plan knows the
# seconds, and seconds for itself and for each row whose cross-products are taken away
EVALUATIONS, SECONDS_LEVEL, SECONDS_ROW = 4, 1e-3, 1.5e-8


def influence_view(fit, group=None, *, measure="cooks_distance", influence=None, most=None):
    """One measure of what leaving out each unit does.

    Parameters
    ----------
    group : str, optional
        A grouping factor, the first by default, or "rows".
    measure : {"cooks_distance", "mdffits", "covratio", "covtrace", "dfbetas"}
        "dfbetas" of every coefficient.
    influence : Influence or InfluenceFacts, optional
        What ``fit.influence(...)`` found; computed if not given.
    most : int, optional
        Units shown; 40 levels, or 1,000 rows, by default.

    Returns
    -------
    View
        "data": unit (level; or row of the table, its label in a pandas index, else its number from
        0), n_rows, term, value, size (how extreme: distance from 1 of the logarithm for covratio,
        else the modulus), rank (1 is the most extreme of its term), named; of rows also number
        (from 0) and the levels they belong to (level, level_2, …).
        Facts: group, measure, name, terms, n_units, by_row, by_number (rows whose labels are
        their numbers), refit, cutoff (a conventional one, or None), levels (column of levels to
        grouping factor).

    Raises
    ------
    OptionError
        Another measure.
    NotAvailableError
        No unit's measure is known.

    References
    ----------
    Cutoffs: 4 / n of Cook's distance, Van der Meer, Te Grotenhuis & Pelzer (2010),
    doi:10.1177/0003122409359166; 2 / sqrt(n) of DFBETAS, Belsley, Kuh & Welsch (1980),
    doi:10.1002/0471725153; n is the number of units.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> influence_view(fit).tables["data"].columns["unit"][:3].tolist()
    ['309', '335', '337']
    """
    if measure not in MEASURES:
        raise OptionError(f"measure={measure!r} is not one of {', '.join(MEASURES)}")
    found = _facts(fit, group, influence)
    by_row = found.groups == ROWS
    kept = fit.design.missing.kept
    numbers = np.arange(fit.design.n) if kept is None else np.flatnonzero(kept)
    by_number = by_row and np.array_equal(row_labels(fit.design), numbers)
    units = text_array([label_text(unit) for unit in found.unit])
    if measure == "dfbetas":
        terms, values = list(found.terms), found.dfbetas
    else:
        terms, values = [""], np.asarray(getattr(found, measure), dtype=float)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.abs(np.log(values) if measure == "covratio" else values)
    known = np.isfinite(sizes).all(axis=1)
    if not known.any() or not terms:
        why = "" if found.terms else ": the model has no fixed effects, which it is about"
        raise NotAvailableError(f"{NAMES[measure]} is not known of any {found.groups}{why}")
    notes = list(found.notes)
    most = most or (MOST_ROWS if by_row else MOST_LEVELS)
    parts = []
    for j, term in enumerate(terms):
        order = np.flatnonzero(known)
        order = order[np.argsort(-sizes[order, j], kind="stable")][:most]
        part = _ranked(units, found, values, sizes, known, j, term, order)
        if by_row:
            part |= {"number": numbers[order]} | row_levels(fit, order)
        parts.append(part)
    if known.sum() > most:
        notes.append(f"the {most:,} most extreme of {known.sum():,} shown")
    cutoff = {"cooks_distance": 4.0 / known.sum(), "dfbetas": 2.0 / np.sqrt(known.sum())}
    facts = {
        "group": found.groups, "measure": measure, "name": NAMES[measure], "terms": terms,
        "n_units": len(units), "by_row": by_row, "by_number": by_number, "refit": found.refit,
        "cutoff": cutoff.get(measure), "levels": level_names(fit) if by_row else {},
    }  # fmt: skip
    table = Table({c: np.concatenate([part[c] for part in parts]) for c in parts[0]})
    return View({"data": table}, tuple(notes), facts)


def _facts(fit, group, found):
    if found is None:
        rows = group == "rows" and "rows" not in [b.factor.name for b in fit.design.blocks]
        return influence(fit, None if rows else chosen_group(fit, group))
    found = getattr(found, "facts", found)
    if not isinstance(found, InfluenceFacts):
        raise OptionError("influence= must be what fit.influence(...) returned")
    names = [b.factor.name for b in fit.design.blocks]
    if group_named(group, names) not in (None, found.groups) and not (
        group == "rows" and found.groups == ROWS
    ):
        raise OptionError(f"influence= is about {found.groups}, not about {group!r}")
    return found


def _ranked(units, found, values, sizes, known, j, term, order):
    """The most extreme units of one term, in order."""
    rank = np.arange(1, order.size + 1)
    named = rank <= NAMED
    if found.groups == ROWS:  # beside needles, where names may lie on each other
        numbers = order[:NAMED].astype(float)
        first = values[order[:NAMED], j]
        named[:NAMED] = have_room(numbers, first, units.size, np.ptp(values[known, j]) or 1.0)
    return {
        "unit": units[order], "n_rows": np.asarray(found.size)[order],
        "term": np.full(order.size, term, dtype=object), "value": values[order, j],
        "size": sizes[order, j], "rank": rank, "named": named,
    }  # fmt: skip


def influence_group(fit, most=100, *, seconds=0.5):
    """The factor whose levels can be left out one at a time in little time.

    Parameters
    ----------
    most : int
        Levels that it has at most.
    seconds : float
        Longest time that leaving them out may take, as the plan of the fit predicts it.

    Returns
    -------
    str
        The outermost grouping factor, or that with fewest levels.

    Raises
    ------
    NotAvailableError
        Generalised models, which are fitted anew for each level, and factors with more levels or
        that would take longer.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> influence_group(fit)
    'Subject'
    """
    if fit.cross_products is None:  # from which the rows of a level could be taken
        raise NotAvailableError(
            "a generalised model is fitted anew without each level; ask for fit.plot.influence()"
        )
    place = outermost(fit.design)
    factors = [b.factor for b in fit.design.blocks]
    factor = min(factors, key=lambda f: f.n_levels) if place is None else factors[place]
    if factor.n_levels > most:
        raise NotAvailableError(
            f"{factor.n_levels:,} levels of {factor.name} take a while; ask for "
            "fit.plot.influence()"
        )
    each = EVALUATIONS * fit.plan.seconds + SECONDS_LEVEL + SECONDS_ROW * fit.design.n
    if factor.n_levels * each > seconds:
        raise NotAvailableError(
            f"a fit without each of {factor.n_levels:,} levels of {factor.name} would take about "
            f"{factor.n_levels * each:.1g} s; ask for fit.plot.influence()"
        )
    return factor.name
