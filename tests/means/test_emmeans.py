"""Marginal means, slopes and contrasts against R's emmeans (tests/golden/make/emmeans.R)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.means.adjust import adjusted
from mixedeffects.means.families import contrast_weights
from mixedeffects.means.multivariate_t import LargestT
from mixedeffects.means.studentized_range import (
    studentized_range_quantile,
    studentized_range_sf,
)
from tests import tolerances as tol
from tests.golden.emmeans.frames import fitted, frame_of, golden

MODELS = golden("emmeans")
CALLS = [(name, i) for name, model in MODELS.items() for i in range(len(model["calls"]))]
DDF = {"asymptotic": "wald"}


def listed(value):
    return [value] if isinstance(value, str) else list(value or [])


def computed(name, i, ddf):
    """Our answer to a call of the golden file."""
    call, fit = MODELS[name]["calls"][i], fitted("emmeans", name)
    options = {"by": call["by"], "at": call["at"], "ddf": DDF.get(ddf, ddf)}
    if call["kind"] == "slopes":
        return fit.emtrends(call["var"], listed(call["specs"]), **options)
    options |= {"weights": call["weights"], "type": call["type"]}
    return fit.emmeans(listed(call["specs"]), **options)


def r_columns(rows):
    """emmeans' columns under our names."""
    frame = pd.DataFrame({k: np.atleast_1d(np.array(v, dtype=object)) for k, v in rows.items()})
    names = {
        "SE": "std_error",
        "p.value": "p_value",
        "t.ratio": "statistic",
        "z.ratio": "statistic",
    }
    names |= dict.fromkeys(("lower.CL", "asymp.LCL"), "lower")
    names |= dict.fromkeys(("upper.CL", "asymp.UCL"), "upper")
    names |= dict.fromkeys(("emmean", "response", "estimate", "ratio"), "estimate")
    names |= {column: "estimate" for column in frame if column.endswith(".trend")}
    frame = frame.rename(columns=names)
    for column in {*names.values(), "df"} & set(frame):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    # JSON has no infinity
    frame.loc[frame["estimate"].notna() & frame["df"].isna(), "df"] = np.inf
    return frame


def assert_same(ours, theirs, adjust="none"):
    table, test = ours.tidy(), ours.test()
    assert len(table) == len(theirs)
    lost = theirs["estimate"].isna()
    assert table["estimate"].isna().tolist() == lost.tolist()
    if lost.all():
        return
    table, test, theirs = table[~lost], test[~lost], theirs[~lost]
    se = theirs["std_error"].to_numpy()
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(
            table[column], theirs[column], rtol=tol.MEANS_RTOL, atol=tol.MEANS_IN_SE * se.min()
        )
    np.testing.assert_allclose(table["df"], theirs["df"], rtol=tol.MEANS_DF_RTOL)
    sampled = adjust == "mvt"
    limit = tol.MVT_LIMIT_IN_SE if sampled else tol.LIMIT_IN_SE
    for column in ("lower", "upper"):
        assert (np.abs(table[column] - theirs[column]) <= limit * se).all()
    atol = tol.MVT_P if sampled else tol.TUKEY_P
    np.testing.assert_allclose(test["p_value"], theirs["p_value"], atol=atol)


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_means_and_slopes_are_emmeans(name, i):
    for result in MODELS[name]["calls"][i]["results"]:
        assert_same(computed(name, i, result["ddf"]), r_columns(result["rows"]))


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_rows_have_emmeans_order_and_labels(name, i):
    call = MODELS[name]["calls"][i]
    theirs = r_columns(call["results"][0]["rows"])
    ours = computed(name, i, "wald").tidy()
    for column in listed(call["specs"]) + listed(call["by"]):
        if ours[column].dtype == float:
            np.testing.assert_allclose(ours[column], theirs[column].astype(float))
        else:
            assert ours[column].astype(str).tolist() == theirs[column].astype(str).tolist()


