"""The fit as a user meets it: summary, frames, prediction, storage."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from tests import tolerances as tol

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def sleep():
    return me.datasets.sleepstudy()


@pytest.fixture(scope="module")
def fit(sleep):
    return me.lmm(FORMULA, sleep)


def test_summary_names_what_it_shows(fit):
    text = str(fit.summary())
    for words in (
        "REML",
        FORMULA,
        "180 rows",
        "Subject: 18 groups, 10 rows each",
        "t (Satterthwaite)",
        "251.405",
        "10.467",
        "6.825",
        "1.546",
        "Converged: certified optimum",
    ):
        assert words in text, words
    assert str(fit) == text


def test_html_summary_is_escaped_and_self_contained(sleep):
    table = sleep.rename(columns={"Days": "a<b"})
    html = me.lmm("Reaction ~ `a<b` + (1 | Subject)", table)._repr_html_()
    assert "a&lt;b" in html and "a<b" not in html
    assert "<script" not in html and "http" not in html
    assert html.count("<table") == html.count("</table>") == 2


def test_frames_come_back_in_the_flavour_that_went_in(sleep):
    plain = {c: sleep[c].astype(str if c == "Subject" else float).to_numpy() for c in sleep}
    for table, flavour in (
        (pd.DataFrame(plain), pd.DataFrame),
        (pl.DataFrame(plain), pl.DataFrame),
        (pa.table(plain), pa.Table),
    ):
        fit = me.lmm(FORMULA, table)
        for frame in (fit.ranef(), fit.tidy(), fit.glance(), fit.augment(), fit.test().tidy()):
            assert isinstance(frame, flavour)
        if flavour is not pa.Table:  # which has no subclasses
            assert isinstance(fit.test(), flavour) and isinstance(fit.icc(), flavour)


def test_the_table_is_not_changed(sleep):
    before = sleep.copy(deep=True)
    me.lmm("log(Reaction) ~ scale(Days) + (1 | Subject)", sleep)
    pd.testing.assert_frame_equal(sleep, before)


def test_wald_intervals_are_symmetric(fit):
    se = np.sqrt(np.diagonal(fit.vcov()))
    # quantiles of the normal distribution and of t with 17 degrees of freedom
    for ddf, quantile in (("wald", 1.6448536269514722), ("satterthwaite", 1.7396067260750672)):
        table = fit.confint(level=0.9, ddf=ddf)
        assert np.allclose(table["upper"] - table["lower"], 2 * quantile * se, rtol=tol.ROUNDING_E6)
    with pytest.raises(me.OptionError, match="level"):
        fit.confint(level=95)
    with pytest.raises(me.OptionError, match="no option nsim"):
        fit.confint(method="profile", nsim=3)


def test_predictions_of_the_same_rows_are_the_fitted_values(fit, sleep):
    assert np.allclose(fit.predict(sleep), fit.fitted)
    assert np.allclose(fit.predict(sleep, groups="population"), fit.design.X @ fit.beta)
    assert np.allclose(fit.residuals(), sleep["Reaction"] - fit.fitted)
    assert fit.residuals("scaled") == pytest.approx(fit.residuals() / fit.sigma)


def test_new_levels_three_ways(fit):
    new = pd.DataFrame({"Days": [3, 3, np.nan], "Subject": ["308", "nobody", "308"]})
    with pytest.raises(me.DataError, match="1 of 2 rows have a level of 'Subject'"):
        fit.predict(new)
    population = fit.fixef["(Intercept)"] + 3 * fit.fixef["Days"]
    for choice in ("population", "marginal"):
        out = fit.predict(new, new_levels=choice)
        assert out[1] == pytest.approx(population)
        assert out[0] != pytest.approx(population)
        assert np.isnan(out[2])
    # no grouping column is needed for an average group
    assert fit.predict({"Days": [3]}, groups="population") == pytest.approx([population])


def test_simulation_has_the_model_covariance(fit):
    y = fit.simulate(4000, rng=0)
    rows = fit.design.blocks[0].factor.codes == 0
    Z, Lam = fit.design.blocks[0].Z[rows], fit.lambdas[0]
    expected = fit.sigma**2 * (Z @ Lam @ Lam.T @ Z.T + np.eye(rows.sum()))
    observed = np.cov(y[rows])
    assert np.abs(observed - expected).max() < tol.SAMPLED_12E2 * expected.max()
    assert np.array_equal(fit.simulate(2, rng=5), fit.simulate(2, rng=5))


def test_refit_of_the_same_response_is_the_same_fit(fit):
    again = fit.refit(fit.design.y)
    assert again.objective == pytest.approx(fit.objective, abs=tol.OPTIMUM_E8)
    with pytest.raises(me.DataError, match="180 rows"):
        fit.refit([1.0, 2.0])


def test_save_and_load(fit, tmp_path, sleep):
    path = tmp_path / "fit.npz"
    fit.save(path)
    with np.load(path, allow_pickle=False) as archive:
        json.loads(archive["header"].tobytes())
    loaded = me.load(path)
    assert str(loaded.summary()) == str(fit.summary())
    assert np.allclose(loaded.predict(sleep), fit.predict(sleep))
    assert loaded.ranef().equals(fit.ranef())
    assert np.array_equal(loaded.theta, fit.theta)
    (tmp_path / "other.npz").write_bytes(b"something else")
    with pytest.raises(me.DataError, match="not a fit saved"):
        me.load(tmp_path / "other.npz")


def test_files_that_are_no_fits_are_refused_in_words(fit, tmp_path):
    (tmp_path / "messy.csv").write_text("y,x\n1,2\n")
    with pytest.raises(me.DataError, match="not a fit saved") as refused:
        me.load(tmp_path / "messy.csv")
    assert "pickle" not in str(refused.value) and "fit.save" in str(refused.value)
    with pytest.raises(FileNotFoundError):
        me.load(tmp_path / "absent.npz")
    with pytest.raises(me.OptionError, match=r"no folder '.*nodir' for 'x\.npz'; make it first"):
        fit.save(tmp_path / "nodir" / "x.npz")
    with pytest.raises(me.OptionError, match="is a folder"):
        fit.save(tmp_path)


def test_information_criteria_count_every_parameter(fit):
    assert fit.df == 6
    assert fit.aic == pytest.approx(fit.objective + 12)
    assert fit.bic == pytest.approx(fit.objective + 6 * np.log(180))


def test_icc_of_a_random_intercept_is_the_variance_ratio(sleep):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", sleep)
    v, s = fit.varcorr.sd["Subject"][0] ** 2, fit.sigma**2
    assert fit.icc()["icc"].iloc[0] == pytest.approx(v / (v + s))
    slopes = me.lmm(FORMULA, sleep)
    Z, G = slopes.design.blocks[0].Z, slopes.varcorr.terms[0].covariance
    mean = np.mean(np.einsum("na,ab,nb->n", Z, G, Z))
    assert slopes.icc()["variance"].iloc[0] == pytest.approx(mean)


def test_a_formula_without_groups_is_refused(sleep):
    with pytest.raises(me.ModelError, match="no random effects"):
        me.lmm("Reaction ~ Days", sleep)
    with pytest.raises(me.OptionError, match="optimizer"):
        me.lmm(FORMULA, sleep, optimizer="bobyqa")


def test_missing_rows_and_dropped_columns_are_reported(sleep):
    table = sleep.copy()
    table.loc[[3, 7], "Reaction"] = np.nan
    table["twice"] = 2 * table["Days"]
    fit = me.lmm("Reaction ~ Days + twice + (1 | Subject)", table)
    text = str(fit)
    assert "2 of 180 rows were left out" in text
    assert "Column twice was dropped" in text
    assert fit.nobs == 178 and list(fit.fixef) == ["(Intercept)", "Days"]


def test_explain_runs_nothing_and_prints_a_plan(sleep):
    text = str(me.explain(FORMULA, sleep))
    assert "18" in text and "Subject" in text
