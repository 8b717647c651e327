"""Sums over subjects that were seen at the same visits: all that a residual structure needs.

Row (i, t) of X is x_it = B_t'c_i, where c_i are the few different values that a subject brings into
its columns: at visit t the column ``arm[b]:visit[2]`` is zero or the subject's ``arm[b]``. With o
the set of visits, the pattern, of subject i, the likelihood of a covariance across visits depends
on the rows only through the sums over the subjects of each pattern

    n_o,    W_o = sum c c',    C_o = sum c y',    Y_o = sum y y',

y the (T,) responses, zero where there are none. They add up over sets of subjects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# means, of standard deviations, beyond which sums of squares lose digits
FAR = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class PatternSums:
    """Sums over the subjects of each pattern of visits.

    Attributes
    ----------
    seen : (P, T) bool array
        Which visits the subjects of a pattern have.
    count : (P,) array
        Subjects.
    W : (P, q, q) array
    C : (P, q, T) array
    Y : (P, T, T) array
    B : (T, q, p) array
        x_it = B_t'c_i.
    """

    seen: np.ndarray
    count: np.ndarray
    W: np.ndarray
    C: np.ndarray
    Y: np.ndarray
    B: np.ndarray

    @classmethod
    def of(cls, X, y, subject, visit, n_visits):
        """The sums of some rows, at most one for each subject and visit.

        Parameters
        ----------
        X : (n, p) array
            Model matrix.
        y : (n,) array
            Responses.
        subject, visit : (n,) int arrays
            Codes from 0; every subject has a row.
        n_visits : int
            How many visits there are.
        """
        n_subjects = int(subject.max()) + 1
        seen = np.zeros((n_subjects, n_visits), dtype=bool)
        seen[subject, visit] = True
        responses = np.zeros((n_subjects, n_visits))
        responses[subject, visit] = y
        values, B = subject_values(X, subject, visit, n_subjects, n_visits)
        patterns, place = distinct_rows(seen)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(patterns)))
        P, q = len(patterns), values.shape[1]
        W, C, Y = np.empty((P, q, q)), np.empty((P, q, n_visits)), np.empty((P, n_visits, n_visits))
        values, responses = values[order], responses[order]
        for o, (low, high) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            c, r = values[low:high], responses[low:high]
            W[o], C[o], Y[o] = c.T @ c, c.T @ r, r.T @ r
        return cls(patterns, np.diff(ends, prepend=0).astype(float), W, C, Y, B)

    @property
    def n(self) -> float:
        """Rows."""
        return float(self.count @ self.seen.sum(axis=1))

    @property
    def n_visits(self) -> int:
        return self.seen.shape[1]

    @property
    def p(self) -> int:
        return self.B.shape[2]

    def centred(self, beta):
        """The sums of y - X beta in place of y. Takes beta (p,) array."""
        F = self.B @ beta  # (T, q)
        fitted = np.where(self.seen[:, None, :], self.W @ F.T, 0.0)  # sum c (F c)'
        C = self.C - fitted
        FC = F @ self.C
        FWF = F @ self.W @ F.T
        both = self.seen[:, :, None] & self.seen[:, None, :]
        Y = np.where(both, self.Y - FC - FC.transpose(0, 2, 1) + FWF, 0.0)
        return PatternSums(self.seen, self.count, self.W, C, Y, self.B)

    def in_columns(self, T):
        """The sums with the columns X T in place of X. Takes T (p, p) array."""
        return PatternSums(self.seen, self.count, self.W, self.C, self.Y, self.B @ T)


def subject_values(X, subject, visit, n_subjects, n_visits):
    """Values of subjects that make up all columns at all visits.

    Two columns at two visits, as far as subjects have both, are one value of the subject where they
    are equal. Returns (n_subjects, q) array c and (T, q, p) array B with x_it = B_t'c_i.

    Examples
    --------
    An intercept, a visit and a baseline are two values of a subject:

    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0, 3.5], [1.0, 1.0, 3.5], [1.0, 0.0, 2.0]])
    >>> c, B = subject_values(X, np.array([0, 0, 1]), np.array([0, 1, 0]), 2, 2)
    >>> c
    array([[1. , 3.5],
           [1. , 2. ]])
    >>> B[1]
    array([[1., 1., 0.],
           [0., 0., 1.]])
    """
    values, known, places = [], [], []
    for t in range(n_visits):
        rows = np.flatnonzero(visit == t)
        who, block = subject[rows], X[rows]
        for j in np.flatnonzero(block.any(axis=0)):
            column = block[:, j]
            for at, value in enumerate(values):
                if not ((value[who] != column) & known[at][who]).any():
                    break
            else:
                values.append(np.zeros(n_subjects))
                known.append(np.zeros(n_subjects, dtype=bool))
                at = len(values) - 1
            values[at][who] = column
            known[at][who] = True
            places.append((t, at, j))
    B = np.zeros((n_visits, len(values), X.shape[1]))
    if places:
        B[tuple(np.array(places).T)] = 1.0
    values = np.array(values).reshape(-1, n_subjects).T
    return without_means(values, np.array(known).reshape(-1, n_subjects).T, B)


def without_means(values, known, B):
    """The same columns from values that lie about zero, so that sums of squares keep digits.

    c = (c - m) + m 1: of a value far from zero its mean m moves to the value that is always one.

    Takes values (n_subjects, q), known (n_subjects, q) bool and B (T, q, p) arrays.
    """
    count = np.maximum(known.sum(axis=0), 1)
    mean = values.sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    far = (np.abs(mean) > FAR * spread) & (spread > 0.0)
    if not far.any():
        return values, B
    ones = np.flatnonzero(((values == 1.0) & known).all(axis=0))
    if not ones.size:
        ones = np.array([values.shape[1]])
        values = np.column_stack([values, np.ones(len(values))])
        B = np.concatenate([B, np.zeros_like(B[:, :1])], axis=1)
        known = np.column_stack([known, np.ones(len(known), dtype=bool)])
        mean, far = np.append(mean, 0.0), np.append(far, False)
    B = B.copy()
    B[:, ones[0]] += np.einsum("q,tqp->tp", np.where(far, mean, 0.0), B)
    return np.where(known & far, values - mean, values), B


def distinct_rows(seen):
    """The different rows of a bool array, and which of them every row is."""
    packed = np.packbits(seen, axis=1)
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return seen[first], place.ravel()