@pytest.mark.parametrize(
    ("name", "i"), [c for c in CALLS if MODELS[c[0]]["calls"][c[1]]["results"]]
)
def test_contrasts_are_emmeans(name, i):
    for result in MODELS[name]["calls"][i]["results"]:
        means = computed(name, i, result["ddf"])
        for contrast in result["contrasts"] or []:
            ours = means.contrasts(contrast["method"], adjust=contrast["adjust"])
            assert_same(ours, r_columns(contrast["rows"]), contrast["adjust"])


# --- statements about the numbers themselves ---------------------------------------------------


@pytest.fixture(scope="module")
def oats():
    return fitted("emmeans", "oats")


def test_overall_mean_of_a_complete_table_is_the_mean_of_all_cells(oats):
    cells = oats.emmeans(["Variety", "nitro"], ddf="wald").tidy()
    overall = oats.emmeans([], ddf="wald").tidy()
    assert overall["term"].tolist() == ["overall"]
    assert overall["estimate"][0] == pytest.approx(cells["estimate"].mean(), rel=tol.ROUNDING_E10)


def test_means_do_not_depend_on_the_coding():
    plain, coded = fitted("emmeans", "cake_unbalanced"), fitted("emmeans", "cake_sum")
    for ddf in ("satterthwaite", "kenward-roger"):
        one, other = (f.emmeans("recipe", by="temperature", ddf=ddf).tidy() for f in (plain, coded))
        for column in ("estimate", "std_error", "df", "lower"):
            np.testing.assert_allclose(one[column], other[column], rtol=tol.OPTIMUM_E6)


def test_cell_weights_reproduce_the_raw_means_without_random_effects(sleepstudy):
    """With one factor's cells weighted by their frequencies, means are those of the fitted rows."""
    sleepstudy["side"] = np.where(sleepstudy.index % 3 == 0, "a", "b")
    sleepstudy = sleepstudy[sleepstudy.index % 7 != 2]
    fit = me.lmm("Reaction ~ factor(Days) * side + (1 | Subject)", sleepstudy)
    rows = pd.DataFrame({"side": sleepstudy["side"], "mean": fit.design.X @ fit.beta})
    expected = rows.groupby("side")["mean"].mean().to_numpy()
    got = fit.emmeans("side", weights="cells", ddf="wald").tidy()["estimate"]
    np.testing.assert_allclose(got, expected, rtol=tol.ROUNDING_E10)


def test_weights_agree_when_frequencies_are_equal():
    fit = fitted("emmeans", "cake")
    tables = [
        fit.emmeans("recipe", weights=weights, ddf="wald").tidy()["estimate"]
        for weights in ("equal", "proportional", "outer", "cells", "flat")
    ]
    for one, other in pairwise(tables):
        np.testing.assert_allclose(one, other, rtol=tol.ROUNDING_E12)


def test_covariates_are_held_at_the_mean_of_the_raw_variable(sleepstudy):
    sleepstudy = sleepstudy[sleepstudy["Days"] != 2]
    mean = sleepstudy["Days"].mean()
    for right in ("Days", "log1p(Days)", "poly(Days, 2)", "scale(Days)", "ns(Days, df = 3)"):
        fit = me.lmm(f"Reaction ~ {right} + (1 | Subject)", sleepstudy)
        got = fit.emmeans([], ddf="wald").tidy()["estimate"][0]
        want = fit.predict({"Days": [mean]}, groups="population")
        want = want["estimate"] if not isinstance(want, np.ndarray) else want
        assert got == pytest.approx(float(np.asarray(want)[0]), rel=tol.ROUNDING_E10)
        assert f"Days = {mean:.6g}" in fit.emmeans([], ddf="wald").notes[0]


@pytest.mark.parametrize("reduce", ["median", "min", "max", np.median, {"Days": "median"}])
def test_covariates_can_be_held_elsewhere(reduce, sleepstudy):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", sleepstudy)
    value = {"min": 0.0, "max": 9.0}.get(reduce if isinstance(reduce, str) else "", 4.5)
    got = fit.emmeans([], cov_reduce=reduce, ddf="wald").tidy()["estimate"][0]
    assert got == pytest.approx(fit.beta @ [1.0, value])
    ends = fit.emmeans("Days", cov_reduce="range", ddf="wald").tidy()
    assert ends["Days"].tolist() == [0.0, 9.0]


