"""Large tables sorted with a period, and columns that few rows have: every way to a scale.

References: sums over groups by NumPy (`tests.oracles.one_factor`), least squares, the classical
decomposition of sums of squares, and Laplace's approximation group by group.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import f as f_distribution

import mixedeffects as me
from mixedeffects.crossprod.reference import PILOT_ROWS, coordinates, pilot_rows
from mixedeffects.design.column_matrix import ColumnMatrix
from mixedeffects.thinning import scattered
from tests.oracles.one_factor import group_sums, profiled
from tests.tolerances import (
    ANOVA_SUMS_RTOL,
    FIXEF_IN_SE,
    LAPLACE_LARGE_RTOL,
    LARGE_BETA_IN_SE,
    LARGE_OBJECTIVE_ABS,
    NEARLY_DEPENDENT_ABS,
    SHARE_OF_RESIDUES,
)

# groups, rows of each: all have the period that every k-th row of them falls in step with
PANELS = [(50_000, 4), (100_000, 2), (100_000, 5), (20_000, 16), (16_384, 12), (4_000, 52)]


def panel(groups, times, seed=1):
    """A balanced table in the order of groups and, within these, times."""
    rng = np.random.default_rng(seed)
    g, t = np.repeat(np.arange(groups), times), np.tile(np.arange(times), groups)
    x, w, o = rng.normal(size=g.size), rng.uniform(0.5, 2.0, g.size), rng.normal(size=g.size)
    b = rng.normal(size=groups)[g]
    y = 1 + 0.3 * t + 0.2 * x + b + rng.normal(size=g.size)
    count = rng.poisson(np.exp(-1 + 0.3 * (t > 0) + 0.2 * x + 0.7 * b))
    visit = np.char.add("v", t.astype(str))
    return pd.DataFrame(
        {"y": y, "t": t, "x": x, "g": g, "visit": visit, "w": w, "o": o, "count": count}
    )


def against_sums(fit, y, X, codes, Z, weights=None):
    """The fit's criterion and coefficients, and that no theta near it is better."""
    sums = group_sums(y, X, codes, Z, weights)
    k = Z.shape[1]
    lower = np.tril_indices(k)

    def value(theta):
        Lam = np.zeros((k, k))
        Lam.T[np.triu_indices(k)] = theta
        return profiled(sums, Lam)

    objective, beta, sigma = value(fit.theta)
    assert lower[0].size == fit.theta.size
    assert fit.objective == pytest.approx(objective, abs=LARGE_OBJECTIVE_ABS)
    se = np.sqrt(np.diag(fit.vcov()))
    assert np.abs(fit.beta - beta).max() < LARGE_BETA_IN_SE * se.min()
    assert fit.sigma == pytest.approx(sigma, rel=LAPLACE_LARGE_RTOL)
    simplex = fit.theta + 0.01 * np.vstack([np.zeros(fit.theta.size), np.eye(fit.theta.size)])
    found = minimize(
        lambda theta: value(theta)[0], fit.theta, method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": 60},
    )  # fmt: skip
    assert fit.objective < found.fun + LARGE_OBJECTIVE_ABS
    assert fit.certificate.proved


