"""The bootstrap: against lme4's bootMer and SciPy's intervals, and what it refuses."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.errors import DataError, DataWarning, ModelError, NotAvailableError, OptionError
from mixedeffects.inference.clusters import outermost
from mixedeffects.inference.resampling import intervals
from mixedeffects.inference.resampling.jackknife import jackknife
from mixedeffects.inference.resampling.residual import reflated
from tests import tolerances

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/inference/bootstrap.json").read_text())
METHODS = ("parametric", "residual", "cluster", "observation")


@cache
def sleep_fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@cache
def sleep_boot(method="parametric", n=2000):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return sleep_fit().bootstrap(n, method=method, rng=1)


@cache
def nested_fit():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(60), 5)
    data = {"g": g, "c": g // 5, "x": rng.normal(size=300)}
    data["y"] = 1 + data["x"] + rng.normal(size=60)[g] + rng.normal(size=12)[g // 5]
    data["y"] += rng.normal(size=300)
    return me.lmm("y ~ x + (1 | c/g)", data)


@cache
def crossed_fit():
    rng = np.random.default_rng(2)
    data = {"g": rng.integers(0, 30, 300), "h": rng.integers(0, 10, 300)}
    data["y"] = rng.normal(size=30)[data["g"]] + rng.normal(size=10)[data["h"]]
    data["y"] += rng.normal(size=300)
    return me.lmm("y ~ 1 + (1 | g) + (1 | h)", data)


# --- against lme4 ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["sleepstudy", "pastes"])
def test_parametric_replicates_are_distributed_like_bootmer(model, rdata):
    """Spread and quantiles agree within the Monte-Carlo error of both."""
    golden = GOLDEN[model]
    fit = me.lmm(golden["formula"], rdata("lme4", model.replace("pastes", "Pastes")))
    found = fit.bootstrap(2000 if model == "sleepstudy" else 600, rng=3).facts
    # lme4 lists a term's correlations after the first of its standard deviations
    order = [0, 1, 2, 4, 3, 5] if model == "sleepstudy" else [0, 1, 2, 3]
    values = found.replicates[:, order]
    np.testing.assert_allclose(
        found.estimates[order], golden["estimate"], rtol=tolerances.PROGRAM_E3
    )
    for i in range(values.shape[1]):
        v = values[np.isfinite(values[:, i]), i]
        sd, R = golden["sd"][i], min(v.size, golden["nsim"])
        error = sd * np.sqrt(2.0 / R)
        assert abs(v.std(ddof=1) / sd - 1.0) < tolerances.MONTE_CARLO_Z * np.sqrt(1.5 / R)
        assert (
            abs(np.median(v) - golden["median"][i])
            < tolerances.MONTE_CARLO_Z * tolerances.MEDIAN_IN_MEANS * error
        )
        for name, p in (("lower", 0.025), ("upper", 0.975)):
            # the density there is about that of a normal distribution
            allowed = tolerances.MONTE_CARLO_Z * 2.7 * error
            assert abs(np.quantile(v, p) - golden[name][i]) < allowed, (name, i)


# --- intervals -----------------------------------------------------------------------------------


def test_bca_and_percentile_agree_with_scipy():
    """For a skewed sample's variance, with the same replicates."""
    rng = np.random.default_rng(4)
    x = rng.exponential(size=40)
    for kind in ("BCa", "percentile", "basic"):
        theirs = stats.bootstrap(
            (x,), np.var, n_resamples=3000, method=kind, vectorized=True, rng=5
        )
        replicates = theirs.bootstrap_distribution[:, None]
        estimate = np.array([np.var(x)])
        if kind == "BCa":
            left_out = np.array([[np.var(np.delete(x, i))] for i in range(x.size)])
            lower, upper = intervals.bca(estimate, replicates, left_out, 0.95)
        else:
            lower, upper = getattr(intervals, kind)(estimate, replicates, 0.95)
        expected = theirs.confidence_interval
        np.testing.assert_allclose(
            [lower[0], upper[0]], [expected.low, expected.high], rtol=tolerances.PROGRAM_E3
        )


def test_normal_interval_is_bias_corrected():
    replicates = np.random.default_rng(6).normal(1.5, 2.0, size=(50_000, 1))
    lower, upper = intervals.normal_theory(np.array([1.0]), replicates, 0.95)
    np.testing.assert_allclose(
        [lower[0], upper[0]], [0.5 - 3.92, 0.5 + 3.92], atol=tolerances.SAMPLED_5E2
    )


