"""`check_remainder` holds what the package has, a third kind written here, and finds wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.engine.remainder import REMAINDERS, Offer, Remainder, RemainderFactor
from mixedeffects.testing import check_remainder
from tests import tolerances as tol


class EigenRemainder(Remainder):
    """The whole matrix, by its eigenvalues; nothing of it is known to the package."""

    name = "eigen"

    def __init__(self, met, layout, priors, prepared):
        super().__init__(met, layout, priors, prepared)
        self.size, self.entries = self.m**2, float(self.m) ** 2

    @classmethod
    def offer(cls, question):
        m = float(question.layout.m)
        return Offer(cls.name, (1.0, 1.0), (9.0 * m**3, 1e10), 8.0 * m * m, 0, "eigenvalues")

    def _levels(self, V):
        indptr = self.crossing.indptr
        out = np.zeros((indptr.size - 1, V.shape[1], self.m))
        for j in range(indptr.size - 1):
            entries = slice(indptr[j], indptr[j + 1])
            out[j][:, self.crossing.index[entries]] = V[entries].T
        return out

    def places(self, row, column):
        return np.maximum(row, column) * self.m + np.minimum(row, column)

    def eliminate(self, R, K, V):
        V = self._levels(V)
        R -= np.tensordot(V, K @ V, axes=((0, 1), (0, 1))).ravel()

    def factor(self, R):
        return EigenFactor(self._symmetric(R))

    def _symmetric(self, P):
        lower = np.tril(P.reshape(self.m, self.m))
        return lower + np.tril(lower, -1).T

    def enclose(self, P, V):
        V = self._levels(V)
        return V @ self._symmetric(P) @ V.transpose(0, 2, 1)

    def times(self, P, V):
        level = np.repeat(np.arange(self.crossing.indptr.size - 1), np.diff(self.crossing.indptr))
        return (self._levels(V) @ self._symmetric(P))[level, :, self.crossing.index]


class EigenFactor(RemainderFactor):
    def __init__(self, R):
        self.values, self.vectors = np.linalg.eigh(R)
        positive = self.values[0] > 0
        self.logdet = float(np.log(self.values).sum()) if positive else np.inf

    def solve(self, B):
        return self.vectors @ ((self.vectors.T @ B) / self.values[:, None])

    def selected(self):
        return self.solve(np.eye(self.values.size)).ravel()

    def smallest_pivot(self):
        return float(self.values[0])


@pytest.mark.parametrize("kind", [REMAINDERS["dense"], REMAINDERS["sparse"], EigenRemainder])
def test_kept_contracts(kind):
    check_remainder(kind)


class ForgetsThePrior(EigenRemainder):
    def of_sums(self, places, values, K, V):
        R = np.zeros(self.size)
        R[places] = values
        self.eliminate(R, K, V)
        return self.factor(R)


class KeepsTheLeaf(EigenRemainder):
    def eliminate(self, R, K, V):
        super().eliminate(R, 0.5 * K, V)


class OffByOneVector(EigenRemainder):
    def times(self, P, V):
        return super().times(P, V)[::-1]


def replaced(method, function):
    """The eigenvalues' factor with one wrong answer."""
    wrong = type("Wrong", (EigenFactor,), {method: function})
    return type("W", (EigenRemainder,), {"factor": lambda self, R: wrong(self._symmetric(R))})


WRONG = {
    "logdet is": ForgetsThePrior,
    "logdet": KeepsTheLeaf,
    "times": OffByOneVector,
    "solve": replaced("solve", lambda self, B: B / self.values.mean()),
    "inner": replaced("inner", lambda self, B: B.T @ B),
    "squares": replaced("squares", lambda self, B: (B * B).sum(axis=0)),
    "selected": replaced("selected", lambda self: np.zeros(self.values.size**2)),
    "smallest_pivot": replaced("smallest_pivot", lambda self: 0.0),
}


@pytest.mark.parametrize("message", WRONG)
def test_broken_contracts(message):
    with pytest.raises(AssertionError, match=message):
        check_remainder(WRONG[message])


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(6)
    n = 600
    g, h, x = rng.integers(0, 90, n), rng.integers(0, 25, n), rng.normal(size=n)
    eta = 0.4 * x + 0.6 * rng.normal(size=90)[g] + (0.5 * rng.normal(size=(25, 2)))[h, 0]
    return {
        "x": x, "g": [f"g{v}" for v in g], "h": [f"h{v}" for v in h],
        "y": eta + rng.normal(size=n), "count": rng.poisson(np.exp(eta)),
    }  # fmt: skip


def test_a_third_kind_runs_whole_fits(table, monkeypatch):
    """Registered, it is planned, described and used; nothing else is told of it."""
    monkeypatch.setitem(REMAINDERS, "eigen", EigenRemainder)
    formula = "y ~ x + (1 | g) + (1 + x | h)"
    dense, eigen = (me.lmm(formula, table, engine=engine) for engine in ("dense", "eigen"))
    assert eigen.plan.remainder == "eigen" and "eigenvalues" in eigen.plan.describe()
    assert eigen.certificate.converged
    assert eigen.objective == pytest.approx(dense.objective, rel=tol.ROUNDING_E10)
    np.testing.assert_allclose(eigen.theta, dense.theta, rtol=tol.OPTIMUM_E6)
    for a, b in zip(eigen.conditional_covariances(), dense.conditional_covariances(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tol.OPTIMUM_E6, atol=tol.OPTIMUM_E6)
    formula = "count ~ x + (1 | g) + (1 | h)"
    dense, eigen = (
        me.glmm(formula, table, family="poisson", engine=engine) for engine in ("dense", "eigen")
    )
    assert eigen.objective == pytest.approx(dense.objective, rel=tol.ROUNDING_E10)
    np.testing.assert_allclose(eigen.beta, dense.beta, rtol=tol.OPTIMUM_E6)