def test_a_column_with_two_values_is_a_factor(sleepstudy):
    sleepstudy["late"] = (sleepstudy["Days"] > 2).astype(int)
    sleepstudy["flag"] = sleepstudy.index % 2 == 0
    fit = me.lmm("Reaction ~ late * flag + (1 | Subject)", sleepstudy)
    table = fit.emmeans(["late", "flag"], ddf="wald").tidy()
    assert table["late"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert table["flag"].tolist() == [False, False, True, True]


def test_slopes_are_derivatives_through_any_transformation(sleepstudy):
    sleepstudy["x"] = sleepstudy["Days"] + 1.0
    fit = me.lmm("Reaction ~ log(x) + I(x^2) + (1 | Subject)", sleepstudy)
    at = [1.0, 2.5, 10.0]
    got = fit.emtrends("x", "x", at={"x": at}, ddf="wald").tidy()["estimate"]
    want = [fit.beta[1] / x + 2 * x * fit.beta[2] for x in at]
    np.testing.assert_allclose(got, want, rtol=tol.TRUNCATION_E8)


def test_a_small_slope_of_a_large_number_survives(sleepstudy):
    sleepstudy["year"] = 1e6 + sleepstudy["Days"]
    fit = me.lmm("Reaction ~ year + (1 | Subject)", sleepstudy)
    assert fit.emtrends("year", ddf="wald").tidy()["estimate"][0] == pytest.approx(
        fit.fixef["year"], rel=tol.OPTIMUM_E6
    )


def test_offsets_count(sleepstudy):
    fit = me.lmm("Reaction ~ factor(Days) + offset(3 * Days) + (1 | Subject)", sleepstudy)
    plain = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", sleepstudy)
    one, other = (f.emmeans("Days", ddf="wald").tidy()["estimate"] for f in (fit, plain))
    np.testing.assert_allclose(one, other, rtol=tol.OPTIMUM_E6)
    fit = me.lmm("Reaction ~ 1 + offset(3 * Days) + (1 | Subject)", sleepstudy)
    assert fit.emtrends("Days", ddf="wald").tidy()["estimate"][0] == pytest.approx(3.0)


def test_offsets_count_in_joint_tests_and_contrasts(sleepstudy):
    """An offset that differs between the means is part of every mean, difference and test."""
    fit = me.lmm("Reaction ~ factor(Days) + offset(3 * Days) + (1 | Subject)", sleepstudy)
    plain = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", sleepstudy)
    for make in (
        lambda f: f.emmeans("Days", ddf="wald"),
        lambda f: f.emmeans("Days", ddf="wald").contrasts("consecutive"),
    ):
        means, same = make(fit), make(plain)
        estimate, V = means.tidy()["estimate"].to_numpy(), np.asarray(means.vcov)
        np.testing.assert_allclose(
            estimate, same.tidy()["estimate"], rtol=tol.OPTIMUM_E5, atol=tol.OPTIMUM_E6
        )
        joint = means.joint()
        F = estimate @ np.linalg.solve(V, estimate) / estimate.size
        assert joint["statistic"][0] == pytest.approx(F, rel=tol.OPTIMUM_E6)
        assert joint["num_df"][0] == estimate.size
        test = means.test()
        z = estimate / np.sqrt(np.diagonal(V))
        np.testing.assert_allclose(test["statistic"], z, rtol=tol.OPTIMUM_E6)


@pytest.mark.parametrize(
    ("response", "back"),
    [
        ("log(Reaction)", np.exp),
        ("log10(Reaction)", lambda x: 10**x),
        ("log2(Reaction)", np.exp2),
        ("sqrt(Reaction)", np.square),
        ("log1p(Reaction)", np.expm1),
        ("log(Reaction + 5)", lambda x: np.exp(x) - 5),
        ("log(5 + Reaction)", lambda x: np.exp(x) - 5),
        ("sqrt(Reaction - 50)", lambda x: x**2 + 50),
        ("exp(Reaction / 300)", np.log),
    ],
)
def test_a_transformed_response_is_undone(response, back, sleepstudy):
    fit = me.lmm(f"{response} ~ factor(Days) + (1 | Subject)", sleepstudy)
    link, shown = fit.emmeans("Days").tidy(), fit.emmeans("Days", scale="response").tidy()
    for column in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(shown[column], back(link[column]), rtol=tol.ROUNDING_E10)
    step = 1e-5
    slope = (back(link["estimate"] + step) - back(link["estimate"] - step)) / (2 * step)
    np.testing.assert_allclose(
        shown["std_error"], slope * link["std_error"], rtol=tol.TRUNCATION_E6
    )
    assert response.split("(")[0] in " ".join(fit.emmeans("Days").notes)


def test_differences_of_logarithms_are_ratios(sleepstudy):
    natural = me.lmm("log(Reaction) ~ factor(Days) + (1 | Subject)", sleepstudy)
    decimal = me.lmm("log10(Reaction) ~ factor(Days) + (1 | Subject)", sleepstudy)
    tables = [
        f.emmeans("Days", scale="response", ddf="wald").contrasts("treatment", adjust="none").tidy()
        for f in (natural, decimal)
    ]
    for column in ("estimate", "std_error", "lower", "upper", "p_value"):
        np.testing.assert_allclose(tables[0][column], tables[1][column], rtol=tol.OPTIMUM_E4)
    assert tables[0]["contrast"][0] == "1 / 0"
    root = me.lmm("sqrt(Reaction) ~ factor(Days) + (1 | Subject)", sleepstudy)
    with pytest.raises(OptionError, match="no meaning"):
        root.emmeans("Days", scale="response").contrasts()
    assert len(root.emmeans("Days", scale="response").contrasts(scale="link").tidy()) == 45


def test_an_unknown_transformation_is_refused(sleepstudy):
    fit = me.lmm("I(Reaction^2) ~ Days + (1 | Subject)", sleepstudy)
    with pytest.raises(OptionError, match="no inverse is known"):
        fit.emmeans([], scale="response")


# --- contrasts ---------------------------------------------------------------------------------


def test_shortcuts_are_the_long_way(oats):
    short = oats.contrasts("Variety", "treatment", ref="Victory", by="nitro", ddf="wald")
    long = oats.emmeans("Variety", by="nitro", ddf="wald").contrasts("treatment", ref=2)
    pd.testing.assert_frame_equal(short.tidy(), long.tidy())
    assert short.tidy()["contrast"][0] == "Golden Rain - Victory"


def test_own_contrasts_and_contrasts_of_contrasts(oats):
    means = oats.emmeans("Variety", by="nitro", ddf="wald")
    own = means.contrasts({"first": [1, -0.5, -0.5]}).tidy()
    estimates = means.tidy()["estimate"].to_numpy().reshape(4, 3)
    np.testing.assert_allclose(own["estimate"], estimates @ [1, -0.5, -0.5], rtol=tol.ROUNDING_E9)
    rows = means.contrasts([[1, -0.5, -0.5], [0, 1, -1]])
    assert rows.tidy()["contrast"][:2].tolist() == ["contrast 1", "contrast 2"]
    again = means.contrasts("pairwise", adjust="none").contrasts("pairwise", by="contrast")
    first = means.contrasts("pairwise").tidy()["estimate"].to_numpy().reshape(4, 3)
    assert again.tidy()["estimate"][0] == pytest.approx(
        first[0, 0] - first[1, 0], rel=tol.ROUNDING_E8
    )


def test_interaction_contrasts_test_what_anova_tests(oats):
    means = oats.emmeans("Variety", by="nitro")
    within = means.contrasts("consecutive", adjust="none")
    both = within.contrasts("consecutive", by="contrast", adjust="none")
    joint, row = both.joint(by=()), oats.anova().iloc[2]
    assert joint["num_df"][0] == row["num_df"] == 6
    assert joint["statistic"][0] == pytest.approx(row["statistic"], rel=tol.ROUNDING_E8)


def test_rows_that_cannot_be_estimated_say_so():
    fit = fitted("emmeans", "cake_empty")
    means = fit.emmeans(["recipe", "temperature"], ddf="wald")
    assert means.tidy()["estimate"].isna().sum() == 2
    assert "cannot be estimated: A 175, B 225" in means.notes[-1]
    assert np.isnan(means.L[0]).all() and not np.isnan(means.L[1]).any()
    within = fit.emmeans("recipe", by="temperature", ddf="wald").contrasts(adjust="tukey")
    assert within.tidy()["estimate"].isna().sum() == 4


def test_helmert_weights_compare_with_the_mean_before():
    names, C = contrast_weights("helmert", ["a", "b", "c"])
    assert names == ["b - mean(a)", "c - mean(a, b)"]
    np.testing.assert_allclose(C, [[-1, 1, 0], [-0.5, -0.5, 1]])


@pytest.mark.parametrize("k", range(2, 9))
def test_polynomials_are_orthogonal_whole_numbers(k):
    names, C = contrast_weights("polynomial", [str(i) for i in range(k)])
    assert len(names) == min(k - 1, 6)
    np.testing.assert_array_equal(C, np.round(C))
    gram = np.vstack([np.ones(k), C]) @ np.vstack([np.ones(k), C]).T
    np.testing.assert_array_equal(gram, np.diag(np.diag(gram)))


# --- several comparisons at once ---------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 10, 40])
@pytest.mark.parametrize("df", [1.0, 2.5, 10.0, 200.0, np.inf])
def test_the_studentized_range_is_scipys(k, df):
    from scipy.stats import studentized_range

    for q in (0.5, 2.0, 4.0, 8.0):
        want = studentized_range.sf(q, k, df if np.isfinite(df) else 1e9)
        assert studentized_range_sf(q, k, df) == pytest.approx(want, abs=tol.TRUNCATION_E7)
    q = studentized_range_quantile(0.95, k, df)
    assert studentized_range_sf(q, k, df) == pytest.approx(0.05, abs=tol.ROUNDING_E9)


@pytest.mark.parametrize("df", [3.0, 17.5, np.inf])
def test_multivariate_t_of_all_pairs_is_tukeys(df):
    k = 5
    C = contrast_weights("pairwise", list("abcde"))[1] / np.sqrt(2.0)
    largest = LargestT(C @ C.T)
    for t in (0.5, 2.0, 3.0):
        p, error = largest.sf(t, df)
        want = studentized_range_sf(np.sqrt(2.0) * t, k, df)
        assert (
            abs(p - want) < max(tol.STANDARD_ERRORS_5 * error, tol.TRUNCATION_E6) and error < 5e-4
        )


def test_multivariate_t_of_one_and_of_independent_tests():
    from scipy.stats import norm, t

    p, error = LargestT(np.ones((3, 3))).sf(2.0, 7.0)
    assert p == pytest.approx(2 * t.sf(2.0, 7.0), rel=tol.ROUNDING_E9) and error < 1e-12
    p, error = LargestT(np.eye(4)).sf(2.5, np.inf)
    assert abs(p - (1 - (1 - 2 * norm.sf(2.5)) ** 4)) < max(
        tol.STANDARD_ERRORS_5 * error, tol.TRUNCATION_E6
    )


def test_adjusted_p_values_by_hand():
    t, df = np.array([3.0, 2.5, 1.0, np.nan]), np.full(4, np.inf)
    raw = adjusted("none", t, df, 0.95)[0]
    expected = {
        "bonferroni": np.minimum(3 * raw, 1),
        "sidak": 1 - (1 - raw) ** 3,
        "holm": np.array([3 * raw[0], 2 * raw[1], raw[2], np.nan]),
        "hochberg": np.array([3 * raw[0], 2 * raw[1], raw[2], np.nan]),
        "fdr": np.array([3 * raw[0], 1.5 * raw[1], raw[2], np.nan]),
    }
    for adjust, want in expected.items():
        np.testing.assert_allclose(adjusted(adjust, t, df, 0.95)[0], want, rtol=tol.ROUNDING_E12)


@pytest.mark.parametrize("adjust", ["tukey", "mvt", "sidak", "bonferroni", "none"])
def test_an_interval_excludes_zero_exactly_when_its_p_value_is_small(adjust):
    fit = fitted("emmeans", "machines")
    table = fit.contrasts("Machine", adjust=adjust).tidy()
    for row in table.itertuples():
        level = 1 - row.p_value
        if not 0 < level < 1:
            continue
        ends = fit.contrasts("Machine", adjust=adjust).tidy(level=level).loc[row.Index]
        near = min(abs(ends["lower"]), abs(ends["upper"]))
        assert near < 1e-4 * row.std_error


def test_families_are_adjusted_by_themselves(oats):
    both = oats.contrasts("Variety", by="nitro").tidy()
    one = oats.emmeans("Variety", at={"nitro": [0]}).contrasts().tidy()
    np.testing.assert_allclose(both["p_value"][:3], one["p_value"], rtol=tol.ROUNDING_E9)


# --- other kinds of fits, and what is refused --------------------------------------------------


def test_a_saved_fit_gives_the_same_means(tmp_path):
    for name in ("oats", "chicks_log", "cake_empty", "npk_numbers"):
        fit = fitted("emmeans", name)
        fit.save(tmp_path / "fit.npz")
        again = me.load(tmp_path / "fit.npz")
        call = MODELS[name]["calls"][0]
        for weights in ("equal", "proportional"):
            one, other = (
                f.emmeans(listed(call["specs"]), ddf="wald", weights=weights).tidy()
                for f in (fit, again)
            )
            pd.testing.assert_frame_equal(one, other)


def test_a_fit_without_its_predictors_refuses_in_words(oats):
    bare = replace(oats, design=oats.design.changed(sources=None))
    for question in (lambda: bare.emmeans("Variety"), lambda: bare.emtrends("nitro")):
        with pytest.raises(NotAvailableError, match="without its predictors"):
            question()


def test_a_table_that_changes_after_the_fit_changes_nothing(sleepstudy):
    fit = me.lmm("Reaction ~ log1p(Days) + (1 | Subject)", sleepstudy)
    reference = fit.emmeans([], ddf="wald").tidy()
    sleepstudy.loc[:, "Days"] = 7
    pd.testing.assert_frame_equal(fit.emmeans([], ddf="wald").tidy(), reference)


@pytest.mark.parametrize("flavour", ["polars", "pyarrow", "dict"])
def test_any_table_will_do(flavour):
    frame = frame_of(MODELS["machines"]).astype({"Worker": str, "Machine": str})
    reference = fitted("emmeans", "machines").emmeans("Machine", ddf="wald").tidy()
    if flavour == "polars":
        import polars

        table = polars.from_pandas(frame)
    elif flavour == "pyarrow":
        import pyarrow

        table = pyarrow.Table.from_pandas(frame)
    else:
        table = frame.to_dict("list")
    fit = me.lmm(MODELS["machines"]["formula"], table)
    got = fit.emmeans("Machine", ddf="wald").tidy()
    libraries = {cls.__module__.split(".")[0] for cls in type(got).__mro__}
    assert ("pandas" if flavour == "dict" else flavour) in libraries
    np.testing.assert_allclose(
        np.asarray(got["estimate"]), reference["estimate"], rtol=tol.OPTIMUM_E6
    )


def test_many_rows_are_no_burden(sleepstudy):
    """Above the sizes at which the design keeps the table's own columns."""
    n = 300_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "g": rng.integers(0, 200, n), "f": rng.choice(["a", "b", "c"], n),
            "x": rng.normal(size=n),
        }
    )  # fmt: skip
    frame["y"] = frame["x"] + (frame["f"] == "b") + rng.normal(size=n)
    fit = me.lmm("y ~ f * x + (1 | g)", frame)
    means = fit.emmeans("f", weights="proportional", ddf="wald").tidy()
    np.testing.assert_allclose(means["estimate"].diff()[1:], [1.0, -1.0], atol=tol.SAMPLED_5E2)
    np.testing.assert_allclose(
        fit.emtrends("x", "f", ddf="wald").tidy()["estimate"], 1.0, atol=tol.SAMPLED_3E2
    )
    assert len(fit.anova(ddf="wald")) == 3


