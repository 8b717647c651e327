"""Mixed models for repeated measures: against SAS PROC MIXED, nlme::gls and dense matrices."""

import json
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.covariance import structure
from mixedeffects.errors import (
    ConvergenceWarning,
    DataError,
    ModelError,
    NotAvailableError,
    OptionError,
)
from tests import tolerances as tol

SHARED = Path(__file__).parents[3] / "shared"
GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "covariance" / "visits_gls.json").read_text()
)
CASES = [
    pytest.param(model["model"], fit, id=f"{model['model']}-{fit['structure']}-{fit['reml']}")
    for model in GOLDEN["models"]
    for fit in model["fits"]
]
FORMULA = {
    "orthodont": "distance ~ age * Sex",
    "orthodont_thin": "distance ~ age * Sex",
    "chick": "y ~ Diet * Time",
    "oxboys_thin": "height ~ age",
}


def thinned(table):
    table = table.sort_values(["subject", "visit"]).reset_index(drop=True)
    return table.drop(index=range(2, len(table), 7))


def table_of(rdata, name):
    if name.startswith("orthodont"):
        table = rdata("nlme", "Orthodont")
        table = table.assign(subject=table["Subject"].astype(str), visit=table["age"])
    elif name == "chick":
        table = rdata("datasets", "ChickWeight")
        table = table[table["Time"] <= 10]
        table = table.assign(
            subject=table["Chick"].astype(str),
            visit=table["Time"],
            y=np.log(table["weight"]),
            Diet=table["Diet"].astype(str),
        )
    else:
        table = rdata("nlme", "Oxboys")
        table = table.assign(
            subject=table["Subject"].astype(str), visit=table["Occasion"].astype(int)
        )
        table = table[table["visit"] <= 5]
    return thinned(table) if name.endswith("thin") else table


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_fits_agree_with_gls(rdata, name, expected):
    fit = me.mmrm(
        FORMULA[name], table_of(rdata, name), "subject", "visit",
        covariance=expected["structure"], reml=expected["reml"],
    )  # fmt: skip
    assert fit.converged
    assert fit.loglik >= expected["loglik"] - tol.LOGLIK_SHORTFALL
    assert fit.loglik == pytest.approx(expected["loglik"], abs=tol.OPTIMUM_E6)
    assert fit.beta == pytest.approx(expected["beta"], rel=tol.PROGRAM_E4)
    se = np.sqrt(np.diag(fit.vcov()))
    if not expected["reml"]:  # nlme divides by n - p where the likelihood does not
        se = se * np.sqrt(fit.nobs / (fit.nobs - se.size))
    assert se == pytest.approx(expected["se"], rel=tol.PROGRAM_E4)


# SAS ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fev():
    pandas = pytest.importorskip("pandas")
    path = SHARED / "data" / "fev.csv"
    if not path.exists():
        pytest.skip(f"the FEV table is not beside the checkout: {path.name}")
    return pandas.read_csv(path)


@pytest.fixture(scope="module")
def bcva():
    pandas = pytest.importorskip("pandas")
    path = SHARED / "data" / "bcva.csv"
    if not path.exists():
        pytest.skip(f"the BCVA table is not beside the checkout: {path.name}")
    return pandas.read_csv(path)


# -2 log-likelihoods of PROC MIXED for FEV1 ~ 1 (openpharma/mmrm 0.3.18, design/SAS)
SAS = {
    ("ar1", False): 3875.95352406, ("ar1", True): 3875.49945459,
    ("cs", False): 3918.12214544, ("cs", True): 3917.98183508,
    ("toep", False): 3857.00777313, ("toep", True): 3856.68995273,
    ("us", False): 3700.6870757, ("us", True): 3700.9464857,
}  # fmt: skip


