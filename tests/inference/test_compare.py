"""Model comparison against anova.merMod, and statements about nesting, refusals and p-values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import chi2

import mixedeffects as me
from mixedeffects.errors import DataError, ModelError, OptionError
from mixedeffects.inference.comparison import Nesting, nesting, reference
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, as_list, fits

LONGER = [name for name, record in SERIES.items() if len(as_list(record["formulas"])) > 1]


@pytest.mark.parametrize("reml", [False, True])
@pytest.mark.parametrize("name", SERIES)
def test_criteria_are_lme4s(name, reml):
    for fit, golden in zip(fits(name, reml), SERIES[name]["reml" if reml else "ml"], strict=True):
        assert fit.df == golden["npar"]
        assert fit.loglik == pytest.approx(golden["loglik"], abs=tol.CRITERION_ABS)
        assert fit.aic == pytest.approx(golden["aic"], abs=tol.CRITERION_ABS)
        assert fit.bic == pytest.approx(golden["bic"], abs=tol.CRITERION_ABS)


@pytest.mark.parametrize("reml", [False, True])
@pytest.mark.parametrize("name", LONGER)
def test_chi_squares_are_anova_mermods(name, reml):
    table = me.compare(*fits(name, reml), test=True).tidy()
    kept = bool(table["reml"].iloc[0])
    golden = SERIES[name]["anova_reml" if kept else "anova_ml"]
    # REML is kept exactly where no fixed effect is added
    assert kept == (reml and len({fit.beta.size for fit in fits(name, True)}) == 1)
    assert table["chisq"][1:].to_numpy() == pytest.approx(golden["chisq"][1:], abs=tol.CHISQ_ABS)
    assert table["df"][1:].tolist() == golden["df"][1:]
    assert table["p_naive"][1:].to_numpy() == pytest.approx(golden["p"][1:], rel=tol.P_RTOL)


def test_refit_true_is_what_r_does():
    table = me.compare(*fits("sleepstudy_slopes", True), refit=True).tidy()
    golden = SERIES["sleepstudy_slopes"]["anova_ml"]
    assert not table["reml"].any()
    assert table["chisq"][1:].to_numpy() == pytest.approx(golden["chisq"][1:], abs=tol.CHISQ_ABS)


def test_weights_and_differences():
    table = me.compare(*fits("sleepstudy_slopes", False)).tidy()
    aic = np.array([m["aic"] for m in SERIES["sleepstudy_slopes"]["ml"]])
    bic = np.array([m["bic"] for m in SERIES["sleepstudy_slopes"]["ml"]])
    assert table["delta_aic"].to_numpy() == pytest.approx(aic - aic.min(), abs=tol.OPTIMUM_E6)
    for name, values in (("weight_aic", aic), ("weight_bic", bic)):
        w = np.exp(-0.5 * (values - values.min()))
        assert table[name].to_numpy() == pytest.approx(w / w.sum(), rel=tol.OPTIMUM_E6)
    k, n = 6, 180
    assert table["aicc"].iloc[2] == pytest.approx(aic[2] + 2 * k * (k + 1) / (n - k - 1))


def test_the_order_of_the_arguments_does_not_matter(sleepstudy):
    one, two, three = fits("sleepstudy_slopes", True)
    a, b = me.compare(three, one, two).tidy(), me.compare(one, two, three).tidy()
    assert a["formula"].tolist() == b["formula"].tolist()
    assert a["p_value"].to_numpy() == pytest.approx(b["p_value"].to_numpy(), nan_ok=True)
    assert one.lrt(two).p_value == two.lrt(one).p_value


# --- reference distributions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "weights"),
    [
        (Nesting("", 0, 1, (1,)), {0: 0.5, 1: 0.5}),
        (Nesting("", 0, 2, (1,)), {1: 0.5, 2: 0.5}),
        (Nesting("", 0, 3, (1,)), {2: 0.5, 3: 0.5}),
        (Nesting("", 1, 1, ()), {1: 1.0}),
        (Nesting("", 1, 3, (1,)), {2: 0.5, 3: 0.5}),
        (Nesting("", 0, 2, (1, 1)), {0: 0.25, 1: 0.5, 2: 0.25}),
    ],
)
def test_mixtures(found, weights):
    distribution = reference(found)
    assert distribution.weights == weights
    for x in (0.5, 3.0, 8.0):
        expected = sum(w * (chi2.sf(x, df) if df else 0.0) for df, w in weights.items())
        assert distribution.p_value(x) == pytest.approx(expected)
    assert distribution.p_value(0.0) == 1.0


def test_several_correlated_columns_are_bounded_and_say_so():
    one, two = fits("machines_slopes", True)
    found = me.compare(one, two)
    assert found.tests[0].words.startswith("at most")
    assert any("no simple mixture" in note for note in found.notes)
    assert found.p_value <= found.p_naive


def test_a_correlation_is_an_interior_parameter():
    _, zero, free = fits("sleepstudy_slopes", True)
    assert zero.lrt(free).p_value == zero.lrt(free).p_naive


def test_the_mixture_keeps_its_level_where_the_naive_test_is_too_timid():
    # under the null: half of all estimates are zero, so 5% of the mixture's tests reject
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(30), 6)
    naive = mixture = 0
    R = 600
    for _ in range(R):
        y = rng.standard_normal(codes.size)
        row = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": codes}).ranova()
        mixture += row["p_value"][1] < 0.05
        naive += row["p_naive"][1] < 0.05
    # 600 draws: standard error 0.009
    assert 0.025 < mixture / R < 0.08
    assert naive < mixture


# --- nesting -----------------------------------------------------------------------------------


@pytest.fixture
def table():
    rng = np.random.default_rng(7)
    n = 240
    g, h = rng.integers(0, 20, n), rng.integers(0, 8, n)
    x, z = rng.standard_normal(n), rng.standard_normal(n)
    f = np.array(list("abc"))[rng.integers(0, 3, n)]
    y = x + rng.standard_normal(20)[g] * (1 + x) + rng.standard_normal(8)[h] + rng.normal(size=n)
    names = np.array([f"level {c:02d}" for c in rng.permutation(20)])
    return {"y": y, "x": x, "z": z, "f": f, "g": g, "again": names[g], "h": h}


NESTED = [
    ("y ~ x + (1 | g)", "y ~ x + (x | g)"),
    ("y ~ x + (x || g)", "y ~ x + (x | g)"),
    ("y ~ x + (0 + x | g)", "y ~ x + (x || g)"),
    ("y ~ x + (1 | g)", "y ~ x + (1 | again) + (1 | h)"),
    ("y ~ x + (1 | g)", "y ~ I(2 * x + 3) + z + (1 | g)"),
    ("y ~ 0 + f + (1 | g)", "y ~ f * x + (1 | g)"),
    ("y ~ x + (1 | g)", "y ~ x + (0 + f | g)"),
    ("y ~ x + (I(x - 5) | g)", "y ~ x + (x + z | g)"),
    ("y ~ 1 + offset(2 * x) + (1 | g)", "y ~ x + (1 | g)"),
    ("y ~ 0 + (1 | g)", "y ~ 1 + (1 | g)"),
]
NOT_NESTED = [
    ("y ~ z + (1 | g)", "y ~ x + (x | g)", "fixed effects of the smaller"),
    ("y ~ x + (1 | h)", "y ~ x + (x | g)", "no random effects of 'h'"),
    ("y ~ x + (z | g)", "y ~ x + (x + f | g)", "'z' does not vary by 'g'"),
    ("y ~ x + (I(x - 5) || g)", "y ~ x + z + (x || g)", "covariances of"),
    ("y ~ x + (x | g)", "y ~ x + z + f + (x || g)", "covariances of"),
    ("y ~ 1 + offset(z) + (1 | g)", "y ~ x + (1 | g)", "offsets differ"),
]


@pytest.mark.parametrize(("small", "large"), NESTED)
def test_nested(table, small, large):
    one, two = (me.lmm(f, table, reml=False) for f in (small, large))
    found = nesting(one, two)
    assert found.nested, found.reason
    assert found.df == two.df - one.df
    assert two.loglik >= one.loglik - tol.LOGLIK_SHORTFALL
    assert not nesting(two, one).nested


@pytest.mark.parametrize(("small", "large", "why"), NOT_NESTED)
def test_not_nested(table, small, large, why):
    one, two = (me.lmm(f, table, reml=False) for f in (small, large))
    assert why in nesting(one, two).reason
    shown = me.compare(one, two)
    assert shown.tests == (None,) and any(why in note for note in shown.notes)
    assert np.isnan(shown.p_value)
    with pytest.raises(ModelError, match="cannot be tested"):
        me.compare(one, two, test=True)
    with pytest.raises(ModelError, match="cannot be tested"):
        one.lrt(two)


def test_the_same_model_written_twice_is_not_tested(table):
    one = me.lmm("y ~ x + f + (1 | g)", table, reml=False)
    two = me.lmm("y ~ 0 + f + I(10 * x) + (1 | again)", table, reml=False)
    assert any("same model" in note for note in me.compare(one, two).notes)


# --- refits and refusals -----------------------------------------------------------------------


def test_different_fixed_effects_under_reml_are_refitted_by_ml_and_said(table):
    one, two = me.lmm("y ~ 1 + (1 | g)", table), me.lmm("y ~ x + (1 | g)", table)
    shown = me.compare(one, two)
    assert not shown.tidy()["reml"][0]
    assert "Refitted by maximum likelihood" in shown.notes[0]
    by_ml = [me.lmm(f.formula, table, reml=False).loglik for f in (one, two)]
    assert list(shown.tidy()["loglik"]) == pytest.approx(by_ml, abs=tol.OPTIMUM_E6)
    with pytest.raises(ModelError, match="depends on the fixed effects"):
        me.compare(one, two, refit=False)


def test_rescaled_columns_change_the_reml_criterion_and_are_refitted(table):
    # log|X'V^-1X| depends on the units of X, so these REML likelihoods differ by a constant
    one = me.lmm("y ~ x + (1 | g)", table)
    two = me.lmm("y ~ I(10 * x) + (x | g)", table)
    assert "Refitted" in me.compare(one, two).notes[0]
    three = me.lmm("y ~ I(x - 7) + (x | g)", table)  # a shift keeps the volume
    assert "the fixed effects are the same" in me.compare(one, three).notes[0]
    plain = me.lmm("y ~ x + (x | g)", table)
    assert one.lrt(three).statistic == pytest.approx(one.lrt(plain).statistic, abs=tol.OPTIMUM_E6)


def test_reml_and_ml_are_not_mixed(table):
    one, two = me.lmm("y ~ x + (1 | g)", table), me.lmm("y ~ x + (x | g)", table, reml=False)
    assert "not all were fitted by REML" in me.compare(one, two).notes[0]


def test_other_rows_responses_and_weights_are_refused(table):
    one = me.lmm("y ~ x + (1 | g)", table)
    holes = {**table, "z": np.where(np.arange(240) < 5, np.nan, table["z"])}
    with pytest.raises(DataError, match="240 and 235 rows"):
        me.compare(one, me.lmm("y ~ x + z + (1 | g)", holes))
    with pytest.raises(DataError, match=r"responses 'y' and 'exp\(y\)'"):
        me.compare(one, me.lmm("exp(y) ~ x + (1 | g)", table))
    with pytest.raises(DataError, match="not fitted to the same rows"):
        me.compare(one, me.lmm("y ~ x + (1 | g)", {**table, "y": table["y"][::-1]}))
    heavy = {**table, "w": np.linspace(1, 2, 240)}
    with pytest.raises(DataError, match="prior weights"):
        me.compare(one, me.lmm("y ~ x + (1 | g)", heavy, weights="w"))
    with pytest.raises(OptionError):
        me.compare(one)
    with pytest.raises(OptionError):
        me.compare(one, one, names=["a", "a"])


def test_frames_come_in_the_users_flavour(table):
    polars = pytest.importorskip("polars")
    one, two = (me.lmm(f, polars.DataFrame(table)) for f in ("y ~ x + (1 | g)", "y ~ x + (x | g)"))
    shown = me.compare(one, two, names=["a", "b"])
    assert isinstance(shown.tidy(), polars.DataFrame)
    assert shown.tidy()["model"].to_list() == ["a", "b"]
    assert "1/2 chi2(1) + 1/2 chi2(2)" in str(shown)
    assert "<table>" in shown._repr_html_()


def test_a_loaded_fit_compares(table, tmp_path):
    one, two = me.lmm("y ~ x + (1 | g)", table), me.lmm("y ~ x + (x | g)", table)
    two.save(tmp_path / "two.npz", rows=True)
    loaded = me.load(tmp_path / "two.npz")
    assert one.lrt(loaded).p_value == pytest.approx(one.lrt(two).p_value)


def test_large_models_of_two_engines(rdata):
    data = rdata("lme4", "InstEval").iloc[::20]
    one = me.lmm("y ~ service + (1 | d)", data)
    two = me.lmm("y ~ service + (1 | s) + (1 | d)", data)
    assert one.lrt(two).tests[0].words == "1/2 chi2(0) + 1/2 chi2(1)"


@pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"converged": lambda state: state.iteration >= 1}, "model 2 was ended by your own rule"),
        ({"optimizer": "Nelder-Mead", "max_iterations": 5}, "model 2 did not converge"),
        ({}, ""),
    ],
)
def test_a_log_likelihood_that_is_no_maximum_is_said(options, words):
    data = me.datasets.sleepstudy()
    one = me.lmm("Reaction ~ Days + (1 | Subject)", data)
    two = me.lmm("Reaction ~ Days + (Days | Subject)", data, **options)
    for found in (me.compare(one, two), one.lrt(two)):
        said = [note for note in found.notes if "not the maximum" in note]
        assert [note.partition(":")[0] for note in said] == ([words] if words else [])


# --- bootstrap ---------------------------------------------------------------------------------


def test_the_bootstrap_agrees_with_the_mixture_where_the_mixture_holds(table):
    one, two = me.lmm("y ~ x + (x || g)", table), me.lmm("y ~ x + (x | g)", table)
    found = one.lrt(two, method="bootstrap", n=200, rng=1)
    by_mixture = one.lrt(two).p_value
    assert found.bootstrap.n == 200 and found.bootstrap.n_failed < 10
    assert abs(found.p_value - by_mixture) < tol.STANDARD_ERRORS_4 * np.sqrt(0.25 / 200) + 1 / 200
    again = one.lrt(two, method="bootstrap", n=200, rng=1)
    assert again.p_value == found.p_value
    with pytest.raises(OptionError):
        one.lrt(two, method="bootstrap", n=0)
    with pytest.raises(OptionError):
        one.lrt(two, method="permutation")


def test_versions_are_recorded():
    from tests.golden.compare import series

    path = series.Path(series.__file__).parent / "compare.json"
    versions = json.loads(path.read_text())["versions"]
    assert {"R", "lme4", "lmerTest", "performance", "glmmTMB"} <= set(versions)
