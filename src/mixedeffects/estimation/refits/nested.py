"""Clusters of nested intercepts, drawn again without touching a row.

Where every leaf level lies in one level of each other factor and no block has columns but an
intercept, a resample's cross-products are gathered from the leaf's sums.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.crossprod import CrossProducts, Layout
from mixedeffects.crossprod.nested import nested_products, parents_of
from mixedeffects.design import is_nested
from mixedeffects.engine.plan import plan_products
from mixedeffects.estimation.refits.gather import ClusterMembers
from mixedeffects.estimation.refits.sums import centred_rows


class NestedClusters:
    """Draws cross-products of resampled clusters.

    Parameters
    ----------
    codes : (n,) int array
        Cluster of every row.
    parents : list of (q,) int arrays
        From `parents_of`.
    """

    @classmethod
    def of(cls, design, stats, codes):
        """The clusters, or None where a resample needs the rows."""
        layout = stats.layout
        if layout.leaf is None or not is_nested(design.blocks[layout.leaf].factor.codes, codes):
            return None
        parents = parents_of(design, layout)
        return None if parents is None else cls(design, stats, codes, parents)

    def __init__(self, design, stats, codes, parents):
        self.stats, layout = stats, stats.layout
        self.parents = parents
        leaf = design.blocks[layout.leaf].factor.codes
        cluster_of = np.zeros(layout.q[layout.leaf], dtype=np.int64)
        cluster_of[leaf] = codes
        self.leaves = ClusterMembers(cluster_of)
        self.renewed = [is_nested(design.blocks[f].factor.codes, codes) for f in layout.rest]
        self.products, self.rows, self.logs = level_products(design, stats, codes, self.leaves.n)

    def draw(self, times):
        """Cross-products and plan of the data in which cluster j occurs times[j] times.

        Takes times (n_clusters,) int array.
        """
        stats, old = self.stats, self.stats.layout
        level, copy_of = self.leaves.drawn(times)
        q = list(old.q)
        q[old.leaf] = level.size
        parents = []
        for f, parent, renewed in zip(old.rest, self.parents, self.renewed, strict=True):
            code = parent[level].astype(np.int64)
            if renewed:
                code += old.q[f] * copy_of
            found, code = np.unique(code, return_inverse=True)
            q[f] = found.size
            parents.append(code.reshape(-1).astype(np.int32))
        layout = Layout(tuple(q), old.k, old.leaf, old.rest)
        diag, fixed = stats.leaf_diag[level], stats.leaf_fixed[level]
        leaf_cross, above, rest_cross = nested_products(diag, fixed, parents, layout)
        t = stats.p + 1
        drawn_stats: CrossProducts = replace(
            stats,
            layout=layout,
            n=int(times @ self.rows),
            log_weights=float(times @ self.logs),
            xx=np.tensordot(times.astype(float), self.products, axes=1),
            leaf_diag=diag,
            leaf_fixed=fixed,
            leaf_cross=leaf_cross,
            rest_diag=tuple(d for d, _ in above),
            rest_fixed=np.concatenate([s.reshape(-1, t) for _, s in above]),
            rest_cross=rest_cross,
        )
        return drawn_stats, plan_products(drawn_stats)


def level_products(design, stats, codes, q):
    """[X~ y~]'W[X~ y~] (q, t, t), rows and sum of log weights, of every cluster."""
    XY = centred_rows(design, stats)
    w, t = design.weights, XY.shape[1]
    out = np.empty((q, t, t))
    for i in range(t):
        left = XY[:, i] if w is None else XY[:, i] * w
        for j in range(i + 1):
            out[:, i, j] = out[:, j, i] = np.bincount(codes, left * XY[:, j], q)
    logs = np.zeros(q) if w is None else np.bincount(codes, np.log(w), q)
    return out, np.bincount(codes, minlength=q).astype(float), logs