def test_studentized_interval_of_a_mean_is_students():
    """Means of normal samples of 6: the quantiles of (replicate - estimate) / se are t's."""
    rng = np.random.default_rng(7)
    samples = rng.normal(10.0, 3.0, size=(60_000, 6))
    means, errors = samples.mean(axis=1), samples.std(axis=1, ddof=1) / np.sqrt(6)
    lower, upper = intervals.studentized(
        np.array([10.0]), np.array([2.0]), means[:, None], errors[:, None], 0.95
    )
    t = stats.t.ppf(0.975, 5)
    np.testing.assert_allclose(
        [lower[0], upper[0]], [10 - 2 * t, 10 + 2 * t], atol=tolerances.SAMPLED_15E2
    )
    lower, upper = intervals.studentized(
        np.array([10.0]), np.array([2.0]), means[:, None], errors[:, None], 0.95, symmetric=True
    )
    np.testing.assert_allclose(
        [lower[0], upper[0]], [10 - 2 * t, 10 + 2 * t], atol=tolerances.SAMPLED_E1
    )
    assert lower[0] + upper[0] == pytest.approx(20.0)


def test_a_statistic_on_one_side_of_all_replicates_has_no_bca_interval():
    lower, upper = intervals.bca(
        np.array([0.0]), np.arange(1.0, 9.0)[:, None], np.arange(5.0)[:, None], 0.9
    )
    assert np.isnan(lower[0])
    assert np.isnan(upper[0])


@pytest.mark.parametrize(
    "kind", ["percentile", "basic", "bca", "normal", "studentized", "symmetric"]
)
@pytest.mark.parametrize("method", ["parametric", "residual", "cluster"])
def test_intervals_hold_the_estimate_and_grow_with_the_level(kind, method):
    boot = sleep_boot(method)
    wide, narrow = (boot.confint(kind, level=level) for level in (0.95, 0.5))
    fixed = wide["group"].isna()
    assert (wide["lower"] < wide["estimate"])[fixed].all()
    assert (wide["upper"] > wide["estimate"])[fixed].all()
    assert (wide["lower"] < narrow["lower"]).all()
    assert (wide["upper"] > narrow["upper"]).all()


def test_intervals_are_chosen_by_name():
    boot = sleep_boot()
    assert boot.confint(parameters="fixed")["term"].tolist() == ["(Intercept)", "Days"]
    assert boot.confint(parameters=["sd__Days"])["term"].tolist() == ["sd__Days"]
    random = boot.confint(parameters="random")["term"].tolist()
    assert random == boot.tidy()["term"].tolist()[2:]
    with pytest.raises(OptionError, match="sd__Days"):
        boot.confint(parameters=["nothing"])


def test_names_and_estimates_are_those_of_tidy():
    for fit in (sleep_fit(), nested_fit(), crossed_fit()):
        mine, tidy = fit.bootstrap(4, rng=1).tidy(), pd.DataFrame(fit.tidy())
        mine = pd.DataFrame(mine)
        one = {(g, t): e for g, t, e in zip(mine.group, mine.term, mine.estimate, strict=True)}
        two = {(g, t): e for g, t, e in zip(tidy.group, tidy.term, tidy.estimate, strict=True)}
        assert set(one) == set(two)
        for key, value in one.items():
            np.testing.assert_allclose(value, two[key], rtol=tolerances.ROUNDING_E9)


# --- methods -------------------------------------------------------------------------------------


def test_every_method_finds_about_the_same_standard_errors_of_fixed_effects():
    """But for rows: with groups that differ, they make everything look too certain."""
    wald = np.sqrt(np.diagonal(sleep_fit().vcov_beta))
    for method in ("parametric", "residual", "cluster"):
        se = sleep_boot(method).tidy()["std_error"].to_numpy()[:2]
        np.testing.assert_allclose(se, wald, rtol=tolerances.SAMPLED_E1)
    rows = sleep_boot("observation", 200).tidy()["std_error"].to_numpy()[:2]
    assert (rows < 0.7 * wald).all()


def test_reflated_effects_have_the_estimated_covariance():
    rng = np.random.default_rng(8)
    b = rng.normal(size=(30, 2)) * [0.1, 5.0]
    G = np.array([[4.0, 1.0], [1.0, 100.0]])
    new = reflated(b, G)
    np.testing.assert_allclose(new.T @ new / 30, G, rtol=tolerances.ROUNDING_E8)
    np.testing.assert_allclose(new.mean(axis=0), 0.0, atol=tolerances.ROUNDING_E12)
    singular = np.outer([1.0, 3.0], [1.0, 3.0])
    new = reflated(rng.normal(size=(30, 1)) * [1.0, 3.0], singular)
    np.testing.assert_allclose(new.T @ new / 30, singular, atol=tolerances.ROUNDING_E6)