def test_a_model_without_fixed_effects(sleepstudy):
    fit = me.lmm("Reaction ~ 1 + (1 | Subject)", sleepstudy)
    assert fit.emmeans([], ddf="wald").tidy()["estimate"][0] == pytest.approx(fit.beta[0])
    with pytest.raises(OptionError, match="columns: none"):
        fit.emmeans("Days")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.emmeans("Block"), "not a column that the fixed effects read"),
        (lambda f: f.emmeans("Variety", by="Variety"), "a column twice"),
        (lambda f: f.emmeans("Variety", by="Block"), "by: 'Block'"),
        (lambda f: f.emmeans("Variety", at={"Block": 1}), "at: 'Block'"),
        (lambda f: f.emmeans("Variety", at={"Variety": ["Oats"]}), "no level Oats"),
        (lambda f: f.emmeans("Variety", weights="prior"), "weights='prior'"),
        (lambda f: f.emmeans("Variety", cov_reduce="mode"), None),
        (lambda f: f.emmeans("Variety", scale="probability"), "scale="),
        (lambda f: f.emmeans("Variety", level=95), "level"),
        (lambda f: f.emmeans("Variety", ddf="exact").tidy(), "is not one of"),
        (lambda f: f.contrasts("Variety", "all"), "method='all'"),
        (lambda f: f.contrasts("Variety", adjust="scheffe"), "adjust='scheffe'"),
        (lambda f: f.contrasts("Variety", "consecutive", adjust="tukey"), "all pairs"),
        (lambda f: f.contrasts("Variety", "treatment", ref="Oats"), "ref='Oats'"),
        (lambda f: f.contrasts("Variety", ref="Victory"), "belongs to"),
        (lambda f: f.contrasts("Variety", [[1, -1]]), "3 finite numbers"),
        (lambda f: f.contrasts("Variety", {"a": "b"}), "3 numbers"),
        (lambda f: f.emmeans("Variety").contrasts(by="nitro"), "not among"),
        (lambda f: f.contrasts([], "pairwise"), "at least two"),
        (lambda f: f.emtrends("Variety"), "is a factor"),
        (lambda f: f.emtrends("nitro"), "is a factor"),
        (lambda f: f.emtrends("time"), "not a column"),
        (lambda f: f.emmeans(3), "a list of them"),
        (lambda f: f.emmeans("Variety", at=["Victory"]), "must be a dict"),
        (lambda f: f.emmeans("Variety", at={"Variety": []}), "no level of 'Variety'"),
        (lambda f: f.contrasts("Variety", ddof=1), "no option ddof"),
        (lambda f: f.emmeans("Variety").test(null=np.nan), "finite"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message, oats):
    if message is None:
        call(oats)  # nothing numeric to reduce
        return
    with pytest.raises(OptionError, match=message):
        call(oats)


