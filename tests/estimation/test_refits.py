"""Refits: the same optimum as an ordinary fit, and simulated sums as good as simulated rows."""

import warnings
from functools import cache

import numpy as np
import pytest
from scipy.stats import ks_2samp

import mixedeffects as me
from mixedeffects.errors import DataError, OptionError
from mixedeffects.estimation.refits import FAILED, SINGULAR, ClusterDraws, gather_design
from mixedeffects.estimation.refits.general import General
from mixedeffects.estimation.refits.nested import NestedClusters
from mixedeffects.estimation.refits.simulate import (
    GaussianSimulator,
    MomentSimulator,
    OneFactorSimulator,
    RowSimulator,
)
from mixedeffects.estimation.refits.sums import RowSums
from mixedeffects.fitting import refits_at
from tests import tolerances

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")


def table(n=240, levels=24, seed=0, sd=1.0):
    rng = np.random.default_rng(seed)
    g = np.concatenate([np.arange(levels), rng.integers(0, levels, n - levels)])
    h, x, z = rng.integers(0, 7, n), rng.normal(size=n), rng.normal(size=n)
    y = 1 + 2 * x + sd * rng.normal(size=levels)[g] + 0.5 * sd * rng.normal(size=levels)[g] * x
    y += 0.5 * rng.normal(size=7)[h] + rng.normal(size=n)
    w, o = rng.uniform(0.5, 2, n), rng.normal(size=n)
    return {"y": y, "x": x, "z": z, "g": g, "h": h, "c": g // 3, "w": w, "o": o}


REGULAR, MANY, NOTHING, FEW = {}, {"n": 900, "levels": 150}, {"sd": 0.0}, {"n": 60, "levels": 5}
MODELS = [
    ("y ~ x + (1 | g)", REGULAR, {}),
    ("y ~ x + (1 + x | g)", REGULAR, {}),
    ("y ~ x + (x || g)", REGULAR, {}),
    ("y ~ x + z + (1 | g) + (0 + x + z | g)", REGULAR, {}),
    ("y ~ x + (1 + x + z | g)", REGULAR, {}),
    ("y ~ x + (1 + x | g)", REGULAR, {"weights": "w"}),
    ("y ~ x + offset(o) + (1 + x | g)", REGULAR, {"weights": "w", "reml": False}),
    ("y ~ 0 + (1 | g)", REGULAR, {}),
    ("y ~ 0 + (1 | g)", REGULAR, {"reml": False}),
    ("y ~ x + z + I(x**2) + x:z + (1 | g)", REGULAR, {"reml": False}),
    ("y ~ x + (1 + x | g)", MANY, {}),
    ("y ~ x + (1 + x | g)", NOTHING, {}),
    ("y ~ x + (x || g)", NOTHING, {}),
    ("y ~ x + (1 + x | g)", FEW, {}),
    ("y ~ x + (1 | g) + (1 | h)", REGULAR, {}),
    ("y ~ x + offset(o) + (1 | c/g)", MANY, {"weights": "w"}),
    ("y ~ x + (1 + x | g) + (1 | h)", MANY, {"weights": "w", "reml": False}),
    ("y ~ 0 + (1 | g) + (1 | h)", MANY, {}),
]


@cache
def _fit(formula, data, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return me.lmm(formula, table(**dict(data)), **dict(options))


def model(formula, data, options):
    return _fit(formula, tuple(data.items()), tuple(options.items()))


def assert_same_fit(results, i, fit):
    """Replicate i is the optimum that an ordinary fit finds, or a lower one."""
    assert results.objective[i] <= fit.objective + tolerances.SAME_OPTIMUM
    if results.objective[i] < fit.objective - tolerances.SAME_OPTIMUM:
        return
    atol = tolerances.REFIT_ATOL
    np.testing.assert_allclose(results.theta[i], fit.theta, atol=atol)
    np.testing.assert_allclose(results.beta[i], fit.beta, atol=atol)
    np.testing.assert_allclose(results.sigma[i], fit.sigma, atol=atol)
    se = np.sqrt(np.diagonal(fit.vcov_beta))
    np.testing.assert_allclose(results.std_error[i], se, atol=atol)
    np.testing.assert_allclose(results.vcov[i], fit.vcov_beta, atol=atol)
    assert (results.status[i] == SINGULAR) == fit.certificate.is_singular


@pytest.mark.parametrize(("formula", "data", "options"), MODELS)
def test_a_refit_is_an_ordinary_fit_of_that_response(formula, data, options):
    fit = model(formula, data, options)
    Y = fit.simulate(8, rng=1)
    results = fit.refits.responses(Y)
    assert results.n_failed == 0
    for i in range(Y.shape[1]):
        assert_same_fit(results, i, fit.refit(Y[:, i]))


def test_singular_replicates_are_among_those_compared():
    fit = model("y ~ x + (1 + x | g)", NOTHING, {})
    results = fit.refits.responses(fit.simulate(40, rng=2))
    assert 5 < results.n_singular < 40


def test_a_response_far_from_the_original_keeps_its_digits():
    fit = model("y ~ x + (1 + x | g)", REGULAR, {})
    y = fit.simulate(1, rng=3)
    near = fit.refits.responses(y)
    far = fit.refits.responses(y + 1e8)
    np.testing.assert_allclose(far.theta, near.theta, atol=tolerances.OPTIMUM_E5)
    np.testing.assert_allclose(far.beta - [1e8, 0.0], near.beta, atol=tolerances.OPTIMUM_E5)


@pytest.mark.parametrize(
    ("formula", "data", "options"),
    [MODELS[0], MODELS[1], MODELS[5], MODELS[6], MODELS[7], MODELS[9]],
)
def test_multiplicities_are_repeated_levels(formula, data, options):
    fit = model(formula, data, options)
    codes = fit.design.blocks[0].factor.codes
    q = int(codes.max()) + 1
    times = np.random.default_rng(4).multinomial(q, np.full(q, 1 / q), size=4)
    results = fit.refits.weighted(times)
    drawn = ClusterDraws(fit.design, codes)
    general = General(fit.evaluation.objective, fit.evaluation, fit.plan)
    for i in range(4):
        design = drawn.draw(times[i])
        rows = {"y": design.y, "x": design.X[:, 1] if design.X.shape[1] else design.y}
        assert design.n == int(times[i] @ np.bincount(codes)), rows.keys()
        general.fit_design(design, results_i := fit.refits.empty(1), 0)
        np.testing.assert_allclose(
            results.objective[i], results_i.objective[0], atol=tolerances.OPTIMUM_E6
        )
        np.testing.assert_allclose(results.beta[i], results_i.beta[0], atol=tolerances.OPTIMUM_E5)
        np.testing.assert_allclose(results.theta[i], results_i.theta[0], atol=tolerances.OPTIMUM_E4)


def test_repeated_levels_are_those_of_a_repeated_table():
    data = table()
    fit = me.lmm("y ~ x + (1 + x | g)", data, weights="w")
    times = np.random.default_rng(5).multinomial(24, np.full(24, 1 / 24))
    rows, group = [], []
    for j, t in enumerate(times):
        for _ in range(t):
            at = np.flatnonzero(data["g"] == j)
            rows.append(at)
            group.append(np.full(at.size, len(group)))
    rows = np.concatenate(rows)
    again = {name: values[rows] for name, values in data.items()} | {"g": np.concatenate(group)}
    other = me.lmm("y ~ x + (1 + x | g)", again, weights="w")
    assert_same_fit(fit.refits.weighted(times[None]), 0, other)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | c/g)", "y ~ x + offset(o) + (1 | c/g)"])
def test_nested_clusters_are_gathered_from_sums(formula):
    fit = model(formula, MANY, {"weights": "w"})
    codes = fit.design.blocks[1].factor.codes
    stats = fit.evaluation.objective.stats
    assert NestedClusters.of(fit.design, stats, codes) is not None
    q = int(codes.max()) + 1
    times = np.random.default_rng(6).multinomial(q, np.full(q, 1 / q), size=2)
    results = fit.refits.weighted(times, clusters=codes)
    drawn = ClusterDraws(fit.design, codes)
    general = General(fit.evaluation.objective, fit.evaluation, fit.plan)
    rows = fit.refits.empty(2)
    for i in range(2):
        general.fit_design(drawn.draw(times[i]), rows, i)
    np.testing.assert_allclose(results.objective, rows.objective, atol=tolerances.OPTIMUM_E6)
    np.testing.assert_allclose(results.beta, rows.beta, atol=tolerances.OPTIMUM_E6)
    np.testing.assert_allclose(results.theta, rows.theta, atol=tolerances.OPTIMUM_E4)


def test_leaving_out_the_only_cluster_with_a_column_fails_and_is_counted():
    data = table()
    data["t"] = (data["g"] == 3).astype(float)
    fit = me.lmm("y ~ t + (1 | g)", data)
    times = np.ones((2, 24), dtype=int)
    times[1, 3] = 0
    results = fit.refits.weighted(times)
    assert results.status.tolist() == [0, FAILED]
    assert results.n_failed == 1


def simulators(fit):
    """(by sums, by rows) for one fit."""
    stats = fit.evaluation.objective.stats
    one = len(stats.layout.q) == 1
    sums = OneFactorSimulator(stats) if one else GaussianSimulator(stats)
    return sums, RowSimulator(fit.design, stats, RowSums(fit.design, stats))


SIMULATED = [MODELS[0], MODELS[3], MODELS[6], MODELS[7], MODELS[13], *MODELS[14:17]]


@pytest.mark.parametrize(("formula", "data", "options"), SIMULATED)
def test_simulated_sums_have_the_exact_covariance(formula, data, options):
    """Linear combinations of Z'Wy and X'Wy, and the mean of y'Wy, against dense algebra."""
    fit = model(formula, data, options)
    stats, design = fit.evaluation.objective.stats, fit.design
    lambdas, sigma = fit.evaluation.lambdas, 1.3
    n, p = design.n, stats.p
    w = np.ones(n) if design.weights is None else design.weights
    columns, V = [], np.diag(1.0 / w)
    for block, Tz, Lam in zip(design.blocks, stats.reference.T_blocks, lambdas, strict=True):
        Z = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z) @ Tz
        full = np.zeros((n, block.factor.n_levels, block.k))
        full[np.arange(n), block.factor.codes] = Z
        columns.append(full.reshape(n, -1))
        V += columns[-1] @ np.kron(np.eye(block.factor.n_levels), Lam @ Lam.T) @ columns[-1].T
    columns.append(np.asarray(design.X) @ stats.reference.T[:p, :p])
    A = w[:, None] * np.concatenate(columns, axis=1)
    covariance = sigma**2 * (A.T @ V @ A)
    R = 4000
    rng = np.random.default_rng(7)
    sums = simulators(fit)[0].at(lambdas)(rng, R, sigma)
    drawn = np.concatenate([*(zy.reshape(R, -1) for zy in sums.zy), sums.xy], axis=1)
    directions = (
        rng.normal(size=(A.shape[1], 30)) / np.sqrt(np.diagonal(covariance) + 1e-12)[:, None]
    )
    variance = np.einsum("ic,ij,jc->c", directions, covariance, directions)
    along = drawn @ directions
    z = (np.mean(along**2, axis=0) / variance - 1.0) / np.sqrt(2.0 / R)
    assert np.abs(z).max() < tolerances.MONTE_CARLO_Z
    z = along.mean(axis=0) / np.sqrt(variance / R)
    assert np.abs(z).max() < tolerances.MONTE_CARLO_Z
    expected = sigma**2 * np.trace(w[:, None] * V)
    spread = sigma**2 * np.sqrt(2.0 * np.sum((w[:, None] * V) * (w[:, None] * V).T))
    assert abs(sums.yy.mean() - expected) < tolerances.MONTE_CARLO_Z * spread / np.sqrt(R)
    assert abs(sums.yy.std() / spread - 1.0) < tolerances.SAMPLED_2E1


