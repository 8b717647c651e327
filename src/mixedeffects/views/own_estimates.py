"""What each group says by itself: estimates of its random effects without any pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# Newton steps, and the largest last step of one that has arrived
STEPS, ARRIVED = 40, 1e-6
# largest change of a linear predictor in one of them, unless the link is the identity
LONGEST = 2.0
# directions of a group's information that count as empty, relative to the largest
EMPTY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class OwnEstimates:
    """Unpooled estimates of some levels' random effects.

    Attributes
    ----------
    estimates : (m, k) array
        nan where a level has none.
    few : (m,) bool array
        Levels whose rows do not determine all k effects.
    infinite : (m,) bool array
        Levels whose likelihood has no largest value (all responses zero, for instance).
    """

    estimates: np.ndarray
    few: np.ndarray
    infinite: np.ndarray


def own_estimates(fit: Fit, f, levels):
    """Estimates from each level's own rows, given the fixed and all other random effects.

    With r the response less X beta, offset and the other factors' Z b, and W the prior weights,
    a linear model's level j has the least-squares estimate

        raw_j = (Z_j'W Z_j)^-1 Z_j'W r_j,

    and its BLUP, what shrinkage makes of that, is

        b_j = (Z_j'W Z_j + sigma^2 G^-1)^-1 Z_j'W Z_j raw_j.

    In general raw_j is the largest point of the level's likelihood, found by Newton's method from
    the mode of its random effects; that of a linear model is there after one step. Returns an
    `OwnEstimates`.

    Parameters
    ----------
    f : int
        Number of the block.
    levels : (m,) int array
        The levels wanted.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), eq. 12-14 without the penalty,
    doi:10.18637/jss.v067.i01; Efron & Morris (1977), doi:10.1038/scientificamerican0577-119.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> own_estimates(fit, 0, np.array([0])).estimates.round(2), fit.b[0][:1].round(2)
    (array([[-7.21, 11.3 ]]), array([[2.26, 9.2 ]]))
    """
    block = fit.design.blocks[f]
    place = np.full(block.factor.n_levels, -1, dtype=np.intp)
    place[levels] = np.arange(levels.size)
    rows = np.flatnonzero(place[block.factor.codes] >= 0)
    codes = place[block.factor.codes[rows]]
    Z = np.ones((rows.size, 1)) if block.Z is None else np.asarray(block.Z[rows])
    start = fit.b[f][levels]
    own = np.einsum("nk,nk->n", Z, start[codes])
    return _newton(fit, rows, codes, Z, start, own)


def crossed(Z, codes, weights, values, m):
    """Per level, Z'diag(weights)Z and Z'values.

    Takes Z (n, k) array; weights, values (n,) arrays. Returns left (m, k, k) array, right (m, k)
    array.

    Parameters
    ----------
    codes : (n,) int array
        0 .. m - 1.
    """
    k = Z.shape[1]
    left, right = np.empty((m, k, k)), np.empty((m, k))
    for i in range(k):
        right[:, i] = np.bincount(codes, Z[:, i] * values, m)
        for j in range(i + 1):
            left[:, i, j] = left[:, j, i] = np.bincount(codes, weights * Z[:, i] * Z[:, j], m)
    return left, right


def undetermined(left):
    """(m,) which of some (m, k, k) informations are not positive definite."""
    size = np.sqrt(np.maximum(np.einsum("mkk->mk", left), 0.0))
    size[size == 0.0] = 1.0
    scaled = left / (size[:, :, None] * size[:, None, :])
    finite = np.isfinite(scaled).all(axis=(1, 2))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], scaled, 0.0))
    return ~finite | (values[:, 0] <= EMPTY)


def _solved(left, right, empty):
    out = np.full(right.shape, np.nan)
    good = ~empty
    out[good] = np.linalg.solve(left[good], right[good][:, :, None])[:, :, 0]
    return out


def _newton(fit: Fit, rows, codes, Z, start, own):
    """Largest points of the levels' likelihoods; rows of levels that have arrived are dropped."""
    m = start.shape[0]
    response = fit.response.take(rows)
    predictors = [np.asarray(p)[rows] for p in fit.predictors]
    rest = predictors[0] - own
    b, arrived, left_out = start.copy(), np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    few = undetermined(crossed(Z, codes, np.ones(codes.size), own, m)[0])
    for _ in range(STEPS):
        eta = rest + np.einsum("nk,nk->n", Z, b[codes])
        with np.errstate(all="ignore"):
            found = fit.family.derivatives(response, (eta, *predictors[1:]), 2)
            left, right = crossed(Z, codes, -found[0, 0], found[0,], m)
        empty = undetermined(left)
        left_out |= empty & ~arrived
        step = np.nan_to_num(_solved(left, right, empty))
        if fit.family.link.name != "identity":
            longest = np.full(m, LONGEST)
            np.maximum.at(longest, codes, np.abs(np.einsum("nk,nk->n", Z, step[codes])))
            step *= (LONGEST / longest)[:, None]
        b = b + np.where(arrived[:, None], 0.0, step)
        size = np.abs(step).max(axis=1) / (1.0 + np.abs(b).max(axis=1))
        arrived |= (size < ARRIVED) & ~left_out
        keep = ~(arrived | left_out)[codes]
        if not keep.any():
            break
        if not keep.all():
            codes, Z, rest = codes[keep], Z[keep], rest[keep]
            response = response.take(keep)
            predictors = [p[keep] for p in predictors]
    out = np.where(arrived[:, None] & ~few[:, None], b, np.nan)
    return OwnEstimates(out, few, ~arrived & ~few)
