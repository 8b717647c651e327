"""Whether one fitted model is a special case of another, and in which parameters they differ.

The smaller model's fixed part must lie in the larger's column space, and so must, factor by
factor, its random columns; the covariances that the smaller allows must be among those that the
larger allows. A term of correlated columns (``|``) allows every covariance of its columns,
uncorrelated ones (``||``) or separate terms only block-diagonal ones; with the small columns
written as combinations A of the large, A G A' is block diagonal for every G if and only if every
piece of A touches one block only. A structure that restricts its covariances further allows those
of the same term only.

Generalised models are nested predictor by predictor; a family can be the limit of another, which
counts as one parameter on the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.comparison.model_parts import model_parts
from mixedeffects.inference.comparison.nested_families import family_limits
from mixedeffects.inference.comparison.spaces import combinations, same_partition
from mixedeffects.inference.information import n_parameters

# share of a combination, relative to its largest, that is rounding
COEFFICIENT = 1e-6


@dataclass(frozen=True, slots=True)
class Nesting:
    """How a smaller model sits in a larger one.

    Attributes
    ----------
    reason : str
        Why it is not nested; empty when it is.
    fixed : int
        Fixed-effect columns that the larger has more.
    df : int
        Parameters that the larger has more.
    new_columns : tuple of int
        For every piece of the larger's random effects that gains columns, how many; each
        column is a variance that is zero in the smaller model. A parameter of the family that is
        at the end of its range there counts as one.
    """

    reason: str
    fixed: int = 0
    df: int = 0
    new_columns: tuple[int, ...] = ()

    @property
    def nested(self) -> bool:
        return not self.reason


def same_fixed(one, other):
    """Whether two fits have the same fixed effects, in columns of the same volume.

    REML criteria are comparable only then: they contain log|X'V^-1X|.
    """
    if one.design is other.design:
        return True
    X, Y = one.design.X, other.design.X
    p = X.shape[1]
    offsets = one.design.offset, other.design.offset
    if Y.shape[1] != p or _offset_differs(*offsets, one.design.n) is not None:
        return False
    if p == 0:
        return True
    C, inside = combinations(X, Y, other.coefficients[0].T, one.design.n)
    return bool(inside.all()) and abs(np.linalg.slogdet(C)[1]) < 1e-6


def nesting(small, large):
    """How `small` sits in `large`; both on the same rows. Returns a `Nesting`."""
    mine, theirs = model_parts(small), model_parts(large)
    reason, limits, fixed = family_limits(small.family, large.family, theirs)
    if reason:
        return Nesting(reason)
    df = n_parameters(large) - n_parameters(small)
    new = [1] * len(limits)
    for name, part in mine.items():
        reason, more = _fixed_part(part, theirs[name], large.design.n)
        if not reason:
            reason, columns = _random_part(part, theirs[name], large.design.n)
            new += columns
        if reason:
            return Nesting(reason if name == "conditional" else f"{name}: {reason}")
        fixed += more
    if df < 0 or (df == 0 and (new or fixed)):
        return Nesting("it has no fewer parameters")
    return Nesting("", fixed, df, tuple(new))


def _random_part(small, large, n):
    """Why the random effects are not nested (or ""), and per piece how many columns are new."""
    held: list[list[list[np.ndarray]]] = [[[] for _ in pieces_of(block)] for block in large.blocks]
    for block in small.blocks:
        reason = _place(block, large, held, n)
        if reason:
            return reason, []
    new = []
    for block, parts in zip(large.blocks, held, strict=True):
        for (term, piece), columns in zip(pieces_of(block), parts, strict=True):
            if structure_of(term).pieces is None:
                new += [] if columns else structure_of(term).cones
                continue
            more = len(piece) - (np.linalg.matrix_rank(np.hstack(columns)) if columns else 0)
            if more > 0:
                new.append(int(more))
    return "", new


def pieces_of(block):
    """Sets of columns that covary: their term, and their positions in the block."""
    out = []
    for term in block.terms:
        pieces = structure_of(term).pieces or [range(len(term.columns))]
        out += [(term, tuple(term.columns[c] for c in piece)) for piece in pieces]
    return out


def _offset_differs(one, other, n):
    """The (n, 1) difference of two offsets, or None where there is none."""
    if one is other or (one is None and other is None):
        return None
    zero = np.zeros(n)
    difference = (zero if one is None else one) - (zero if other is None else other)
    return difference[:, None] if difference.any() else None


def _fixed_part(small, large, n):
    """Why the fixed effects are not nested (or ""), and how many more there are."""
    X, Y, T = small.X, large.X, large.T
    if X is not Y:
        _, inside = combinations(X, Y, T, n)
        if not inside.all():
            names = [name for name, ok in zip(small.names, inside, strict=True) if not ok]
            return (
                f"fixed effects of the smaller model ({', '.join(names[:5])}"
                f"{', …' if len(names) > 5 else ''}) are not among those of the larger"
            ), 0
    difference = _offset_differs(small.offset, large.offset, n)
    if difference is not None:
        _, inside = combinations(difference, Y, T, n)
        if not inside.all():
            return "their offsets differ by more than the fixed effects can take up", 0
    return "", Y.shape[1] - X.shape[1]


def _place(block, large, held, n):
    """Add the scaled columns of a block to the pieces of the larger model that hold them.

    Returns "", or why there are none.
    """
    name = block.factor.name
    f = next(
        (
            f
            for f, other in enumerate(large.blocks)
            if block.factor is other.factor or same_partition(block.factor, other.factor)
        ),
        None,
    )
    if f is None:
        return f"the larger model has no random effects of '{name}'"
    other = large.blocks[f]
    T = large.T_blocks[f]
    if block.Z is other.Z:
        C, inside = np.eye(block.k), np.ones(block.k, dtype=bool)
    else:
        C, inside = combinations(block.Z, other.Z, T, n)
    if not inside.all():
        names = [c for c, ok in zip(block.names, inside, strict=True) if not ok]
        return f"'{', '.join(names)}' does not vary by '{name}' in the larger model"
    size = np.sqrt(_squares(other, n))
    scaled = C * size[:, None]
    scaled = scaled / np.linalg.norm(scaled, axis=0)
    touched = np.abs(scaled) > COEFFICIENT
    pieces = pieces_of(other)
    for term, piece in pieces_of(block):
        rows = np.flatnonzero(touched[:, list(piece)].any(axis=1)).tolist()
        home = [
            i for i, (owner, columns) in enumerate(pieces)
            if set(rows) <= set(columns)
            and (structure_of(owner).pieces or _alike(term, owner, C[np.ix_(columns, piece)]))
        ]  # fmt: skip
        if not home:
            names = ", ".join(block.names[c] for c in piece)
            return f"covariances of ({names} | {name}) are zero in the larger model"
        held[f][home[0]].append(scaled[:, list(piece)])
    return ""


def _alike(small, large, C):
    """Whether a restricted term has all covariances of another.

    C writes the columns of one by the other's.
    """
    covers = small.covariance == large.covariance
    return (
        (covers or large.covariance in structure_of(small).within)
        and C.shape[0] == C.shape[1]
        and bool(np.allclose(C, C[0, 0] * np.eye(C.shape[0]), rtol=0.0, atol=COEFFICIENT))
    )


def _squares(block, n):
    """Mean square of each random column."""
    if block.Z is None:
        return np.ones(1)
    return np.diagonal(block.Z.T @ block.Z) / n