def test_values_outside_a_functions_domain_are_explained(sleepstudy):
    sleepstudy["x"] = sleepstudy["Days"] + 1.0
    fit = me.lmm("Reaction ~ log(x) + (1 | Subject)", sleepstudy)
    with pytest.raises(DataError, match="choose other"):
        fit.emmeans([], at={"x": -1})
    with pytest.raises(DataError, match="choose others with at="):
        fit.emtrends("x", at={"x": 0})
    with pytest.raises(OptionError, match="finite numbers"):
        fit.emmeans([], at={"x": ["a"]})


def test_it_prints_its_numbers_and_what_they_rest_on(oats):
    means = oats.emmeans("Variety")
    text = str(means)
    assert "Estimated marginal means, t (Satterthwaite), 95% intervals" in text
    assert "averaged over nitro (equal weights)" in text and "interacts with nitro" in text
    html = means.contrasts()._repr_html_()
    assert "Golden Rain - Marvellous" in html and "Tukey" in html
    assert "standard error of" in str(means.contrasts(adjust="mvt"))
    assert "intervals: bonferroni" in str(means.contrasts(adjust="holm"))


def test_differences_of_differences_keep_their_parentheses(oats):
    steps = oats.emmeans("Variety").contrasts("consecutive")
    names = steps.tidy()["contrast"].tolist()
    twice = steps.contrasts("treatment", ref=names[0]).tidy()
    assert twice["contrast"].tolist() == [f"({names[1]}) - ({names[0]})"]
