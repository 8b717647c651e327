"""marginaleffects and maketables on our fits, against formulas written out by hand."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version

import marginaleffects as mfx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from maketables import ETable
from marginaleffects.classes import ModelAbstract

import mixedeffects as me
from mixedeffects.inference.df import df_method, linear_estimates
from tests import tolerances as tol

# marginaleffects 0.6.0 calls functions that polars 2 removed when it compares levels of text
old_polars = pytest.mark.skipif(
    pl.__version__.split(".")[0] != "1" and version("marginaleffects") == "0.6.0",
    reason="marginaleffects 0.6.0 cannot compare levels with polars 2",
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    n = 240
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n) + 1.0,
            "f": rng.choice(list("abc"), n),
            "k": rng.choice([1, 2, 3], n),
            "old": rng.random(n) < 0.4,
            "g": np.repeat(np.arange(20), 12),
            "day": np.tile(np.arange(12), 20),
            "w": rng.random(n) + 0.5,
            "the age": rng.random(n) * 50,
            "extra": rng.choice(list("uvw"), n),
            "list": [[1]] * n,
        }
    )
    effect = rng.normal(size=20)[frame["g"]]
    frame["y"] = 5 + 0.3 * frame["x"] ** 2 + frame["k"] + effect + rng.normal(size=n)
    frame.loc[4, "x"] = np.nan
    frame.loc[9, "extra"] = None
    return frame


def fitted(formula, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.DataWarning)
        return me.lmm(formula, data, **options)


def adapted(fit, *args, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "marginaleffects .* removed", me.MixedEffectsWarning)
        return fit.to_marginaleffects(*args, **options)


FORMULAS = [
    ("y ~ x + f + (1 | g)", {}),
    ("y ~ x * f + (1 + x | g)", {"reml": False}),
    ("y ~ x + factor(k) + (1 | g) + (1 | day)", {}),
    ("y ~ old + (1 | g / k)", {}),
    ("y ~ poly(x, 2) + scale(`the age`) + (1 | g)", {}),
    ("log(y + 10) ~ x + (x || g)", {"weights": "w"}),
    ("y ~ x + offset(w) + (1 | g)", {}),
    ("y ~ x + I(2 * x) + (1 | g)", {}),
    ("y ~ 0 + f + (1 | g)", {}),
]


@pytest.mark.parametrize(("formula", "options"), FORMULAS)
@pytest.mark.parametrize("source", ["fit", "table", "file"])
def test_predictions_are_those_of_an_average_group(data, formula, options, source, tmp_path):
    fit = fitted(formula, data, **options)
    if source == "file":
        fit.save(tmp_path / "fit.npz", rows=True)
        fit = me.load(tmp_path / "fit.npz")
    model = adapted(fit, *([data] if source == "table" else []))
    assert isinstance(model, ModelAbstract)
    found = mfx.predictions(model)
    X = np.asarray(fit.design.X)
    se = np.sqrt(np.einsum("np,pq,nq->n", X, fit.vcov(), X))
    np.testing.assert_allclose(
        found["estimate"], fit.predict(groups="population"), rtol=tol.ROUNDING_E12
    )
    np.testing.assert_allclose(found["std_error"], se, rtol=tol.MARGINALEFFECTS_RTOL)
    for newdata in ("mean", "median", "balanced"):
        assert mfx.predictions(model, newdata=newdata).height >= 1
    average = mfx.avg_predictions(model, by="g")
    assert average.height == 20
    text = [str(g) for g in average["g"]]
    by_hand = (
        pd.Series(fit.predict(groups="population"))
        .groupby(np.array([str(v) for v in model.get_modeldata()["g"]]))
        .mean()
    )
    np.testing.assert_allclose(average["estimate"], by_hand[text], rtol=tol.ROUNDING_E12)


def test_average_slopes_by_hand(data):
    fit = fitted("y ~ x * f + I(x^2) + (1 | g)", data)
    model = adapted(fit)
    rows = model.get_modeldata()
    names = list(fit.design.x_names)
    L = np.zeros(len(names))
    L[names.index("x")] = 1.0
    L[names.index("I(x^2)")] = 2.0 * rows["x"].mean()
    for level in "bc":
        L[names.index(f"x:f[{level}]")] = (rows["f"] == level).mean()
    slope = mfx.avg_slopes(model, variables="x", eps_vcov=1.0)
    assert slope["estimate"][0] == pytest.approx(L @ fit.beta, rel=tol.MARGINALEFFECTS_RTOL)
    expected = np.sqrt(L @ fit.vcov() @ L)
    assert slope["std_error"][0] == pytest.approx(expected, rel=tol.MARGINALEFFECTS_RTOL)
    for ddf in ("satterthwaite", "kenward-roger", "CR2"):
        tested = model.t_tests(slope, ddf=ddf)
        by_hand = linear_estimates(fit, L, ddf=ddf)
        for name, ours in (("df", "df"), ("p_value", "p_value"), ("conf_low", "lower")):
            assert tested[name][0] == pytest.approx(by_hand[ours][0], rel=tol.TRUNCATION_E5)


def test_t_tests_are_those_of_predict_and_keep_the_null(data):
    fit = fitted("y ~ x + (x | g)", data)
    model = adapted(fit)
    grid = mfx.datagrid(model=model, x=[0.0, 2.0, 4.0])
    tested = model.t_tests(mfx.predictions(model, newdata=grid), ddf="kenward-roger", level=0.9)
    expected = fit.predict(
        {"x": [0.0, 2.0, 4.0]}, groups="population", interval="confidence", ddf="kenward-roger",
        level=0.9,
    )  # fmt: skip
    for name, ours in (("std_error", "std_error"), ("conf_low", "lower"), ("conf_high", "upper")):
        np.testing.assert_allclose(tested[name], expected[ours], rtol=tol.TRUNCATION_E6)
    assert "P(>|t|)" in str(tested)
    null = model.t_tests(mfx.hypotheses(model, hypothesis=0.5))
    ours = linear_estimates(fit, np.eye(2), null=0.5)
    np.testing.assert_allclose(null["statistic"], ours["statistic"], rtol=tol.TRUNCATION_E6)
    np.testing.assert_allclose(null["p_value"], ours["p_value"], rtol=tol.TRUNCATION_E5)
    for result in (
        mfx.avg_comparisons(model, vcov=False),
        mfx.avg_comparisons(model, transform=np.exp),
    ):
        with pytest.raises(me.OptionError, match="vcov=True"):
            model.t_tests(result)


@pytest.mark.parametrize("method", ["model", "kenward-roger", "CR0", "CR2"])
def test_covariance_by_name(data, method):
    fit = fitted("y ~ x + (1 | g)", data)
    se = np.sqrt(fit.vcov(method=method)[1, 1])
    by_call = mfx.avg_comparisons(adapted(fit), vcov=method)
    by_model = mfx.avg_comparisons(adapted(fit, vcov=method))
    for found in (by_call, by_model):
        assert found["std_error"][0] == pytest.approx(se, rel=tol.MARGINALEFFECTS_RTOL)


def test_degrees_of_freedom_of_all_tests(data):
    from scipy import stats

    fit = fitted("y ~ x + (1 | g)", data)
    found = mfx.hypotheses(adapted(fit, df=18))
    np.testing.assert_allclose(
        found["p_value"], 2 * stats.t.sf(np.abs(found["statistic"]), 18), atol=tol.ROUNDING_E12
    )
    joint = mfx.hypotheses(adapted(fit, df=18), joint=True)
    F = fit.beta @ np.linalg.solve(fit.vcov(), fit.beta) / 2
    assert joint["statistic"][0] == pytest.approx(F) and joint["df2"][0] == 18
    chi = mfx.hypotheses(adapted(fit), joint=True, joint_test="chisq")
    assert chi["statistic"][0] == pytest.approx(2 * F)


@old_polars
@pytest.mark.filterwarnings("ignore:.*get_categories:DeprecationWarning")
def test_comparisons_of_text_are_differences_of_coefficients(data):
    fit = fitted("y ~ x + f + (1 | g)", data)
    found = mfx.avg_comparisons(adapted(fit), variables={"f": "pairwise"})
    assert found["contrast"].to_list() == ["b - a", "c - a", "c - b"]
    names = list(fit.design.x_names)
    b, c = fit.beta[names.index("f[b]")], fit.beta[names.index("f[c]")]
    np.testing.assert_allclose(found["estimate"], [b, c, c - b], rtol=tol.ROUNDING_E10)
    new = pl.DataFrame({"x": [1.0, 2.0], "f": ["a", "c"]})
    np.testing.assert_allclose(
        mfx.predictions(adapted(fit), newdata=new)["estimate"],
        fit.predict(new, groups="population"),
        rtol=tol.ROUNDING_E12,
    )


def test_a_marginaleffects_that_polars_breaks_is_announced(data, monkeypatch):
    from mixedeffects.model import marginaleffects_adapter as adapter

    versions = {"polars": "2.0.1", "marginaleffects": "0.6.0"}
    monkeypatch.setattr(adapter, "version", versions.__getitem__)
    fit = fitted("y ~ x + f + (1 | g)", data)
    with pytest.warns(me.MixedEffectsWarning, match="polars<2"):
        fit.to_marginaleffects()
    with warnings.catch_warnings():
        warnings.simplefilter("error", me.MixedEffectsWarning)
        fitted("y ~ x + (1 | g)", data).to_marginaleffects()
        versions["marginaleffects"] = "0.7.0"
        fit.to_marginaleffects()


def test_numbers_that_are_names_and_booleans_are_compared_as_such(data):
    found = mfx.avg_comparisons(adapted(fitted("y ~ factor(k) + old + (1 | g)", data)))
    assert found["contrast"].to_list() == ["2 - 1", "3 - 1", "1 - 0"]
    fit = fitted("y ~ factor(k) + old + (1 | g)", data)
    np.testing.assert_allclose(found["estimate"], fit.beta[1:], rtol=tol.ROUNDING_E10)


def test_a_prediction_that_dropped_columns_leave_open_is_missing(data):
    holes = data[~((data["k"] == 3) & data["old"])]
    fit = fitted("y ~ factor(k) * old + (1 | g)", holes)
    assert [column.name for column in fit.design.aliased] == ["factor(k)[3]:old[True]"]
    model = adapted(fit)
    assert np.isfinite(mfx.predictions(model)["estimate"].to_numpy()).all()
    grid = pl.DataFrame({"k": [1, 2, 3, 1, 2, 3], "old": [0, 0, 0, 1, 1, 1]})
    found = mfx.predictions(model, newdata=grid)
    assert np.isnan(found["estimate"].to_numpy()).tolist() == [False] * 5 + [True]
    tested = model.t_tests(found)
    assert np.isnan(tested["df"].to_numpy()).tolist() == [False] * 5 + [True]


def test_the_table_may_be_given_and_must_be_the_fits(data):
    fit = fitted("y ~ x + (1 | g)", data)
    columns = adapted(fit, data).get_modeldata().columns
    assert "extra" in columns and "list" not in columns
    assert adapted(fit).get_modeldata().columns == ["y", "x", "g"]
    found = mfx.avg_predictions(adapted(fit, pl.from_pandas(data.drop(columns="list"))), by="day")
    assert found.height == 12
    for other in (data.iloc[:100], data.assign(y=data["y"] + 1)):
        with pytest.raises(me.DataError, match="newdata"):
            fit.to_marginaleffects(other)


def test_refusals_say_why(data, monkeypatch):
    fit = fitted("y ~ x + (1 | g)", data)
    with pytest.raises(me.OptionError, match="kenward-roger"):
        fit.to_marginaleffects(vcov="HC3")
    with pytest.raises(me.OptionError, match="HC3"):
        mfx.predictions(adapted(fit), vcov="HC3")
    for df in (0, -1, "many", float("nan"), True):
        with pytest.raises(me.OptionError, match="df="):
            fit.to_marginaleffects(df=df)
    with pytest.raises(me.ModelError, match="no column"):
        fitted("y ~ 1 + (1 | g)", data).to_marginaleffects()
    with pytest.raises(me.ModelError, match="no column"):
        fitted("y ~ 0 + (1 | g)", data).to_marginaleffects()
    named = data.rename(columns={"x": "term", "g": "group"})
    with pytest.raises(me.DataError, match="'term'"):
        fitted("y ~ term + (1 | group)", named).to_marginaleffects()
    adapted(fitted("y ~ day + (1 | group)", named))
    object.__setattr__(fit.design.mean, "sources", None)
    with pytest.raises(me.DataError, match=r"to_marginaleffects\(data\)"):
        fit.to_marginaleffects()
    np.testing.assert_allclose(
        mfx.predictions(adapted(fit, data))["estimate"], fit.predict(groups="population")
    )
    monkeypatch.setitem(sys.modules, "marginaleffects.classes.model", None)
    monkeypatch.delitem(sys.modules, "mixedeffects.model.marginaleffects_adapter")
    with pytest.raises(me.MissingDependencyError, match="pip install marginaleffects"):
        fit.to_marginaleffects()


def test_table_of_models(data):
    reml = fitted("y ~ x + (1 | g)", data)
    ml = fitted("y ~ x * old + (1 | g / k)", data, reml=False)
    table = ETable([reml, ml, reml.to_maketables(ddf="CR2")])
    df = table.df
    assert [column[0] for column in df.columns] == ["y"] * 3
    x = df.loc[("coef", "x")].tolist()
    slope = reml.test(ddf="CR2").set_index("term").loc["x"]
    stars = "".join("*" for cut in (0.01, 0.05, 0.1) if slope["p_value"] < cut)
    assert x[2].replace(" ", "") == f"{slope['estimate']:.3f}{stars}\n({slope['std_error']:.3f})"
    stats = df.loc["stats"]
    assert stats.loc["Observations"].tolist() == ["239"] * 3
    assert stats.loc["Groups: g"].tolist() == ["20"] * 3
    assert stats.loc["Groups: k:g"].tolist()[0] == "-"
    # restricted likelihoods are not comparable with likelihoods: rows of their own
    assert [v == "-" for v in stats.loc["AIC"]] == [True, False, True]
    assert [v == "-" for v in stats.loc["AIC (REML)"]] == [False, True, False]
    assert stats.loc["S.E. type"].tolist()[::2] == [
        df_method(reml, "satterthwaite").label, df_method(reml, "CR2").label
    ]  # fmt: skip
    assert "Residual SD" in table.make(type="tex")
    assert "Residual SD" in table.make(type="gt").as_raw_html()


def test_coefficients_of_a_table(data):
    fit = fitted("y ~ x + (1 | g)", data)
    frame = fit.__maketables_coef_table__
    expected = fit.test()
    assert frame.index.tolist() == ["Intercept", "x"] and frame.index.name == "Coefficient"
    names = ["estimate", "std_error", "statistic", "p_value", "df", "lower", "upper"]
    for token, name in zip(["b", "se", "t", "p", "df", "ci95l", "ci95u"], names, strict=True):
        np.testing.assert_array_equal(frame[token], expected[name])


def test_every_statistic_by_its_key(data):
    fit = fitted("y ~ x + (1 | g)", data)
    stat = fit.__maketables_stat__
    r2 = fit.r2().set_index("measure")["r2"]
    expected = {
        "N": 239, "Groups: g": 20, "Residual SD": fit.sigma,
        "REML log-likelihood": fit.loglik, "AIC (REML)": fit.aic, "BIC (REML)": fit.bic,
        "ICC": fit.icc()["icc"].iloc[-1], "Method": "REML", "Parameters": fit.df,
        "R² (marginal)": r2["marginal"], "R² (conditional)": r2["conditional"],
    }  # fmt: skip
    for key, value in expected.items():
        assert stat(key) == value
    assert set(fit.__maketables_default_stat_keys__) <= {*expected, "se_type"}
    for missing in ("aic", "ll", "Groups: h", "anything"):
        assert stat(missing) is None
    assert fit.__maketables_depvar__ == "y" and fit.__maketables_fixef_string__ is None
    with pytest.raises(me.OptionError):
        fit.to_maketables(ddf="residual")


def test_a_table_needs_pandas(data, monkeypatch):
    fit = fitted("y ~ x + (1 | g)", data)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(me.MissingDependencyError, match="pip install"):
        fit.__maketables_coef_table__


def test_neither_package_is_loaded_by_a_fit():
    import subprocess

    code = (
        "import sys, mixedeffects as me; "
        "fit = me.lmm('Reaction ~ Days + (1 | Subject)', me.datasets.sleepstudy(flavour='dict')); "
        "fit.tidy(); "
        "print(sorted({'marginaleffects', 'maketables', 'polars', 'jax'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
