"""-2 log-likelihood by adaptive Gauss–Hermite quadrature, with its exact gradient.

For one grouping factor the likelihood is a product over levels of k-dimensional integrals. With
u^_j the mode of level j, M_j = L L' its curvature and x_t, w_t the nodes and weights of a product
rule for N(0, I), the logarithm of level j's integral is

    -log|M_j| / 2 + log sum_t w_t exp(x_t'x_t / 2 - F_j(u^_j + L^-T x_t))

(Pinheiro & Bates 1995, doi:10.1080/10618600.1995.10474663). One node is Laplace's approximation.
The gradient goes through the mode and through L (Stringer 2023, arXiv:2310.01589): the adjoint of L
is brought back to M by reverse differentiation of the Cholesky factor, and from there both go
the way of Laplace's gradient.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.estimation.laplace.hermite import hermite_rule
from mixedeffects.estimation.laplace.objective import (
    LaplaceEvaluation,
    LaplaceObjective,
    log_determinant_slopes,
    pull_back,
)

# nodes of the product rule above which memory and time make no sense
MOST_NODES = 20_000


def product_rule(points, k):
    """Nodes (T, k) and log weights (T,) for the k-dimensional standard normal distribution.

    Examples
    --------
    >>> import numpy as np
    >>> x, logw = product_rule(2, 1)
    >>> x.ravel(), np.exp(logw)
    (array([-1.,  1.]), array([0.5, 0.5]))
    """
    x, log_w = hermite_rule(points)
    nodes = np.array(list(product(x, repeat=k)))
    weights = np.array([sum(c) for c in product(log_w, repeat=k)])
    return nodes, weights


class QuadratureObjective(LaplaceObjective):
    """d by quadrature, as a function of all parameters.

    Parameters
    ----------
    problem : Problem
        With one block of random effects.
    points : int
        Nodes per dimension.

    Raises
    ------
    ModelError
        For several blocks or too many nodes.
    """

    def __init__(self, problem, points):
        super().__init__(problem)
        rows = problem.system.rows
        if len(rows.q) != 1 or len(problem.stacking.variables) != 1:
            raise ModelError(
                f"nagq={points}: quadrature is for models with one grouping factor, and this one "
                f"has {len(rows.q)} sets of random effects\nuse nagq=1, Laplace's approximation"
            )
        k = rows.k[0]
        if points**k > MOST_NODES:
            most = int(MOST_NODES ** (1.0 / k))
            raise ModelError(
                f"nagq={points} with {k} random effects per level needs {points**k:,} nodes; "
                f"use at most {most}"
            )
        self.nodes, self.log_weights = product_rule(points, k)
        self.codes = rows.codes[0]

    @property
    def row_densities(self):
        """Evaluations of a row's density that one evaluation takes."""
        return self.problem.response.y.shape[0] * len(self.nodes)

    def _at(self, x, near):
        return QuadratureEvaluation(self, x, near)


class QuadratureEvaluation(LaplaceEvaluation):
    """One point: Laplace's mode and curvature, then the nodes around it."""

    __slots__ = ("_half", "_log_sums", "_shares")

    def __init__(self, objective, x, near):
        super().__init__(objective, x, near)
        if not np.isfinite(self.value):
            return
        problem = objective.problem
        rows = problem.system.rows
        q, k = rows.q[0], rows.k[0]
        u = self.mode.u.reshape(q, k)
        L = np.linalg.cholesky(level_curvatures(problem, self.mode))
        # rows of B_j x_t = L_j^-T x_t for all nodes: (q, T, k)
        self._half = np.linalg.inv(L).transpose(0, 2, 1)
        nodes, log_weights = objective.nodes, objective.log_weights
        F = np.empty((q, nodes.shape[0]))
        for t, node in enumerate(nodes):
            v = u + node @ self._half.transpose(0, 2, 1)
            density = problem.terms(self.fixed, v.ravel(), 0)[()]
            F[:, t] = 0.5 * (v * v).sum(axis=1) - np.bincount(objective.codes, density, q)
        exponent = log_weights + 0.5 * (nodes * nodes).sum(axis=1) - F
        top = exponent.max(axis=1, keepdims=True)
        scaled = np.exp(exponent - top)
        total = scaled.sum(axis=1, keepdims=True)
        self._log_sums, self._shares = (top + np.log(total))[:, 0], scaled / total
        self.value = self.mode.factor.logdet - 2.0 * float(self._log_sums.sum())

    @property
    def gradient(self):
        if self._gradient is None:
            self.objective.gradients += 1
            self._gradient = quadrature_gradient(self)
        return self._gradient