@pytest.mark.parametrize(("name", "reml"), list(SAS))
def test_likelihoods_are_those_of_sas(fev, name, reml):
    fit = me.mmrm("FEV1 ~ 1", fev, "USUBJID", "AVISIT", covariance=name, reml=reml)
    assert fit.objective == pytest.approx(SAS[name, reml], abs=tol.OPTIMUM_E4)
    assert fit.objective < SAS[name, reml] + tol.OPTIMUM_E6


# standard error and degrees of freedom of ARMCD[TRT] in FEV1 ~ ARMCD, from the same source; SAS's
# optimum of us and csh is not quite one, hence 0.02%
KENWARD_ROGER = {
    ("us", "kenward-roger"): (0.66124382270307, 160.733266403768),
    ("us", "kenward-roger-linear"): (0.66124382270307, 160.733266403768),
    ("ar1", "kenward-roger"): (0.95865439662225, 188.46934887972),
    ("ar1", "kenward-roger-linear"): (0.96058142305176, 188.46934887972),
    ("csh", "kenward-roger"): (0.67414806011886, 190.737701349941),
    ("csh", "kenward-roger-linear"): (0.67403858183242, 190.737701349941),
    ("toep", "kenward-roger"): (0.87839805519623, 160.027408337368),
    ("toep", "kenward-roger-linear"): (0.87839805519623, 160.027408337368),
}


@pytest.mark.parametrize(("name", "ddf"), list(KENWARD_ROGER))
def test_kenward_roger_is_that_of_sas(fev, name, ddf):
    fit = me.mmrm("FEV1 ~ ARMCD", fev, "USUBJID", "AVISIT", covariance=name, ddf=ddf)
    table = fit.test()
    se, df = KENWARD_ROGER[name, ddf]
    assert list(table["std_error"])[1] == pytest.approx(se, rel=tol.SAS_STANDARD_ERROR)
    assert list(table["df"])[1] == pytest.approx(df, rel=tol.SAS_DF)


def test_the_published_analysis_of_a_trial(fev):
    fit = me.mmrm("FEV1 ~ RACE + SEX + ARMCD * AVISIT", fev, "USUBJID", "AVISIT")
    assert fit.objective == pytest.approx(3386.44987722, abs=tol.OPTIMUM_E4)
    last = fit.contrasts("ARMCD", by="AVISIT").tidy()
    row = {name: list(last[name])[3] for name in ("estimate", "std_error", "df", "p_value")}
    assert row["estimate"] == pytest.approx(-4.3985, abs=tol.PRINTED_FOUR_DIGITS)
    assert row["std_error"] == pytest.approx(1.6805, abs=tol.PRINTED_FOUR_DIGITS)
    assert row["df"] == pytest.approx(133, abs=tol.PRINTED_WHOLE)
    assert row["p_value"] == pytest.approx(0.0099, abs=tol.PRINTED_FOUR_DIGITS)
    # PROC MIXED counts covariance parameters only
    assert fit.aic == pytest.approx(fit.objective + 20.0, abs=tol.ROUNDING_E9)
    assert fit.bic == pytest.approx(fit.objective + 10.0 * np.log(197), abs=tol.ROUNDING_E9)


def test_eight_thousand_rows(bcva):
    fit = me.mmrm("BCVA_CHG ~ BCVA_BL + RACE + ARMCD * AVISIT", bcva, "USUBJID", "AVISIT")
    assert fit.objective == pytest.approx(32071.0297378, abs=tol.OPTIMUM_E6)


def test_two_visits_are_the_paired_t_test(rdata):
    """R's `sleep`: t.test(extra ~ group, paired = TRUE) has t = -4.0621, df = 9."""
    sleep = rdata("datasets", "sleep").assign(group=lambda t: t["group"].astype(str))
    fit = me.mmrm("extra ~ group", sleep, "ID", "group", ddf="kenward-roger")
    table = fit.test()
    assert list(table["estimate"])[1] == pytest.approx(1.58, abs=tol.ROUNDING_E9)
    assert list(table["std_error"])[1] == pytest.approx(0.3889587238883952, rel=tol.OPTIMUM_E6)
    assert list(table["df"])[1] == pytest.approx(9.0, rel=tol.OPTIMUM_E6)


