"""Sums over the rows from cross-products, against NumPy's sums of the rows themselves."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.design import dense
from mixedeffects.design.column_matrix import ColumnMatrix
from mixedeffects.inference import row_sums
from tests.tolerances import ROW_SUM_RTOL, ROWS_TOUCHED

FORMULAS = [
    "y ~ year * f + x + (1 | g)",
    "y ~ year + x + (1 + year | g) + (1 | h)",
    "y ~ x + (1 + x + year || g)",
    "y ~ 0 + f + x + (0 + f | g)",
    "y ~ 0 + x + (0 + x | g)",
    "y ~ x + offset(o) + (1 | g / h)",
    "y ~ 1 + (1 + x | g)",
    "y ~ poly(year, 3) + (1 + x + I(x + 1) | g)",
]
GENERALISED = ["count ~ year + x + (1 + x | g)", "count ~ 0 + f + (1 | g)"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(11)
    n = 1_800
    g, h = rng.integers(0, 60, n), rng.integers(0, 7, n)
    year, x = 2000.0 + rng.integers(0, 20, n), rng.normal(3.0, 2.0, n)
    f = rng.choice(["a", "b", "c"], n)
    y = 0.3 * (year - 2010) + x + rng.normal(size=60)[g] * (1 + 0.3 * x) + rng.normal(size=n)
    y += rng.normal(size=7)[h]
    return pd.DataFrame(
        {
            "y": y, "year": year, "x": x, "f": f, "g": g, "h": h, "o": rng.normal(size=n),
            "w": rng.uniform(0.5, 2.0, n), "count": rng.poisson(np.exp(0.1 * x)),
        }
    )  # fmt: skip


def fits(table):
    for formula in FORMULAS:
        yield me.lmm(formula, table)
    yield me.lmm(FORMULAS[1], table, weights="w")
    for formula in GENERALISED:
        yield me.glmm(formula, table, family="poisson")


def test_sums_are_those_of_the_rows(table):
    for fit in fits(table):
        X = dense(fit.design.X)
        R = row_sums.fixed_triangle(fit)
        scale = np.abs(X).max(axis=0)
        gram = X.T @ X / np.outer(scale, scale) / len(X)
        assert np.allclose(np.tril(R, -1), 0.0)
        assert np.allclose(R.T @ R / np.outer(scale, scale) / len(X), gram, rtol=ROW_SUM_RTOL)
        # about the means nothing is lost either, though a year is 2,010 and not 0
        if fit.design.x_names[0] == "(Intercept)":
            centred = X[:, 1:] - X[:, 1:].mean(axis=0)
            expected = centred.T @ centred
            sd = np.sqrt(np.diagonal(expected))
            found = R[1:, 1:].T @ R[1:, 1:]
            assert np.abs((found - expected) / np.outer(sd, sd)).max(initial=0.0) < ROW_SUM_RTOL
        expected = np.var(X @ fit.beta, ddof=1) if X.shape[1] else 0.0
        assert row_sums.fixed_variance(fit) == pytest.approx(expected, rel=ROW_SUM_RTOL)
        w = fit.design.weights
        noise = 1.0 if w is None else np.mean(1.0 / w)
        assert row_sums.mean_noise(fit) == pytest.approx(noise, rel=ROW_SUM_RTOL)
        for f, block in enumerate(fit.all_blocks):
            Z = np.ones((len(X), 1)) if block.Z is None else dense(block.Z)
            M = row_sums.mean_squares(fit, f)
            top = np.abs(Z).max(axis=0)
            expected = Z.T @ Z / len(Z)
            assert np.allclose(M / np.outer(top, top), expected / np.outer(top, top), rtol=0.0,
                               atol=ROW_SUM_RTOL)  # fmt: skip
            counts = np.bincount(block.factor.codes)
            assert np.array_equal(row_sums.level_counts(fit, f), counts)
            for j in range(block.k if block.Z is not None else 0):
                mean, sd, rms = row_sums.column_moments(fit, j, f)
                column = Z[:, j]
                assert mean == pytest.approx(column.mean(), rel=ROW_SUM_RTOL)
                assert sd == pytest.approx(column.std(), rel=ROW_SUM_RTOL)
                assert rms == pytest.approx(np.sqrt(np.mean(column**2)), rel=ROW_SUM_RTOL)
        for j in range(X.shape[1]):
            mean, sd, _ = row_sums.column_moments(fit, j)
            assert mean == pytest.approx(X[:, j].mean(), rel=ROW_SUM_RTOL, abs=ROW_SUM_RTOL)
            assert sd == pytest.approx(X[:, j].std(), rel=ROW_SUM_RTOL)


@pytest.fixture(scope="module")
def large():
    """A fit whose model matrices are computed from the table when they are asked for."""
    rng = np.random.default_rng(2)
    n = 60_000
    g, h = rng.integers(0, 90, n), rng.integers(0, 12, n)
    x, f = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    y = x + rng.normal(size=90)[g] + rng.normal(size=12)[h] + rng.normal(size=n)
    data = pd.DataFrame({"y": y, "x": x, "f": f, "g": g, "h": h})
    wide = " + ".join(f"I(x^{k})" for k in (2, 3))
    return me.lmm(f"y ~ f * x + {wide} + (1 + x | g) + (1 | h)", data)


ASKED = {
    "print": str,
    "summary": lambda fit: str(fit.summary()),
    "tidy": lambda fit: fit.tidy(),
    "glance": lambda fit: fit.glance(),
    "test": lambda fit: fit.test(),
    "anova": lambda fit: fit.anova(),
    "anova type 1": lambda fit: fit.anova(type=1),
    "anova type 2": lambda fit: fit.anova(type=2),
    "icc": lambda fit: fit.icc(),
    "r2": lambda fit: fit.r2(),
    "confint": lambda fit: fit.confint(),
    "random_pca": lambda fit: fit.random_pca(),
    "ranef": lambda fit: fit.ranef(),
    "varcorr": lambda fit: str(fit.varcorr),
    "equation": lambda fit: str(fit.equation()),
    "interpret": lambda fit: str(fit.interpret()),
    "emmeans": lambda fit: str(fit.emmeans("f")),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_of_a_fit_looks_at_no_rows(large, asked, monkeypatch):
    """Every row of the model matrices goes through one of these functions."""
    fit, touched = replace(large), []
    assert isinstance(fit.design.X, ColumnMatrix)
    module = sys.modules["mixedeffects.design.column_matrix"]
    expand = module.expand

    def counted(recipes, rows, out):
        touched.append(out.shape[0])
        return expand(recipes, rows, out)

    monkeypatch.setattr(module, "expand", counted)
    ASKED[asked](fit)
    assert sum(touched) <= ROWS_TOUCHED
