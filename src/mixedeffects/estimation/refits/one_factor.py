"""Refits of a model with one grouping factor: moments over classes of levels, compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.estimation.boundary import batch
from mixedeffects.estimation.minimize import (
    BETTER,
    FEW_GROUPS,
    NO_RESIDUAL,
    RESTARTS,
    more_starts,
)
from mixedeffects.estimation.refits.many import ManyObjectives
from mixedeffects.estimation.refits.many_newton import newton
from mixedeffects.estimation.refits.nested import level_products
from mixedeffects.estimation.refits.results import CONVERGED, FAILED, SINGULAR
from mixedeffects.estimation.refits.sums import MomentSums, own_sums

# numbers in the moments of all classes; above, other ways are as fast and need less memory
MOST_MOMENTS = 2e7
# relative difference below which two levels' cross-products are the same
SAME = 1e-12
# relative standard deviations below this are raised to it: at exactly zero, a replicate whose
# variance is positive would first have to be driven off a saddle
LIFT = 0.05


def leaf_columns(stats):
    """Z_j'W[X y] (q, k, t) of the only block."""
    layout = stats.layout
    if layout.leaf is not None:
        return stats.leaf_fixed
    return stats.rest_fixed.reshape(layout.q[0], layout.k[0], stats.p + 1)


def leaf_arrays(stats):
    """Z_j'WZ_j (q, k, k) and Z_j'WX (q, k, p) of the only block."""
    return stats.level_blocks(0), np.ascontiguousarray(leaf_columns(stats)[:, :, : stats.p])


def classes(A):
    """Levels with identical A: class of each (q,) int32, and one A per class (C, k, k)."""
    scale = np.abs(A).max(initial=0.0)
    keys = np.round(A / (scale or 1.0) / SAME).reshape(A.shape[0], -1)
    _, first, cls = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return cls.reshape(-1).astype(np.int32), np.ascontiguousarray(A[first])


def warm_start(objective, theta):
    """The (n_theta,) start of a refit: theta~ with no negligible variance."""
    out = theta.copy()
    for term in objective.parameters.terms:
        Lam = term.structure.factor(theta[term.part])
        axes, s = term.structure.axes(Lam)
        if s.min(initial=LIFT) < LIFT:
            Lam = np.concatenate([V * max(sd, LIFT) for V, sd in zip(axes, s, strict=True)], axis=1)
        out[term.part] = term.structure.theta_of(Lam)
    return out


def settle(model, theta, which):
    """Minimise, put negligible variances at zero, leave saddles, until nothing changes.

    Takes which (r,) int array. Returns converged, singular (r,) bool arrays.

    Parameters
    ----------
    theta : (R, m) array
        Rows `which` are replaced.
    """
    converged = np.zeros(model.R, dtype=bool)
    singular = np.zeros(model.R, dtype=bool)
    converged[which] = newton(model, theta, which)
    active = which
    for _ in range(RESTARTS):
        active = active[np.isfinite(model.d[active]) & ~batch.clearly_regular(model, theta[active])]
        if active.size == 0:
            break
        moved = batch.snap(model, theta, active)
        model.value(theta[active], active)
        model.slopes(theta[active], active)
        left, null = batch.leave_saddle(model, theta, active)
        singular[active] = null
        stay = active[~left]
        if stay.size:
            model.value(theta[stay], stay)
            model.slopes(theta[stay], stay)
        active = active[left | (moved & converged[active])]
        if active.size:
            converged[active] = newton(model, theta, active)
            singular[active] = False
    return converged[which], singular[which]