# dense matrices ----------------------------------------------------------------------------------


def trial(rng, n, T, missing=0.2):
    """Responses of n subjects at T visits, some of them missing, with a covariate of its own."""
    subject, visit = np.repeat(np.arange(n), T), np.tile(np.arange(T), n)
    y = rng.normal(size=n)[subject] + rng.normal(size=n * T) * (1.0 + 0.3 * visit)
    keep = rng.random(n * T) > missing
    table = {
        "y": y,
        "subject": subject,
        "visit": visit,
        "arm": subject % 2,
        "z": rng.normal(size=n * T),
    }
    return {name: values[keep] for name, values in table.items()}


@pytest.mark.parametrize(
    "name", ["us", "diag", "cs", "csh", "toep", "toeph", "ar1", "ar1h", "ad1", "ad1h"]
)
@pytest.mark.parametrize("reml", [True, False])
def test_objective_and_derivatives(name, reml):
    table = trial(np.random.default_rng(3), 40, 4)
    fit = me.mmrm(
        "y ~ arm * factor(visit) + z", table, "subject", "visit", covariance=name, reml=reml
    )
    X, y = np.asarray(fit.design.X), fit.design.y
    subject, visit = fit.visits.factor.codes, np.asarray(fit.visits.Z).argmax(axis=1)
    form = structure(name, 4)

    def dense(theta):
        L = form.factor(theta)
        V = (L @ L.T)[np.ix_(visit, visit)] * (subject[:, None] == subject)
        inverse = np.linalg.inv(V)
        A = X.T @ inverse @ X
        beta = np.linalg.solve(A, X.T @ inverse @ y)
        left = y - X @ beta
        nu = y.size - X.shape[1] if reml else y.size
        value = np.linalg.slogdet(V)[1] + left @ inverse @ left + nu * np.log(2 * np.pi)
        return value + np.linalg.slogdet(A)[1] if reml else value

    objective = fit.evaluation.objective
    here = fit.theta * 1.1 + 0.01
    at = objective.evaluate(here)
    assert at.value == pytest.approx(dense(here), abs=tol.ROUNDING_E9 * abs(at.value))
    steps = 1e-5 * np.eye(here.size)
    slope = [(dense(here + e) - dense(here - e)) / 2e-5 for e in steps]
    assert at.gradient == pytest.approx(slope, rel=tol.TRUNCATION_E6, abs=tol.SLOPE_OF_VISITS)
    bend = [
        (objective.evaluate(here + e).gradient - objective.evaluate(here - e).gradient) / 2e-5
        for e in steps
    ]
    size = np.abs(at.curvature).max()
    assert at.curvature == pytest.approx(np.array(bend), abs=tol.OPTIMUM_E6 * size)


def test_satterthwaite_of_one_and_of_several_rows():
    """Derivatives of l'Cov(beta)l by differences of whole fits at other theta."""
    table = trial(np.random.default_rng(4), 30, 3)
    fit = me.mmrm("y ~ arm * factor(visit)", table, "subject", "visit")
    objective, theta = fit.evaluation.objective, fit.theta

    def variances(at):
        return np.diag(fit.T @ objective.evaluate(at).Phi @ fit.T.T)

    steps = 1e-5 * np.eye(theta.size)
    slopes = np.array([(variances(theta + e) - variances(theta - e)) / 2e-5 for e in steps])
    covariance = 2.0 * np.linalg.inv(fit.evaluation.curvature)
    expected = 2.0 * variances(theta) ** 2 / np.einsum("kp,kl,lp->p", slopes, covariance, slopes)
    assert list(fit.test()["df"]) == pytest.approx(expected, rel=tol.TRUNCATION_E6)