@pytest.mark.parametrize(("formula", "data", "options"), [SIMULATED[0], SIMULATED[1], SIMULATED[5]])
def test_refits_of_sums_are_distributed_like_refits_of_rows(formula, data, options):
    fit = model(formula, data, options)
    refits = fit.refits
    R = 600 if refits.compiled else 150
    found = []
    for simulator in simulators(fit):
        draw, out = simulator.at(fit.evaluation.lambdas), fit.refits.empty(R)
        refits._fitter.fit(draw(np.random.default_rng(8), R, fit.sigma), out, slice(0, R))
        found.append(out)
    for name in ("theta", "beta", "std_error"):
        one, two = (getattr(out, name) for out in found)
        for c in range(one.shape[1]):
            assert ks_2samp(one[:, c], two[:, c]).pvalue > tolerances.MONTE_CARLO_P, name
    assert ks_2samp(found[0].sigma, found[1].sigma).pvalue > tolerances.MONTE_CARLO_P


BALANCED = [
    ("y ~ x + (1 | g)", {}),
    ("y ~ x + (1 + t | g)", {}),
    ("y ~ t + x + (t || g)", {"reml": False}),
    ("y ~ 0 + (1 + t | g)", {}),
]


@pytest.mark.parametrize(("formula", "options"), BALANCED)
def test_moments_drawn_by_class_are_distributed_like_those_of_rows(formula, options):
    rng = np.random.default_rng(12)
    size = np.repeat([4, 5], 60)
    g = np.repeat(np.arange(120), size)
    data = {"g": g, "t": np.concatenate([np.arange(float(m)) for m in size])}
    data["x"] = rng.normal(size=g.size)
    data["y"] = rng.normal(size=120)[g] + 0.4 * rng.normal(size=120)[g] * data["t"]
    data["y"] += data["x"] + rng.normal(size=g.size)
    fit = me.lmm(formula, data, **options)
    refits = fit.refits
    assert isinstance(refits._simulator, MomentSimulator)
    drawn, rows = refits.parametric(1500, 1), refits.responses(fit.simulate(1500, rng=2))
    for name in ("theta", "beta", "std_error"):
        one, two = getattr(drawn, name), getattr(rows, name)
        for c in range(one.shape[1]):
            assert ks_2samp(one[:, c], two[:, c]).pvalue > tolerances.MONTE_CARLO_P, name
    assert ks_2samp(drawn.sigma, rows.sigma).pvalue > tolerances.MONTE_CARLO_P
    shift = drawn.objective.mean() - rows.objective.mean()
    assert abs(shift) < tolerances.MONTE_CARLO_Z * rows.objective.std() * np.sqrt(2 / 1500)


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 + t | g)", "y ~ t + x + (1 + t | g)"])
def test_squares_of_a_class_have_the_expectation_of_its_levels(formula):
    """E sum_j f_j f_j' = n sigma^2 (A + A G A) over the n levels of a class, G relative."""
    rng = np.random.default_rng(13)
    size = np.repeat([4, 6], 12)
    g = np.repeat(np.arange(24), size)
    t = np.concatenate([np.arange(float(m)) for m in size])
    data = {"g": g, "t": t, "x": rng.normal(size=24)[g]}
    b = rng.normal(size=(24, 2))
    data["y"] = b[g, 0] + 0.5 * b[g, 1] * t + rng.normal(size=g.size)
    fit = me.lmm(formula, data)
    levels = OneFactorSimulator(fit.evaluation.objective.stats)
    A, cls = np.unique(levels.A.round(9), axis=0, return_inverse=True)
    simulator = MomentSimulator(fit.evaluation.objective.stats, cls.reshape(-1), A)
    (Lam,) = fit.evaluation.lambdas
    R, expected = 20_000, 12 * fit.sigma**2 * (A + A @ Lam @ Lam.T @ A)
    drawn = simulator.at([Lam])(rng, R, fit.sigma).moments[1]
    error = drawn.std(axis=0) / np.sqrt(R)
    assert (np.abs(drawn.mean(axis=0) - expected) < tolerances.MONTE_CARLO_Z * error).all()