class OneFactor:
    """Fits responses, and multiplicities of levels, of one design with one grouping factor.

    Parameters
    ----------
    objective : LMMObjective
        Of the original fit.
    evaluation : Evaluation
        Its optimum.
    """

    @staticmethod
    def serves(stats, terms):
        """Whether there is one factor, of few enough classes of levels, and Lambda holds theta."""
        if len(stats.layout.q) != 1 or not all(term.structure.free for term in terms):
            return False
        A, _ = leaf_arrays(stats)
        width = A.shape[1] * (stats.p + 1)
        return min(A.shape[0], len(classes(A)[1])) * float(width) ** 2 <= MOST_MOMENTS

    def __init__(self, objective, evaluation):
        stats, parameters = objective.stats, objective.parameters
        self.objective, self.stats, p = objective, stats, stats.p
        diag, self.F = leaf_arrays(stats)
        self.cls, self.A = classes(diag)
        self.XX = np.ascontiguousarray(stats.xx[None, :p, :p])
        self.T = stats.reference.T_blocks[0]
        self.always = diag.shape[0] <= FEW_GROUPS
        others = (
            more_starts(objective, evaluation)
            if self.always
            else [parameters.theta_from_lambdas([np.eye(k) for k in parameters.k])]
        )
        self.starts = np.array([warm_start(objective, evaluation.theta), *others])
        self._levels: Any = None
        self._shared: Any = None

    def prepare(self, n):
        """Nothing is worth preparing for n responses."""

    def batch(self):
        """Replicates to take at a time: enough to amortise calls, few enough for memory."""
        q, k, p = self.F.shape
        numbers = q * k + self.A.shape[0] * k * k * (p + 3) + 1
        return int(max(1, min(512, 2e6 / numbers)))

    def batch_weighted(self):
        """The same where the moments of X differ among replicates."""
        q, k, p = self.F.shape
        numbers = q + self.A.shape[0] * k * k * (p + 2) ** 2 + (p + 1) ** 2
        return int(max(1, min(512, 2e6 / numbers)))

    def fit(self, sums, out, rows):
        """Fit responses.

        Parameters
        ----------
        out : RefitResults
            Filled in at `rows`.
        """
        R, objective = sums.yy.size, self.objective
        ready = isinstance(sums, MomentSums)
        self._run(
            self.XX, None if ready else sums.zy[0], sums.xy, sums.yy,
            np.empty((R, 0)), np.full(R, float(objective.nu)), np.full(R, objective.constant),
            sums.base, out, rows, sums.moments if ready else None,
        )  # fmt: skip

    def fit_weighted(self, weight, out, rows):
        """Fit the design's own response with other multiplicities of the levels.

        After `prepare_levels`. Takes weight (R, q) array.

        Parameters
        ----------
        out, rows
            As in `fit`.
        """
        objective, stats = self.objective, self.stats
        p = stats.p
        own = own_sums(stats)
        products, n_rows, logs = self._levels
        total = (weight @ products.reshape(products.shape[0], -1)).reshape(-1, p + 1, p + 1)
        n = weight @ n_rows
        nu = n - p if objective.reml else n
        constant = objective.constant + stats.log_weights - weight @ logs
        self._run(
            np.ascontiguousarray(total[:, :p, :p]), own.zy[0],
            np.ascontiguousarray(total[:, :p, p]), np.ascontiguousarray(total[:, p, p]),
            weight, nu, constant, own.base, out, rows,
        )  # fmt: skip

    def prepare_levels(self, design):
        """[X~ y~]'W[X~ y~] (q, t, t), rows and sum of log weights, of every level."""
        if self._levels is None:
            factor = design.blocks[0].factor
            self._levels = level_products(design, self.stats, factor.codes, factor.n_levels)

    def _run(self, XX, f, Xy, yy, weight, nu, constant, base, out, rows, moments=None):
        parameters = self.objective.parameters
        R, m = nu.size, parameters.n_theta
        model = ManyObjectives(
            self.A, self.cls, self.F, parameters.terms, self.objective.reml, XX,
            None if f is None else np.ascontiguousarray(f),
            np.ascontiguousarray(Xy), np.ascontiguousarray(yy),
            np.ascontiguousarray(weight, dtype=float), np.ascontiguousarray(nu, dtype=float),
            np.ascontiguousarray(constant, dtype=float),
            self._shared if weight.shape[1] == 0 else None, moments,
        )  # fmt: skip
        if weight.shape[1] == 0:
            self._shared = model.shared
        best = np.full((R, m), np.nan)
        numbers, status = np.full((R, 2), np.nan), np.full(R, FAILED, dtype=np.int8)
        beta, information = np.full(model.beta.shape, np.nan), np.full(model.Q.shape, np.nan)
        numbers[:, 0] = np.inf
        which = np.arange(R)
        for i, start in enumerate(self.starts):
            if i == 1 and not self.always:
                which = np.flatnonzero(status != CONVERGED)
            if which.size == 0:
                break
            theta = np.tile(start, (R, 1))
            converged, singular = settle(model, theta, which)
            better = model.d[which] < numbers[which, 0] - (BETTER if i else 0.0)
            at = which[better]
            best[at], beta[at], information[at] = theta[at], model.beta[at], model.Q[at]
            numbers[at, 0], numbers[at, 1] = model.d[at], model.s2[at]
            status[at] = np.where(singular[better], SINGULAR, CONVERGED)
            total = model.square if model.square.size > 1 else np.broadcast_to(model.square, R)
            exact = model.s2[at] < NO_RESIDUAL * total[at] / model.nu[at]
            status[at[exact | ~converged[better]]] = FAILED
        user = best.copy()
        for term in parameters.terms:
            columns = list(term.columns)
            outer = (
                self.T[np.ix_(columns, columns)] @ model.lambdas(best)[:, columns][:, :, columns]
            )
            known = np.isfinite(numbers[:, 0])
            user[known, term.part] = term.structure.thetas_of(outer[known])
        store(self.stats, out, rows, user, beta, information, numbers, status, base)


def store(stats, out, rows, theta, beta, information, numbers, status, base):
    """Bring a batch of fits to the user's coordinates and file them.

    Takes status (R,) array; base (R, p) or (p,) array.

    Parameters
    ----------
    theta : (R, n_theta) array
        Already in the user's coordinates.
    beta : (R, p), information : (R, p, p)
        Coefficients of X~, and (X~'V^-1X~)^-1.
    numbers : (R, 2) array
        Objective and s2.
    """
    p = stats.p
    T = stats.reference.T[:p, :p]
    out.theta[rows] = theta
    out.coefficients[rows] = beta @ T.T + base
    out.objective[rows] = numbers[:, 0]
    out.sigma[rows] = np.sqrt(numbers[:, 1])
    vcov = numbers[:, 1, None, None] * (T @ information @ T.T)
    out.std_error[rows] = np.sqrt(np.einsum("rii->ri", vcov))
    if out.vcov is not None:
        out.vcov[rows] = vcov
    out.status[rows] = status
