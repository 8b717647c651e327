"""Simulated quantile residuals: against uniform quantiles, and against ranked predictions."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.residual.pool import ranked
from mixedeffects.inference.residual.quantile import quantile_residuals
from mixedeffects.inference.residual.row_sample import row_sample
from mixedeffects.inference.table import Table
from mixedeffects.options import generator
from mixedeffects.thinning import spread
from mixedeffects.views.fit_residuals import table_rows
from mixedeffects.views.record import View
from mixedeffects.views.row_levels import level_names, row_levels

# rows that are simulated, points of the quantile plot, bins of ranks and rows each has at least
MOST_ROWS, MOST_POINTS, MOST_BINS, LEAST_ROWS = 3000, 400, 12, 15
QUARTILES = (0.25, 0.5, 0.75)
# simulations between which 95% of them lie
LOW, HIGH = 0.025, 0.975


def quantile_residuals_view(fit, n=250, rng=None, *, groups="new", most=MOST_ROWS):
    """Where each response stands among simulations of it, which should be anywhere alike.

    Parameters
    ----------
    n : int
        Simulations.
    groups : {"new", "conditional"}
        As in `quantile_residuals`: new random effects in every simulation, or those of the fit.
        Predictions are those of the fixed part, or with the random effects of the fit: new
        effects would make residuals follow the latter.
    most : int
        Rows simulated; of more, a random sample. The rank of a row needs no other row.

    Returns
    -------
    View
        "data": row (label or number), rank (of the prediction, between 0 and 1), residual,
        and the row's level of every grouping factor (level, level_2, …). "uniform": row, levels,
        expected, residual, lower, upper: order statistics with the limits
        between which 95% of the simulations lie, one by one. "quantiles": quantile, rank, value,
        lower, upper of rows in bins of the rank, limits alike. "tests": as
        `QuantileResiduals.tests`. Facts: n, n_rows, n_simulations, groups, p_value (uniformity),
        levels (column of levels to grouping factor), one_prediction (whether all rows have one).

    References
    ----------
    Hartig, DHARMa (R package), for the pair of plots; Dunn & Smyth (1996),
    doi:10.1080/10618600.1996.10474708.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> view = quantile_residuals_view(fit, rng=1)
    >>> view.facts["n"], view.tables["tests"].columns["test"]
    (56, ['uniformity', 'dispersion', 'outliers'])
    """
    rng, rows, notes = generator(rng), table_rows(fit), []
    some, kept = fit, np.arange(fit.design.n)
    if fit.design.n > most:
        kept = np.sort(rng.choice(fit.design.n, most, replace=False))
        some, rows = row_sample(fit, kept), rows[kept]
        notes.append(f"{most:,} of {fit.design.n:,} rows simulated, chosen at random")
    facts = quantile_residuals(some, n, rng, groups=groups)
    prediction = np.array(some.fixed_predictors[0], dtype=float)
    if groups == "conditional":
        for block, owner, _, modes in some.random_effects:
            if owner == 0:
                prediction += random_part([(block.factor.codes, block.Z)], [modes])
    rank = _ranks(prediction)
    simulated = _simulated_residuals(facts, rng)
    tests = facts.tests()
    words = {
        "n": fit.design.n, "n_rows": rows.size, "n_simulations": facts.n_simulations,
        "groups": groups, "levels": level_names(fit), "one_prediction": bool(np.ptp(rank) == 0),
        "p_value": float(tests.columns["p_value"][list(tests.columns["test"]).index("uniformity")]),
    }  # fmt: skip
    order, uniform = _against_uniform(facts.residuals, simulated)
    levels = row_levels(fit, kept)
    ordered = {"row": rows[order]} | {name: column[order] for name, column in levels.items()}
    tables = {
        "data": Table({"row": rows, "rank": rank, "residual": facts.residuals} | levels),
        "uniform": Table(ordered | uniform),
        "quantiles": Table(_in_bins(rank, facts.residuals, simulated)),
        "tests": tests,
    }
    return View(tables, tuple(notes), words)


def _ranks(values):
    """Ranks between 0 and 1, the mean of them for values that are the same."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return ((last - count / 2.0) / values.size)[code.reshape(-1)]


def _simulated_residuals(facts, rng):
    """(n, m) residuals of the simulations, each ranked among the row's pool as the response is."""
    pool = facts.pool
    order = ranked(pool, rng, facts.discrete, facts.ties)
    ranks = np.empty(pool.shape)
    place = np.broadcast_to(np.arange(pool.shape[1], dtype=float), pool.shape)
    np.put_along_axis(ranks, order, place, axis=1)
    return (ranks[:, 1:] + rng.random((pool.shape[0], pool.shape[1] - 1))) / pool.shape[1]


def _against_uniform(residuals, simulated):
    """Positions of the rows shown, in order of their residuals, and the columns of their points."""
    n = residuals.size
    shown = spread(n, MOST_POINTS)
    shown = np.arange(n) if shown is None else shown
    order = np.argsort(residuals, kind="stable")[shown]
    limits = np.quantile(np.sort(simulated, axis=0)[shown], (LOW, HIGH), axis=1)
    return order, {
        "expected": (shown + 0.5) / n, "residual": residuals[order],
        "lower": limits[0], "upper": limits[1],
    }  # fmt: skip


def _in_bins(rank, residuals, simulated):
    """Quartiles of the residuals of rows with neighbouring ranks, those of one rank together."""
    n = rank.size
    bins = int(np.clip(n // LEAST_ROWS, 1, MOST_BINS))
    code = np.minimum((rank * bins).astype(np.intp), bins - 1)
    columns = {name: [] for name in ("quantile", "rank", "value", "lower", "upper")}
    parts = [np.flatnonzero(code == b) for b in range(bins)]
    parts = [part for part in parts if part.size]
    for q in QUARTILES:
        for part in parts:
            limits = np.quantile(np.quantile(simulated[part], q, axis=0), (LOW, HIGH))
            found = (q, rank[part].mean(), np.quantile(residuals[part], q), *limits)
            for name, value in zip(columns, found, strict=True):
                columns[name].append(float(value))
    return {name: np.array(values) for name, values in columns.items()}