@pytest.mark.parametrize(
    ("formula", "data"),
    [
        ("y ~ x + (1 + x | g)", MANY),
        ("y ~ x + (1 | g) + (1 | h)", MANY),
        ("y ~ x + (1 | c/g)", MANY),
    ],
)
def test_results_do_not_depend_on_the_number_of_threads(formula, data):
    fit = model(formula, data, {})
    n = 1200 if fit.refits.compiled else 40
    one, two = (fit.refits.parametric(n, 9, threads=t) for t in (1, 2))
    for name in ("theta", "beta", "sigma", "objective", "status"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.beta, fit.refits.parametric(n, 10).beta)


def test_a_sparse_remainder_is_refitted_on_threads():
    rng = np.random.default_rng(1)
    n = 1200
    data = {"x": rng.normal(size=n), "g": rng.integers(0, 300, n), "h": rng.integers(0, 250, n)}
    data["y"] = data["x"] + rng.normal(size=300)[data["g"]] + rng.normal(size=250)[data["h"]]
    data["y"] += rng.normal(size=n)
    fit = me.lmm("y ~ x + (1 | g) + (1 | h)", data, engine="sparse")
    Y = fit.simulate(18, rng=2)
    one, two = (fit.refits.responses(Y, threads=t) for t in (1, 2))
    np.testing.assert_array_equal(one.theta, two.theta)
    assert_same_fit(one, 17, fit.refit(Y[:, 17]))


