"""The objective in absolute factors and the residual standard deviation, not profiled.

With L = sigma Lambda a term's absolute factor (Cov(b) = L L') and s = log sigma,

    d(L, s) = log|M| (+ log|X'V^-1X|) + nu log(2 pi sigma^2) + pwrss / sigma^2,

all at Lambda = L / sigma. A standard deviation or a correlation of random effects is then
an entry, or the direction of a row, of L: holding it at a value is a linear constraint.

Everything follows from what a factorisation offers. With V = sigma^2 W^-1 + Z G Z' and P
its projection, r = Py, h = Z'r and D = dd/dG,

    dd/dsigma^2 = (nu - y'Py - <G, D>) / sigma^2,

because tr(PV) = nu and y'PVPy = y'Py, and in the same way W^-1 = (V - Z G Z') / sigma^2
turns the average information of sigma^2 into that of L (G is homogeneous in L, so by
Euler's theorem the direction Z G h is half the sum of the L_k dG/dL_k).
"""

from __future__ import annotations

from math import exp, inf, isfinite, log, pi
from typing import Any

import numpy as np

from mixedeffects.estimation.boundary import WORTHWHILE
from mixedeffects.estimation.parameter_expansion import root
from mixedeffects.estimation.profile.constraint import TermFactor
from mixedeffects.estimation.profile.natural import NaturalFactor

# standard deviation, of sigma, below which a direction counts as having no variance
NO_SPREAD = 1e-3


class UnprofiledTerm(TermFactor):
    """One term's place in the vector of parameters, and what derivatives need of it.

    Attributes
    ----------
    part : slice
        Its entries of L in the vector.
    left : (n, k_block, 1) array
        The column of B that belongs to each entry's row.
    pairs, same : index arrays, (n, n) array
        Where in a (k, k) matrix the rows of two entries meet; 2 where their columns agree, else 0.
    """

    def __init__(self, parameters, owner, order, start):
        super().__init__(parameters, owner, order)
        rows, cols = self.rows, self.cols
        self.part = slice(start, start + rows.size)
        self.left = self.B.T[rows][:, :, None]
        self.pairs = rows[:, None], rows
        self.same = np.where(cols[:, None] == cols, 2.0, 0.0)

    def slopes(self, M, L, entries):
        """(n,) derivatives of <M, L L'> by the entries, for a symmetric (k, k) matrix M."""
        return 2.0 * (M @ L)[self.rows, self.cols]

    def bend(self, M, entries):
        """(n, n) second derivatives of the same."""
        return M[self.pairs] * self.same

    def changes(self, BL, entries):
        """(n, k_block, k_block) derivatives of the block's covariance B L L' B'."""
        half = self.left * BL.T[self.cols][:, None, :]
        return half + half.transpose(0, 2, 1)

    def by_size(self, entries):
        """(n,) derivatives of the entries by the logarithm of a common scale of L."""
        return entries

    def null_directions(self, L, D, free, none):
        """Directions (k, m) without variance that could have some, in the columns `free` of L.

        Standard deviations below `none` count as zero.
        """
        diagonal = np.abs(L.diagonal()[free] * self.scale[free])
        if diagonal.min() > none:
            return []
        place, scale = np.ix_(free, free), self.scale[free]
        if not self.structure.pairs:
            vectors = np.eye(len(free))[:, diagonal <= none]
        else:
            U, sv, _ = np.linalg.svd(scale[:, None] * L[place])
            N = U[:, sv <= none]
            vectors = N @ np.linalg.eigh(N.T @ (D[place] / np.outer(scale, scale)) @ N)[1]
        out = np.zeros((vectors.shape[1], self.k, 1))
        out[:, free, 0] = (vectors / scale[:, None]).T
        return list(out)

    def widened(self, L, V, free, variance):
        """The entries of L with a variance added along a null direction V."""
        place, new, v = np.ix_(free, free), L.copy(), V[free, 0]
        if not self.structure.pairs:
            new[place] = np.diag(np.sqrt(L.diagonal()[free] ** 2 + variance * v * v))
        else:
            wide = np.column_stack([L[place], variance**0.5 * v])
            new[place] = np.asarray(np.linalg.qr(wide.T, mode="r")).T
        return self.coordinates(new)


