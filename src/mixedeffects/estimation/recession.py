"""Coefficients that a likelihood without maximum sends to infinity, and what stays finite.

Along a direction of recession the likelihood never falls. The coefficients then move in the space V
that is spanned by all of them, and the rows that are fitted better and better on the way are the
constraints of a cone in V. A combination L of coefficients is

- finite, if L is zero on V: every maximising sequence ends at the same value;
- plus (minus) infinite, if it is a non-negative combination of these rows (or minus one): then
  it grows along every maximising sequence (Farkas' lemma);
- undetermined otherwise: sequences of the same supremum send it to different values.

Albert & Anderson (1984), doi:10.1093/biomet/71.1.1; Geyer (2009), doi:10.1214/08-EJS349.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# share of what was added up below which a combination does not move along a direction
STILL = 1e-7
# and share of the largest that could have been
ROUNDING = 1e-11
# share of the largest singular value of rows below which they do not move along a direction
UNMOVED = 3e-5
# residual, of a vector of length 1, that is rounding of a non-negative combination
COMBINED = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Recession:
    """Where a likelihood has its supremum at infinity.

    Attributes
    ----------
    directions : (m, p) array
        Basis of V, each over all coefficients.
    pulls : (r, m) array
        In that basis, the combinations that grow for ever along every maximising sequence;
        without rows where nothing tells one direction from its opposite.

    Examples
    --------
    Two coefficients go to minus infinity, and what their difference does is not in the data:

    >>> import numpy as np
    >>> away = Recession(np.eye(3)[1:], -np.eye(2))
    >>> away.limits(np.array([[1.0, 0, 0], [1, 1, 0], [0, -1, -1], [0, 1, -1]]))
    array([  0., -inf,  inf,  nan])
    """

    directions: np.ndarray
    pulls: np.ndarray

    def limits(self, L):
        """What becomes of combinations of the coefficients.

        Takes L (k, p) array.

        Returns
        -------
        (k,) array
            0 where the value is finite, inf or -inf, nan where it is undetermined.
        """
        L = np.atleast_2d(np.asarray(L, dtype=float))
        moved = L @ self.directions.T
        size = np.abs(L) @ np.abs(self.directions).T
        largest = np.abs(L).max(axis=1, initial=0.0)[:, None] * np.abs(self.directions).max(axis=1)
        moves = (np.abs(moved) > STILL * size) & (np.abs(moved) > ROUNDING * largest)
        moved = np.where(moves, moved, 0.0)
        length = np.sqrt((moved * moved).sum(axis=1))
        out = np.zeros(L.shape[0])
        rows = np.flatnonzero(length > 0)
        if not rows.size:
            return out
        unit = np.round(moved[rows] / length[rows, None], 9)
        distinct, which = np.unique(unit, axis=0, return_inverse=True)
        out[rows] = np.array([self._limit(w) for w in distinct])[which.reshape(-1)]
        return out

    def _limit(self, w):
        """The limit of one combination, given in the basis of V with length 1."""
        from scipy.optimize import nnls

        if not self.pulls.shape[0]:
            return np.nan
        for sign in (1.0, -1.0):
            if nnls(self.pulls.T, sign * w)[1] < COMBINED:
                return sign * np.inf
        return np.nan

    def part(self, place):
        """The same for some of the coefficients.

        Parameters
        ----------
        place : slice or int array
            Which of them; None where none of these moves.
        """
        own = self.directions[:, place]
        return Recession(own, self.pulls) if own.any() else None

    def to_dict(self):
        """As what JSON can hold."""
        return {
            "directions": self.directions.tolist(),
            "pulls": self.pulls.tolist(),
        }

    @classmethod
    def from_dict(cls, saved):
        """What `to_dict` wrote."""
        directions = np.array(saved["directions"], dtype=float)
        pulls = np.array(saved["pulls"], dtype=float).reshape(-1, directions.shape[0])
        return cls(directions, pulls)


def complement(V, tolerance=1e-10, least=0.0):
    """(P, P - m) orthonormal basis of what is orthogonal to the columns of V (P, m).

    Takes V (P, m) array.

    Parameters
    ----------
    tolerance : float
        Share of the largest singular value below which one is zero.
    least : float
        What the largest is taken to be where it is smaller.
    """
    U, s, _ = np.linalg.svd(V, full_matrices=True)
    return U[:, int((s > tolerance * s.max(initial=least)).sum()) :]


def null_space(A, tolerance=UNMOVED, least=0.0):
    """(p, k) orthonormal basis of the null space of A (n, p); tolerance and least as before.

    Examples
    --------
    >>> import numpy as np
    >>> np.abs(null_space(np.array([[1.0, 0.0]])))
    array([[0.],
           [1.]])
    """
    if A.shape[0] > A.shape[1]:
        A = np.asarray(np.linalg.qr(A, mode="r"))
    return complement(A.T, tolerance, least)


def distinct_directions(rows):
    """Rows scaled to length 1, each direction once; without those that are zero."""
    length = np.sqrt((rows * rows).sum(axis=1))
    kept = length > 1e-9 * length.max(initial=0.0)
    unit = rows[kept] / length[kept, None]
    if not unit.shape[0]:
        return unit, np.empty(0, dtype=int)
    first = np.unique(np.round(unit, 8), axis=0, return_index=True)[1]
    return unit[first], np.flatnonzero(kept)[first]


def largest_cone(rows):
    """The directions of recession of constraints rows @ a >= 0, and which rows they move.

    Takes rows (r, k) array.

    Returns
    -------
    a : (k,) array
        A direction that moves every row that any direction moves.
    moved : (r,) bool array

    Notes
    -----
    Directions add up, so one linear programme finds the largest set: maximise the sum of t with
    0 <= t <= 1 and t <= rows @ a, as Konis (2007, DPhil thesis, Oxford) does for one response.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    r, k = rows.shape
    if not r:
        return np.zeros(k), np.zeros(0, dtype=bool)
    if k == 1:
        signs = np.sign(rows[:, 0])
        agree = bool((signs == signs[0]).all())
        return np.array([signs[0] * agree]), np.full(r, agree)
    A = hstack([csr_array(-rows), eye_array(r)], format="csr")
    cost = np.concatenate([np.zeros(k), -np.ones(r)])
    bounds = [(None, None)] * k + [(0.0, 1.0)] * r
    found = linprog(cost, A_ub=A, b_ub=np.zeros(r), bounds=bounds, method="highs")
    if found.x is None:
        return np.zeros(k), np.zeros(r, dtype=bool)
    a = found.x[:k]
    return a, found.x[k:] > 0.5


def recession_cone(fixed, towards):
    """The largest cone of directions that leave some rows as they are and move none back.

    Parameters
    ----------
    fixed : (a, p) array
        Rows with fixed @ v = 0.
    towards : (b, p) array
        Rows with towards @ v >= 0.

    Returns
    -------
    V : (p, m) array
        Orthonormal basis of the space that the cone spans.
    pulls : (r, m) array
        In that basis, the combinations that are positive in the cone, each once.
    outward : (p,) array
        A direction that moves every row that any moves.
    moved : (r,) int array
        These rows of `towards`, those alike once.

    None where there is no such direction.
    """
    basis = null_space(fixed)
    if not basis.shape[1]:
        return None
    rows, first = distinct_directions(towards @ basis)
    a, moved = largest_cone(rows)
    inside = null_space(rows[~moved])
    if not inside.shape[1]:
        return None
    pulls, _ = distinct_directions(rows[moved] @ inside)
    return basis @ inside, pulls, basis @ (inside @ (inside.T @ a)), first[moved]