def test_residuals_are_resampled_in_units_of_their_weights():
    rng = np.random.default_rng(9)
    g, w = np.repeat(np.arange(40), 5), np.tile([0.01, 1.0, 1.0, 1.0, 1.0], 40)
    y = rng.normal(size=40)[g] + rng.normal(size=200) / np.sqrt(w)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g, "w": w}, weights="w")
    from mixedeffects.inference.resampling.residual import ResidualResponses

    draws = ResidualResponses(fit, 300, np.random.default_rng)(slice(0, 300))
    sd = draws.std(axis=1)
    assert 7 < sd[w < 1].mean() / sd[w == 1].mean() < 10


def test_clusters_are_of_the_factor_that_holds_the_others():
    boot = nested_fit().bootstrap(20, method="cluster", rng=1)
    assert boot.method == "bootstrap of the 12 clusters of c"
    finer = nested_fit().bootstrap(20, method="cluster", groups="g:c", rng=1)
    assert finer.method == "bootstrap of the 60 clusters of g:c"


def test_crossed_factors_need_to_be_named():
    fit = crossed_fit()
    with pytest.raises(NotAvailableError, match="crossed"):
        fit.bootstrap(5, method="cluster")
    assert fit.bootstrap(5, method="cluster", groups="g", rng=1).n_failed == 0
    labels = np.array(["a", "b", "c", "d"])[np.arange(300) % 4]
    assert fit.bootstrap(5, method="cluster", groups=labels, rng=1).facts.n_clusters == 4
    with pytest.raises(NotAvailableError, match="crossed"):
        fit.bootstrap(30, rng=1).confint("bca")


def test_rows_come_with_a_warning():
    with pytest.warns(DataWarning, match="too narrow"):
        sleep_fit().bootstrap(3, method="observation", rng=1)
    with pytest.raises(NotAvailableError, match="row"):
        sleep_boot("observation", 200).confint("bca")


def test_few_clusters_come_with_a_warning():
    rng = np.random.default_rng(10)
    g = np.repeat(np.arange(8), 10)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": rng.normal(size=8)[g] + rng.normal(size=80), "g": g})
    boot = fit.bootstrap(50, method="cluster", rng=1)
    with pytest.warns(DataWarning, match="symmetric"):
        boot.confint("percentile")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boot.confint("studentized")