class NaturalTerm(NaturalFactor):
    """The same of a term in natural coordinates."""

    def __init__(self, parameters, owner, order, start):
        super().__init__(parameters, owner)
        self.part = slice(start, start + self.structure.n_theta)

    def slopes(self, M, L, entries):
        """(n,) derivatives of <M, G>, for a symmetric (k, k) matrix M."""
        return np.einsum("iab,ab->i", self.differences(entries), M)

    def bend(self, M, entries):
        """(n, n) second derivatives of the same."""
        return np.einsum("ijab,ab->ij", self.second_differences(entries), M)

    def changes(self, BL, entries):
        """(n, k_block, k_block) derivatives of the block's covariance B G B'."""
        return self.B @ self.differences(entries) @ self.B.T

    def by_size(self, entries):
        """(n,) derivatives of the coordinates by the logarithm of a common scale."""
        return np.where(self.is_sd, entries, 0.0)

    def null_directions(self, L, D, free, none):
        """Directions (k, m) to which the structure could give a variance, whatever is held."""
        axes, sizes = self.structure.axes(L)
        return [V for V, sd in zip(axes, sizes * self.scale.max(), strict=True) if sd <= none]

    def widened(self, L, V, free, variance):
        """The coordinates with a variance added along V."""
        return self.coordinates(root(L @ L.T + variance * V @ V.T))


class UnprofiledParameters:
    """The coordinates of all terms' L, and log sigma last, as one vector.

    `orders` has the order of columns of those terms that do not keep their own.
    """

    def __init__(self, parameters, orders):
        terms, at = [], 0
        for i in range(len(parameters.terms)):
            form = UnprofiledTerm if parameters.terms[i].structure.free else NaturalTerm
            terms.append(form(parameters, i, orders.get(i), at))
            at = terms[-1].part.stop
        self.terms = tuple(terms)
        self.k = parameters.k
        self.n_entries = at
        self.size = at + 1

    def vector(self, factors, sigma):
        """The vector of any factors of the terms, rows in the terms' own order."""
        y = np.empty(self.size)
        for t, L in zip(self.terms, factors, strict=True):
            y[t.part] = t.coordinates(t.of_own(L))
        y[-1] = log(sigma)
        return y


class UnprofiledObjective:
    """d(L, log sigma) of one model, by maximum likelihood or REML; counts its evaluations."""

    def __init__(self, stats, solver, reml):
        self.stats, self.solver, self.reml = stats, solver, reml
        p = stats.p
        self.nu = stats.n - p if reml else stats.n
        self.constant = -stats.log_weights + self.nu * log(2.0 * pi)
        if reml:
            self.constant -= 2.0 * float(np.log(np.abs(stats.reference.T.diagonal()[:p])).sum())
        self.evaluations = 0

    def evaluate(self, parameters, y):
        """d at a vector y of `parameters`."""
        self.evaluations += 1
        return UnprofiledEvaluation(self, parameters, y)


