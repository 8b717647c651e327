"""Random intercepts that are all nested in one another: the leaf's sums say everything.

When every leaf level (a pupil) lies in one level of each other factor (a class, a school), the
others' sums are sums of the leaf's. The rows are then visited for the leaf alone.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.crossprod.crossed import Rows

SAMPLE = 2_000


def parents_of(design, layout):
    """Level of every other factor that each leaf level lies in, or None if one is not nested.

    Returns
    -------
    list of (q,) int32 arrays, one per block of ``layout.rest``, or None
        -1 for leaf levels that do not occur. None also when a block has columns other
        than an intercept, or there is nothing but the leaf.
    """
    blocks = design.blocks
    if layout.leaf is None or not layout.rest or any(b.Z is not None for b in blocks):
        return None
    child = blocks[layout.leaf].factor.codes
    others = [blocks[f].factor.codes for f in layout.rest]
    # crossed factors give themselves away within a few rows that share a leaf level
    few = np.argsort(child[: 50 * SAMPLE], kind="stable")[:SAMPLE]
    if any(_parent(child[few], codes[few], layout.q[layout.leaf]) is None for codes in others):
        return None
    parents = []
    for codes in others:
        parent = _parent(child, codes, layout.q[layout.leaf])
        if parent is None:
            return None
        parents.append(parent)
    return parents


def _parent(child, codes, q):
    parent = np.full(q, -1, dtype=np.int32)
    parent[child] = codes
    return parent if np.array_equal(parent[child], codes) else None


def nested_products(diag, fixed, parents, layout):
    """Cross-products of the other factors from the leaf's.

    Returns leaf_cross (Rows), rest (list of (diag (q_f, 1, 1), fixed (q_f, 1, t))), rest_cross
    (dict of (int, int) to Rows).

    Parameters
    ----------
    diag : (q, 1, 1), fixed : (q, 1, t)
        The leaf's own sums.
    parents
        From `parents_of`.
    """
    occurs = np.flatnonzero(parents[0] >= 0)
    weight = diag[occurs, 0, 0]
    above = [parent[occurs].astype(np.int64) for parent in parents]
    rest = []
    for f, parent in zip(layout.rest, above, strict=True):
        q = layout.q[f]
        sums = [np.bincount(parent, column, minlength=q) for column in fixed[occurs, 0].T]
        total = np.bincount(parent, weight, minlength=q)
        rest.append((total.reshape(q, 1, 1), np.ascontiguousarray(np.stack(sums, 1)[:, None, :])))
    count = np.zeros(diag.shape[0], dtype=np.int64)
    count[occurs] = len(above)
    columns = [o + parent for o, parent in zip(layout.offsets, above, strict=True)]
    leaf_cross = Rows(
        np.concatenate([[0], np.cumsum(count)]),
        np.stack(columns, axis=1).ravel().astype(np.int32),
        np.repeat(weight, len(above))[:, None],
    )
    rest_cross = {}
    for a in range(len(above)):
        for b in range(a + 1, len(above)):
            q_a, q_b = layout.q[layout.rest[a]], layout.q[layout.rest[b]]
            key, inverse = np.unique(above[a] * q_b + above[b], return_inverse=True)
            met = np.bincount(key // q_b, minlength=q_a)
            rest_cross[a, b] = Rows(
                np.concatenate([[0], np.cumsum(met)]),
                (key % q_b).astype(np.int32),
                np.bincount(inverse, weight)[:, None],
            )
    return leaf_cross, rest, rest_cross
