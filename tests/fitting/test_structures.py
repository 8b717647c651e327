"""Restricted covariances of random effects: cs, csh, toep, toeph, ar1, ar1h."""

import json
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.covariance import structure
from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    FormulaError,
    ModelError,
    NotAvailableError,
)
from tests import tolerances as tol

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "covariance" / "visits.json").read_text()
)
FIXED = {
    "cake": ("lme4", "cake", "angle ~ recipe * temp + {}(0 + visit | replicate)"),
    "orthodont": ("nlme", "Orthodont", "distance ~ age * Sex + {}(0 + factor(age) | Subject)"),
    "epil": ("MASS", "epil", "y ~ lbase + trt + V4 + {}(0 + factor(period) | subject)"),
}
# of gls(distance ~ age * Sex, Orthodont, correlation = corCompSymm(form = ~ 1 | Subject)) by REML,
# nlme 3.1-162
SIGMA = 2.284881188
CASES = [
    pytest.param(model["model"], fit, id=f"{model['model']}-{fit['structure']}-{fit['reml']}")
    for model in GOLDEN["models"]
    for fit in model["fits"]
]


def table_of(rdata, name):
    table = rdata(*FIXED[name][:2])
    return table.assign(visit=table["temp"].astype(int)) if name == "cake" else table


def fitted(rdata, name, form, reml=True):
    formula, table = FIXED[name][2].format(form), table_of(rdata, name)
    if name == "cake":
        formula = formula.replace("visit", "factor(visit)")
    if name == "epil":
        return me.glmm(formula, table, family="poisson")
    return me.lmm(formula, table, reml=reml)