def test_normalized_residuals_are_white():
    table = trial(np.random.default_rng(5), 4000, 3)
    fit = me.mmrm("y ~ arm * factor(visit)", table, "subject", "visit")
    left = fit.residuals("normalized")
    assert left.std() == pytest.approx(1.0, abs=tol.WHITE_SD)
    subject, visit = fit.visits.factor.codes, np.asarray(fit.visits.Z).argmax(axis=1)
    wide = np.full((4000, 3), np.nan)
    wide[subject, visit] = left
    both = ~np.isnan(wide).any(axis=1)
    assert np.corrcoef(wide[both].T) == pytest.approx(np.eye(3), abs=tol.WHITE_CORRELATION)


def test_type_one_error_at_ten_subjects_an_arm():
    """Kenward-Roger keeps its level where there are few subjects; Wald's does not."""
    rng = np.random.default_rng(6)
    L = np.linalg.cholesky(np.array([[1.0, 0.6, 0.4], [0.6, 2.0, 0.9], [0.4, 0.9, 3.0]]))
    subject, visit = np.repeat(np.arange(20), 3), np.tile(np.arange(3), 20)
    rejected = {"kenward-roger": 0, "wald": 0}
    n = 400
    for _ in range(n):
        y = (rng.normal(size=(20, 3)) @ L.T).ravel()
        keep = rng.random(60) > 0.1
        table = {"y": y, "subject": subject, "visit": visit, "arm": subject % 2}
        table = {name: values[keep] for name, values in table.items()}
        fit = me.mmrm("y ~ factor(visit) * arm", table, "subject", "visit")
        for ddf in rejected:
            (p,) = fit.test("arm + factor(visit)[2]:arm = 0", ddf=ddf)["p_value"]
            rejected[ddf] += p < 0.05
    share = {ddf: count / n for ddf, count in rejected.items()}
    error = 3.0 * np.sqrt(0.05 * 0.95 / n)
    assert abs(share["kenward-roger"] - 0.05) < error
    assert share["wald"] > share["kenward-roger"]


@pytest.mark.parametrize("name", ["us", "csh", "toeph", "ar1h", "ad1h", "ar1", "toep", "cs"])
def test_what_was_put_in_is_found(name):
    rng = np.random.default_rng(7)
    form = structure(name, 4)
    A = rng.normal(size=(4, 6))
    theta = form.theta_of(np.linalg.cholesky(A @ A.T / 6 + 0.5 * np.eye(4)))
    L = form.factor(theta)
    n = 3000
    subject, visit = np.repeat(np.arange(n), 4), np.tile(np.arange(4), n)
    y = (rng.normal(size=(n, 4)) @ L.T).ravel() + 2.0 + 0.5 * visit
    keep = rng.random(y.size) > 0.15
    table = {"y": y[keep], "subject": subject[keep], "visit": visit[keep]}
    fit = me.mmrm("y ~ factor(visit)", table, "subject", "visit", covariance=name)
    sd = np.sqrt(np.diag(L @ L.T))
    assert fit.varcorr.sd == pytest.approx(sd, rel=tol.RECOVERED["sd"])
    assert fit.varcorr.correlation == pytest.approx(
        L @ L.T / np.outer(sd, sd), abs=tol.RECOVERED["correlation"]
    )
    if name.endswith("h") or name == "us":  # one for each visit
        errors = fit.varcorr.facts.sd_error
        assert errors == pytest.approx(sd / np.sqrt(2 * 0.85 * n), rel=tol.ERROR_OF_SD)


# what cannot be fitted -----------------------------------------------------------------------


def test_the_order_of_rows_and_the_kind_of_table_do_not_matter():
    polars = pytest.importorskip("polars")
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(trial(np.random.default_rng(8), 40, 3))
    args = ("y ~ arm * factor(visit)", "subject", "visit")
    fit = me.mmrm(args[0], table, *args[1:])
    for other in (table.sample(frac=1.0, random_state=1), polars.from_pandas(table), dict(table)):
        again = me.mmrm(args[0], other, *args[1:])
        assert again.objective == pytest.approx(fit.objective, abs=tol.ROUNDING_E9 * 1e3)
        assert again.beta == pytest.approx(fit.beta, rel=tol.OPTIMUM_E6)
    scaled = me.mmrm(args[0], table.assign(y=1e9 * table["y"]), *args[1:])
    assert scaled.varcorr.sd == pytest.approx(1e9 * fit.varcorr.sd, rel=tol.OPTIMUM_E6)


