"""Starting values by the method of moments.

For a column z of block f with per-level sums s_j = z_j'r (r the least-squares residual),
E sum_j s_j^2 is linear in the variances: sigma^2 sum_j z_j'z_j + sum_g u_g sum (z_j'z_g)^2,
the last sum over the cross-products with every other column g. Together with E r'r they give
one small linear system for all variances (a Henderson / MINQUE(0) scheme that ignores what
X absorbs). All sums are in the cross-products already.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

LOWEST, HIGHEST = 0.05, 20.0


def moment_start(stats):
    """Relative standard deviations per block column.

    Parameters
    ----------
    stats : CrossProducts

    Returns
    -------
    list of (k,) arrays, one per block in the design's order
    """
    layout = stats.layout
    first = [0, *accumulate(layout.k)]
    squares, size, B = _small_sums(stats) if layout.small else _block_sums(stats, first)
    K = size.size
    system = np.empty((K + 1, K + 1))
    system[:K, :K] = B
    system[:K, K] = system[K, :K] = size
    system[K, K] = stats.n
    scale = np.sqrt(system.diagonal())
    system /= scale[:, None] * scale
    rhs = np.append(squares, stats.yy) / scale
    try:
        solution = np.linalg.solve(system, rhs) / scale
    except np.linalg.LinAlgError:  # confounded columns: share their variance
        solution = np.linalg.lstsq(system, rhs, rcond=1e-10)[0] / scale
    total = stats.yy / stats.n
    sigma2 = solution[-1]
    if not 1e-3 * total < sigma2:
        sigma2 = 0.5 * total
    sd = np.sqrt(np.clip(solution[:-1] / sigma2, LOWEST**2, HIGHEST**2))
    return [sd[a : a + k] for a, k in zip(first, layout.k, strict=False)]


def _small_sums(stats):
    """Sums of squares per block column from the dense cross-products."""
    layout = stats.layout
    kinds = np.eye(sum(layout.k))
    E = np.concatenate(
        [
            np.tile(kinds[a : a + k], (q, 1))
            for a, k, q in zip(accumulate(layout.k, initial=0), layout.k, layout.q, strict=False)
        ]
    )
    dense = stats.rest_dense
    return stats.rest_fixed[:, -1] ** 2 @ E, dense.diagonal() @ E, E.T @ (dense * dense) @ E


def _block_sums(stats, first):
    """Sums of squares per block column from the blocked cross-products."""
    layout = stats.layout
    n_columns = first[-1]
    squares = np.zeros(n_columns)
    size = np.zeros(n_columns)
    B = np.zeros((n_columns, n_columns))

    def own(f, diag, fixed):
        part = slice(first[f], first[f + 1])
        squares[part] = (fixed[:, :, -1] ** 2).sum(axis=0)
        size[part] = np.einsum("jaa->a", diag)
        B[part, part] = np.einsum("jab,jab->ab", diag, diag)

    def cross(f, rows, labels):
        for a in range(rows.value.shape[1]):
            sums = np.bincount(labels[rows.index], rows.value[:, a] ** 2, minlength=n_columns)
            B[first[f] + a] += sums
            B[:, first[f] + a] += sums

    def labels_of(f):
        return np.tile(np.arange(first[f], first[f + 1]), layout.q[f])

    for i, (f, offset) in enumerate(zip(layout.rest, layout.offsets, strict=True)):
        q, k = layout.q[f], layout.k[f]
        own(f, stats.rest_diag[i], stats.rest_fixed[offset : offset + q * k].reshape(q, k, -1))
    if layout.leaf is not None:
        own(layout.leaf, stats.leaf_diag, stats.leaf_fixed)
        if stats.leaf_cross is not None:
            labels = np.concatenate([labels_of(f) for f in layout.rest])
            cross(layout.leaf, stats.leaf_cross, labels)
    for (a, b), rows in stats.rest_cross.items():
        cross(layout.rest[a], rows, labels_of(layout.rest[b]))
    return squares, size, B
