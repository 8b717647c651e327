"""Variance of the response itself: between groups, within them, and of the fixed effects.

Of a row with fixed part eta, all random effects being normal and independent of the rows,

    between groups of some factors  Var_u( E[Y | u] ),  u their effects, all others integrated out
    of the distribution             E_u( Var(Y | u) ),  with effects of single rows counted here

and the law of total variance adds them up. Means over the rows (Goldstein, Browne & Rasbash 2002,
doi:10.1207/S15328031US0104_02, who simulate; here integrals are computed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.averages import normal_points
from mixedeffects.inference.distribution_variance import (
    other_predictors,
    refuse_random_zeros,
    row_variances,
)

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# different rows that means are taken over, values of the mean computed, and held at a time
MOST_ROWS, MOST_VALUES, CHUNK = 5_000, 200_000_000, 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class ObservationVariances:
    """Parts of the variance of the response.

    Attributes
    ----------
    fixed : float
        Variance over the rows of the mean response, random effects integrated out.
    groups : (f,) array
        Per block of several rows a level, the covariance of two responses that share its
        level only.
    between : float
        Of all groups together; more than the sum of `groups` where the link is not linear.
    within : float
        Of the distribution, and of effects of single rows.
    """

    fixed: float
    groups: np.ndarray
    between: float
    within: float


def row_level(fit: Fit):
    """Positions of the blocks with one level per row: overdispersion, not groups."""
    return [f for f, b in enumerate(fit.design.blocks) if b.factor.n_levels == fit.design.n]


def observation_variances(fit: Fit):
    """Parts of the variance of the response, of one trial where it counts successes.

    Returns an `ObservationVariances`.

    Raises
    ------
    NotAvailableError
        Ordinal responses have no numbers; extra zeros may not have random effects.
    """
    if "observation variances" not in fit.cache:
        fit.cache["observation variances"] = _compute(fit)
    return fit.cache["observation variances"]


def _compute(fit: Fit):
    family = fit.family
    if family.ordinal:
        raise NotAvailableError(
            "an ordinal response has categories, not numbers, and so no variance of its own\n"
            'scale="latent" is that of the latent variable'
        )
    refuse_random_zeros(fit)
    single = row_level(fit)
    groups = [f for f in range(len(fit.design.blocks)) if f not in single]
    eta, counts, columns = _rows(fit, [*[[f] for f in groups], single])
    *own, inner = columns[: len(groups) + 1]
    others = columns[len(groups) + 1 :]
    prior = others.pop() if _divided(fit) else None
    everything = sum(own) + inner
    marginal, second, noise = _moments(family, eta, everything, others, prior)
    between_all = _between(family, eta, sum(own) + np.zeros(eta.size), inner, others)
    alone = [
        _between(family, eta, v, everything - v, others) if v.any() else np.zeros(eta.size)
        for v in own
    ]

    def mean(x):
        return float(np.average(x, weights=counts))

    n = counts.sum()
    centre = mean(marginal)
    total = second - marginal**2 + noise
    return ObservationVariances(
        fixed=mean((marginal - centre) ** 2) * n / max(n - 1.0, 1.0),
        groups=np.array([mean(v) for v in alone]),
        between=mean(between_all),
        within=mean(total - between_all),
    )


def _divided(fit: Fit):
    return fit.family.weights_scale_dispersion and fit.response.weights is not None


def _rows(fit: Fit, sets):
    """Different rows and how often they occur: eta, variances of sets of blocks, other columns."""
    n = fit.design.n
    columns = [fit.fixed_predictors[0], *(row_variances(fit, blocks) for blocks in sets)]
    columns += [np.broadcast_to(np.asarray(x, dtype=float), (n,)) for x in other_predictors(fit)]
    if _divided(fit):
        columns.append(1.0 / fit.response.weights)
    order = np.lexsort(np.array(columns[::-1]))
    table = np.stack([column[order] for column in columns])
    first = np.concatenate([[True], (table[:, 1:] != table[:, :-1]).any(axis=0)])
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, n)).astype(float)
    table = table[:, starts]
    spread = np.sqrt(np.sum(columns[1 : 1 + len(sets)], axis=0))
    points = normal_points(float(spread.max()))[0].size
    most = int(np.clip(MOST_VALUES / points**2, 100, MOST_ROWS))
    if starts.size > most:  # each stands for its neighbours in eta
        edges = np.linspace(0, starts.size, most + 1).astype(int)
        middle = (edges[:-1] + edges[1:]) // 2
        counts = np.add.reduceat(counts, edges[:-1])
        table = table[:, middle]
    return table[0], counts, list(table[1:])


def _chunks(n, width):
    rows = max(1, CHUNK // width)
    return (slice(lo, min(lo + rows, n)) for lo in range(0, n, rows))


def _moments(family, eta, v, others, prior):
    """Means over all random effects of the conditional mean, its square, and the variance."""
    sd = np.sqrt(v)
    grid, weights = normal_points(float(sd.max(initial=0.0)))
    first, second, noise = np.empty((3, eta.size))
    for part in _chunks(eta.size, grid.size):
        at = eta[part, None] + sd[part, None] * grid
        given = [np.repeat(x[part], grid.size) for x in others]
        size = {"size": np.ones(at.size)} if family.has_size else {}
        mean = np.asarray(family.mean(at.ravel(), *given)).reshape(at.shape)
        variance = np.asarray(family.variance(at.ravel(), *given, **size))
        variance = np.broadcast_to(variance, (at.size,)).reshape(at.shape)
        first[part], second[part], noise[part] = (
            mean @ weights,
            mean**2 @ weights,
            variance @ weights,
        )
    if not np.isfinite(noise).all():
        raise NotAvailableError(f"the {family} distribution has no finite variance here")
    return first, second, noise if prior is None else noise * prior


def _between(family, eta, v, rest, others):
    """(n,) Var_u(E[Y | u]), u of variance v, other effects of variance `rest` integrated out."""
    sd, inner = np.sqrt(v), np.sqrt(rest)
    grid, weights = normal_points(float(sd.max(initial=0.0)))
    fine, fine_weights = np.zeros(1), np.ones(1)
    if inner.any():
        fine, fine_weights = normal_points(float(inner.max()))
    out = np.empty(eta.size)
    for part in _chunks(eta.size, grid.size * fine.size):
        at = eta[part, None, None] + sd[part, None, None] * grid[:, None]
        at = at + inner[part, None, None] * fine
        given = [np.repeat(x[part], grid.size * fine.size) for x in others]
        mean = np.asarray(family.mean(at.ravel(), *given)).reshape(at.shape) @ fine_weights
        out[part] = np.maximum(mean**2 @ weights - (mean @ weights) ** 2, 0.0)
    return out
