"""Combinations of variances that are in the data where single ones are not.

Linear combinations of the fixed effects are in `df/estimates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mixedeffects.formula import column_names, parse

# a part of a combination, relative to its largest, that is rounding
ROUNDING = 1e-6
# different rows of a term's columns up to which the variance at each is worth a line
MOST_CELLS = 8
# coefficients of a combination this close to a whole number are one
WHOLE = 1e-6


@dataclass(frozen=True, slots=True)
class Combination:
    """A combination of variances and covariances that is in the data.

    Attributes
    ----------
    words : str
        What it is: ``"professor where style = Some"``, ``"sid + name"``.
    value : float
        In units of the response squared (of a generalised model, of the linear predictor).
    is_variance : bool
        Whether it is a variance, so that its root is a standard deviation.
    """

    words: str
    value: float
    is_variance: bool

    @property
    def sd(self) -> float:
        """Its root, for a variance."""
        return float(np.sqrt(max(self.value, 0.0))) if self.is_variance else float("nan")


def combinations_of(found):
    """A basis of what the data say where single variances are not in them.

    Yields a `Combination`.
    """
    listed = [_unit(found, e) for e in found.entries if e.known]
    if found.fit.kind.residual and found.residual_known:
        listed.append(_unit(found, None))
    listed += _always(found)
    touched = list(dict.fromkeys((e.block, e.term) for e in found.entries if not e.known))
    for f, term in touched:
        for cell in _cells(found, f, term):
            yield cell[0]
            listed.append(cell[1])
    for row in _row_space(found):
        if _adds(listed, row):
            listed.append(row)
            yield _combination(found, row)


def _unit(found, entry):
    out = np.zeros(len(found.entries) + 1)
    out[-1 if entry is None else found.entries.index(entry)] = 1.0
    return out


def _always(found):
    """Combinations that are zero for every covariance of the structures: no finding of the data."""
    parameters = found.fit.covariance_parameters
    if not any(term.structure.shares for term in parameters.terms):
        return []
    rows = [
        [change[e.a, e.b] if e.block == f else 0.0 for e in found.entries] + [0.0]
        for f, changes in enumerate(parameters.bases(found.fit.theta))
        for change in changes
    ]
    rows.append([0.0] * len(found.entries) + [1.0])
    moved = np.array(rows)
    scale = np.abs(moved).max(axis=1, keepdims=True)
    _, s, V = np.linalg.svd(moved / np.where(scale > 0, scale, 1.0))
    return list(V[int((s > ROUNDING * s[0]).sum()) :])


def _cells(found, f, t):
    """The variances of a term at the few rows of columns it has, if each is in the data.

    Where it has many, those of the columns in question, with the others at zero.
    """
    block = found.fit.all_blocks[f]
    columns = list(block.terms[t].columns)
    if block.Z is None or len(columns) < 2:
        return []
    doubted = {c for e in found.entries if (e.block, e.term) == (f, t) and not e.known
               for c in (e.a, e.b) if e.is_variance}  # fmt: skip
    plain = [c for c in columns if c in doubted or block.names[c] == "(Intercept)"]
    others = {e.block for e in found.entries if not e.known and e.block != f}
    others = tuple(g for g in sorted(others) if found.fit.all_blocks[g].Z is None)
    for beside in ((), others):
        for chosen in (columns, plain) if plain else (columns,):
            cells = _cells_of(found, f, t, chosen, chosen is columns, beside)
            if cells:
                return cells
    return []


def _cells_of(found, f, t, chosen, whole, beside=()):
    """The same for some columns, with the variances of other terms added."""
    block = found.fit.all_blocks[f]
    rows, first = np.unique(np.asarray(block.Z)[:, chosen], axis=0, return_index=True)
    if rows.shape[0] > MOST_CELLS:
        return []
    out, news = [], False
    for r in np.lexsort(rows.T):  # an intercept alone, then the columns in their order
        if not rows[r].any():
            continue
        W = np.zeros((block.k, block.k))
        W[np.ix_(chosen, chosen)] = np.outer(rows[r], rows[r])
        wanted = {f: W} | {g: np.ones((1, 1)) for g in beside}
        if not found.knows(wanted):
            return []
        weights = np.zeros(len(found.entries) + 1)
        for i, e in enumerate(found.entries):
            if e.block in wanted:
                weights[i] = wanted[e.block][e.a, e.b] * (1.0 if e.is_variance else 2.0)
        news |= np.count_nonzero(weights) > 1
        value = float(weights[:-1] @ [e.value for e in found.entries])
        place = _place(found, f, t, int(first[r])) if whole else None
        if place is None:
            at = {block.names[c]: z for c, z in zip(chosen, rows[r], strict=True)}
            at |= {block.names[c]: 0.0 for c in block.terms[t].columns if c not in chosen}
            place = ", ".join(f"{n} = {z:g}" for n, z in at.items() if n != "(Intercept)")
        words = f"{' + '.join(found.fit.parameters.groups[g] for g in (f, *beside))} where {place}"
        out.append((Combination(words, max(value, 0.0), True), weights))
    return out if news else []  # variances of single columns are in the table


def _place(found, f, t, row):
    """A row in the table's own words, ``"style = Some"``; None where they were not kept."""
    if f >= len(found.fit.design.blocks) or found.fit.design.sources is None:
        return None
    predictors = found.fit.design.sources
    names = columns_read(found.fit.all_blocks[f].terms[t].text)
    if not names or any(name not in predictors.columns for name in names):
        return None
    said = []
    for name in names:
        codes, labels = predictors.levels(name)
        said.append(f"{name} = {_plain(labels[codes[row]])}")
    return ", ".join(said)