def test_parameters_to_simulate_from_can_be_others():
    fit = model("y ~ x + (1 + x | g)", REGULAR, {})
    refits = refits_at(fit.design, fit.request, [10.0, -3.0], [2.0, 0.0, 1.0], sigma=0.5)
    results = refits.parametric(400, 11)
    np.testing.assert_allclose(results.beta.mean(axis=0), [10.0, -3.0], atol=tolerances.SAMPLED_E1)
    np.testing.assert_allclose(results.sigma.mean(), 0.5, rtol=tolerances.SAMPLED_3E2)
    np.testing.assert_allclose(
        np.median(results.theta, axis=0), [2.0, 0.0, 1.0], atol=tolerances.SAMPLED_E1
    )


def test_progress_is_reported_to_the_end():
    fit = model("y ~ x + (1 | g)", REGULAR, {})
    seen = []
    fit.refits.parametric(1300, 1, progress=lambda done, n: seen.append((done, n)))
    assert seen[0] == (0, 1300)
    assert seen[-1] == (1300, 1300)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_progress_on_standard_error(capsys):
    fit = model("y ~ x + (1 | g)", REGULAR, {})
    fit.refits.parametric(10, 1, progress=True)
    assert "10 of 10" in capsys.readouterr().err


def test_bad_input_is_refused():
    fit = model("y ~ x + (1 | g)", REGULAR, {})
    refits = fit.refits
    for bad in (0, -1, 2.5, True):
        with pytest.raises(OptionError):
            refits.parametric(bad)
    with pytest.raises(OptionError, match="seed"):
        refits.parametric(3, rng="a")
    with pytest.raises(OptionError, match="threads"):
        refits.parametric(3, threads=0)
    with pytest.raises(OptionError, match="theta"):
        refits_at(fit.design, fit.request, fit.beta, [1.0, 2.0])
    with pytest.raises(DataError, match="rows"):
        refits.responses(np.zeros((3, 3)))
    with pytest.raises(DataError, match="finite"):
        refits.responses(np.full((240, 1), np.nan))
    with pytest.raises(OptionError, match="24"):
        refits.weighted(np.ones((2, 3)))
    crossed = model("y ~ x + (1 | g) + (1 | h)", REGULAR, {})
    with pytest.raises(OptionError, match="clusters"):
        crossed.refits.weighted(np.ones((1, 24)))


