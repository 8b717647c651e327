"""`rm_anova`: the classical analysis of repeated measures, and what it loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects import inference
from mixedeffects.design import open_table
from mixedeffects.display import RMAnova
from mixedeffects.errors import ColumnTypeError, DataError, ModelError, NotAvailableError
from mixedeffects.formula import quote
from mixedeffects.inference.rm_anova import subsets, term_tests, univariate_tests
from mixedeffects.model.foreign import refusing
from mixedeffects.model.lmm import lmm


@refusing
def rm_anova(data, outcome, *, subject, within, between=None, ddf="satterthwaite"):
    """Repeated-measures ANOVA on complete cases, beside the mixed model on all rows.

    Parameters
    ----------
    data : table
        In long format, one row per measurement, as for `lmm`.
    outcome : str
        Column of numbers.
    subject : str
        Column that says whose measurement it is.
    within : str or list of str
        Factors that vary within subjects; every subject needs a measurement in every combination
        of their levels, or is left out. Numbers are taken as categories.
    between : str or list of str, optional
        Factors that are constant within subjects.
    ddf : str
        Degrees of freedom of the mixed model's tests, as in `LMM.test`.

    Returns
    -------
    RMAnova
        F tests (type III), Mauchly's test of sphericity, Greenhouse-Geisser and Huynh-Feldt
        corrections; how many subjects and rows listwise deletion lost; the mixed model's tests.

    Raises
    ------
    DataError, ColumnTypeError, ModelError
        For columns that cannot be used, or too few complete subjects.

    Notes
    -----
    The mixed model has a random intercept per subject and, with several within factors, one per
    subject and level of each of their combinations but the full one. On balanced complete data its
    F tests are those of the ANOVA, unless a variance is estimated as zero.

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> result = me.rm_anova(
    ...     trial, "pain_score", subject="patient", within="time", between="treatment"
    ... )
    >>> result.n_subjects, result.n_complete
    (80, 56)
    """
    table = open_table(data)
    within, between = _names(within, "within"), _names(between, "between")
    if not within:
        raise DataError("within= needs at least one factor that varies within subjects")
    used = [outcome, subject, *within, *between]
    for name in used:
        if name not in table.names:
            names = ", ".join(map(str, table.names))
            raise DataError(f"no column '{name}' in the table; columns: {names}")
    if len(set(used)) < len(used):
        raise DataError(f"a column has two roles: {', '.join(used)}")
    table.check_names(used)
    rows = _read(table, outcome, subject, within, between)
    cells = _cells(rows)
    complete = (cells.count > 0).all(axis=1)
    shape = {name: len(rows.labels[name]) for name in within}
    _require_complete(complete, cells, rows, within)
    groups = {name: cells.groups[name][complete] for name in between}
    levels = {name: len(rows.labels[name]) for name in between}
    Y = cells.total[complete] / cells.count[complete]
    tests = univariate_tests(Y, shape, groups, levels)
    n_used = int(cells.count[complete].sum())
    averaged = int(cells.count[complete].sum() - Y.size)
    formula, names = _formula(outcome, subject, within, between, (cells.count > 1).any())
    notes, mixed = [], None
    try:
        fit = lmm(formula, data)
        mixed = term_tests(fit, names, ddf=ddf)
    except (ModelError, NotAvailableError) as problem:
        fit = None
        notes.append(f"the mixed model was not fitted: {str(problem).splitlines()[0]}")
    facts = inference.RMAnovaFacts(
        outcome=outcome,
        subject=subject,
        within=within,
        between=between,
        table=tests,
        n_subjects=complete.size,
        n_complete=int(complete.sum()),
        n_rows=int(cells.count.sum()),
        n_rows_used=n_used,
        n_averaged=averaged,
        lmm=mixed,
        lmm_formula=formula,
        notes=tuple(notes),
    )
    return RMAnova(facts, fit, table.flavour)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Codes and labels of the factors, and the outcome, nan where missing."""

    y: np.ndarray
    subject: np.ndarray
    n_subjects: int
    subjects: Any
    codes: dict[str, np.ndarray]
    labels: dict[str, Any]
    within: tuple[str, ...]
    between: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Sums and counts (subjects, cells), and the between levels of the subjects."""

    total: np.ndarray
    count: np.ndarray
    groups: dict[str, np.ndarray]


def _names(value, role) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"{role}= must be a column name or a list of them")
    return names


def _read(table, outcome, subject, within, between):
    response = table.column(outcome)
    if response.kind not in ("number", "boolean"):
        raise ColumnTypeError(f"the outcome '{outcome}' is {response.kind}, not numbers")
    factors = {name: table.column(name) for name in (subject, *within, *between)}
    kept = np.ones(table.n_rows, dtype=bool)
    for column in factors.values():
        if column.missing is not None:
            kept &= ~column.missing
    if not kept.any():
        raise DataError("every row misses its subject or a factor")
    coded = {name: column.select(kept).coded() for name, column in factors.items()}
    y = np.array(response.values, dtype=float)
    if response.missing is not None:
        y[response.missing] = np.nan
    if np.isinf(y).any():
        raise DataError(f"the outcome '{outcome}' has infinite values")
    codes = {name: np.asarray(c[0], dtype=np.intp) for name, c in coded.items()}
    labels = {name: c[1] for name, c in coded.items()}
    for name in (*within, *between):
        if len(labels[name]) < 2:
            raise DataError(f"the factor '{name}' has one level in these rows; it needs two")
    return _Rows(
        y[kept], codes[subject], len(labels[subject]), labels[subject], codes, labels, within,
        between,
    )  # fmt: skip


def _cells(rows):
    cell, size = np.zeros(rows.y.size, dtype=np.intp), 1
    for name in rows.within:
        k = len(rows.labels[name])
        cell, size = cell * k + rows.codes[name], size * k
    place = rows.subject * size + cell
    seen = ~np.isnan(rows.y)
    shape = (rows.n_subjects, size)
    count = np.bincount(place[seen], minlength=shape[0] * size).reshape(shape)
    total = np.bincount(place[seen], rows.y[seen], minlength=shape[0] * size).reshape(shape)
    groups = {}
    for name in rows.between:
        own = np.empty(rows.n_subjects, dtype=np.intp)
        own[rows.subject] = rows.codes[name]
        wrong = np.flatnonzero(own[rows.subject] != rows.codes[name])
        if wrong.size:
            who = rows.subjects[int(rows.subject[wrong[0]])]
            raise DataError(
                f"'{name}' varies within subject {who}: give it as within=, not between="
            )
        groups[name] = own
    return _Cells(total, count, groups)


def _require_complete(complete, cells, rows, within):
    if complete.any():
        return
    never = np.flatnonzero(cells.count.sum(axis=0) == 0)
    if never.size:
        shape = [len(rows.labels[name]) for name in within]
        at = np.unravel_index(int(never[0]), shape)
        where = ", ".join(
            f"{name} = {rows.labels[name][int(i)]}" for name, i in zip(within, at, strict=True)
        )
        raise ModelError(
            f"nobody was measured at {where}: {', '.join(within)} are not crossed within subjects\n"
            "use lmm, which needs no complete table"
        )
    raise ModelError(
        f"none of {complete.size} subjects was measured in all {cells.count.shape[1]} cells: a "
        "repeated-measures ANOVA has nobody left\nuse lmm, which takes every row"
    )


def _formula(outcome, subject, within, between, replicates):
    """The mixed model's formula, and its terms with the names the ANOVA gives them."""
    coded = {name: f"C({quote(name)}, Sum)" for name in (*between, *within)}
    terms = {":".join(coded[n] for n in s): ":".join(s) for s in subsets((*between, *within))}
    random = [f"(1 | {quote(subject)})"]
    for chosen in subsets(within):
        if len(chosen) < len(within) or replicates:
            random.append(f"(1 | {':'.join(map(quote, (subject, *chosen)))})")
    return f"{quote(outcome)} ~ {' * '.join(coded.values())} + {' + '.join(random)}", terms