def _null(found):
    """(parameters, d): the flat directions by entry, the residual last."""
    rows = [[flat.blocks[e.block][e.a, e.b] for e in found.entries] for flat in found.flat]
    return np.array([[*row, flat.residual] for row, flat in zip(rows, found.flat, strict=True)]).T


def _row_space(found):
    """Combinations that span all that is in the data, each with few entries."""
    null = _null(found)
    residual = found.fit.kind.residual
    if not residual:
        null = null[:-1]
    scale = np.abs(null).max(axis=1)
    unmoved = scale <= ROUNDING * scale.max()
    scale = np.where(unmoved, 1.0, scale)
    basis = np.where(unmoved[:, None], 0.0, null / scale[:, None])
    U, s, _ = np.linalg.svd(basis)
    rank = int((s > 1e-9 * s[0]).sum())
    rows = reduced(U[:, rank:].T)
    for row in rows:
        row = row / scale  # weights of the entries themselves
        row = row / row[np.argmax(np.abs(row) > 0)]
        whole = np.abs(row - np.round(row)) < WHOLE
        row = np.where(whole, np.round(row), row)
        yield row if residual else np.append(row, 0.0)


def _combination(found, weights):
    parts, value = [], 0.0
    several = len({e.block for e in found.entries}) > 1
    for w, e in zip(weights[:-1], found.entries, strict=True):
        if w == 0:
            continue
        value += w * e.value
        column = "" if e.first == "(Intercept)" and e.is_variance and several else e.first
        what = f"{e.group} {column}".strip() if e.is_variance else (
            f"cov({e.first}, {e.second}) of {e.group}"
        )  # fmt: skip
        parts.append((w, what))
    if weights[-1]:
        value += weights[-1] * found.fit.noise.variance
        parts.append((weights[-1], "Residual"))
    words = reduce(_joined, parts, "")
    positive = all(w > 0 for w, _ in parts) and not any(w.startswith("cov(") for _, w in parts)
    return Combination(words, float(value), positive)


def columns_read(text):
    """Names of the table's columns that a random term reads, its grouping factor left out.

    Examples
    --------
    >>> columns_read("(1 + style | professor)")
    ['style']
    """
    effects = parse(f"y ~ {text}").random[0].effects
    return list(dict.fromkeys(n.name for v in effects.variables for n in column_names(v.node)))


def _joined(text, part):
    weight, what = part
    size = "" if abs(abs(weight) - 1.0) < WHOLE else f"{abs(weight):.4g}·"
    sign = (" + " if weight > 0 else " − ") if text else ("" if weight > 0 else "−")
    return f"{text}{sign}{size}{what}"


def _plain(label):
    return f"{label:g}" if isinstance(label, float | np.floating) else str(label)


def _adds(rows, row):
    """Whether a row is no combination of others."""
    if not rows:
        return True
    scale = np.abs([*rows, row]).max(axis=0)
    scale[scale == 0] = 1.0
    A = np.array(rows) / scale
    target = row / scale
    rest = target - A.T @ np.linalg.lstsq(A.T, target, rcond=1e-9)[0]
    return bool(np.linalg.norm(rest) > 1e-6 * np.linalg.norm(target))


def reduced(A):
    """Reduced row echelon form of a matrix of full row rank, with pivoting among the rows.

    Examples
    --------
    >>> import numpy as np
    >>> reduced(np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    array([[1., 1., 0.],
           [0., 0., 1.]])
    """
    A = np.array(A, dtype=float)
    r = 0
    for c in range(A.shape[1]):
        if r == A.shape[0]:
            break
        pivot = r + int(np.argmax(np.abs(A[r:, c])))
        if abs(A[pivot, c]) < 1e-7:
            A[r:, c] = 0.0
            continue
        A[[r, pivot]] = A[[pivot, r]]
        A[r] /= A[r, c]
        others = [i for i in range(A.shape[0]) if i != r]
        A[others] -= np.outer(A[others, c], A[r])
        r += 1
    A[np.abs(A) < 1e-9] = 0.0
    return A
