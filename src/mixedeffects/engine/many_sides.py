"""The equations of one factorisation solved for many right-hand sides at a time."""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.levels import products


def eliminated_inverse(factorisation):
    """What the covariance of all random effects, Lambda M^-1 Lambda', follows from.

    With M as in `solve_many`, A and B the leaf's blocks and its cross-products with the remainder.

    Parameters
    ----------
    factorisation : ProjectedFactorisation
        Of a model with a leaf and a remainder.

    Returns
    -------
    K : (q, k, k) array
        Lambda (Lambda'A Lambda + I)^-1 Lambda', by level of the leaf.
    P : (m, m) array
        The remainder's own block of Lambda M^-1 Lambda'; the others are -K B P and K + K B P B'K.
    """
    fact = factorisation._inner
    right = fact._lambda_t_times(np.eye(fact._engine.layout.m))
    return fact._K, fact._lambda_times(fact._rest.solve(right))


def solve_many(factorisation, leaf, rest):
    """M^-1 Lambda'B for many columns B = Z'Wy: what the random effects are, on a common scale.

    With M = Lambda'Z'WZ Lambda + I; b = Lambda u are the random effects that are predicted from
    responses whose fixed effects are zero.

    Parameters
    ----------
    factorisation : ProjectedFactorisation
        Of a model with a leaf or a remainder, with Lambda of full rank.
    leaf : (q, k, c) array
        Of the leaf's levels; (0, 1, c) without a leaf.
    rest : (m, c) array
        Of the remainder's columns.

    Returns
    -------
    leaf, rest : arrays of the same shapes
        u, by columns of Z.
    """
    fact = factorisation._inner
    engine, layout = fact._engine, fact._engine.layout
    Q = solved = rest
    left = leaf
    if layout.m:
        U = rest - engine.crossing.transposed_times(products(fact._K, leaf))
        solved = fact._rest.solve(fact._lambda_t_times(U))
        Q = fact._lambda_times(solved)
        left = leaf - engine.crossing.times(Q)
    b = products(fact._K, np.ascontiguousarray(left))
    if layout.leaf is None:
        return b, solved
    Lam = fact._Lambdas[layout.leaf]
    return (b / Lam[0, 0] if layout.k[layout.leaf] == 1 else np.linalg.solve(Lam, b)), solved
