"""What a profile holds at a value, and the coordinate w in which it is held.

With L the lower-triangular factor of the covariance of a term's effects, Cov(b) = L L', and the
columns of the term in an order that puts what is held first,

    standard deviation   w = L_11
    correlation          sin w, where the second row of L begins with s (sin w, cos w)
                         (of a restricted structure: see `mixedeffects.estimation.profile.natural`)
    sigma                exp w
    coefficient          w

Venzon & Moolgavkar (1988), doi:10.2307/2347496, hold a parameter so to find its limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, pi, sin

import numpy as np

# longest step between points, of the range of a correlation's angle; twice that for a standard
# deviation's way to zero
STRIDE = 0.1


@dataclass(frozen=True, slots=True)
class Constraint:
    """One parameter that is held while all others are free.

    Attributes
    ----------
    owner : int
        The random-effects term, or the group of coefficients, that it belongs to.
    columns : tuple of int
        Its column in the term, the two whose correlation it is, or its place in the group.
    ends : tuple of float
        Of a correlation, the least and the largest that the structure allows.
    effects : tuple of int
        Of a correlation, the columns without whose standard deviations it means nothing.
    """

    kind: str
    owner: int = 0
    columns: tuple[int, ...] = ()
    ends: tuple[float, float] = (-1.0, 1.0)
    effects: tuple[int, ...] = ()

    @property
    def range(self):
        """Where w ends on either side."""
        if self.kind == "cor":
            return -0.5 * pi, 0.5 * pi
        return (0.0 if self.kind == "sd" else -inf), inf

    def value(self, w):
        """The parameter on its natural scale."""
        if self.kind == "sigma":
            return exp(w)
        if self.kind != "cor":
            return w
        low, high = self.ends
        return 0.5 * (low + high) + 0.5 * (high - low) * sin(w)

    def stride(self, sign, w):
        """The longest step of a path that left w, where its height may hardly change."""
        if self.kind == "cor":
            return STRIDE * pi
        return 2.0 * STRIDE * w if self.kind == "sd" and sign < 0 else inf


def parameters_of(terms, sigma, sizes):
    """Every parameter of a model as what may be held, in the order of `natural_values`.

    `sigma`: whether the residual standard deviation is one; `sizes`: how many coefficients each
    group has.
    """
    out = []
    for owner, term in enumerate(terms):
        form = term.structure
        alone = tuple(i for i, j in form.natural if i == j)
        for i, j in form.natural:
            if i == j:
                out.append(Constraint("sd", owner, (i,)))
                continue
            effects = (j, i) if form.free else alone
            out.append(Constraint("cor", owner, (j, i), form.correlations, effects))
    if sigma:
        out.append(Constraint("sigma"))
    for owner, size in enumerate(sizes):
        out += [Constraint("coefficient", owner, (i,)) for i in range(size)]
    return tuple(out)


def natural_values(terms, factors, others, directions=None):
    """(K,) values of all parameters, in the order of `parameters_of`.

    Parameters
    ----------
    terms : sequence of TermParameters
        Of the random effects.
    factors : sequence of (k, k) arrays
        Per term, any L with Cov(b) = L L', in the columns of the formula.
    others : sequence of float
        Sigma, if it is a parameter, and the coefficients.
    directions : sequence of (k, k) arrays, optional
        L again, with the limit of its direction in place of a row that vanishes. A correlation
        with a standard deviation of zero that has no direction is nan.
    """
    out = []
    for term, L, U in zip(terms, factors, directions or factors, strict=True):
        sd, length = (np.sqrt((M * M).sum(axis=1)) for M in (L, U))
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = np.clip(U @ U.T / np.outer(length, length), -1.0, 1.0)
        out += [sd[i] if i == j else corr[i, j] for i, j in term.structure.natural]
    return np.array([*out, *others])


class TermFactor:
    """The factor L of one term's covariance, its columns in some order.

    Parameters
    ----------
    parameters : Parameters
        Of the model's random effects.
    owner : int
        The term.
    order : tuple of int, optional
        Of its columns; their own by default.

    Attributes
    ----------
    columns : tuple of int
        Its columns in the block, in the order of the rows of L.
    rows, cols : (n,) arrays
        Position in L of each entry that is free.
    B : (k_block, k) array
        The engine's relative factor is B L / sigma.
    scale : (k,) array
        Size of each column of Z: a standard deviation times it is in units of the response.
    units : (n,) array
        A change of each entry of sensible size, in units of the response.
    """

    def __init__(self, parameters, owner, order=None):
        term = parameters.terms[owner]
        self.k = len(term.columns)
        self.order = tuple(range(self.k)) if order is None else tuple(order)
        self.block, self.structure = term.block, term.structure
        self.columns = tuple(term.columns[j] for j in self.order)
        self.rows, self.cols = np.array(term.structure.positions).T
        self.B = np.linalg.inv(parameters.T_blocks[term.block])[:, self.columns]
        self.scale = np.sqrt((self.B * self.B).sum(axis=0))
        self.units = 1.0 / self.scale[self.rows]

    def factor(self, entries):
        """(k, k) L of its free entries."""
        L = np.zeros((self.k, self.k))
        L[self.rows, self.cols] = entries
        return L

    def place(self, columns):
        """The position among the entries of a standard deviation that is held: the first."""
        return 0

    def coordinates(self, L):
        """The free entries of L, its rows in this order."""
        return L[self.rows, self.cols]

    def of_own(self, L):
        """L of any factor whose rows are in the term's own order."""
        L = L[list(self.order)]
        if not self.structure.pairs:
            return np.diag(np.sqrt((L * L).sum(axis=1)))
        if L[0].any():
            return _lower(L)
        out = np.zeros_like(L)  # the first column is free: leave it to the others
        out[1:, 1:] = _lower(L[1:])
        return out


def _lower(L):
    """The lower-triangular factor of L L' with a non-negative diagonal."""
    if L.shape == (1, 1):
        return np.abs(L)
    R = np.asarray(np.linalg.qr(L.T, mode="r"))
    return (R * np.where(R.diagonal() < 0, -1.0, 1.0)[:, None]).T


def along_and_across(a):
    """d along a with a'd = 1, and an orthonormal basis (p, p - 1) of what is across it."""
    return a / (a @ a), np.linalg.qr(a[:, None], mode="complete")[0][:, 1:]


def beginning_with(columns, k):
    """The order of k columns that has the given ones first."""
    return (*columns, *(c for c in range(k) if c not in columns))