def test_two_rows_at_one_visit_are_refused():
    table = trial(np.random.default_rng(9), 20, 3, missing=0.0)
    twice = {name: np.concatenate([values, values[:2]]) for name, values in table.items()}
    with pytest.raises(DataError, match=r"1 subject has two rows at one visit \(0 at 0, 0 at 1\)"):
        me.mmrm("y ~ arm", twice, "subject", "visit")


def test_visits_that_never_meet_are_named():
    table = trial(np.random.default_rng(10), 40, 3, missing=0.0)
    apart = ((table["visit"] == 0) & (table["subject"] < 20)) | (
        (table["visit"] == 1) & (table["subject"] >= 20)
    )
    table = {name: values[~apart] for name, values in table.items()}
    with pytest.raises(ModelError, match="0 and 1 are never observed on the same subject"):
        me.mmrm("y ~ 1", table, "subject", "visit")
    assert me.mmrm("y ~ 1", table, "subject", "visit", covariance="cs").converged
    assert me.mmrm("y ~ 1", table, "subject", "visit", covariance="diag").converged


def test_a_likelihood_without_maximum_is_refused():
    table = trial(np.random.default_rng(11), 30, 3, missing=0.0)
    y = table["y"].reshape(30, 3).copy()
    y[:, 1] = y[:, 0] + 3.0
    with pytest.raises(ModelError, match="the responses at 0, 1 determine each other exactly"):
        me.mmrm("y ~ factor(visit)", {**table, "y": y.ravel()}, "subject", "visit")
    y[:, 1] = 4.0
    with pytest.raises(ModelError, match="the response at 1 does not vary"):
        me.mmrm("y ~ factor(visit)", {**table, "y": y.ravel()}, "subject", "visit")
    few = trial(np.random.default_rng(12), 5, 8, missing=0.0)
    with pytest.raises(ModelError, match="5 levels of subject are too few for 8 visits"):
        me.mmrm("y ~ factor(visit)", few, "subject", "visit")


def test_a_correlation_that_no_subject_tells_is_not_certified():
    table = trial(np.random.default_rng(13), 60, 3, missing=0.0)
    one = table["visit"] == table["subject"] % 3
    table = {name: values[one] for name, values in table.items()}
    with pytest.warns(ConvergenceWarning, match="say nothing about some parameter"):
        fit = me.mmrm("y ~ 1", table, "subject", "visit", covariance="cs")
    assert not fit.converged
    assert me.mmrm("y ~ 1", table, "subject", "visit", covariance="diag").converged


def test_a_negative_correlation_down_to_its_limit():
    rng = np.random.default_rng(14)
    y = rng.normal(size=(200, 4))
    y = (y - 0.95 * y.mean(axis=1, keepdims=True)).ravel()
    table = {"y": y, "subject": np.repeat(np.arange(200), 4), "visit": np.tile(np.arange(4), 200)}
    fit = me.mmrm("y ~ 1", table, "subject", "visit", covariance="cs")
    assert fit.converged
    assert -1 / 3 < fit.varcorr.correlation[1, 0] < -0.32


