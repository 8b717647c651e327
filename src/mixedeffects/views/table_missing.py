"""Who was observed when: patterns of waves, how frequent they are, and gaps by wave."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError
from mixedeffects.exploration.columns import profile
from mixedeffects.exploration.missingness import (
    MOST_WAVES,
    PATTERNS,
    panel,
    pattern_kinds,
    wave_table,
)
from mixedeffects.exploration.names import require, written
from mixedeffects.inference import Table
from mixedeffects.views import View
from mixedeffects.views.table_levels import factor

MOST_PATTERNS = 20


def missing_view(table, subject, time, y=None, *, most=MOST_PATTERNS):
    """Patterns of observed waves.

    Parameters
    ----------
    y : str, optional
        Column whose values are looked at; by default whether there is a row.
    most : int
        Patterns shown.

    Returns
    -------
    View
        "cells": pattern (rank by frequency), wave, state ("observed" or "missing"), kind,
        subjects. "patterns": pattern, kind, observed (waves), subjects, share. "waves": wave,
        observed, missing, share_missing. Facts: subject, time, y, waves, n_subjects, n_complete,
        n_patterns.

    Raises
    ------
    DataError
        Times that are no waves.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> trial = open_table(me.datasets.pain_trial())
    >>> view = missing_view(trial, "patient", "time", "pain_score")
    >>> view.tables["patterns"].columns["subjects"].tolist()
    [56, 13, 6, 5]
    """
    who, when = factor(table, subject, "subject"), factor(table, time, "time")
    outcome = None if y is None else profile(require(table, y, "y"))
    grid = panel(who, when, outcome)
    if grid is None:
        raise DataError(
            f"'{time}' is no sequence of waves: it has {when.n_distinct:,} values"
            + (
                f", and more than {MOST_WAVES} are no waves"
                if when.n_distinct > MOST_WAVES
                else f" that many rows of a {subject} share"
            )
        )
    patterns, counts = np.unique(grid.seen, axis=0, return_counts=True)
    kinds = pattern_kinds(patterns)
    order = np.argsort(-counts, kind="stable")
    notes = []
    if order.size > most:
        rest = int(counts[order[most:]].sum())
        notes.append(
            f"the {most} most frequent of {order.size:,} patterns; {rest:,} subjects have another"
        )
        order = order[:most]
    patterns, counts, kinds = patterns[order], counts[order], kinds[order]
    n, (k, w) = grid.seen.shape[0], patterns.shape
    names = np.array(PATTERNS, dtype=object)[kinds]
    waves = [str(v) for v in grid.waves]
    cells = Table(
        {
            "pattern": np.repeat(np.arange(1, k + 1), w),
            "wave": waves * k,
            "state": np.where(patterns.ravel(), "observed", "missing").astype(object),
            "kind": np.repeat(names, w),
            "subjects": np.repeat(counts, w),
        }
    )
    table_ = Table(
        {
            "pattern": np.arange(1, k + 1), "kind": names, "observed": patterns.sum(axis=1),
            "subjects": counts, "share": counts / n,
        }
    )  # fmt: skip
    by_wave = wave_table(grid).columns
    gaps = Table(
        {
            "wave": waves, "observed": by_wave["observed"], "missing": n - by_wave["observed"],
            "share_missing": by_wave["share_missing"],
        }
    )  # fmt: skip
    if grid.n_duplicates:
        notes.append(f"{grid.n_duplicates:,} rows repeat a {subject} and {time}")
    facts = {
        "subject": written(subject), "time": written(time), "y": written(y),
        "waves": waves, "n_subjects": n,
        "n_complete": int(grid.seen.all(axis=1).sum()), "n_patterns": int(order.size),
    }  # fmt: skip
    return View({"cells": cells, "patterns": table_, "waves": gaps}, tuple(notes), facts)
