"""Sets of contrasts among k means: the weights of each, by name."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from math import gcd, lcm
from numbers import Integral

import numpy as np

from mixedeffects.errors import OptionError

DEGREES = ("linear", "quadratic", "cubic", "quartic")
# polynomials of a higher degree than this are not asked for by themselves
LARGEST_DEGREE = 6


def contrast_weights(method, labels, *, ref=None, ratio=False, shown=None):
    """Weights of a set of contrasts.

    Returns names (list of str), C (m, k) array. Raises OptionError.

    Parameters
    ----------
    method : str, dict or (m, k) array
        "pairwise": earlier minus later; "treatment": each minus the reference; "consecutive":
        each minus the one before; "polynomial": orthogonal polynomials in the level's rank, scaled
        to whole numbers; "helmert": each minus the mean of those before; "effects": each minus
        the mean of all. A dict gives names and weights; a matrix has one contrast a row.
    labels : list of str
        Of the k means.
    ref : str or int, optional
        Reference of "treatment", a label or a position; the first by default.
    ratio : bool
        Name the differences as ratios.
    shown : list of str, optional
        The means as the names of contrasts have them, ``(a + 1)`` for a; `labels` by default.

    Examples
    --------
    >>> contrast_weights("pairwise", ["a", "b", "c"])[0]
    ['a - b', 'a - c', 'b - c']
    >>> contrast_weights("polynomial", ["1", "2", "3", "4"])[1][0]
    array([-3., -1.,  1.,  3.])
    """
    k = len(labels)
    if not isinstance(method, str):
        return _custom(method, k)
    if method not in FAMILIES:
        raise OptionError(
            f"method={method!r} is not one of {', '.join(FAMILIES)}, a dict of weights or a matrix"
        )
    if ref is not None and method != "treatment":
        raise OptionError('ref= belongs to method="treatment"')
    if k < 2:
        raise OptionError(f"contrasts need at least two means; there is {k}")
    minus = " / " if ratio else " - "
    shown = labels if shown is None else shown
    if method == "treatment":
        base = _reference(ref, labels)
        others = [i for i in range(k) if i != base]
        eye = np.eye(k)
        return [shown[i] + minus + shown[base] for i in others], eye[others] - eye[base]
    return FAMILIES[method](shown, minus)


def _pairwise(labels, minus):
    pairs = list(combinations(range(len(labels)), 2))
    C = np.zeros((len(pairs), len(labels)))
    for row, (i, j) in zip(C, pairs, strict=True):
        row[i], row[j] = 1.0, -1.0
    return [labels[i] + minus + labels[j] for i, j in pairs], C


def _consecutive(labels, minus):
    eye = np.eye(len(labels))
    return [b + minus + a for a, b in pairwise(labels)], eye[1:] - eye[:-1]


def _helmert(labels, minus):
    k = len(labels)
    C = np.eye(k)[1:]
    for i in range(1, k):
        C[i - 1, :i] = -1.0 / i
    return [f"{labels[i]}{minus}mean({', '.join(labels[:i])})" for i in range(1, k)], C


def _effects(labels, minus):
    k = len(labels)
    return [f"{label}{minus}mean" for label in labels], np.eye(k) - 1.0 / k


def _polynomial(labels, minus):
    k = len(labels)
    rows, names = [], []
    basis = [[Fraction(1)] * k]
    for degree in range(1, min(k - 1, LARGEST_DEGREE) + 1):
        row = [Fraction(i**degree) for i in range(k)]
        for other in basis:
            size = sum((v * v for v in other), Fraction(0))
            share = sum((a * b for a, b in zip(row, other, strict=True)), Fraction(0)) / size
            row = [a - share * b for a, b in zip(row, other, strict=True)]
        basis.append(row)
        scale = lcm(*(v.denominator for v in row))
        whole = [int(v * scale) for v in row]
        common = gcd(*whole)
        rows.append([v // common for v in whole])
        names.append(DEGREES[degree - 1] if degree <= 4 else f"degree {degree}")
    return names, np.array(rows, dtype=float)


FAMILIES = {
    "pairwise": _pairwise,
    "treatment": None,
    "consecutive": _consecutive,
    "polynomial": _polynomial,
    "helmert": _helmert,
    "effects": _effects,
}


def _reference(ref, labels):
    if ref is None:
        return 0
    for text in (str(ref), f"({ref})"):
        if text in labels:
            return labels.index(text)
    if isinstance(ref, Integral) and -len(labels) <= int(ref) < len(labels):
        return int(ref) % len(labels)
    raise OptionError(f"ref={ref!r} is not one of {', '.join(labels)}")


def _custom(method, k):
    try:
        if isinstance(method, dict):
            names = [str(name) for name in method]
            C = np.array([np.asarray(w, dtype=float) for w in method.values()], dtype=float)
        else:
            C = np.atleast_2d(np.asarray(method, dtype=float))
            names = [f"contrast {i}" for i in range(1, C.shape[0] + 1)]
    except (TypeError, ValueError):
        raise OptionError(f"each contrast must be {k} numbers, one for each mean") from None
    if C.ndim != 2 or C.shape[1] != k or not np.isfinite(C).all() or C.shape[0] == 0:
        raise OptionError(f"each contrast must be {k} finite numbers, one for each mean")
    return names, C