def test_failures_are_counted_and_said():
    """A column that only one of ten clusters has is lost in a third of the resamples."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(10), 6)
    data = {"g": g, "t": (g == 3) * 1.0, "y": rng.normal(size=10)[g] + rng.normal(size=60)}
    fit = me.lmm("y ~ t + (1 | g)", data)
    with pytest.warns(DataWarning, match="failed"):
        boot = fit.bootstrap(300, method="cluster", rng=1)
    assert 60 < boot.n_failed < 160
    assert np.isnan(boot.replicates).all(axis=1).sum() == boot.n_failed
    assert "failed" in str(boot)
    with pytest.raises(ModelError, match="failed"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit.bootstrap(1, method="cluster", rng=1)


# --- randomness, statistics, options -------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::mixedeffects.errors.DataWarning")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fit", [sleep_fit, nested_fit])
def test_a_seed_means_the_same_replicates_for_any_number_of_threads(method, fit):
    one, two, other = (
        fit().bootstrap(40, method=method, rng=seed, threads=threads).replicates
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_generator_goes_on():
    rng = np.random.default_rng(1)
    one, two = (sleep_fit().bootstrap(4, rng=rng).replicates for _ in range(2))
    assert not np.array_equal(one, two)


@pytest.mark.filterwarnings("ignore::mixedeffects.errors.DataWarning")
@pytest.mark.parametrize("method", METHODS)
def test_a_statistic_of_ones_own(method):
    boot = sleep_fit().bootstrap(
        12, method=method, rng=1, statistic=lambda fit: {"slope": fit.beta[1], "sigma": fit.sigma}
    )
    assert boot.terms == ("slope", "sigma")
    assert np.isfinite(boot.replicates).all()
    assert len(boot.confint("percentile")) == 2
    with pytest.raises(NotAvailableError, match="statistic"):
        boot.confint("bca")
    with pytest.raises(NotAvailableError, match="studentized"):
        boot.confint("studentized", parameters=["slope"])
    if method in ("residual", "cluster"):  # where both paths draw the same numbers
        fast = sleep_fit().bootstrap(12, method=method, rng=1).replicates
        np.testing.assert_allclose(boot.replicates, fast[:, [1, 5]], rtol=tolerances.OPTIMUM_E5)


def test_frames_are_of_the_users_kind():
    table = pl.DataFrame({"y": np.arange(20.0) % 7, "g": np.repeat(np.arange(5), 4)})
    boot = me.lmm("y ~ 1 + (1 | g)", table).bootstrap(20, rng=1)
    assert isinstance(boot.confint(), pl.DataFrame)
    assert isinstance(boot.tidy(), pl.DataFrame)
    assert boot.confint().columns == ["term", "group", "estimate", "lower", "upper"]


def test_no_fixed_effects_at_all():
    rng = np.random.default_rng(12)
    g = np.repeat(np.arange(20), 5)
    fit = me.lmm("y ~ 0 + (1 | g)", {"y": rng.normal(size=20)[g] + rng.normal(size=100), "g": g})
    for method in ("parametric", "residual", "cluster"):
        boot = fit.bootstrap(40, method=method, rng=1)
        assert boot.n_failed == 0
        assert boot.confint("bca")["term"].tolist() == ["sd__(Intercept)", "sd__Observation"]
        assert len(boot.confint("studentized")) == 0


def test_bca_of_crossed_factors_says_what_to_use_instead(sleepstudy):
    sleepstudy["item"] = np.arange(180) % 7
    boot = me.lmm("Reaction ~ Days + (1 | Subject) + (1 | item)", sleepstudy).bootstrap(5, rng=1)
    with pytest.raises(NotAvailableError, match="percentile"):
        boot.confint("bca")


def test_bad_options_are_refused():
    fit = sleep_fit()
    with pytest.raises(OptionError, match="jackknife"):
        fit.bootstrap(3, method="jackknife")
    with pytest.raises(OptionError, match="whole"):
        fit.bootstrap(0)
    with pytest.raises(OptionError, match="groups"):
        fit.bootstrap(3, groups="Subject")
    with pytest.raises(OptionError, match="Subject"):
        fit.bootstrap(3, method="cluster", groups="nothing")
    with pytest.raises(DataError, match="180"):
        fit.bootstrap(3, method="cluster", groups=[1, 2])
    with pytest.raises(OptionError, match="function"):
        fit.bootstrap(3, statistic=3)
    with pytest.raises(NotAvailableError, match="one cluster"):
        fit.bootstrap(3, method="cluster", groups=np.zeros(180))
    with pytest.raises(DataError, match="missing"):
        fit.bootstrap(3, method="cluster", groups=np.full(180, np.nan))
    for nothing in ("a", None, {}, []):
        with pytest.raises(OptionError, match="must return a number"):
            fit.bootstrap(3, statistic=lambda _, value=nothing: value)
    boot = sleep_boot()
    for parameters in ([], 3):
        with pytest.raises(OptionError, match="list of names"):
            boot.confint(parameters=parameters)
    with pytest.raises(OptionError, match="percentile"):
        boot.confint("exact")
    with pytest.raises(OptionError, match="level"):
        boot.confint(level=95)
    with pytest.raises(NotAvailableError, match="fixed"):
        boot.confint("studentized", parameters="random")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "bca"}, "crossed grouping factors leave none"),
        ({"kind": "bca", "resample": "observation"}, "without each row"),
        ({"kind": "bca", "resample": "cluster"}, "are crossed"),
        ({"kind": "other"}, "kind='other' is not one of"),
    ],
)
def test_intervals_that_cannot_be_had_are_refused_before_any_refit(options, said):
    fit = crossed_fit()

    def never(done, n):
        raise AssertionError("something was refitted")

    with pytest.raises((NotAvailableError, OptionError), match=said):
        fit.confint(method="bootstrap", n=50, rng=1, progress=never, **options)


def test_a_jackknife_is_the_fits_without_each_cluster():
    """In one call where the clusters are the levels, else cluster by cluster."""
    for fit in (sleep_fit(), nested_fit()):
        left_out = jackknife(fit, "parametric", None)
        codes = fit.design.blocks[outermost(fit.design)].factor.codes
        for j in (0, int(codes.max())):
            found = fit.refits.without(np.flatnonzero(codes == j))
            np.testing.assert_allclose(
                left_out[j, : found.beta.size], found.beta, rtol=tolerances.REFIT_ATOL
            )