def level_curvatures(problem, mode):
    """M_j of every level, (q, k, k)."""
    system, rows = problem.system, problem.system.rows
    q, k = rows.q[0], rows.k[0]
    M = np.empty((q, k, k))
    for a in range(k):
        for b in range(a + 1):
            entry = mode.weights * system.Z[:, a] * system.Z[:, b]
            M[:, a, b] = M[:, b, a] = np.bincount(rows.codes[0], entry, minlength=q)
    M += np.eye(k)
    return M


def quadrature_gradient(evaluation):
    """dd/dx by reverse differentiation through nodes, mode and curvature."""
    objective = evaluation.objective
    problem, mode = objective.problem, evaluation.mode
    system, rows, stacking = problem.system, problem.system.rows, problem.stacking
    system.scale(evaluation.lambdas)
    (variable,) = stacking.variables
    codes, nodes, B = objective.codes, objective.nodes, evaluation._half
    q, k = rows.q[0], rows.k[0]
    u = mode.u.reshape(q, k)
    others = [p.variable for p in problem.predictors if p.variable != variable]
    direct = {p.variable: 0.0 for p in problem.predictors}
    order = 3 if others else 1  # the other predictors' slopes come with the third derivatives
    u_bar, B_bar = np.zeros((q, k)), np.zeros((q, k, k))
    slope = np.zeros((k, k))
    for t, x in enumerate(nodes):
        v = u + x @ B.transpose(0, 2, 1)
        terms = problem.terms(evaluation.fixed, v.ravel(), order)
        share = evaluation._shares[:, t]
        weight = share[codes]
        first = -weight * terms[variable,]
        direct[variable] = direct[variable] + first
        for e in others:
            if (e,) in terms:
                direct[e] = direct[e] - weight * terms[e,]
        score = share[:, None] * v + system.gather(first).reshape(q, k)
        u_bar += score
        B_bar += score[:, :, None] * x
        slope += system.gather(first, raw=True).reshape(q, k).T @ v
    # in units of -log-likelihood; M's adjoint from log|M| / 2 and from B = L^-T
    L = np.linalg.inv(B).transpose(0, 2, 1)
    L_bar = np.tril(-(B @ B_bar.transpose(0, 2, 1) @ B))
    inner = np.tril(L.transpose(0, 2, 1) @ L_bar)
    inner[:, np.arange(k), np.arange(k)] *= 0.5
    M_bar = B @ inner @ B.transpose(0, 2, 1)
    M_bar = 0.5 * (M_bar + M_bar.transpose(0, 2, 1)) + 0.5 * (B @ B.transpose(0, 2, 1))
    V = np.einsum("iab,ib->ia", M_bar[codes], system.Z)
    h = stacking.products(np.einsum("ia,ia->i", system.Z, V))
    terms = mode.terms
    c = log_determinant_slopes(terms, h, stacking.variables, stacking.variables)
    a = mode.factor.solve(u_bar.ravel() + system.gather(stacking.scores(c)))
    out = pull_back(problem, evaluation, terms, h, c, a, mode.weights, V, 0.0)
    for predictor in problem.predictors:
        value = direct[predictor.variable]
        if not isinstance(value, float):
            out[predictor.part] += predictor.X.T @ value
    out[problem.n_fixed :] += problem.covariance_parameters.gradient(evaluation.theta, [slope])
    evaluation.slopes = [2.0 * (evaluation.slopes[0] + slope)]
    return 2.0 * out
