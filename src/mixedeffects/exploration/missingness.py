"""What is missing: by column, by wave, by subject, and what listwise deletion would lose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.relations import both_present
from mixedeffects.inference import Table

#: Most waves that are looked at one by one.
MOST_WAVES = 60
#: Rows per subject and wave, on average, up to which waves are waves.
MOST_PER_CELL = 1.5
#: Combinations of subject and wave that have a row, at least: of fewer, every subject has times of
#: its own.
LEAST_FILLED = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class MissingPanel:
    """Subjects by waves.

    Attributes
    ----------
    waves : tuple
        Labels, in order.
    rows : (S, W) int array
        Rows in the table.
    seen : (S, W) bool array
        Whether the outcome was observed.
    n_duplicates : int
        Rows beyond the first of a subject's wave.
    unseen : tuple
        Waves that have rows in which nobody's outcome was observed; they are not among `waves`.
    """

    waves: tuple
    rows: np.ndarray
    seen: np.ndarray
    n_duplicates: int
    unseen: tuple = ()


def panel(
    subject: ColumnProfile, time: ColumnProfile, outcome: ColumnProfile | None
) -> MissingPanel | None:
    """The grid of subjects and waves; None where time does not come in waves.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = open_table({"id": [1, 1, 2, 2], "t": [0, 1] * 2, "y": [5, None, 6, 7]})
    >>> panel(*profiles(table)[0]).seen.tolist()
    [[True, False], [True, True]]
    """
    if time.codes is None or subject.codes is None or time.n_distinct > MOST_WAVES:
        return None
    kept = both_present(subject, time)
    who, when = subject.codes, time.codes
    if kept is not None:
        who, when = who[kept], when[kept]
    shape = (subject.n_distinct, time.n_distinct)
    if who.size == 0 or LEAST_FILLED * shape[0] * shape[1] > who.size:
        return None
    place = who.astype(np.int64) * shape[1] + when
    rows = np.bincount(place, minlength=shape[0] * shape[1])
    occupied = int(np.count_nonzero(rows))
    if who.size > MOST_PER_CELL * occupied or occupied < LEAST_FILLED * rows.size:
        return None
    seen = rows > 0
    if outcome is not None and outcome.present is not None:
        there = outcome.present if kept is None else outcome.present[kept]
        seen = np.bincount(place[there], minlength=rows.size) > 0
    rows, seen = rows.reshape(shape), seen.reshape(shape)
    some = np.flatnonzero(seen.sum(axis=0)) if seen.any() else np.arange(shape[1])
    waves = tuple(time.labels[i] for i in some.tolist())
    unseen = tuple(time.labels[i] for i in sorted({*range(shape[1])} - {*some.tolist()}))
    return MissingPanel(waves, rows[:, some], seen[:, some], int(who.size - occupied), unseen)


#: What a subject's observed waves look like.
PATTERNS = ("complete", "dropout", "late entry", "intermittent", "never observed")


def pattern_kinds(seen) -> np.ndarray:
    """The kind of pattern of every subject, as a position in `PATTERNS`.

    "dropout" is observed from the first wave to some wave and never again; "late entry" is missing
    up to some wave and observed ever after; "intermittent" is anything else. Takes seen (S, W) bool
    array.

    Examples
    --------
    >>> import numpy as np
    >>> seen = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=bool)
    >>> [PATTERNS[k] for k in pattern_kinds(seen)]
    ['complete', 'dropout', 'late entry', 'intermittent', 'never observed']
    """
    total, w = seen.sum(axis=1), seen.shape[1]
    changes = (seen[:, 1:] != seen[:, :-1]).sum(axis=1)
    kinds = np.full(seen.shape[0], 3)
    kinds[(changes == 1) & seen[:, 0]] = 1
    kinds[(changes == 1) & ~seen[:, 0]] = 2
    kinds[total == w] = 0
    kinds[total == 0] = 4
    return kinds


def wave_table(p: MissingPanel) -> Table:
    """Subjects observed and missing at each wave."""
    n = p.seen.shape[0]
    observed = p.seen.sum(axis=0)
    no_row = (p.rows == 0).sum(axis=0)
    return Table(
        {
            "wave": np.array(p.waves),
            "observed": observed,
            "no_row": no_row,
            "no_value": n - observed - no_row,
            "share_missing": 1.0 - observed / max(1, n),
        }
    )


def pattern_table(p: MissingPanel, most=12) -> Table:
    """The most frequent patterns: subjects, kind, and a letter per wave (x observed, - missing)."""
    patterns, counts = np.unique(p.seen, axis=0, return_counts=True)
    kinds = pattern_kinds(patterns)
    order = np.argsort(-counts, kind="stable")[:most]
    return Table(
        {
            "pattern": ["".join("x" if s else "-" for s in patterns[i]) for i in order],
            "kind": [PATTERNS[kinds[i]] for i in order],
            "observed": patterns[order].sum(axis=1),
            "subjects": counts[order],
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """What is missing.

    Attributes
    ----------
    columns : dict of str to int
        Missing values by column, of those that have any.
    n_rows, n_incomplete : int
        Rows, and those in which a column of the suggested model is missing.
    kinds : dict of str to int
        Subjects by kind of pattern.
    per_subject : dict of int to int
        Number of observed waves to number of subjects.
    n_subjects, n_complete : int
        Subjects, and those observed at every wave.
    n_observed, n_observed_complete : int
        Observed waves of all subjects, and of complete ones: what listwise deletion keeps.
    """

    columns: dict[str, int]
    n_rows: int
    n_incomplete: int
    panel: MissingPanel | None = None
    kinds: dict[str, int] | None = None
    per_subject: dict[int, int] | None = None
    n_subjects: int = 0
    n_complete: int = 0
    n_observed: int = 0
    n_observed_complete: int = 0


def gaps(found, used, subject=None, time=None, outcome=None) -> Gaps:
    """What is missing, in the table and in the columns `used` by a model."""
    n = found[0].n
    columns = {p.name: p.n_missing for p in found if p.n_missing}
    gone = np.zeros(n, dtype=bool)
    for p in found:
        if p.name in used and p.present is not None:
            gone |= ~p.present
    rows = {"columns": columns, "n_rows": n, "n_incomplete": int(gone.sum())}
    grid = None if subject is None or time is None else panel(subject, time, outcome)
    if grid is None:
        return Gaps(**rows)
    kinds = np.bincount(pattern_kinds(grid.seen), minlength=len(PATTERNS))
    total = grid.seen.sum(axis=1)
    complete = total == grid.seen.shape[1]
    return Gaps(
        **rows,
        panel=grid,
        kinds={name: int(k) for name, k in zip(PATTERNS, kinds, strict=True) if k},
        per_subject={int(v): int((total == v).sum()) for v in np.unique(total)},
        n_subjects=int(total.size),
        n_complete=int(complete.sum()),
        n_observed=int(total.sum()),
        n_observed_complete=int(total[complete].sum()),
    )  # fmt: skip
