"""What is known of each column of a table before any guess: values, codes, gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixedeffects.design import code_numbers
from mixedeffects.errors import ColumnTypeError
from mixedeffects.exploration.hints import GROUPS, hint

#: Rows looked at before a column of decimals is taken for a measurement, whose values are
#: counted but not coded.
PROBE = 20_000
#: A number as text, and texts among numbers that stand for none.
NUMBER = re.compile(r"\s*[-+]?(?!0\d)(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
NOTHING = frozenset(("", "na", "n/a", "nan", "none", "null", "."))
#: Labels at either end of the sorted ones that are looked at one by one.
CHECKED = 500
#: Different numbers from which text is taken for numbers.
LEAST_NUMBERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class ColumnProfile:
    """A column that has been looked at.

    Attributes
    ----------
    kind : str
        As `design.Column.kind`.
    n, n_missing, n_distinct : int
    values : (n,) array
        Numbers, booleans or dates; codes for text and categories.
    present : (n,) bool array or None
        Rows that have a value; None when all have.
    codes : (n,) int32 array or None
        -1 where missing; None for measurements with many different values.
    labels : sequence or None
        Of the codes, in increasing order.
    whole : bool
        Numbers without decimals.
    low, high : float
        Smallest and largest number; nan for other kinds.
    written : bool
        Numbers that the table holds as text.
    """

    name: str
    kind: str
    n: int
    n_missing: int
    n_distinct: int
    values: np.ndarray
    present: np.ndarray | None = None
    codes: np.ndarray | None = None
    labels: Any = None
    whole: bool = False
    low: float = np.nan
    high: float = np.nan
    written: bool = False

    @property
    def is_text(self) -> bool:
        """Text or categories of any kind."""
        return self.kind in ("text", "category", "ordered")

    @property
    def n_present(self) -> int:
        return self.n - self.n_missing

    @property
    def places(self) -> np.ndarray:
        """The codes, of a column that is known to have some."""
        assert self.codes is not None
        return self.codes

    def numbers(self) -> np.ndarray:
        """The values that are there, as float64."""
        values = self.values if self.present is None else self.values[self.present]
        return values.astype(np.float64)

    def counts(self) -> np.ndarray:
        """Rows of each level; codes are needed."""
        kept = self.places if self.present is None else self.places[self.present]
        return np.bincount(kept, minlength=self.n_distinct)


def profiles(table) -> tuple[list[ColumnProfile], dict[str, str]]:
    """Every column that can be read, and why the others cannot.

    Returns
    -------
    list of ColumnProfile, dict of str to str
        Name to reason.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> found, refused = profiles(open_table({"g": ["a", "b", "a"], "x": [1.5, 2.0, None]}))
    >>> [(p.name, p.n_distinct, p.n_missing) for p in found], refused
    ([('g', 2, 0), ('x', 2, 1)], {})
    """
    found, refused = [], {}
    for name in dict.fromkeys(table.names):
        if table.names.count(name) > 1:
            refused[str(name)] = f"the table has {table.names.count(name)} columns of this name"
            continue
        if not isinstance(name, str | int) or (name != str(name) and str(name) in table.names):
            refused[str(name)] = f"its name is the {type(name).__name__} {name!r}, not text"
            continue
        try:
            found.append(replace(profile(table.column(name)), name=str(name)))
        except ColumnTypeError as problem:
            refused[str(name)] = str(problem).split(";")[0].removeprefix(f"column '{name}' ")
    return found, refused


def profile(column) -> ColumnProfile:
    """Look at one column."""
    n = column.values.shape[0]
    absent = column.missing
    present = None
    n_missing = 0
    if column.kind == "number" and column.values.dtype.kind == "f" and not column.finite:
        infinite = np.isinf(column.values)
        if infinite.any():  # no model can use these: they count as missing
            absent = infinite if absent is None else absent | infinite
    if absent is not None:
        n_missing = int(np.count_nonzero(absent))
        present = ~absent if n_missing else None
    if n_missing == n:
        return ColumnProfile(column.name, column.kind, n, n, 0, column.values, present)
    if column.is_factor and column.labels is not None:
        found = _factor(column, n_missing, present)
        numbers = _written_numbers(found)
        return found if numbers is None else numbers
    values = column.values
    kept = values if present is None else values[present]
    low = high = np.nan
    whole = False
    if column.kind == "number":
        low, high = float(kept.min()), float(kept.max())
        whole = kept.dtype.kind in "iu" or _whole(kept)
        if not whole and np.unique(kept[:PROBE]).size > PROBE // 2:
            distinct = int(np.unique(kept).size)
            return ColumnProfile(
                column.name, "number", n, n_missing, distinct, values, present, low=low, high=high
            )
    codes, labels = code_numbers(kept)
    if present is not None:
        full = np.full(n, -1, dtype=np.int32)
        full[present] = codes
        codes = full
    return ColumnProfile(
        column.name, column.kind, n, n_missing, len(labels), values, present, codes, labels, whole,
        low, high,
    )  # fmt: skip


def _whole(values) -> bool:
    head = values[:PROBE]
    return bool((np.floor(head) == head).all() and (np.floor(values) == values).all())


def _factor(column, n_missing, present) -> ColumnProfile:
    n = column.values.shape[0]
    if present is None:
        codes, labels, _ = column.coded()
        codes = np.asarray(codes, dtype=np.int32)
    else:
        kept, labels, _ = column.select(present).coded()
        codes = np.full(n, -1, dtype=np.int32)
        codes[present] = kept
    return ColumnProfile(
        column.name, column.kind, n, n_missing, len(labels), codes, present, codes, labels
    )


def _written_numbers(p: ColumnProfile) -> ColumnProfile | None:
    """The numbers that a column of text holds, as a file read without types has them.

    Ids are left as they are: whole numbers with a name for a group, and those that begin with 0.
    """
    if p.kind != "text":
        return None
    numbers = _parsed(p.labels)
    if numbers is None:
        return None
    known = np.isfinite(numbers)
    if np.count_nonzero(known) < LEAST_NUMBERS:
        return None
    whole = bool((np.floor(numbers[known]) == numbers[known]).all())
    if whole and hint(p.name, GROUPS):
        return None
    values = np.where(p.places >= 0, numbers[p.places], np.nan)
    present = np.isfinite(values)
    codes, labels = code_numbers(values[present])
    full = np.full(p.n, -1, dtype=np.int32)
    full[present] = codes
    n_missing = p.n - int(np.count_nonzero(present))
    return ColumnProfile(
        p.name, "number", p.n, n_missing, len(labels), values, present if n_missing else None, full,
        labels, whole, float(numbers[known].min()), float(numbers[known].max()), True,
    )  # fmt: skip


def _parsed(labels) -> np.ndarray | None:
    """Numbers of texts, nan for those that stand for nothing; None where some are no numbers."""
    # the ends of the sorted labels have what begins with 0, with a sign or with a letter
    for label in (*labels[:CHECKED], *labels[-CHECKED:]):
        if str(label).strip().lower() not in NOTHING and not NUMBER.fullmatch(str(label)):
            return None
    texts = np.array([str(label) for label in labels])
    try:
        return texts.astype(np.float64)
    except ValueError:
        texts = np.where(np.isin(np.char.lower(np.char.strip(texts)), list(NOTHING)), "nan", texts)
    try:
        return texts.astype(np.float64)
    except ValueError:
        return None


def share_of_blocks(codes) -> float:
    """Levels per run of equal neighbours: 1 when every level is one block of rows.

    Examples
    --------
    >>> import numpy as np
    >>> share_of_blocks(np.array([2, 2, 0, 0, 1])), share_of_blocks(np.array([0, 1, 0, 1]))
    (1.0, 0.5)
    """
    kept = codes[codes >= 0]
    if kept.size == 0:
        return 0.0
    runs = 1 + int(np.count_nonzero(kept[1:] != kept[:-1]))
    return int(np.unique(kept).size) / runs
