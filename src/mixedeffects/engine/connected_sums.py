"""Sums over all pairs of random-effect columns.

With S = Z'V^-1Z and u = Z'V^-1X, everything that Kenward & Roger's method needs is a
contraction of

    T[f, g][ab, cd] = sum over levels j of f, j' of g of S_ja,j'c S_jb,j'd,
    R[f, g][ab, cd] = sum over levels j of f, j' of g of u_ja S_jb,j'c u_j'd,
    U[f][a, b]      = sum over levels j of f of u_ja u_jb.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.engine.connected_parts import BATCH, LARGE, LargePart, solved


@dataclass(frozen=True, slots=True)
class PairSums:
    """The sums of the module's head, relative to sigma.

    Attributes
    ----------
    T : dict of (f, g) to (k_f, k_f, k_g, k_g) arrays
        Indices a, b, c, d.
    R : dict of (f, g) to (p, k_f, k_f, k_g, k_g, p) arrays
    U : list of (p, k_f, k_f, p) arrays
    trace : list of (k_f, k_f) arrays
        Sum over levels of S_ja,jb.
    """

    T: dict
    R: dict
    U: list
    trace: list


def pair_sums(parts, lambdas):
    """Sum over all parts.

    Returns a `PairSums`.

    Parameters
    ----------
    lambdas : sequence of (k, k) arrays
        Relative factor of every block.
    """
    k, p, n_blocks = parts.k, parts.ZX.shape[1], len(parts.k)
    blocks = range(n_blocks)
    T = {(f, g): np.zeros((k[f] * k[g],) * 2) for f in blocks for g in blocks}
    R = {(f, g): np.zeros((k[f], k[g], k[f] * p, k[g] * p)) for f in blocks for g in blocks}
    U = [np.zeros((k[f] * p, k[f] * p)) for f in blocks]
    trace = [np.zeros((k[f], k[f])) for f in blocks]
    for u, pieces in _read(parts, lambdas):
        for f in blocks:
            flat_u = u[f].reshape(u[f].shape[0] * u[f].shape[1], k[f] * p)
            U[f] += flat_u.T @ flat_u
        for f, g, lo, part in pieces:
            some = slice(lo, lo + part.shape[3])
            flat = part.transpose(2, 4, 0, 1, 3).reshape(k[f] * k[g], -1)
            T[f, g] += flat @ flat.T
            for b in range(k[f]):
                for c in range(k[g]):
                    inner = part[:, :, b, :, c] @ u[g][:, some]
                    R[f, g][b, c] += np.tensordot(u[f], inner, axes=((0, 1), (0, 1)))
            if f == g:
                trace[f] += np.einsum("njajb->ab", part[:, some])
    return PairSums(
        # (ac, bd) -> a, b, c, d
        {
            (f, g): t.reshape(k[f], k[g], k[f], k[g]).transpose(0, 2, 1, 3)
            for (f, g), t in T.items()
        },
        # (b, c, a p, d p') -> p, a, b, c, d, p'
        {
            (f, g): r.reshape(k[f], k[g], k[f], p, k[g], p).transpose(3, 2, 0, 1, 4, 5)
            for (f, g), r in R.items()
        },
        [u.reshape(k[f], p, k[f], p).transpose(1, 0, 2, 3) for f, u in enumerate(U)],
        trace,
    )


def _read(parts, lambdas):
    """Yield u of some parts of one shape, and pieces of their S.

    Returns
    -------
    u : list of (parts, levels, k_f p) arrays, one per block
    pieces : iterable of f, g, lo, (parts, levels of f, k_f, levels of g from lo on, k_g) array
    """
    k, p = parts.k, parts.ZX.shape[1]
    for sizes, columns in parts.shapes:
        m = columns.shape[1]
        cut = np.concatenate([[0], np.cumsum([q * kf for q, kf in zip(sizes, k, strict=True)])])
        batch = 1 if m > LARGE else max(1, BATCH // (m * m))
        for at in range(0, columns.shape[0], batch):
            some = columns[at : at + batch]
            if m > LARGE:
                large = LargePart(parts, some[0], sizes, lambdas)
                u, pieces = large.u[None], _columns_of(large, sizes, k, cut)
            else:
                S, u = solved(parts, some, sizes, lambdas)
                pieces = _blocks_of(S, sizes, k, cut)
            # u of every block: parts, levels, (column of Z, column of X)
            yield (
                [
                    u[:, cut[f] : cut[f + 1]].reshape(len(some), sizes[f], k[f] * p)
                    for f in range(len(k))
                ],
                pieces,
            )


def _blocks_of(S, sizes, k, cut):
    """The pieces of (parts, m, m) arrays S."""
    present = [f for f, q in enumerate(sizes) if q]
    for f in present:
        for g in present:
            part = S[:, cut[f] : cut[f + 1], cut[g] : cut[g + 1]]
            yield f, g, 0, part.reshape(len(S), sizes[f], k[f], sizes[g], k[g])


def _columns_of(large, sizes, k, cut):
    """The pieces of the S of a `LargePart`, some levels at a time."""
    m = int(cut[-1])
    for g, q in enumerate(sizes):
        step = max(1, BATCH // (m * k[g]))
        for lo in range(0, q, step):
            levels = min(step, q - lo)
            S = large.columns(slice(cut[g] + lo * k[g], cut[g] + (lo + levels) * k[g]))
            for f in range(len(sizes)):
                part = S[cut[f] : cut[f + 1]].reshape(1, sizes[f], k[f], levels, k[g])
                if sizes[f]:
                    yield f, g, lo, part