@pytest.mark.parametrize(("name", "expected"), CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_fits_agree_with_glmmtmb(rdata, name, expected):
    fit = fitted(rdata, name, expected["structure"], expected["reml"])
    assert fit.converged
    assert fit.loglik >= expected["loglik"] - tol.LOGLIK_SHORTFALL
    assert fit.loglik == pytest.approx(expected["loglik"], abs=tol.OPTIMUM_E4)
    assert list(fit.fixef.values()) == pytest.approx(
        expected["beta"], rel=tol.PROGRAM_E3, abs=tol.PROGRAM_E4
    )
    (group,) = (g for g in fit.varcorr.sd if g != "Residual")
    assert fit.varcorr.sd[group] == pytest.approx(expected["sd"], rel=tol.PROGRAM_E3)
    found = np.asarray(fit.varcorr.corr[group])[1:, 0]
    assert found == pytest.approx(expected["correlation"][1:], abs=tol.PROGRAM_E3)


def by_dense_matrices(fit, name):
    """Kenward & Roger's standard errors and df, all derivatives of Sigma by differences."""
    X = np.asarray(fit.design.X)
    block = fit.design.blocks[0]
    Z, codes, form = np.asarray(block.Z), block.factor.codes, structure(name, block.k)
    same = codes[:, None] == codes
    is_sd = np.array([a == b for a, b in form.natural])
    natural = form.natural_values(fit.theta)
    at = np.append(np.where(is_sd, (fit.sigma * natural) ** 2, natural), fit.sigma**2)

    def Sigma(v):
        L = form.factor(form.from_natural(np.where(is_sd, np.sqrt(v[:-1]), v[:-1])))
        return (Z @ L @ L.T @ Z.T) * same + v[-1] * np.eye(codes.size)

    steps = np.diag(1e-4 * np.where(np.append(is_sd, True), at, 1.0))
    width = steps.sum(axis=0)
    first = [(Sigma(at + e) - Sigma(at - e)) / (2 * e.sum()) for e in steps]
    inverse = np.linalg.inv(Sigma(at))
    left = inverse @ X
    Phi = np.linalg.inv(X.T @ left)
    P = [-left.T @ a @ left for a in first]
    n = len(first)
    info, adjust = np.empty((n, n)), {}
    for r in range(n):
        for s in range(n):
            a, b = steps[r], steps[s]
            second = Sigma(at + a + b) - Sigma(at + a - b) - Sigma(at - a + b) + Sigma(at - a - b)
            R = left.T @ (second / (4 * width[r] * width[s])) @ left
            Q = left.T @ first[r] @ inverse @ first[s] @ left
            trace = np.trace(inverse @ first[r] @ inverse @ first[s])
            info[r, s] = 0.5 * (trace - 2 * np.trace(Phi @ Q) + np.trace(Phi @ P[r] @ Phi @ P[s]))
            adjust[r, s] = Q - P[r] @ Phi @ P[s] - 0.25 * R
    W = np.linalg.inv(info)
    inner = sum(W[rs] * matrix for rs, matrix in adjust.items())
    slopes = np.array([np.diag(Phi @ p @ Phi) for p in P])
    df = 2 * np.diag(Phi) ** 2 / np.einsum("rp,rs,sp->p", slopes, W, slopes)
    return np.sqrt(np.diag(Phi + 2 * Phi @ inner @ Phi)), df


@pytest.mark.parametrize("name", ["ar1", "ar1h", "toeph"])
def test_kenward_roger_with_second_derivatives(rdata, name):
    fit = fitted(rdata, "orthodont", name)
    found = fit.test(ddf="kenward-roger")
    se, df = by_dense_matrices(fit, name)
    assert list(found["std_error"]) == pytest.approx(se, rel=tol.TRUNCATION_E6)
    assert list(found["df"]) == pytest.approx(df, rel=tol.TRUNCATION_E6)


def test_kenward_roger_is_refused_at_the_end_of_a_correlations_range(rdata):
    fit = fitted(rdata, "cake", "ar1")
    with pytest.raises(NotAvailableError, match="'ar1' is at the edge"):
        fit.test(ddf="kenward-roger")
    assert "correlate 1, the end of the range" in str(fit.diagnose())
    # an intercept is the same model
    same = me.lmm("angle ~ recipe * temp + (1 | replicate)", table_of(rdata, "cake"))
    assert fit.loglik == pytest.approx(same.loglik, abs=tol.OPTIMUM_E4)


def test_nested_structures_are_tested(rdata):
    fits = [fitted(rdata, "cake", name) for name in ("ar1", "ar1h", "toeph", "us")]
    table = me.compare(*fits)
    assert list(table["df"])[1:] == [5, 4, 10]
    logliks = [fit.loglik for fit in fits]
    assert logliks == sorted(logliks)


def simulated(rng, n, correlation, spread):
    """Two rows at each of five visits of n subjects, by an AR1 with these standard deviations."""
    visit = np.tile(np.repeat(np.arange(5), 2), n)
    subject = np.repeat(np.arange(n), 10)
    lag = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    L = np.linalg.cholesky(np.outer(spread, spread) * correlation**lag)
    effects = rng.normal(size=(n, 5)) @ L.T
    y = 1.0 + effects[subject, visit] + rng.normal(size=subject.size)
    return {"y": y, "visit": visit, "subject": subject}


@pytest.mark.parametrize("name", ["ar1", "ar1h", "toep", "toeph"])
def test_what_was_put_in_is_found(name):
    spread = np.full(5, 1.5) if name in ("ar1", "toep") else np.array([1.0, 2.0, 1.5, 1.0, 2.5])
    table = simulated(np.random.default_rng(5), 2000, 0.6, spread)
    fit = me.lmm(f"y ~ 1 + {name}(0 + factor(visit) | subject)", table)
    assert fit.varcorr.sd["subject"] == pytest.approx(spread, rel=tol.RECOVERED["sd"])
    corr = np.asarray(fit.varcorr.corr["subject"])
    assert corr[1, 0] == pytest.approx(0.6, abs=tol.RECOVERED["neighbours"])
    assert corr[4, 0] == pytest.approx(0.6**4, abs=tol.RECOVERED["correlation"])


@pytest.mark.parametrize("name", ["csh", "ar1", "ar1h", "toep", "toeph"])
def test_no_variance_is_zero_and_nothing_else(name):
    """Effects without variance: the likelihood is that without them, and no alarm is raised."""
    rng = np.random.default_rng(11)
    table = {"g": np.repeat(np.arange(20), 8), "visit": np.tile(np.arange(4), 40)}
    wave = np.tile([1.0, -1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0], 20)  # sums to zero by visit and g
    table["y"] = wave + 0.01 * rng.normal(size=160)
    fit = me.lmm(f"y ~ 1 + {name}(0 + factor(visit) | g)", table)
    assert fit.converged
    assert not fit.certificate.flat
    assert -0.5 * fit.objective_without_random() == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E4)
    assert max(fit.varcorr.sd["g"]) < 1e-3