def test_rows_of_the_sample_follow_no_period():
    for n in (2 * PILOT_ROWS, 200_000, 327_680, 1_048_576):
        rows = pilot_rows(n)
        assert rows.size == PILOT_ROWS and (np.diff(rows) > 0).all()
        assert rows[0] >= 0 and rows[-1] < n
        for period in (*range(2, 53), n // PILOT_ROWS, 2 * (n // PILOT_ROWS)):
            share = np.bincount(rows % period, minlength=period) * period / rows.size
            assert np.abs(share - 1.0).max() < SHARE_OF_RESIDUES * np.sqrt(period)


def test_rows_of_the_sample_know_nothing_of_the_global_state():
    before = scattered.__wrapped__(300_000, PILOT_ROWS)
    np.random.seed(7)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert np.array_equal(scattered.__wrapped__(300_000, PILOT_ROWS), before)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize(("groups", "times"), PANELS)
def test_a_balanced_panel(groups, times):
    data = panel(groups, times)
    ones = np.ones((len(data), 1))
    fit = me.lmm("y ~ t + x + (1 | g)", data)
    X = np.column_stack([ones, data["t"], data["x"]])
    against_sums(fit, data["y"].to_numpy(), X, data["g"].to_numpy(), ones)


def test_a_factor_in_step_with_every_twelfth_row():
    """200,000 rows: a wide factor that goes round and round, once in twelve rows."""
    n = 12 * 16_600
    rng = np.random.default_rng(3)
    g = np.arange(n) // 24
    data = pd.DataFrame({"y": rng.normal(size=n) + rng.normal(size=g[-1] + 1)[g], "g": g})
    data["week"] = np.char.add("w", (np.arange(n) % 12).astype(str))
    fit = me.lmm("y ~ week + (1 | g)", data)
    names = sorted(data["week"].unique())[1:]
    X = np.column_stack([np.ones(n), *(data["week"] == name for name in names)])
    assert fit.design.x_names[1:] == tuple(f"week[{name}]" for name in names)
    against_sums(fit, data["y"].to_numpy(), X, g, np.ones((n, 1)))


def test_slopes_weights_and_offsets_of_a_balanced_panel():
    data = panel(20_000, 10)
    fit = me.lmm("y ~ t + x + offset(o) + (1 + t | g)", data, weights="w")
    ones = np.ones(len(data))
    X = np.column_stack([ones, data["t"], data["x"]])
    Z = np.column_stack([ones, data["t"]])
    y = (data["y"] - data["o"]).to_numpy()
    against_sums(fit, y, X, data["g"].to_numpy(), Z, data["w"].to_numpy())


@pytest.mark.parametrize("kind", ["category", "number"])
@pytest.mark.parametrize("rows", [1, 3, 40])
def test_columns_that_few_rows_have(rows, kind):
    """One row in 200,000, three, forty: in the sample by luck only."""
    data = panel(40_000, 5)
    rare = np.zeros(len(data))
    rare[np.linspace(11, len(data) - 8, rows).astype(int)] = 1.0
    data["rare"] = rare if kind == "number" else pd.Categorical(np.where(rare > 0, "yes", "no"))
    data["y"] += 5e3 * rare
    fit = me.lmm("y ~ rare + x + (1 | g)", data)
    ones = np.ones(len(data))
    X = np.column_stack([ones, rare, data["x"]])
    against_sums(fit, data["y"].to_numpy(), X, data["g"].to_numpy(), ones[:, None])


def test_slopes_of_a_column_that_few_rows_have():
    data = panel(40_000, 5)
    late = (np.arange(len(data)) % 5_003 == 4).astype(float)
    data["late"] = 2_000.0 + late
    data["y"] += 2.0 * late
    fit = me.lmm("y ~ late + (1 + late | g)", data, reml=True)
    # the same model about the year 2000: the criterion is the same, determinant 1
    ones = np.ones(len(data))
    X = np.column_stack([ones, late])
    at_2000 = np.array([[1.0, 2_000.0], [0.0, 1.0]])
    Lam = np.linalg.cholesky(at_2000 @ fit.lambdas[0] @ fit.lambdas[0].T @ at_2000.T + 1e-14)
    sums = group_sums(data["y"].to_numpy(), X, data["g"].to_numpy(), X)
    value, beta, _ = profiled(sums, Lam)
    assert fit.objective == pytest.approx(value, abs=NEARLY_DEPENDENT_ABS)
    assert fit.beta[1] == pytest.approx(beta[1], abs=FIXEF_IN_SE * np.sqrt(fit.vcov()[1, 1]))


def test_nearly_dependent_columns_of_a_large_table():
    """A column of which the sixth digit is new: the Gram matrix fails, the triangle does not."""
    data = panel(20_000, 10)
    z = np.random.default_rng(12).normal(size=len(data))
    data["near"] = data["x"] + 1e-6 * z
    fit = me.lmm("y ~ x + near + visit + (1 | g)", data, reml=False)
    X = fit.design.X
    assert isinstance(X, ColumnMatrix)
    T, enough = coordinates(X, X[pilot_rows(len(data))])
    assert not enough
    gram = (X @ T).T @ (X @ T) / len(data)
    assert np.allclose(gram, np.eye(len(gram)), atol=NEARLY_DEPENDENT_ABS)
    visits = [data["visit"] == f"v{j}" for j in range(1, 10)]
    X = np.column_stack([np.ones(len(data)), data["x"], z, *visits])
    sums = group_sums(data["y"].to_numpy(), X, data["g"].to_numpy(), np.ones((len(data), 1)))
    value, beta, _ = profiled(sums, np.array([[fit.theta[0]]]), reml=False)
    assert fit.objective == pytest.approx(value, abs=NEARLY_DEPENDENT_ABS)
    fixed = fit.fitted - fit.b[0][data["g"], 0]
    assert np.allclose(fixed, X @ beta, rtol=0.0, atol=NEARLY_DEPENDENT_ABS)


def test_counts_of_a_balanced_panel():
    """Laplace's approximation, a scalar integral per group, at the estimates and around them."""
    data = panel(50_000, 4)
    fit = me.glmm("count ~ visit + x + (1 | g)", data, family="poisson", exposure="w")
    groups, y = 50_000, data["count"].to_numpy().reshape(-1, 4)
    dummies = [data["visit"] == f"v{j}" for j in (1, 2, 3)]
    X = np.column_stack([np.ones(len(data)), *dummies, data["x"]])

    def minus_two_loglik(beta, sd):
        eta = (X @ beta + np.log(data["w"].to_numpy())).reshape(groups, 4)
        u = np.zeros(groups)
        for _ in range(50):
            mu = np.exp(eta + sd * u[:, None])
            u -= (u - sd * (y - mu).sum(1)) / (1 + sd**2 * mu.sum(1))
        mu = np.exp(eta + sd * u[:, None])
        terms = (y * np.log(mu) - mu - gammaln(y + 1)).sum(1) - u**2 / 2
        return -2 * terms.sum() + np.log1p(sd**2 * mu.sum(1)).sum()

    at = minus_two_loglik(fit.beta, fit.theta[0])
    assert -2 * fit.loglik == pytest.approx(at, rel=LAPLACE_LARGE_RTOL)
    step = 0.1 * np.sqrt(np.diag(fit.vcov()))
    for j, h in enumerate(step):
        for sign in (-1, 1):
            assert minus_two_loglik(fit.beta + sign * h * np.eye(5)[j], fit.theta[0]) > at
    for factor in (0.99, 1.01):
        assert minus_two_loglik(fit.beta, factor * fit.theta[0]) > at


def test_extra_zeros_of_a_balanced_panel_in_any_order():
    data = panel(12_000, 4)
    data.loc[np.random.default_rng(5).random(len(data)) < 0.3, "count"] = 0
    options = {"family": "poisson", "zi": "~ visit", "exposure": "w"}
    fit = me.glmm("count ~ visit + x + (1 | g)", data, **options)
    shuffled = data.sample(frac=1.0, random_state=2)
    other = me.glmm("count ~ visit + x + (1 | g)", shuffled, **options)
    assert fit.loglik == pytest.approx(other.loglik, rel=LAPLACE_LARGE_RTOL)
    assert np.abs(fit.beta - other.beta).max() < FIXEF_IN_SE * np.sqrt(np.diag(fit.vcov())).min()


def test_repeated_measures_of_a_balanced_panel():
    """F of the within factor from the two-way table of sums of squares."""
    groups, times = 50_000, 4
    data = panel(groups, times)
    result = me.rm_anova(data, "y", subject="g", within="visit")
    Y = data["y"].to_numpy().reshape(groups, times)
    means = Y.mean(0)
    rest = Y - Y.mean(1, keepdims=True) - means + Y.mean()
    df = groups - 1
    # mean squares with times - 1 and (groups - 1)(times - 1) degrees of freedom
    F = groups * ((means - Y.mean()) ** 2).sum() / ((rest**2).sum() / df)
    table = result.tidy()
    row = table.iloc[0]
    assert row["statistic"] == pytest.approx(F, rel=ANOVA_SUMS_RTOL)
    assert row["p_value"] == pytest.approx(f_distribution.sf(F, times - 1, df * (times - 1)))


def test_three_poolings_of_a_balanced_panel():
    """Least squares on all rows, and on deviations from the groups' means."""
    groups, times = 50_000, 4
    data = panel(groups, times)
    result = me.baselines("y ~ visit + x + (1 | g)", data)
    table = result.tidy()
    dummies = [data["visit"] == f"v{j}" for j in (1, 2, 3)]
    X = np.column_stack([np.ones(len(data)), *dummies, data["x"]])
    y = data["y"].to_numpy()
    pooled = table[table["model"] == "complete pooling"]["estimate"].to_numpy()
    assert np.allclose(pooled, np.linalg.lstsq(X, y, rcond=None)[0], rtol=ANOVA_SUMS_RTOL)

    def deviations(v):
        return v.reshape(groups, times, -1) - v.reshape(groups, times, -1).mean(1, keepdims=True)

    within = np.linalg.lstsq(
        deviations(X[:, 1:]).reshape(len(y), -1), deviations(y).ravel(), rcond=None
    )[0]
    none = table[table["model"] == "no pooling"]["estimate"].to_numpy()
    assert np.allclose(none[-4:], within, rtol=ANOVA_SUMS_RTOL)
