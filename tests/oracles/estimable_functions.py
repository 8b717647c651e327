"""F tests of types I, II and III as SAS defines them, from one indicator column per cell.

Slow and obvious: the model with all cells' parameters (X_over, rank-deficient), estimable functions
of these by pseudo-inverses, and their values through the fitted means X beta, which no coding
changes. Source: SAS/STAT user's guide, "The four types of estimable functions".
"""

from __future__ import annotations

import numpy as np

SMALL = 1e-8


def overparametrised(frame, terms, intercept):
    """X_over and the term of each column; a term is a tuple of column names, text being factors."""
    n = len(frame)
    blocks, owner = [np.ones((n, 1))] * intercept, [-1] * intercept
    for t, term in enumerate(terms):
        block = np.ones((n, 1))
        for name in term:
            values = frame[name].to_numpy()
            if values.dtype.kind in "fi":
                columns = values[:, None].astype(float)
            else:
                columns = (values[:, None] == np.unique(values)[None, :]).astype(float)
            block = np.einsum("na,nb->nab", block, columns).reshape(n, -1)
        blocks.append(block)
        owner += [t] * block.shape[1]
    return np.hstack(blocks), np.array(owner)


def row_space(A):
    """Orthonormal rows that span those of A."""
    _, d, V = np.linalg.svd(A, full_matrices=False)
    return V[d > SMALL * max(d.max(initial=0.0), 1.0)]


def null_rows(A):
    """Orthonormal rows v with A v = 0."""
    _, d, V = np.linalg.svd(A)
    rank = int((d > SMALL * max(d.max(initial=0.0), 1.0)).sum())
    return V[rank:]


def containing(frame, terms, t):
    """Terms that contain term t: the same numeric columns, more factors."""

    def parts(term):
        numeric = {v for v in term if frame[v].dtype.kind in "fi"}
        return numeric, set(term) - numeric

    own = parts(terms[t])
    found = []
    for s, other in enumerate(terms):
        numeric, factors = parts(other)
        if numeric == own[0] and factors > own[1]:
            found.append(s)
    return found


def functions(frame, terms, intercept, kind):
    """(d, P) rows of estimable functions for each term."""
    X, owner = overparametrised(frame, terms, intercept)
    estimable = row_space(X)
    found = []
    for t in range(len(terms)):
        above = containing(frame, terms, t)
        if kind == 3:
            outside = ~np.isin(owner, [t, *above])
            own = null_rows(estimable[:, outside].T) @ estimable
            higher_outside = ~np.isin(owner, above)
            higher = null_rows(estimable[:, higher_outside].T) @ estimable
            if above:
                own = null_rows(higher @ own.T) @ own
            found.append(own)
            continue
        before = owner < t if kind == 1 else ~np.isin(owner, [t, *above])
        A, own = X[:, before], X[:, owner == t]
        rest = own - A @ (np.linalg.pinv(A) @ own)
        found.append(row_space(rest.T @ X) if np.abs(rest).max() > SMALL else X[:0])
    return X, found


def f_tests(frame, terms, intercept, kind, X, beta, vcov):
    """(numerator df, F) of each term, for a fit with columns X."""
    over, rows = functions(frame, terms, intercept, kind)
    found = []
    for L in rows:
        L = row_space(L @ np.linalg.pinv(over) @ X) if L.size else X[:0]
        effect = L @ beta
        size = effect @ np.linalg.solve(L @ vcov @ L.T, effect)
        found.append((len(L), size / max(len(L), 1)))
    return found
