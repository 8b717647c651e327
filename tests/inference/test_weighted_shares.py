"""ICC and R-squared of weighted models, and their errors, from first principles with dense arrays.

Definitions. Row i has y_i = x_i'beta + sum_f z_fi'b_f + e_i, b_f ~ N(0, G_f), and with prior
weights Var(e_i) = sigma^2 / w_i. The variance of a source is its mean over the rows: of factor f
the mean of z_fi'G_f z_fi (Johnson 2014, doi:10.1111/2041-210X.12225), of the residuals the mean
of sigma^2 / w_i, of the fixed effects the variance of x_i'beta (n - 1). The ICC is a factor's share
of the random sources, R-squared of all. The error of an ICC is that of the delta method; the
covariance of theta is twice the inverse of the second derivatives of the profiled criterion.

R's performance has the same without weights (tests/inference/test_r2.py, test_icc.py) and takes
sigma^2 for the residuals' variance with them; weights that are all c are the one case in which the
two definitions can be compared, where only 1 / c is left of them.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table
from tests.oracles import dense
from tests.tolerances import SHARE_ERROR_RTOL, SHARE_RTOL

FITS = {
    "intercepts": ("y ~ x + (1 | g)", True),
    "intercepts, ML": ("y ~ x + (1 | g)", False),
    "slopes": ("y ~ x + (1 + x | g)", True),
    "slopes, ML": ("y ~ x + (1 + x | g)", False),
    "two factors": ("y ~ x + z + (1 | g) + (1 | h)", True),
    "independent slopes": ("y ~ x + (x || g)", False),
}


def table(weights="w"):
    """Weights between 0.1 and 4, so that their mean of 1 / w is far from 1."""
    out = crossed_table(seed=3)
    rng = np.random.default_rng(9)
    w = np.exp(rng.uniform(np.log(0.1), np.log(4.0), out["y"].size))
    return out | {"w": w, "same": np.full(w.size, 2.5)}


@cache
def fitted(name, weights="w"):
    formula, reml = FITS[name]
    return me.lmm(formula, table(), reml=reml, weights=weights)


def blocks_of(fit):
    n = fit.design.n
    return [
        (b.factor.codes, np.ones((n, 1)) if b.Z is None else np.asarray(b.Z))
        for b in fit.design.blocks
    ]


def factors(fit, theta):
    """Relative factor of every block: lower triangles column by column, or a diagonal."""
    out, at = [], 0
    for block in fit.design.blocks:
        k = block.k
        Lam = np.zeros((k, k))
        for term in block.terms:
            c = term.columns
            if term.covariance == "us":
                pairs = [(c[i], c[j]) for j in range(len(c)) for i in range(j, len(c))]
            else:
                pairs = [(i, i) for i in c]
            for place in pairs:
                Lam[place] = theta[at]
                at += 1
        out.append(Lam)
    assert at == theta.size
    return out


def shares(fit, theta):
    """Relative variance of every factor, and of the residuals."""
    found = [
        np.einsum("ia,ab,bc,ic->i", Z, Lam, Lam.T, Z).mean()
        for (_, Z), Lam in zip(blocks_of(fit), factors(fit, theta), strict=True)
    ]
    return np.array(found), float(np.mean(1.0 / fit.design.weights))


def iccs(fit, theta):
    found, noise = shares(fit, theta)
    return np.append(found, found.sum()) / (found.sum() + noise)


def errors(fit):
    """Standard errors of the ICCs by central differences of dense matrices alone."""

    def criterion(theta):
        V = dense.marginal_covariance(blocks_of(fit), factors(fit, theta), fit.design.weights)
        X = np.asarray(fit.design.X)
        return dense.minus_two_loglik(fit.design.y, X, V, fit.reml)

    theta, h = fit.theta, 1e-3
    steps = h * np.eye(theta.size)
    hessian = np.array([
        [(criterion(theta + a + b) - criterion(theta + a - b) - criterion(theta - a + b)
          + criterion(theta - a - b)) / (4 * h * h) for b in steps] for a in steps
    ])  # fmt: skip
    slopes = np.array([(iccs(fit, theta + a) - iccs(fit, theta - a)) / (2 * h) for a in steps])
    return np.sqrt(np.einsum("kf,kl,lf->f", slopes, 2.0 * np.linalg.inv(hessian), slopes))


@pytest.mark.parametrize("name", FITS)
def test_shares_are_means_over_the_rows(name):
    fit = fitted(name)
    found, noise = shares(fit, fit.theta)
    assert not 0.9 < noise < 1.1
    variances = fit.sigma**2 * np.append(found, found.sum())
    fixed = np.var(np.asarray(fit.design.X) @ fit.beta, ddof=1)
    residual = fit.sigma**2 * noise
    whole = fixed + variances[-1] + residual
    icc, r2 = fit.icc(), fit.r2()
    np.testing.assert_allclose(icc["variance"], variances, rtol=SHARE_RTOL)
    np.testing.assert_allclose(icc["icc"], variances / (variances[-1] + residual), rtol=SHARE_RTOL)
    np.testing.assert_allclose(icc["icc_unadjusted"], variances / whole, rtol=SHARE_RTOL)
    sources = [fixed, *variances[:-1], residual]
    expected = np.array([fixed, fixed + variances[-1], *sources])
    assert r2["measure"].tolist()[-1] == "Residual"
    np.testing.assert_allclose(r2["variance"], expected, rtol=SHARE_RTOL)
    np.testing.assert_allclose(r2["r2"], expected / whole, rtol=SHARE_RTOL)


@pytest.mark.parametrize("name", FITS)
def test_errors_and_limits_are_the_delta_methods(name):
    fit = fitted(name)
    found, error = fit.icc(level=0.9), errors(fit)
    np.testing.assert_allclose(found["std_error"], error, rtol=SHARE_ERROR_RTOL)
    value = iccs(fit, fit.theta)
    logit = np.log(value / (1 - value))
    half = stats.norm.ppf(0.95) * error / (value * (1 - value))
    for column, centre in (("lower", logit - half), ("upper", logit + half)):
        np.testing.assert_allclose(found[column], 1 / (1 + np.exp(-centre)), rtol=SHARE_ERROR_RTOL)


@pytest.mark.parametrize("name", FITS)
def test_what_is_printed_and_said_is_the_weighted_share(name):
    fit = fitted(name)
    value = iccs(fit, fit.theta)
    for factor, share in zip([b.factor.name for b in fit.design.blocks], value, strict=False):
        assert re.search(rf"\b{100 * share:.0f}% of the variance .* levels of {factor}\b", str(fit))
    said = fit.interpret().paragraphs["Variance between groups"]
    assert f"{value[0]:.3f}" in said


@pytest.mark.parametrize("name", FITS)
def test_equal_weights_only_change_what_sigma_means(name):
    """With every weight c the residual variance is sigma^2 / c, and the model is as without."""
    plain, weighted = fitted(name, None), fitted(name, "same")
    assert weighted.sigma**2 / 2.5 == pytest.approx(plain.sigma**2, rel=tol.OPTIMUM_E6)
    for table in ("icc", "r2"):
        one, two = getattr(plain, table)(), getattr(weighted, table)()
        for column in one.columns[1:]:
            np.testing.assert_allclose(two[column], one[column], rtol=SHARE_ERROR_RTOL)


@pytest.mark.parametrize("family", ["gamma", "gaussian", "inverse_gaussian"])
@pytest.mark.parametrize("approximation", ["delta", "lognormal"])
def test_weights_that_divide_a_dispersion(family, approximation):
    """Var(y_i) = phi V(mu) / w_i: at the mean response mu, averaged over the rows.

    On the scale of the logarithm its variance is Var(y_i) / mu^2 ("delta"), or the logarithm of one
    plus that (Nakagawa, Johnson & Schielzeth 2017, table 1, "lognormal").
    """
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 8)
    x, w = rng.normal(size=160), np.exp(rng.uniform(np.log(0.2), np.log(5.0), 160))
    y = np.exp(0.3 + 0.2 * x + 0.4 * rng.normal(size=20)[g]) * rng.gamma(6.0 * w, 1 / (6.0 * w))
    data = {"y": y, "x": x, "g": g, "w": w}
    fit = me.glmm("y ~ x + (1 | g)", data, family=family, link="log", weights="w")
    between = fit.varcorr.sd["g"][0] ** 2
    eta = np.asarray(fit.design.X) @ fit.beta
    mu = np.exp(eta + between / 2).mean()
    # the normal's parameter is the logarithm of a standard deviation, not of a variance
    phi = float(np.exp(fit.extras["dispersion"][0] * (2.0 if family == "gaussian" else 1.0)))
    power = {"gamma": 2.0, "gaussian": 0.0, "inverse_gaussian": 3.0}[family]
    spread = phi * mu**power / mu**2 / w
    noise = np.mean(spread if approximation == "delta" else np.log1p(spread))
    row = fit.icc(approximation=approximation).iloc[0]
    assert row["icc"] == pytest.approx(between / (between + noise), rel=SHARE_RTOL)
    fixed = np.var(eta, ddof=1)
    r2 = fit.r2(approximation=approximation)["r2"]
    assert r2[0] == pytest.approx(fixed / (fixed + between + noise), rel=SHARE_RTOL)
    assert r2[1] == pytest.approx((fixed + between) / (fixed + between + noise), rel=SHARE_RTOL)


def test_an_offset_of_the_dispersion_is_a_weight():
    """log sigma_i = log sigma - log(w_i) / 2 says what prior weights of a linear model say."""
    weighted = fitted("slopes, ML")
    spread = "~ 1 + offset(-0.5 * log(w))"
    other = me.glmm(weighted.formula, table(), family="gaussian", dispersion=spread)
    assert other.loglik == pytest.approx(weighted.loglik, abs=tol.OPTIMUM_E6)
    np.testing.assert_allclose(
        other.dispersion, weighted.sigma / np.sqrt(table()["w"]), rtol=SHARE_ERROR_RTOL
    )
    for name in ("icc", "r2"):
        one, two = getattr(weighted, name)(), getattr(other, name)()
        for column in one.columns[1:]:
            np.testing.assert_allclose(two[column], one[column], rtol=SHARE_ERROR_RTOL)