def test_options_are_checked():
    table = trial(np.random.default_rng(15), 20, 3)
    with pytest.raises(OptionError, match="here it is called 'us'"):
        me.mmrm("y ~ 1", table, "subject", "visit", covariance="un")
    with pytest.raises(OptionError, match="ddf='other' is not one of"):
        me.mmrm("y ~ 1", table, "subject", "visit", ddf="other")
    with pytest.raises(ModelError, match="no random effects besides"):
        me.mmrm("y ~ 1 + (1 | arm)", table, "subject", "visit")
    fit = me.mmrm("y ~ 1", table, "subject", "visit", reml=False)
    with pytest.raises(NotAvailableError, match="defined for REML fits"):
        fit.test(ddf="kenward-roger")
    with pytest.raises(NotAvailableError, match="no intervals by method='profile'"):
        fit.confint(method="profile")
    with pytest.raises(OptionError, match="kind='deviance' is not one of"):
        fit.residuals("deviance")
    with pytest.raises(AttributeError, match="no attribute 'bootstrap'; it has aic"):
        fit.bootstrap
    with pytest.raises(AttributeError, match=r"here it is fit\.fixef"):
        fit.params


def test_structures_are_compared(rdata):
    """anova() of nlme's fits: L.ratio is the difference of the criteria in the golden file."""
    names = ["us", "csh", "cs", "ar1", "diag"]
    table = table_of(rdata, "chick")
    fits = [me.mmrm(FORMULA["chick"], table, "subject", "visit", covariance=n) for n in names]
    found = me.compare(*fits, names=names).tidy()
    golden = next(model["fits"] for model in GOLDEN["models"] if model["model"] == "chick")
    loglik = {fit["structure"]: fit["loglik"] for fit in golden if fit["reml"]}
    assert list(found["against"])[1:] == ["us"] * 4
    expected = [2 * (loglik["us"] - loglik[name]) for name in names[1:]]
    assert list(found["chisq"])[1:] == pytest.approx(expected, abs=tol.OPTIMUM_E4)
    assert list(found["df"])[1:] == [14, 19, 19, 15]
    assert list(found["npar"]) == [21, 7, 2, 2, 6]
    assert min(found["delta_aic"]) == 0.0
    by_ml = me.mmrm(FORMULA["chick"], table, "subject", "visit", reml=False)
    with pytest.raises(ModelError, match="one is fitted by REML"):
        me.compare(fits[0], by_ml)
    other = me.mmrm("y ~ Diet", table, "subject", "visit")
    with pytest.raises(ModelError, match="different fixed effects"):
        me.compare(fits[0], other)
    with pytest.raises(ModelError, match=r"others by mmrm\(\) only"):
        me.compare(fits[0], me.lmm("y ~ Diet + (1 | subject)", table))


# a covariance for each group ----------------------------------------------------------------------


def test_groups_with_effects_of_their_own_are_fits_of_their_own():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(trial(np.random.default_rng(16), 80, 3))
    formula, by_ml = "y ~ factor(visit)", {"reml": False}
    for name in ("us", "ar1h", "cs"):
        whole = me.mmrm(
            f"{formula} * factor(arm)", table, "subject", "visit", covariance=name, group="arm",
            **by_ml,
        )  # fmt: skip
        parts = [
            me.mmrm(
                formula, table[table["arm"] == arm], "subject", "visit", covariance=name, **by_ml
            )
            for arm in (0, 1)
        ]
        assert whole.objective == pytest.approx(
            sum(part.objective for part in parts), abs=tol.OPTIMUM_E6
        )
        sd = np.concatenate([part.varcorr.sd for part in parts])
        assert whole.varcorr.sd == pytest.approx(sd, rel=tol.OPTIMUM_E4)
        errors = np.concatenate([part.varcorr.facts.sd_error for part in parts])
        assert whole.varcorr.facts.sd_error == pytest.approx(errors, rel=tol.OPTIMUM_E4)
        assert list(whole.varcorr.tidy()["arm"].unique()) == ["0", "1"]


