"""Level labels that cost nothing until someone reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class _AnyLabels(Sequence[Any]):
    """What labels have in common, however they are kept."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        shown = ", ".join(repr(self[i]) for i in range(min(6, len(self))))
        return f"{type(self).__name__}([{shown}{', …' if len(self) > 6 else ''}])"


class Labels(_AnyLabels):
    """Labels of a factor's levels, backed by an array; items are plain Python values.

    Parameters
    ----------
    values : (L,) array
        Numbers, booleans, datetimes, or Python strings in an object array.

    Examples
    --------
    >>> import numpy as np
    >>> labels = Labels(np.array([308, 309, 310]))
    >>> labels[0], len(labels), labels == (308, 309, 310)
    (308, 3, True)
    """

    __slots__ = ("values",)

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __len__(self) -> int:
        return self.values.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self.values[index])
        value = self.values[index]
        if self.values.dtype.kind == "M":
            return _moments([value])[0]
        return value.item() if isinstance(value, np.generic) else value

    def __iter__(self) -> Any:
        if self.values.dtype.kind == "M":
            return iter(_moments(self.values))
        return iter(self.values.tolist())

    def take(self, positions: np.ndarray) -> Labels:
        """Labels at `positions`, in that order."""
        return Labels(self.values[positions])

    def as_text(self) -> list[str]:
        """Labels as text, as R prints them; booleans are True and False."""
        return [str(value) for value in self]


def _moments(values: Any) -> list[str]:
    """Dates and times as text that does not depend on their unit.

    Examples
    --------
    >>> import numpy as np
    >>> _moments(np.array(["2020-01-02T00:00:00.000", "2020-01-02T01:30:00.500"], "M8[ms]"))
    ['2020-01-02', '2020-01-02T01:30:00.5']
    """
    values = np.asarray(values)
    if np.datetime_data(values.dtype)[0] in ("Y", "M", "W", "D", "h", "m"):
        values = values.astype("M8[s]")
    texts = np.datetime_as_string(values).tolist()
    texts = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return [text.removesuffix("T00:00:00") for text in texts]


class PairedLabels(_AnyLabels):
    """Labels ``"a1:b1"`` of an interaction factor, put together when read.

    Parameters
    ----------
    parts : tuple of Labels
        Labels of each component.
    codes : (L, m) int32 array
        Level of each component, for each combination that occurs.
    """

    __slots__ = ("codes", "parts")

    def __init__(self, parts: tuple[Labels, ...], codes: np.ndarray) -> None:
        self.parts = parts
        self.codes = codes

    def __len__(self) -> int:
        return self.codes.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return PairedLabels(self.parts, self.codes[index])
        row = self.codes[index]
        return ":".join(str(part[i]) for part, i in zip(self.parts, row, strict=True))

    def __iter__(self) -> Any:
        return iter(self.as_text())

    def as_text(self) -> list[str]:
        """All labels."""
        columns = []
        for part, column in zip(self.parts, self.codes.T, strict=True):
            text = part.as_text()
            columns.append([text[i] for i in column.tolist()])
        return [":".join(row) for row in zip(*columns, strict=True)]


def text_array(values: Sequence[Any]) -> np.ndarray:
    """An object array of Python strings, whatever their number.

    Examples
    --------
    >>> import numpy as np
    >>> text_array(["a", "b"])[np.array([1, 1, 0])].tolist()
    ['b', 'b', 'a']
    """
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def match_labels(new: Sequence[Any], known: Sequence[Any]) -> np.ndarray:
    """Position of each new label among the known ones, -1 where it is not there.

    A table read again may have turned ids to text or floats: labels of different types
    are compared as text.

    Examples
    --------
    >>> import numpy as np
    >>> match_labels(Labels(np.array(["3", "1"], dtype=object)), Labels(np.array([1, 2])))
    array([-1,  0], dtype=int32)
    """
    new_values, known_values = list(new), list(known)
    if new_values and known_values:
        if isinstance(new_values[0], str | bool) or isinstance(known_values[0], str | bool):
            new_values, known_values = [str(v) for v in new_values], [str(v) for v in known_values]
    places = {label: i for i, label in enumerate(known_values)}
    return np.array([places.get(label, -1) for label in new_values], dtype=np.int32)
