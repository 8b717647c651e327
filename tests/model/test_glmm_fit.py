"""What `glmm` does with designs and data of every kind."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.errors import ConvergenceWarning
from tests import tolerances as tol


def simulated(seed=1, n=320, groups=40, sd=0.6):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), n // groups)
    x = rng.normal(size=n)
    eta = 0.4 + 0.3 * x + sd * rng.normal(size=groups)[g]
    return rng, {"g": g, "h": np.tile(np.arange(20), n // 20), "x": x}, eta


def poisson_table(**options):
    rng, table, eta = simulated(**options)
    return {**table, "y": rng.poisson(np.exp(eta))}


def test_gaussian_with_identity_link_is_the_linear_model():
    data = me.datasets.sleepstudy()
    formula = "Reaction ~ Days + (Days | Subject)"
    general = me.glmm(formula, data, family="gaussian")
    linear = me.lmm(formula, data, reml=False)
    assert general.loglik == pytest.approx(linear.loglik, abs=tol.OPTIMUM_E7)
    np.testing.assert_allclose(general.beta, linear.beta, rtol=tol.OPTIMUM_E5)
    np.testing.assert_allclose(general.theta, linear.theta * linear.sigma, rtol=tol.OPTIMUM_E3)
    assert np.exp(general.extras["dispersion"][0]) == pytest.approx(
        linear.sigma, rel=tol.OPTIMUM_E4
    )
    np.testing.assert_allclose(general.b[0], linear.b[0], rtol=tol.OPTIMUM_E3, atol=tol.OPTIMUM_E3)
    np.testing.assert_allclose(
        general.conditional_covariances()[0],
        linear.conditional_covariances()[0],
        rtol=tol.OPTIMUM_2E3,
    )


def test_weights_of_a_free_dispersion_divide_it_as_in_the_linear_model():
    data = me.datasets.sleepstudy()
    w = np.random.default_rng(0).uniform(0.5, 2.0, 180)
    general = me.glmm("Reaction ~ Days + (1 | Subject)", data, family="gaussian", weights=w)
    linear = me.lmm("Reaction ~ Days + (1 | Subject)", data, reml=False, weights=w)
    assert general.loglik == pytest.approx(linear.loglik, abs=tol.OPTIMUM_E7)


def test_weights_of_counts_are_numbers_of_rows():
    data = poisson_table()
    w = np.random.default_rng(0).integers(1, 4, 320)
    weighted = me.glmm("y ~ x + (1 | g)", data, family="poisson", weights=w)
    rows = np.repeat(np.arange(320), w)
    repeated = {k: np.asarray(v)[rows] for k, v in data.items()}
    plain = me.glmm("y ~ x + (1 | g)", repeated, family="poisson")
    assert plain.row_of is not None  # equal rows are fitted once
    assert weighted.loglik == pytest.approx(plain.loglik, abs=tol.OPTIMUM_E8)
    np.testing.assert_allclose(weighted.beta, plain.beta, rtol=tol.OPTIMUM_E5)
    np.testing.assert_allclose(
        weighted.predictors[0][rows], plain.predictors[0], rtol=tol.OPTIMUM_E4
    )
    np.testing.assert_allclose(weighted.vcov_beta, plain.vcov_beta, rtol=tol.OPTIMUM_E3)


def test_rows_in_another_order_and_levels_with_other_names():
    data = poisson_table()
    one = me.glmm("y ~ x + (1 + x | g) + (1 | h)", data, family="poisson")
    order = np.random.default_rng(5).permutation(320)
    other = {k: np.asarray(v)[order] for k, v in data.items()}
    other["g"] = [f"level {90 - v}" for v in other["g"]]
    two = me.glmm("y ~ x + (1 + x | g) + (1 | h)", other, family="poisson")
    assert one.loglik == pytest.approx(two.loglik, abs=tol.OPTIMUM_E8)
    np.testing.assert_allclose(one.beta, two.beta, rtol=tol.OPTIMUM_E4)
    np.testing.assert_allclose(one.theta, two.theta, rtol=tol.OPTIMUM_E3, atol=tol.OPTIMUM_E3)


def test_another_response_by_its_categories_names_is_that_of_their_codes():
    """The order is the fitted one, whichever category comes first and whatever the alphabet."""
    rng = np.random.default_rng(7)
    g, x = np.repeat(np.arange(20), 8), rng.normal(size=160)
    labels = np.array(["mild", "bad", "awful"])
    codes = np.digitize(x + rng.normal(size=20)[g] + rng.logistic(size=160), [-0.5, 1.0])
    y = pd.Categorical(labels[codes], categories=labels, ordered=True)
    fit = me.glmm("y ~ x + (1 | g)", pd.DataFrame({"y": y, "x": x, "g": g}), family="ordinal")
    other = fit.simulate(1, rng=1)[:, 0].astype(int)
    assert labels[other[0]] != labels[0]
    right, named = fit.refit(other), fit.refit(labels[other])
    assert named.loglik == right.loglik
    np.testing.assert_array_equal(named.beta, right.beta)


def test_units_of_a_predictor_change_its_coefficient_alone():
    data = poisson_table()
    data["big"] = 1e6 + 1e4 * np.asarray(data["x"])
    one = me.glmm("y ~ x + (1 + x | g)", data, family="poisson")
    two = me.glmm("y ~ big + (1 + big | g)", data, family="poisson")
    assert one.loglik == pytest.approx(two.loglik, abs=tol.OPTIMUM_E6)
    assert two.fixef["big"] * 1e4 == pytest.approx(one.fixef["x"], rel=tol.OPTIMUM_E4)


def test_exposure_is_an_offset():
    data = poisson_table()
    data["time"] = np.random.default_rng(2).uniform(0.5, 3.0, 320)
    one = me.glmm("y ~ x + (1 | g)", data, family="poisson", exposure="time")
    two = me.glmm("y ~ x + offset(log(time)) + (1 | g)", data, family="poisson")
    assert one.loglik == pytest.approx(two.loglik, abs=tol.ROUNDING_E10)


@pytest.mark.parametrize("seed", range(3))
def test_a_variance_that_is_not_there_is_zero_and_proved_so(seed):
    data = poisson_table(seed=seed)
    rng = np.random.default_rng(100 + seed)
    data["none"] = rng.integers(0, 25, 320)
    y = np.asarray(data["y"])
    # sums over its levels made as equal as can be
    data["none"] = np.argsort(np.argsort(y, kind="stable"), kind="stable") % 25
    fit = me.glmm("y ~ x + (1 | g) + (1 | none)", data, family="poisson")
    without = me.glmm("y ~ x + (1 | g)", data, family="poisson")
    assert fit.converged
    assert fit.certificate.is_singular
    assert fit.loglik == pytest.approx(without.loglik, abs=tol.OPTIMUM_E7)
    (direction,) = fit.certificate.singular
    assert direction.slope > 0
    np.testing.assert_allclose(fit.vcov_beta, without.vcov_beta, rtol=tol.OPTIMUM_E3)
    assert np.isnan(fit.vcov_parameters[-1, -1]) or np.isnan(fit.vcov_parameters[-2, -2])


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "Nelder-Mead", "COBYQA"])
def test_other_optimisers_find_the_same(optimizer):
    data = poisson_table()
    one = me.glmm("y ~ x + (1 | g)", data, family="poisson")
    two = me.glmm("y ~ x + (1 | g)", data, family="poisson", optimizer=optimizer)
    assert one.loglik == pytest.approx(two.loglik, abs=tol.OPTIMUM_E5)


def test_an_unfinished_fit_says_so():
    with pytest.warns(ConvergenceWarning, match="iteration limit"):
        fit = me.glmm("y ~ x + (1 | g)", poisson_table(), family="poisson", max_iterations=1)
    assert not fit.converged


def separated_tables():
    rng, table, eta = simulated()
    rare = np.where(rng.random(320) < 0.1, "rare", "common")
    table["kind"] = rare
    y = rng.binomial(1, 1 / (1 + np.exp(-eta)))
    counts = rng.poisson(np.exp(eta))
    yield "binomial", {**table, "y": np.where(rare == "rare", 1, y)}, "kind[rare]", 1
    yield "poisson", {**table, "y": np.where(rare == "rare", 0, counts)}, "kind[rare]", -1
    yield "binomial", {**table, "y": (table["x"] > 0.1).astype(int)}, "x", 1
    ordered = np.digitize(eta + rng.logistic(size=320), [0, 1])
    yield "ordinal", {**table, "y": np.where(rare == "rare", 2, ordered)}, "kind[rare]", 1


@pytest.mark.parametrize("family, data, name, sign", list(separated_tables()))
def test_separation_is_found_and_named(family, data, name, sign):
    with pytest.warns(ConvergenceWarning, match="separation") as caught:
        fit = me.glmm("y ~ x + kind + (1 | g)", data, family=family)
    assert name in fit.certificate.infinite
    assert not fit.converged
    assert repr(name) in str(caught[0].message)
    assert np.sign(fit.fixef[name]) == sign


def test_separation_in_one_coefficient_leaves_the_others():
    *_, data, _, _ = next(separated_tables())
    with pytest.warns(ConvergenceWarning):
        fit = me.glmm("y ~ x + kind + (1 | g)", data)
    common = np.asarray(data["kind"]) == "common"
    rest = me.glmm("y ~ x + (1 | g)", {k: np.asarray(v)[common] for k, v in data.items()})
    assert fit.fixef["x"] == pytest.approx(rest.fixef["x"], abs=tol.OPTIMUM_E3)
    assert fit.loglik == pytest.approx(rest.loglik, abs=tol.OPTIMUM_E3)


def test_no_separation_is_seen_where_there_is_none():
    rng, table, eta = simulated(n=200, groups=20)
    rare = np.zeros(200, dtype=int)
    rare[[3, 50, 120]] = 1
    y = rng.binomial(1, 1 / (1 + np.exp(-eta)))
    y[[3, 50, 120]] = [1, 1, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = me.glmm("y ~ x + rare + (1 | g)", {**table, "rare": rare, "y": y})
    assert fit.certificate.infinite == ()


def test_counts_no_more_dispersed_than_poisson():
    rng, data, eta = simulated()
    data["y"] = rng.binomial(np.ceil(2 * np.exp(eta)).astype(int), 0.5)
    with pytest.warns(ConvergenceWarning, match="no more dispersed"):
        fit = me.glmm("y ~ x + (1 | g) + (1 | h)", data, family="nbinom2")
    simple = me.glmm("y ~ x + (1 | g) + (1 | h)", data, family="poisson")
    assert fit.loglik == pytest.approx(simple.loglik, abs=tol.OPTIMUM_E3)


def test_several_approximations_in_order():
    """The quick form is never above Laplace, whose maximum is over the coefficients as well."""
    rng, table, eta = simulated(n=160, groups=40, sd=1.5)
    data = {**table, "y": rng.binomial(1, 1 / (1 + np.exp(-eta)))}
    quick, laplace, fine, finer = (
        me.glmm("y ~ x + (1 | g)", data, nagq=nagq) for nagq in (0, 1, 15, 25)
    )
    assert quick.loglik <= laplace.loglik + 1e-8
    assert fine.loglik == pytest.approx(finer.loglik, abs=tol.OPTIMUM_E4)
    assert abs(fine.loglik - laplace.loglik) > 1e-2  # small groups: Laplace is off


def test_small_models_need_no_compiler():
    import subprocess
    import sys

    code = (
        "import sys, mixedeffects as me\n"
        "t = {'y': [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 4], 'g': list('aaaabbbbcccc')}\n"
        "me.glmm('y ~ 1 + (1 | g)', t, family='poisson').vcov_beta\n"
        "assert 'numba' not in sys.modules, 'numba'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