def test_derivatives_with_groups():
    table = trial(np.random.default_rng(17), 60, 3)
    fit = me.mmrm("y ~ arm", table, "subject", "visit", covariance="csh", group="arm")
    objective, here = fit.evaluation.objective, fit.theta * 1.05
    at = objective.evaluate(here)
    steps = 1e-5 * np.eye(here.size)
    slope = [(objective.value(here + e) - objective.value(here - e)) / 2e-5 for e in steps]
    assert at.gradient == pytest.approx(slope, rel=tol.TRUNCATION_E6, abs=tol.SLOPE_OF_VISITS)
    bend = [
        (objective.evaluate(here + e).gradient - objective.evaluate(here - e).gradient) / 2e-5
        for e in steps
    ]
    assert at.curvature == pytest.approx(
        np.array(bend), abs=tol.OPTIMUM_E6 * np.abs(at.curvature).max()
    )
    assert np.isfinite(list(fit.test(ddf="kenward-roger")["df"])).all()


def test_groups_are_tested_against_one_covariance_and_not_against_another_structure():
    table = trial(np.random.default_rng(18), 80, 3)
    args = ("y ~ arm", table, "subject", "visit")
    one, each = me.mmrm(*args), me.mmrm(*args, group="arm")
    other = me.mmrm(*args, covariance="ar1", group="arm")
    found = me.compare(one, each, other, names=["one", "each", "other"]).tidy()
    against, df = list(found["against"]), list(found["df"])
    assert (against[0], df[0], against[2]) == ("each", 6, "each")
    alone = me.compare(one, other, names=["one", "other"]).tidy()
    assert not any(isinstance(name, str) for name in alone["against"])


def test_subjects_stay_in_their_group():
    table = trial(np.random.default_rng(19), 30, 3, missing=0.0)
    moved = {**table, "arm": table["visit"] % 2}
    with pytest.raises(DataError, match="is in two levels of 'arm'"):
        me.mmrm("y ~ 1", moved, "subject", "visit", group="arm")
    late = (table["visit"] == 2) & (table["arm"] == 1)
    without = {name: values[~late] for name, values in table.items()}
    with pytest.raises(ModelError, match="a visit was observed for nobody of a group"):
        me.mmrm("y ~ 1", without, "subject", "visit", group="arm")


# robust standard errors ---------------------------------------------------------------------------

ROBUST = json.loads(
    (Path(__file__).parents[1] / "golden" / "covariance" / "visits_robust.json").read_text()
)


@pytest.mark.parametrize("name", ["cs", "ar1"])
@pytest.mark.parametrize("method", ["CR0", "CR2"])
def test_robust_errors_agree_with_clubsandwich(rdata, name, method):
    table = table_of(rdata, "orthodont_thin")
    fit = me.mmrm(FORMULA["orthodont"], table, "subject", "visit", covariance=name)
    found, expected = fit.test(ddf=method), ROBUST[name][method]
    assert list(found["std_error"]) == pytest.approx(expected["se"], rel=tol.PROGRAM_E4)
    assert list(found["df"]) == pytest.approx(expected["df"], rel=tol.PROGRAM_E3)
    assert np.sqrt(np.diag(fit.vcov(method=method))) == pytest.approx(
        list(found["std_error"]), rel=tol.ROUNDING_E9
    )


def test_the_empirical_covariance_is_that_of_sas(fev):
    fit = me.mmrm("FEV1 ~ ARMCD", fev, "USUBJID", "AVISIT", ddf="CR0")
    assert list(fit.test()["std_error"])[1] == pytest.approx(0.63959860, rel=tol.SAS_STANDARD_ERROR)


# digits, units, columns ---------------------------------------------------------------------------


def test_a_mean_far_from_zero_costs_no_digits():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(trial(np.random.default_rng(20), 60, 4))
    formula = "y ~ z + factor(visit)"
    fit = me.mmrm(formula, table, "subject", "visit")
    for moved in (table.assign(y=table["y"] + 1e7), table.assign(z=table["z"] + 1e6)):
        again = me.mmrm(formula, moved, "subject", "visit")
        assert fit.Sigma == pytest.approx(again.Sigma, rel=tol.OPTIMUM_E6)
        assert again.beta[1:] == pytest.approx(fit.beta[1:], rel=tol.OPTIMUM_E6)
        assert again.objective == pytest.approx(fit.objective, abs=tol.OPTIMUM_E6)


