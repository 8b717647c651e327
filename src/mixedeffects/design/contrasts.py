"""Codings of a factor: the numbers each level gets in its columns.

Column names carry R's suffix in brackets: ``f[b]`` for R's ``fb``, ``f[1]``, ``o[.L]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Contrast:
    """How a factor is coded where it is not coded by one column per level.

    Attributes
    ----------
    kind : str
        "treatment", "sum", "helmert", "poly" or "sas".
    base : int
        Position of the reference level (treatment only).
    """

    kind: str = "treatment"
    base: int = 0


def coding(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Contrast matrix (L, L - 1) and the suffix of each column.

    Examples
    --------
    >>> coding(Contrast(), ["a", "b", "c"])[1]
    ('b', 'c')
    >>> coding(Contrast("sum"), ["a", "b", "c"])[0]
    array([[ 1.,  0.],
           [ 0.,  1.],
           [-1., -1.]])
    """
    return _CODINGS[contrast.kind](contrast, labels)


def indicator_levels(contrast: Contrast | None, n_levels: int) -> list[int] | None:
    """Levels whose 0/1 indicators are the columns; None when the coding has other numbers.

    Indicators never need the matrix, which is large for a factor of many levels.  A
    contrast of None stands for one column per level.
    """
    if contrast is None:
        return list(range(n_levels))
    if contrast.kind == "treatment":
        return [i for i in range(n_levels) if i != contrast.base]
    return list(range(n_levels - 1)) if contrast.kind == "sas" else None


def _treatment(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    kept = [i for i in range(len(labels)) if i != contrast.base]
    return np.eye(len(labels))[:, kept], tuple(labels[i] for i in kept)


def _sas(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    return np.eye(len(labels))[:, :-1], tuple(labels[:-1])


def _numbered(n_levels: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(1, n_levels))


def _sum(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    n = len(labels)
    return np.vstack([np.eye(n - 1), -np.ones((1, n - 1))]), _numbered(n)


def _helmert(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    n = len(labels)
    matrix = np.triu(-np.ones((n, n - 1)))
    matrix[np.arange(1, n), np.arange(n - 1)] = np.arange(1.0, n)
    return matrix, _numbered(n)


def _poly(contrast: Contrast, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Orthonormal polynomials in the level's rank."""
    n = len(labels)
    scores = np.arange(n) - (n - 1) / 2
    q, r = np.linalg.qr(np.vander(scores, n, increasing=True))
    matrix = (q * np.sign(np.diag(r)))[:, 1:]
    names = [".L", ".Q", ".C"] + [f"^{i}" for i in range(4, n)]
    return matrix, tuple(names[: n - 1])


_CODINGS: dict[str, Any] = {
    "treatment": _treatment,
    "sas": _sas,
    "sum": _sum,
    "helmert": _helmert,
    "poly": _poly,
}
