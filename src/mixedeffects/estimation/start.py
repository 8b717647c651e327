"""Starting values by the method of moments.

Let s_j = Z_j'r be a block's sums over level j, r the least-squares residual. Ignoring what X
absorbs, the second moments are linear in the covariances G_g of all blocks:

    E sum_j s_j s_j' = sigma^2 sum_j Z_j'Z_j + sum_g sum_(j, l) V_jl G_g V_jl',

V_jl the cross-product of level j with level l of block g. Together with E r'r they are one small
linear system (Henderson's and Rao's MINQUE(0) idea); every sum is in the cross-products already.
On large balanced data the start is nearly the optimum: it saves half of the Newton steps.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from scipy.linalg.lapack import dgesv, dpotrf  # pyright: ignore[reportAttributeAccessIssue]

LOWEST, HIGHEST = 0.05, 1e3
# above this many unknowns only the variances, not the covariances, are started
MOST_UNKNOWNS = 150


def moment_start(stats):
    """Relative factor Lambda~ of every block to start from.

    Returns list of (k, k) lower-triangular arrays, in the design's order.
    """
    k = stats.layout.k
    full = sum(v * v for v in k) <= MOST_UNKNOWNS
    order, cross = _small_moments(stats) if stats.layout.small else _blocked_moments(stats)
    parts, n = [], 0
    for f in order:
        parts.append(slice(n, n + (k[f] ** 2 if full else k[f])))
        n = parts[-1].stop
    system, rhs = np.zeros((n + 1, n + 1)), np.empty(n + 1)
    for i, f in enumerate(order):
        s, size = cross[f]
        square = s.T @ s
        rhs[parts[i]] = square.ravel() if full else square.diagonal()
        system[n, parts[i]] = system[parts[i], n] = size.ravel() if full else size.diagonal()
        for j, g in enumerate(order[i:], i):
            if (f, g) in cross:
                pair = _pair(cross[f, g], full)
                system[parts[i], parts[j]] = pair
                system[parts[j], parts[i]] = pair.T
    system[n, n], rhs[n] = stats.n, stats.yy
    solution = _solve(system, rhs)
    total = stats.yy / stats.n
    sigma2 = solution[n] if solution[n] > 1e-6 * total else 0.5 * total
    out = [np.eye(1)] * len(k)
    for i, f in enumerate(order):
        G = solution[parts[i]] / sigma2
        out[f] = _factor(G.reshape(k[f], k[f]) if full else np.diag(G))
    return out


def even_start(objective):
    """The least-squares residual variance shared evenly by all random terms and the residual.

    Within a term the columns share alike and are uncorrelated, each scaled by its sum of squares.
    Returns list of (k, k) diagonal arrays, in the design's order.

    Examples
    --------
    >>> import mixedeffects as me
    >>> table = {"y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "g": list("aabbcc")}
    >>> objective = me.lmm("y ~ 1 + (1 | g)", table).evaluation.objective
    >>> even_start(objective)
    [array([[1.]])]
    """
    stats, layout = objective.stats, objective.stats.layout
    sizes = {}
    if layout.leaf is not None:
        sizes[layout.leaf] = stats.leaf_diag.sum(axis=0).diagonal()
    for f, products in zip(layout.rest, stats.rest_diag, strict=True):
        sizes[f] = products.sum(axis=0).diagonal()
    out = [np.zeros((k, k)) for k in layout.k]
    for term in objective.parameters.terms:
        columns = list(term.columns)
        size = np.maximum(sizes[term.block][columns], 1e-300)
        share = stats.n / (len(columns) * size)
        out[term.block][columns, columns] = np.sqrt(np.minimum(share, HIGHEST**2))
    return out


def _small_moments(stats):
    """Per-level sums, sizes and cross-products from one dense matrix."""
    layout = stats.layout
    out = {}
    places = list(zip(layout.rest, layout.offsets, strict=True))
    for i, (f, a) in enumerate(places):
        q, k = layout.q[f], layout.k[f]
        out[f] = (
            stats.rest_fixed[a : a + q * k, -1].reshape(q, k),
            stats.rest_diag[i].sum(axis=0),
        )
        out[f, f] = stats.rest_diag[i].transpose(1, 2, 0)
        for g, b in places[i + 1 :]:
            block = stats.rest_dense[a : a + q * k, b : b + layout.q[g] * layout.k[g]]
            block = block.reshape(q, k, layout.q[g], layout.k[g])
            out[f, g] = block.transpose(1, 3, 0, 2).reshape(k, layout.k[g], -1)
    return layout.rest, out


def _blocked_moments(stats):
    """The same from the leaf's and the remainder's blocks."""
    layout = stats.layout
    out = {}
    leaf, rest = layout.leaf, layout.rest
    if leaf is not None:
        out[leaf] = stats.leaf_fixed[:, :, -1], stats.leaf_diag.sum(axis=0)
        out[leaf, leaf] = stats.leaf_diag.transpose(1, 2, 0)
        if stats.leaf_cross is not None:
            kind = np.repeat(np.array(rest), [layout.q[f] * layout.k[f] for f in rest])
            kind = kind[stats.leaf_cross.index]
            for g in rest:
                value = stats.leaf_cross.value
                value = value[kind == g] if len(rest) > 1 else value
                out[leaf, g] = _by_column(value, layout.k[g])
    for i, (f, a) in enumerate(zip(rest, layout.offsets, strict=True)):
        q, k = layout.q[f], layout.k[f]
        s = stats.rest_fixed[a : a + q * k, -1].reshape(q, k)
        out[f] = s, stats.rest_diag[i].sum(axis=0)
        out[f, f] = stats.rest_diag[i].transpose(1, 2, 0)
    for (a, b), rows in stats.rest_cross.items():
        out[rest[a], rest[b]] = _by_column(rows.value, layout.k[rest[b]])
    return (() if leaf is None else (leaf,)) + rest, out


def _by_column(value, k):
    """Compressed rows (nnz, k_f) as (k_f, k, pairs of levels)."""
    return value.reshape(-1, k, value.shape[1]).transpose(2, 1, 0)


def _pair(V, full):
    """Sum over pairs of levels of V (x) V, (k_f^2, k_g^2), or its diagonal part (k_f, k_g)."""
    kf, kg, _ = V.shape
    if not full:
        return np.einsum("acp,acp->ac", V, V)
    flat = V.reshape(kf * kg, -1)
    return (flat @ flat.T).reshape(kf, kg, kf, kg).transpose(0, 2, 1, 3).reshape(kf * kf, kg * kg)


def _solve(system, rhs):
    scale = np.sqrt(system.diagonal())
    if not min(scale.tolist()) > 0:
        scale[scale == 0] = 1.0
    scaled = system / (scale[:, None] * scale)
    rhs = rhs / scale
    if not isfinite(scaled.sum() + rhs.sum()):
        return np.zeros(rhs.size)  # sums overflow: the bounds below give some start
    _, _, solution, info = dgesv(scaled, rhs)
    if info != 0 or not isfinite(solution.sum()):  # confounded columns share their variance
        solution = np.linalg.lstsq(scaled, rhs, rcond=1e-10)[0]
    return solution / scale


def _factor(G):
    """Lower-triangular factor of the nearest covariance within the bounds."""
    if G.shape[0] == 1:
        return np.sqrt(np.clip(G, LOWEST**2, HIGHEST**2))
    L, failed = dpotrf(G, lower=1, clean=1)
    if not failed and min(L.diagonal().tolist()) > LOWEST and L.max() < HIGHEST:
        return L
    eigenvalues, vectors = np.linalg.eigh(0.5 * (G + G.T))
    kept = np.clip(eigenvalues, LOWEST**2, HIGHEST**2)
    return np.linalg.cholesky((vectors * kept) @ vectors.T)
