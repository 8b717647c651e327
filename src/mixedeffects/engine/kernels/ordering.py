"""Numba kernels for a sparse remainder's pattern: order of elimination and fill.

The remainder's nodes are the levels of its factors. Eliminating a leaf level joins all
nodes it meets, so the pattern is a union of cliques (*elements*), one per leaf level, and
is never formed: eliminating a node merges the elements that contain it into a new one.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def neighbours(nodes, pointer, level, indptr, index, n):
    """Number of nodes adjacent to each of some nodes."""
    out = np.zeros(nodes.size, np.int64)
    _neighbours(nodes, pointer, level, indptr, index, np.full(n, -1, np.int64), out)
    return out


@njit(cache=True, nogil=True)
def _neighbours(nodes, pointer, level, indptr, index, seen, out):
    for i in range(nodes.shape[0]):
        p = nodes[i]
        seen[p] = p
        for s in range(pointer[p], pointer[p + 1]):
            j = level[s]
            for d in range(indptr[j], indptr[j + 1]):
                r = index[d]
                if seen[r] != p:
                    seen[r] = p
                    out[i] += 1


@njit(cache=True, nogil=True)
def _place(i, degree, head, following, previous):
    d = degree[i]
    first = head[d]
    following[i] = first
    previous[i] = -1
    if first >= 0:
        previous[first] = i
    head[d] = i


@njit(cache=True, nogil=True)
def _take(i, degree, head, following, previous):
    a, b = previous[i], following[i]
    if a >= 0:
        following[a] = b
    else:
        head[degree[i]] = b
    if b >= 0:
        previous[b] = a


@njit(cache=True, nogil=True)
def minimum_degree(pointer, level, indptr, index, weight, degree, late, budget):
    """Approximate minimum degree on the quotient graph of the elements.

    Degrees are bounded as by Amestoy, Davis & Duff (1996), doi:10.1137/S0895479894278952:
    |E_p| plus, per other element, what it has outside E_p.

    Arrays
    ------
    pointer, level, indptr, index
        Elements of each node, and nodes of each element.
    weight : (n,) int64
        Scalar columns per node.
    degree : (n,) int64
        Weighted external degrees at the start; overwritten.
    late : (n,) bool
        Nodes that are put last, in ascending order of degree, without further analysis.
    budget : int
        Give up when this many entries of new elements have been listed.

    Returns
    -------
    (n,) int64
        Nodes in the order of elimination; empty if given up.
    """
    n = weight.shape[0]
    n_elements = indptr.shape[0] - 1
    start = np.empty(n_elements + n, np.int64)
    length = np.zeros(n_elements + n, np.int64)
    size = np.zeros(n_elements + n, np.int64)
    outside = np.zeros(n_elements + n, np.int64)
    stamp = np.full(n_elements + n, -1, np.int64)
    alive = np.zeros(n_elements + n, np.bool_)
    pool = np.empty(index.shape[0] + 8 * n + 64, np.int32)
    top = 0
    for j in range(n_elements):
        start[j] = top
        for d in range(indptr[j], indptr[j + 1]):
            r = index[d]
            if not late[r]:
                pool[top] = r
                top += 1
                size[j] += weight[r]
        length[j] = top - start[j]
        alive[j] = True
    mine = level.copy()
    count = np.empty(n, np.int64)
    remaining = 0
    order = np.full(n, -1, np.int64)
    done = np.zeros(n, np.bool_)
    for i in range(n):
        count[i] = pointer[i + 1] - pointer[i]
        if not late[i]:
            remaining += weight[i]
    head = np.full(remaining + 1, -1, np.int64)
    following = np.full(n, -1, np.int64)
    previous = np.full(n, -1, np.int64)
    for i in range(n - 1, -1, -1):
        if not late[i]:
            degree[i] = min(degree[i], remaining - weight[i])
            _place(i, degree, head, following, previous)
    mark = np.full(n, -1, np.int64)
    at = 0
    lowest = 0
    listed = 0
    while remaining > 0:
        while head[lowest] < 0:
            lowest += 1
        p = head[lowest]
        _take(p, degree, head, following, previous)
        done[p] = True
        order[at] = p
        at += 1
        remaining -= weight[p]
        # the new element: everything that shares an element with p
        need = 0
        for s in range(pointer[p], pointer[p] + count[p]):
            if alive[mine[s]]:
                need += length[mine[s]]
        if top + need > pool.shape[0]:
            larger = np.empty(2 * pool.shape[0] + need, np.int32)
            for s in range(top):  # a slice would compile error messages for seconds
                larger[s] = pool[s]
            pool = larger
        new = n_elements + p
        start[new] = top
        total = 0
        for s in range(pointer[p], pointer[p] + count[p]):
            e = mine[s]
            if not alive[e]:
                continue
            alive[e] = False
            for d in range(start[e], start[e] + length[e]):
                v = pool[d]
                if v != p and mark[v] != p:
                    mark[v] = p
                    pool[top] = v
                    top += 1
                    total += weight[v]
        length[new] = top - start[new]
        size[new] = total
        listed += length[new]
        if listed > budget:
            return order[:0]
        if length[new] == 0:
            continue
        alive[new] = True
        if total == remaining:
            # what is left is one clique: any order
            for i in range(n):
                if not late[i] and not done[i]:
                    order[at] = i
                    at += 1
            break
        for d in range(start[new], top):
            i = pool[d]
            kept = pointer[i]
            for s in range(pointer[i], pointer[i] + count[i]):
                e = mine[s]
                if alive[e]:
                    mine[kept] = e
                    kept += 1
                    if stamp[e] != p:
                        stamp[e] = p
                        outside[e] = size[e]
                    outside[e] -= weight[i]
            count[i] = kept - pointer[i]
        for d in range(start[new], top):
            i = pool[d]
            bound = total - weight[i]
            kept = pointer[i]
            for s in range(pointer[i], pointer[i] + count[i]):
                e = mine[s]
                if outside[e] == 0:
                    alive[e] = False  # contained in the new element
                elif alive[e]:
                    bound += outside[e]
                    mine[kept] = e
                    kept += 1
            mine[kept] = new
            count[i] = kept + 1 - pointer[i]
            bound = min(bound, remaining - weight[i])
            bound = min(bound, degree[i] + total - weight[i])
            _take(i, degree, head, following, previous)
            degree[i] = bound
            _place(i, degree, head, following, previous)
            if bound < lowest:
                lowest = bound
    last = np.nonzero(late)[0]
    for i in last[np.argsort(degree[last])]:
        order[at] = i
        at += 1
    return order


@njit(cache=True, nogil=True)
def fill(order, indptr, index, weight, budget):
    """Pattern of the Cholesky factor, by nodes, for a given order.

    Column p holds what the leaf levels that meet p first, and the columns whose first
    later node is p, hold beyond p: each is looked at once (the elimination tree).

    Arrays
    ------
    order : (n,) int64
    indptr, index
        Nodes of each leaf level.
    weight : (n,) int64
    budget : float
        Give up when the factor has more scalar entries.

    Returns
    -------
    pointer : (n + 1,) int64
    later : (nnz,) int32
        Positions below the diagonal in each column, in no order.
    entries, flops : float
        Scalar entries of the factor and sum of their squared counts per column;
        entries is inf when given up.
    """
    n = order.shape[0]
    position = np.empty(n, np.int64)
    for s in range(n):
        position[order[s]] = s
    q = indptr.shape[0] - 1
    first = np.full(n, -1, np.int64)  # lists of levels and of children, by first position
    next_level = np.full(q, -1, np.int64)
    child = np.full(n, -1, np.int64)
    next_child = np.full(n, -1, np.int64)
    for j in range(q):
        if indptr[j] == indptr[j + 1]:
            continue
        low = n
        for d in range(indptr[j], indptr[j + 1]):
            low = min(low, position[index[d]])
        next_level[j] = first[low]
        first[low] = j
    pointer = np.zeros(n + 1, np.int64)
    later = np.empty(index.shape[0] + n, np.int32)
    mark = np.full(n, -1, np.int64)
    entries = 0.0
    flops = 0.0
    for p in range(n):
        top = pointer[p]
        if top + n - p > later.shape[0]:
            larger = np.empty(2 * later.shape[0] + n, np.int32)
            for s in range(top):  # a slice would compile error messages for seconds
                larger[s] = later[s]
            later = larger
        mark[p] = p
        below = 0.0
        parent = n
        j = first[p]
        while j >= 0:
            for d in range(indptr[j], indptr[j + 1]):
                s = position[index[d]]
                if mark[s] != p:
                    mark[s] = p
                    later[top] = s
                    top += 1
                    below += weight[order[s]]
                    parent = min(parent, s)
            j = next_level[j]
        c = child[p]
        while c >= 0:
            for d in range(pointer[c], pointer[c + 1]):
                s = later[d]
                if mark[s] != p:
                    mark[s] = p
                    later[top] = s
                    top += 1
                    below += weight[order[s]]
                    parent = min(parent, s)
            c = next_child[c]
        pointer[p + 1] = top
        if parent < n:
            next_child[p] = child[parent]
            child[parent] = p
        for b in range(weight[order[p]]):
            entries += below + b + 1.0
            flops += (below + b + 1.0) ** 2
        if entries > budget:
            return pointer, later[:0], np.inf, np.inf
    return pointer, later[: pointer[n]], entries, flops


@njit(cache=True, nogil=True)
def scalar_rows(order, pointer, later, weight):
    """Scalar pattern of the factor from its pattern by nodes.

    Returns
    -------
    row_pointer : (m + 1,) int64
    row_column : (nnz,) int32
        Columns before the diagonal in each row, ascending.
    row_entry : (nnz,) int64
        Where each stands in the columns below.
    column_pointer : (m + 1,) int64
    column_row : (nnz,) int32
        Rows below the diagonal in each column, ascending.
    """
    n = order.shape[0]
    begin = np.zeros(n + 1, np.int64)
    for s in range(n):
        begin[s + 1] = begin[s] + weight[order[s]]
    m = begin[n]
    column_pointer = np.zeros(m + 1, np.int64)
    row_pointer = np.zeros(m + 1, np.int64)
    for p in range(n):
        w = begin[p + 1] - begin[p]
        below = 0
        for d in range(pointer[p], pointer[p + 1]):
            s = later[d]
            below += begin[s + 1] - begin[s]
            for r in range(begin[s], begin[s + 1]):
                row_pointer[r + 1] += w
        for a in range(w):
            column_pointer[begin[p] + a + 1] = below + w - 1 - a
            row_pointer[begin[p] + a + 1] += a
    for r in range(m):
        column_pointer[r + 1] += column_pointer[r]
        row_pointer[r + 1] += row_pointer[r]
    # by columns in ascending order: every row receives its columns in ascending order
    row_column = np.empty(row_pointer[m], np.int32)
    cursor = row_pointer[:m].copy()
    for p in range(n):
        for c in range(begin[p], begin[p + 1]):
            for r in range(c + 1, begin[p + 1]):
                row_column[cursor[r]] = c
                cursor[r] += 1
            for d in range(pointer[p], pointer[p + 1]):
                s = later[d]
                for r in range(begin[s], begin[s + 1]):
                    row_column[cursor[r]] = c
                    cursor[r] += 1
    column_row = np.empty(row_pointer[m], np.int32)
    row_entry = np.empty(row_pointer[m], np.int64)
    cursor = column_pointer[:m].copy()
    for r in range(m):
        for s in range(row_pointer[r], row_pointer[r + 1]):
            c = row_column[s]
            column_row[cursor[c]] = r
            row_entry[s] = cursor[c]
            cursor[c] += 1
    return row_pointer, row_column, row_entry, column_pointer, column_row