def test_a_loaded_fit_is_refitted_alike(tmp_path):
    fit = model("y ~ x + (1 + x | g)", REGULAR, {"weights": "w"})
    fit.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    one, two = fit.refits.parametric(20, 3), again.refits.parametric(20, 3)
    np.testing.assert_allclose(one.theta, two.theta, atol=tolerances.OPTIMUM_E6)


@pytest.mark.parametrize(
    ("formula", "data", "options"), [*MODELS[:2], MODELS[5], MODELS[6], *MODELS[14:]]
)
def test_rows_that_are_counted_are_rows_that_are_repeated(formula, data, options):
    fit = model(formula, data, options)
    n = fit.design.n
    times = np.random.default_rng(3).multinomial(n, np.full(n, 1 / n), size=3)
    found = fit.refits.counted(lambda i: times[i], 3)
    right = fit.refits.designs(
        lambda i: gather_design(fit.design, np.repeat(np.arange(n), times[i])), 3
    )
    np.testing.assert_allclose(found.objective, right.objective, atol=tolerances.SAME_OPTIMUM)
    for name in ("theta", "beta", "sigma", "std_error"):
        a, b = getattr(found, name), getattr(right, name)
        np.testing.assert_allclose(a, b, atol=tolerances.OPTIMUM_E4)


def test_rows_without_the_only_one_of_a_column_fail():
    data = table()
    data["t"] = (np.arange(240) == 3).astype(float)
    fit = me.lmm("y ~ t + (1 | g)", data)
    times = np.ones((2, 240), dtype=int)
    times[1, 3] = 0
    assert fit.refits.counted(lambda i: times[i], 2).status.tolist() == [0, FAILED]