def test_one_row_a_visit_tells_some_structures_and_not_others(rdata):
    """Visits' own variances and the residual's are one where the structure leaves them apart."""
    known = {name: fitted(rdata, "orthodont", name).certificate.flat for name in ("ar1", "ar1h")}
    assert not any(known.values())
    for name in ("cs", "toep"):
        with pytest.warns(ConvergenceWarning, match="Not in the data"):
            fit = fitted(rdata, "orthodont", name)
        assert len(fit.certificate.flat) == 1
        assert len(fit.varcorr.known) == 1  # the same total at every visit
        if name == "cs":
            assert fit.varcorr.known[0].value ** 0.5 == pytest.approx(SIGMA, rel=tol.PROGRAM_E4)


def test_one_column_has_nothing_to_correlate_with(sleepstudy):
    with pytest.raises(ModelError, match=r"write ar1\(0 \+ factor\(Days\) \| Subject\)"):
        me.lmm("Reaction ~ Days + ar1(0 + Days | Subject)", sleepstudy)
    with pytest.raises(ModelError, match=r"or use \(1 \| Subject\)"):
        me.lmm("Reaction ~ Days + cs(1 | Subject)", sleepstudy)


def test_the_order_of_visits_is_looked_at(sleepstudy):
    formula = "Reaction ~ Days + {}(0 + visit | Subject)"
    text = sleepstudy.assign(visit=[f"v{day + 2}" for day in sleepstudy["Days"]])  # v10 before v2
    with pytest.warns(DataWarning, match="takes the levels in this order: v10, v11, v2"):
        me.lmm(formula.format("ar1"), text)
    uneven = text[text["Days"].isin([0, 1, 3, 7])].assign(visit=lambda t: t["Days"].astype(str))
    with pytest.warns(DataWarning, match="0, 1, 3, 7 as evenly spaced"):
        me.lmm(formula.format("ar1h"), uneven)


@pytest.mark.filterwarnings("error::mixedeffects.errors.DataWarning")
def test_an_even_order_is_not_warned_of(sleepstudy):
    even = sleepstudy[sleepstudy["Days"] % 2 == 0].assign(visit=lambda t: t["Days"].astype(str))
    me.lmm("Reaction ~ Days + ar1(0 + visit | Subject)", even)
    odd = sleepstudy[sleepstudy["Days"].isin([0, 1, 3, 7])].assign(
        visit=lambda t: t["Days"].astype(str)
    )
    me.lmm("Reaction ~ Days + csh(0 + visit | Subject)", odd)


@pytest.mark.parametrize(
    ("other", "ours"), [("hetar1", "ar1h"), ("homcs", "cs"), ("corAR1", "ar1"), ("un", "us")]
)
def test_names_of_other_programs_lead_on(sleepstudy, other, ours):
    with pytest.raises(FormulaError, match=f"here it is called '{ours}'"):
        me.lmm(f"Reaction ~ Days + {other}(0 + factor(Days) | Subject)", sleepstudy)


def test_what_a_structure_makes_one_is_said_once(rdata):
    fit = fitted(rdata, "orthodont", "ar1")
    text = " ".join(str(fit.interpret()).split())
    assert text.count("standard deviation 1.88") == text.count("vary alike") == 1
    assert fit.varcorr.sd["Subject"][0] == pytest.approx(1.88, abs=tol.PRINTED_5E3)
    assert text.count("neighbouring effects correlate 0.96") == 1
    assert text.count(" correlate ") == 1
    free = " ".join(str(fitted(rdata, "orthodont", "ar1h").interpret()).split())
    assert free.count("varies with standard deviation") == 4
    assert free.count(" correlate ") == 1
