"""Cross-products as plain arrays by name, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixedeffects.crossprod.crossed import Rows
from mixedeffects.crossprod.layout import Layout
from mixedeffects.crossprod.products import CrossProducts
from mixedeffects.crossprod.reference import Reference

# arrays of `CrossProducts` that are there or not
PLAIN = ("xx", "leaf_diag", "leaf_fixed", "rest_fixed")


def to_arrays(stats: CrossProducts) -> dict[str, np.ndarray]:
    """The arrays of cross-products; `from_arrays` is the inverse. Symmetric ones are halved."""
    layout = stats.layout
    out = {
        "layout": np.array(
            [layout.small, -1 if layout.leaf is None else layout.leaf, *layout.rest], dtype=np.int64
        ),
        "levels": np.array([layout.q, layout.k], dtype=np.int64),
        "n": np.array([float(stats.n), stats.log_weights]),
        "T": stats.reference.T,
    }
    for f, T in enumerate(stats.reference.T_blocks):
        out[f"T {f}"] = T
    for name in PLAIN:
        if (value := getattr(stats, name)) is not None:
            out[name] = value
    for i, value in enumerate(stats.rest_diag):
        out[f"rest_diag {i}"] = value
    if stats.rest_dense is not None:
        out["rest_dense"] = stats.rest_dense[np.tril_indices(stats.rest_dense.shape[0])]
    crosses = {f"rest_cross {a} {b}": rows for (a, b), rows in stats.rest_cross.items()}
    if stats.leaf_cross is not None:
        crosses["leaf_cross"] = stats.leaf_cross
    for name, rows in crosses.items():
        out |= {f"{name}/{part}": getattr(rows, part) for part in ("indptr", "index", "value")}
    return out


def from_arrays(arrays: Mapping[str, np.ndarray]) -> CrossProducts:
    """The cross-products that `to_arrays` took apart.

    Raises
    ------
    ValueError, KeyError
        For arrays that do not fit together: compiled code would read past their ends.
    """
    small, leaf, *rest = arrays["layout"].tolist()
    q, k = (tuple(one) for one in arrays["levels"].tolist())
    layout = Layout(q, k, None if leaf < 0 else leaf, tuple(rest), bool(small))
    t, m, blocks = arrays["T"].shape[0], layout.m, range(len(q))
    wanted: dict[str, tuple[int, ...]] = {"xx": (t, t), "rest_fixed": (m, t)}
    if layout.leaf is not None:
        wanted["leaf_diag"] = (q[leaf], k[leaf], k[leaf])
        wanted["leaf_fixed"] = (q[leaf], k[leaf], t)
    wanted |= {f"rest_diag {i}": (q[f], k[f], k[f]) for i, f in enumerate(layout.rest)}
    wanted |= {f"T {f}": (k[f], k[f]) for f in blocks}
    if layout.small:
        wanted["rest_dense"] = (m * (m + 1) // 2,)
    for name, shape in wanted.items():
        if name in arrays and arrays[name].shape != shape:
            raise ValueError(f"sums of the rows differ in size ({name})")
    n, log_weights = arrays["n"].tolist()
    return CrossProducts(
        layout=layout,
        reference=Reference(arrays["T"], tuple(arrays[f"T {f}"] for f in blocks)),
        n=int(n),
        log_weights=log_weights,
        leaf_cross=None if layout.leaf is None else _rows("leaf_cross", arrays, q[leaf], m),
        rest_diag=_series("rest_diag", arrays, len(layout.rest)),
        rest_cross=_crosses(arrays, layout),
        rest_dense=_symmetric(arrays.get("rest_dense"), m),
        **{name: arrays.get(name) for name in PLAIN},  # pyright: ignore[reportArgumentType]
    )


def _series(name: str, arrays: Mapping[str, np.ndarray], count: int) -> tuple[np.ndarray, ...]:
    found = [arrays[f"{name} {i}"] for i in range(count) if f"{name} {i}" in arrays]
    return tuple(found)


def _rows(name: str, arrays: Mapping[str, np.ndarray], n_rows: int, width: int) -> Rows | None:
    """One compressed-row matrix, its places looked at; None where there is none."""
    if f"{name}/indptr" not in arrays:
        return None
    indptr, index, value = (arrays[f"{name}/{part}"] for part in ("indptr", "index", "value"))
    size = index.shape[0]
    fits = indptr.shape == (n_rows + 1,) and indptr[0] == 0 and indptr[-1] == size
    fits = fits and bool((np.diff(indptr) >= 0).all()) and value.shape[0] == size
    if not fits or (size and not 0 <= int(index.min()) <= int(index.max()) < width):
        raise ValueError(f"sums of the rows do not fit together ({name})")
    return Rows(indptr, index, value)


def _crosses(arrays: Mapping[str, np.ndarray], layout: Layout) -> dict[tuple[int, int], Any]:
    out = {}
    for i, a in enumerate(layout.rest):
        for j in range(i + 1, len(layout.rest)):
            width = layout.q[layout.rest[j]] * layout.k[layout.rest[j]]
            rows = _rows(f"rest_cross {i} {j}", arrays, layout.q[a], width)
            if rows is not None:
                out[i, j] = rows
    return out


def _symmetric(lower: np.ndarray | None, m: int) -> np.ndarray | None:
    if lower is None:
        return None
    out = np.zeros((m, m))
    rows, columns = np.tril_indices(m)
    out[rows, columns] = out[columns, rows] = lower
    return out
