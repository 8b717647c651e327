"""Designs built from arrays, without formulas, and the three ways the engine can treat them."""

from types import SimpleNamespace

import numpy as np

from mixedeffects.crossprod import CrossProducts, Layout
from mixedeffects.engine import Solver
from mixedeffects.engine.plan import plan_products
from mixedeffects.estimation import CovarianceParameters, LMMObjective
from tests.oracles import dense


def design_of(y, X, blocks, weights=None):
    """A design from (codes, Z or None) pairs; all columns of a block covary."""
    records = []
    for i, (codes, Z) in enumerate(blocks):
        k = 1 if Z is None else Z.shape[1]
        factor = SimpleNamespace(
            codes=codes.astype(np.int32), n_levels=int(codes.max()) + 1, name=f"f{i + 1}"
        )
        term = SimpleNamespace(columns=tuple(range(k)), covariance="us")
        records.append(SimpleNamespace(factor=factor, Z=Z, k=k, terms=(term,)))
    return SimpleNamespace(y=y, X=X, blocks=tuple(records), weights=weights, offset=None, n=y.size)


def dense_levels(codes):
    """The same grouping with codes 0 .. q - 1, all used."""
    return np.unique(codes, return_inverse=True)[1]


def designs(seed=1, n=220):
    """Named designs: nested, crossed, partially crossed, vector-valued, weighted."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    X = np.column_stack([np.ones(n), x])
    g = dense_levels(np.sort(rng.integers(0, 24, n)))
    outer = g // 4
    crossed = rng.integers(0, 7, n)
    # teachers share pupils only inside their school
    local = dense_levels(outer * 3 + rng.integers(0, 3, n))
    slope = np.column_stack([np.ones(n), z])
    three = np.column_stack([np.ones(n), x, z])
    y = X @ [1.0, 2.0] + rng.normal(size=24)[g] + 0.7 * rng.normal(size=7)[crossed]
    y = y + rng.normal(size=24)[g] * z + rng.normal(size=n)
    w = rng.uniform(0.5, 2.0, n)
    return {
        "one factor": design_of(y, X, [(g, None)]),
        "one factor, three columns": design_of(y, X, [(g, three)], w),
        "nested": design_of(y, X, [(g, None), (outer, None)]),
        "nested in three": design_of(y, X, [(g, slope), (outer, slope), (outer // 3, None)]),
        "crossed": design_of(y, X, [(g, None), (crossed, None)], w),
        "crossed, vectors": design_of(y, X, [(g, three), (crossed, slope)]),
        "partially crossed": design_of(y, X, [(g, None), (local, slope), (outer, None)], w),
        "partially crossed, vectors": design_of(
            y, X, [(g, slope), (local, three), (crossed, None)]
        ),
        "no fixed effects": design_of(y, X[:, :0], [(g, slope), (crossed, None)]),
    }


def layout_of(design, small=False):
    q = tuple(b.factor.n_levels for b in design.blocks)
    k = tuple(b.k for b in design.blocks)
    if small:
        return Layout(q, k, None, tuple(range(len(q))), small=True)
    return Layout(q, k, 0, tuple(range(1, len(q))))


def objective_of(design, engine="dense", reml=True):
    """The objective with the first block as leaf and a dense or sparse remainder."""
    stats = CrossProducts.of(design, layout_of(design))
    solver = Solver(stats, plan_products(stats, engine))
    parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
    return LMMObjective(stats, solver, parameters, reml)


class Oracle:
    """Dense textbook quantities of a design at the engine's theta~.

    Attributes
    ----------
    value : float
    D : list of (k, k) arrays
        Derivative by G of every block, in the engine's columns.
    scale : list of float
        Size of the traces that D is a difference of.
    conditional : list of (q, k, k) arrays
        Blocks of Lambda M^-1 Lambda' in the engine's columns.
    """

    def __init__(self, design, objective, theta, reml):
        T_blocks = objective.stats.reference.T_blocks
        lambdas = objective.parameters.lambdas(theta)
        y, X, n = design.y, design.X, design.n
        w = np.ones(n) if design.weights is None else design.weights
        blocks = []
        for b, T in zip(design.blocks, T_blocks, strict=True):
            Z = np.ones((n, 1)) if b.Z is None else b.Z
            blocks.append((b.factor.codes, Z @ T))
        V = dense.marginal_covariance(blocks, lambdas, w)
        self.value = dense.minus_two_loglik(y, X, V, reml)
        Vinv = np.linalg.inv(V)
        P = Vinv - Vinv @ X @ np.linalg.solve(X.T @ Vinv @ X, X.T @ Vinv)
        s2 = y @ P @ y / (n - X.shape[1] if reml else n)
        A = P if reml else Vinv
        full = [dense.random_effects_matrix(codes, Z) for codes, Z in blocks]
        self.D, self.scale = [], []
        for F, Lam in zip(full, lambdas, strict=True):
            k = Lam.shape[0]
            q = F.shape[1] // k
            W = np.einsum("jajb->ab", (F.T @ A @ F).reshape(q, k, q, k))
            h = (F.T @ P @ y).reshape(q, k)
            self.D.append(W - h.T @ h / s2)
            self.scale.append(np.abs(W).max())
        scaled = [
            F @ np.kron(np.eye(F.shape[1] // Lam.shape[0]), Lam)
            for F, Lam in zip(full, lambdas, strict=True)
        ]
        ZL = np.hstack(scaled)
        M_inverse = np.linalg.inv(ZL.T @ (w[:, None] * ZL) + np.eye(ZL.shape[1]))
        self.conditional, at = [], 0
        for F, Lam in zip(full, lambdas, strict=True):
            k = Lam.shape[0]
            q = F.shape[1] // k
            part = M_inverse[at : at + q * k, at : at + q * k].reshape(q, k, q, k)
            self.conditional.append(Lam @ np.einsum("jajb->jab", part) @ Lam.T)
            at += q * k