class UnprofiledEvaluation:
    """One point: its value, and by `derivatives` the gradient and the curvature.

    Attributes
    ----------
    value : float
        inf where the factorisation fails.
    D, W : lists of (k, k) arrays
        Per term, in its order of columns: dd/dG and its part that is a trace; set by
        `derivatives`.
    """

    __slots__ = (
        "D", "W", "_BL", "_factors", "factorisation", "lambdas", "objective", "parameters", "value",
        "y",
    )  # fmt: skip

    def __init__(self, objective, parameters, y):
        self.objective, self.parameters, self.y = objective, parameters, y
        sigma = exp(min(y[-1], 300.0))
        lambdas: list[Any] = [None] * len(parameters.k)
        self._factors, self._BL = [], []
        for t in parameters.terms:
            L = t.factor(y[t.part])
            BL = t.B @ L
            self._factors.append(L)
            self._BL.append(BL)
            if t.k == BL.shape[0]:
                lambdas[t.block] = BL / sigma
                continue
            if lambdas[t.block] is None:
                lambdas[t.block] = np.zeros((BL.shape[0],) * 2)
            lambdas[t.block][:, t.columns] = BL / sigma
        self.lambdas = lambdas
        fact = self.factorisation = objective.solver.factorise(lambdas)
        self.value = inf
        if not (isfinite(fact.logdet) and fact.pwrss >= 0):
            return
        value = fact.logdet + objective.nu * 2.0 * y[-1] + fact.pwrss / (sigma * sigma)
        value += objective.constant
        self.value = value + fact.logdet_x if objective.reml else value

    def derivatives(self):
        """Gradient (K,) and average-information curvature (K, K) by the vector."""
        objective, parameters, y, fact = self.objective, self.parameters, self.y, self.factorisation
        s2 = exp(2.0 * y[-1])
        n = parameters.n_entries
        W, h = fact.traces(objective.reml), fact.scores()
        g, H, q = np.empty(n + 1), np.zeros((n + 1, n + 1)), np.empty(n)
        dG, e = [[] for _ in parameters.k], np.empty(n)
        self.D, self.W = [], []
        for t, L, BL in zip(parameters.terms, self._factors, self._BL, strict=True):
            hB = h[t.block] @ (t.B / s2)
            hh = hB.T @ hB
            W_t = t.B.T @ W[t.block] @ t.B / s2
            D = W_t - hh
            self.D.append(D)
            self.W.append(W_t)
            entries = y[t.part]
            g[t.part] = t.slopes(D, L, entries)
            q[t.part] = t.slopes(hh, L, entries)
            H[t.part, t.part] = t.bend(D, entries)
            dG[t.block].append(t.changes(BL, entries))
            e[t.part] = t.by_size(entries)
        dG = [d[0] if len(d) == 1 else np.concatenate(d) for d in dG]
        S = fact.quadratics(dG) / s2**3
        Se = S @ e
        G_D = 0.5 * float(e @ g[:n])
        hGh = 0.5 * float(e @ q)
        ypy = fact.pwrss / s2
        nu = objective.nu
        # by log sigma: twice the derivative by sigma^2, times sigma^2
        g[n] = 2.0 * (nu - ypy - G_D)
        H[:n, :n] += S
        H[:n, n] = H[n, :n] = 2.0 * q - Se
        H[n, n] = 4.0 * (ypy - 2.0 * hGh + 0.25 * float(e @ Se)) + 2.0 * g[n]
        return g, H

    def escape(self, columns_free):
        """A point with more variance along a direction that has none and should have some.

        d is even in every free column of L, so a zero column has zero gradient whether or not
        zero is best (see `mixedeffects.estimation.certificate`). After `derivatives`.
        `columns_free` has the columns of L, per term, that the constraint leaves alone.

        Returns
        -------
        list of (K,) arrays
            Trial points, the boldest first; empty where the boundary is optimal.
        """
        best, none = None, NO_SPREAD * exp(self.y[-1])
        for t, L, D, W, free in zip(
            self.parameters.terms, self._factors, self.D, self.W, columns_free, strict=True
        ):
            if not len(free):
                continue
            q = self.factorisation.scores()[t.block].shape[0]
            for V in t.null_directions(L, D, free, none):
                d, w = float(np.sum(V * (D @ V))), max(float(np.sum(V * (W @ V))), 1e-300)
                levels = q * V.shape[1]
                gain = 0.5 * levels * (d / w) ** 2
                if d < 0 and gain > WORTHWHILE and (best is None or gain > best[0]):
                    best = gain, t, L, free, V, -d * levels / w**2
        if best is None:
            return []
        _, t, L, free, V, variance = best
        out = []
        for _ in range(12):
            y = self.y.copy()
            y[t.part] = t.widened(L, V, free, variance)
            out.append(y)
            variance *= 0.25
        return out
