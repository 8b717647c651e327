"""Two records compared field by field, whatever fields they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Path to every array, number, text or None in a record, in records within it, and so on."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f".{f.name}": getattr(value, f.name) for f in fields(value)}
    elif isinstance(value, Mapping):
        parts = {f"[{key!r}]": part for key, part in value.items()}
    elif hasattr(value, "_asdict"):
        parts = {f".{key}": part for key, part in value._asdict().items()}
    elif isinstance(value, Sequence) and not isinstance(value, str):
        parts = {f"[{i}]": part for i, part in enumerate(value)}
    else:
        return {path: np.asarray(value) if hasattr(value, "__array__") else value}
    out: dict[str, Any] = {f"{path}#": len(parts)}
    for key, part in parts.items():
        out |= leaves(part, f"{path}{key}")
    return out


def assert_same_record(got: Any, want: Any, *, but: tuple[str, ...] = (), **close: float) -> None:
    """Every leaf of two records is the same, but those whose path has one of `but`.

    With tolerances of `numpy.testing.assert_allclose` numbers are compared by it.
    """
    found, expected = (
        {
            path: part
            for path, part in leaves(record).items()
            if not any(part in path for part in but)
        }
        for record in (got, want)
    )
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for path, value in expected.items():
        own = found[path]
        if close and isinstance(value, float | np.floating):
            np.testing.assert_allclose(own, value, err_msg=path, **close)
        elif isinstance(value, np.ndarray):
            assert isinstance(own, np.ndarray), path
            whole = {own.dtype.kind, value.dtype.kind} <= {"i", "u"}
            assert whole or own.dtype == value.dtype, path
            if close and value.dtype.kind == "f":
                np.testing.assert_allclose(own, value, err_msg=path, **close)
            else:
                np.testing.assert_array_equal(own, value, err_msg=path)
        else:
            assert type(own) is type(value), (path, own, value)
            assert own == value or (own != own and value != value), (path, own, value)