@pytest.mark.parametrize("name", ["ar1", "ar1h", "csh", "toeph", "ad1h", "us"])
@pytest.mark.parametrize("unit", [1e7, 1e-8])
def test_kenward_roger_does_not_depend_on_units(name, unit):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(trial(np.random.default_rng(21), 60, 4))
    args = ("y ~ arm * factor(visit)", "subject", "visit")
    plain = me.mmrm(args[0], table, *args[1:], covariance=name).test(ddf="kenward-roger")
    other = table.assign(y=unit * table["y"])
    scaled = me.mmrm(args[0], other, *args[1:], covariance=name).test(ddf="kenward-roger")
    assert list(scaled["df"]) == pytest.approx(list(plain["df"]), rel=tol.OPTIMUM_E4)
    se = [unit * value for value in plain["std_error"]]
    assert list(scaled["std_error"]) == pytest.approx(se, rel=tol.OPTIMUM_E4)


def test_fits_in_other_columns_are_compared_as_in_the_same():
    table = trial(np.random.default_rng(22), 60, 4)
    free = me.mmrm("y ~ z + factor(arm)", table, "subject", "visit")
    alike = me.mmrm("y ~ z + factor(arm)", table, "subject", "visit", covariance="cs")
    other = me.mmrm("y ~ I(1000 * z) + C(arm, Sum)", table, "subject", "visit", covariance="cs")
    expected = me.compare(free, alike).tidy()
    found = me.compare(free, other).tidy()
    for name in ("objective", "aic", "bic", "chisq"):
        assert list(found[name])[1] == pytest.approx(list(expected[name])[1], abs=tol.OPTIMUM_E6)


def test_models_of_other_subjects_or_offsets_are_not_compared():
    table = trial(np.random.default_rng(23), 40, 3)
    table = {**table, "pair": table["subject"] * 2 + (table["visit"] > 0)}
    fit = me.mmrm("y ~ z", table, "subject", "visit")
    for other in (
        me.mmrm("y ~ z + offset(visit)", table, "subject", "visit", covariance="cs"),
        me.mmrm("y ~ z", table, "pair", "visit", covariance="cs"),
    ):
        with pytest.raises(ModelError, match="other subjects, visits or offsets"):
            me.compare(fit, other)


def test_the_better_of_two_optima():
    """nlme::gls(y ~ base + arm, corCompSymm(0.8, ~ visit | id), varIdent) has −43.2497; the start
    from moments leads to −45.6130."""
    text = (Path(__file__).parents[1] / "golden" / "covariance" / "two_optima.csv").read_text()
    names, *rows = [line.split(",") for line in text.splitlines()]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    numbers = ("y", "base")
    table = {n: np.array(c, dtype=float if n in numbers else str) for n, c in columns.items()}
    fit = me.mmrm("y ~ base + arm", table, "id", "visit", covariance="csh")
    assert fit.loglik == pytest.approx(-43.2497, abs=tol.OPTIMUM_E4)


def test_names_that_start_anew_in_each_centre():
    table = trial(np.random.default_rng(24), 40, 3)
    fit = me.mmrm("y ~ arm", table, "subject", "visit")
    own = {**table, "centre": table["subject"] // 10, "name": table["subject"] % 10}
    again = me.mmrm("y ~ arm", own, "centre:name", "visit")
    assert again.objective == pytest.approx(fit.objective, abs=tol.ROUNDING_E9)
    with pytest.raises(DataError, match='subject="centre:name"'):
        me.mmrm("y ~ arm", own, "name", "visit")
    with pytest.raises(OptionError, match="must be the name of a column"):
        me.mmrm("y ~ arm", own, ["name"], "visit")
    with pytest.raises(ModelError, match="no fixed effects"):
        me.mmrm("y ~ 0", table, "subject", "visit")
