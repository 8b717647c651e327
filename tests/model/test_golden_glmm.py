"""Generalised models against lme4, glmmTMB, ordinal and TMB (tests/golden/make/glmm.R), and the
likelihood itself against brute force (tests/oracles/quadrature.py).
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models, reference
from tests.oracles.quadrature import laplace_loglik, marginal_loglik, row_density

MODELS = golden_models()
OPTIONS = ("family", "link", "nagq", "weights", "exposure", "zi", "dispersion")

# Models that no program brings to the maximum of Laplace's approximation.
REFERENCE_STOPS_SHORT: dict[str, str] = {
    "epil_sqrt_link": "the density is even in eta: where all of a subject's counts are small there "
    "are two modes, and glmmTMB's search ends at the lower one; test_the_likelihood_is_laplaces_"
    "approximation holds at our optimum, 2.3 higher (at glmmTMB's it gives 2.1 more than glmmTMB)",
    "salamanders_zinb2": "a local maximum; glmmTMB too has 2.39 more when started with no extra "
    "zeros at unmined sites, where that coefficient runs to minus infinity",
}

# Coefficients on their way to infinity, where programs stop at different places.
RUNS_AWAY: dict[str, str] = {
    "salamanders_hurdle_nbinom1": "the truncated counts' limit is a logarithmic series",
    "salamanders_zinb1": "no extra zeros",
}


every_model = pytest.mark.parametrize("name", MODELS)
every_optimum = pytest.mark.parametrize(
    "name", [name for name in MODELS if name not in REFERENCE_STOPS_SHORT | RUNS_AWAY]
)


def fit_golden(name: str, **changed: Any) -> Any:
    model = MODELS[name]
    options = {key: model[key] for key in OPTIONS if model[key] is not None} | changed
    with warnings.catch_warnings():
        # Singular and nearly separated models may say so; what they find is compared below.
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(model["formula"], golden_frame(model), **options)


@cache
def fitted(name: str) -> Any:
    return fit_golden(name)


def looseness(name: str) -> float:
    """1 at a regular optimum, `SINGULAR_FACTOR` at a boundary."""
    return tol.SINGULAR_FACTOR if MODELS[name]["singular"] else 1.0


@every_model
def test_the_optimum_is_reached(name):
    programs, fit = MODELS[name]["programs"], fitted(name)
    same = [p["loglik"] for p in programs.values() if not p.get("expected_information")]
    assert fit.loglik >= max(same) - tol.GLMM_LOGLIK_SHORTFALL
    if name not in REFERENCE_STOPS_SHORT:
        assert fit.loglik <= max(same) + tol.GLMM_LOGLIK_EXCESS


@every_optimum
def test_the_optimum_is_certified(name):
    assert fitted(name).converged


@pytest.mark.parametrize("name", RUNS_AWAY)
def test_coefficients_on_their_way_to_infinity_are_named(name):
    fit = fitted(name)
    assert not fit.converged
    assert fit.certificate.infinite


@every_model
def test_counts_and_criteria(name):
    wanted, fit = reference(MODELS[name]), fitted(name)
    assert fit.nobs == wanted["nobs"]
    assert fit.df == wanted["npar"]
    gap = 2 * abs(fit.loglik - wanted["loglik"])
    assert fit.aic == pytest.approx(wanted["aic"], abs=gap + tol.OPTIMUM_E6)


def as_floats(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def compare(ours: Any, covariance: Any, wanted: dict[str, Any], loose: float) -> None:
    """Estimates in units of their standard errors, and these."""
    se = as_floats(wanted["se"] or [None] * len(wanted["values"]))
    ours, our_se = np.asarray(ours), np.sqrt(np.diag(covariance))
    unit = np.where(np.isfinite(se), se, our_se)
    assert np.max(np.abs(ours - wanted["values"]) / unit) < tol.GLMM_ESTIMATE_IN_SE * loose
    known = np.isfinite(se)
    np.testing.assert_allclose(our_se[known], se[known], rtol=tol.GLMM_SE_RTOL * loose)


@every_optimum
def test_fixed_effects_and_their_errors(name):
    fit = fitted(name)
    compare(fit.beta, fit.vcov_beta, reference(MODELS[name])["beta"], looseness(name))


@every_optimum
def test_other_predictors(name):
    """Dispersion, extra zeros, degrees of freedom, thresholds, on the scale of their links."""
    wanted, fit = reference(MODELS[name])["extras"] or {}, fitted(name)
    assert set(fit.extras) == set(wanted)
    at = len(fit.beta)
    for part, values in fit.extras.items():
        span = slice(at, at + len(values))
        at += len(values)
        compare(values, fit.vcov_parameters[span, span], wanted[part], looseness(name))


def factors_of(group: str) -> tuple[str, ...]:
    """One name for ``a:b`` and ``b:a``, and for lme4's ``g.1``, the second term of ``g``."""
    return tuple(sorted(group.split(".")[0].split(":")))


Components = dict[tuple[str, tuple[str, ...]], tuple[list[float], list[float]]]


def our_components(fit: Any) -> Components:
    found: Components = {}
    main = len(fit.design.blocks)
    for k, (block, Lam) in enumerate(zip(fit.all_blocks, fit.lambdas, strict=True)):
        covariance = Lam @ Lam.T
        sd = np.sqrt(np.diag(covariance))
        with np.errstate(invalid="ignore"):
            correlation = (covariance / np.outer(sd, sd))[np.tril_indices(len(sd), -1)]
        key = ("conditional" if k < main else "zi", factors_of(block.factor.name))
        sds, correlations = found.setdefault(key, ([], []))
        sds += sd.tolist()
        correlations += correlation[correlation != 0].tolist()
    return found


def reference_components(model: dict[str, Any]) -> Components:
    found: Components = {}
    for block in reference(model)["blocks"]:
        key = (block["part"], factors_of(block["group"]))
        sds, correlations = found.setdefault(key, ([], []))
        sds += block["sd"]
        correlations += [r for r in block["corr"] if r != 0.0]  # `||` may be one diagonal block
    return found


@every_optimum
def test_variance_components(name):
    ours, wanted = our_components(fitted(name)), reference_components(MODELS[name])
    loose = looseness(name)
    assert set(ours) == set(wanted)
    for key, (sds, correlations) in wanted.items():
        found = sorted(ours[key][0])
        expected = pytest.approx(
            sorted(sds), rel=tol.GLMM_SD_RTOL * loose, abs=tol.GLMM_SD_ATOL * loose
        )
        assert found == expected
        if loose == 1.0:  # at the boundary a correlation is of something that may be nothing
            expected = pytest.approx(sorted(correlations), abs=tol.GLMM_CORRELATION_ATOL)
            assert sorted(ours[key][1]) == expected


def integrand(fit: Any) -> tuple[Any, ...]:
    """Densities, offset, codes, Z and Lambda of a fit with one grouping factor."""
    design, response, family = fit.design, fit.response, fit.family.name
    base = family.removeprefix("zero_inflated_")
    eta = np.asarray(design.X) @ fit.beta
    eta += 0.0 if design.offset is None else design.offset
    weights = 1.0 if response.weights is None else response.weights
    natural = {}
    for name, coefficients in fit.extras.items():
        part = fit.design.others.get(name)
        value = coefficients if part is None else np.asarray(part.X) @ coefficients
        natural[name] = value if name in ("thresholds", "zi") else np.exp(value)
    zi = natural.pop("zi", None)
    zi = None if zi is None else 1.0 / (1.0 + np.exp(-zi))
    if base in ("gaussian", "gamma", "inverse_gaussian"):
        natural["dispersion"] = natural["dispersion"] * (
            weights**-0.5 if base == "gaussian" else 1.0 / weights
        )
        weights = 1.0
    extras = natural["thresholds"] if base == "ordinal" else list(natural.values())
    log_density = row_density(
        base, fit.family.link.name, np.asarray(response.y), response.size, extras, weights, zi
    )
    (block,), (Lam,) = design.blocks, fit.lambdas
    Z = np.ones((design.n, 1)) if block.Z is None else np.asarray(block.Z)
    return log_density, eta, np.asarray(block.factor.codes), Z, Lam


WIDE = ("golden/toenail", "geepack/ohio")  # SDs above 2: 25 points are off by 4e-4 and more


@pytest.mark.parametrize(
    "name", [n for n, m in MODELS.items() if m["nagq"] >= 25 and m["data"] not in WIDE]
)
def test_brute_force_is_lme4s_quadrature(name):
    """The oracle itself, at lme4's estimates: 25 points there are as good as the integral."""
    wanted = reference(MODELS[name])
    log_density, _, codes, Z, _ = integrand(fitted(name))
    eta = np.asarray(fitted(name).design.X) @ wanted["beta"]["values"]
    sd = wanted["blocks"][0]["sd"][0]
    brute = marginal_loglik(log_density, eta, codes, Z, np.array([[sd]]))
    assert brute == pytest.approx(wanted["loglik"], abs=tol.GLMM_QUADRATURE_OF_REFERENCE)


@pytest.mark.parametrize(
    "name", [n for n, m in MODELS.items() if m["nagq"] >= 25 and m["data"] in WIDE][:1]
)
def test_more_than_a_hundred_points_are_the_integral(name):
    fit = fit_golden(name, nagq=200)
    assert marginal_loglik(*integrand(fit)) == pytest.approx(
        fit.loglik, abs=tol.GLMM_QUADRATURE_ATOL
    )


LAPLACE = [
    "cbpp",
    "cbpp_probit",
    "cbpp_cloglog",
    "cbpp_slopes",
    "cbpp_betabinomial",
    "bacteria_probit",
    "hessianfly",
    "epil",
    "epil_slopes",
    "epil_nbinom1",
    "epil_nbinom2",
    "epil_frequency_weights",
    "epil_sqrt_link",
    "gopher",
    "mmmec",
    "salamanders_zinb2",
    "salamanders_hurdle_nbinom1",
    "salamanders_truncated_poisson",
    "owls_zip",
    "sleep_gaussian_log",
    "sleep_gaussian_dispersion",
    "sleep_gamma_slopes",
    "sleep_gamma_inverse",
    "sleep_inverse_gaussian",
    "sleep_t",
    "gamma_weights",
    "gasoline_beta_dispersion",
    "wine",
    "wine_probit",
    "wine_cloglog",
    "wine_loglog",
    "wine_slopes",
]


@pytest.mark.parametrize("name", LAPLACE)
def test_the_likelihood_is_laplaces_approximation(name):
    """With the observed curvature, whatever the link; no other program is needed for that."""
    fit = fitted(name)
    assert fit.loglik == pytest.approx(laplace_loglik(*integrand(fit)), abs=tol.GLMM_LAPLACE_ATOL)


# Links that no other program has for the family.
OTHER_LINKS = [
    ("cbpp", "binomial", "cauchit"),
    ("cbpp", "binomial", "loglog"),
    ("cbpp", "binomial", "log"),
    ("cbpp", "binomial", "identity"),
    ("cbpp", "betabinomial", "cauchit"),
    ("sleep_gaussian_log", "gaussian", "inverse"),
    ("sleep_gamma", "gamma", "identity"),
    ("sleep_inverse_gaussian", "inverse_gaussian", "1/mu^2"),
    ("sleep_inverse_gaussian", "inverse_gaussian", "identity"),
    ("sleep_t", "t", "log"),
    ("gopher", "poisson", "sqrt"),
    ("gasoline_beta", "beta", "loglog"),
    ("gasoline_beta", "beta", "cauchit"),
    ("wine", "ordinal", "cauchit"),
    ("salamanders_truncated_poisson", "truncated_nbinom1", "log"),
]


@pytest.mark.parametrize(("name", "family", "link"), OTHER_LINKS)
def test_other_links_maximise_laplaces_approximation(name, family, link):
    fit = fit_golden(name, family=family, link=link)
    log_density, eta, codes, Z, Lam = integrand(fit)
    brute = laplace_loglik(log_density, eta, codes, Z, Lam)
    assert fit.loglik == pytest.approx(brute, abs=tol.GLMM_LAPLACE_ATOL)
    for move in 0.05 * np.sqrt(np.diag(fit.vcov_beta)) * np.eye(len(fit.beta)):
        for sign in (-1.0, 1.0):
            shift = sign * np.asarray(fit.design.X) @ move
            assert laplace_loglik(log_density, eta + shift, codes, Z, Lam) < brute


# Points enough for 1e-6: more where random effects are large or tails heavy.
QUADRATURE = {
    "cbpp": 25,
    "cbpp_probit": 25,
    "cbpp_cloglog": 25,
    "cbpp_cauchit_agq100": 100,
    "cbpp_betabinomial": 25,
    "bacteria": 25,
    "culcita": 50,
    "epil": 25,
    "epil_nbinom1": 25,
    "gopher": 25,
    "salamanders_nbinom2": 25,
    "salamanders_truncated_poisson": 25,
    "owls_zip": 25,
    "sleep_gaussian_log": 25,
    "sleep_gamma": 25,
    "sleep_inverse_gaussian": 25,
    "gasoline_beta": 25,
    "wine": 25,
    "wine_probit": 25,
}


@pytest.mark.parametrize("name", QUADRATURE)
def test_many_points_give_the_integral(name):
    fit = fit_golden(name, nagq=QUADRATURE[name])
    assert fit.loglik == pytest.approx(
        marginal_loglik(*integrand(fit)), abs=tol.GLMM_QUADRATURE_ATOL
    )


@pytest.mark.parametrize("name", ["cbpp_slopes", "wine_slopes"])
def test_many_points_give_the_integral_over_two_effects(name):
    fit = fit_golden(name, nagq=15)
    brute = marginal_loglik(*integrand(fit), half_width=7.0, points=97)
    assert fit.loglik == pytest.approx(brute, abs=tol.GLMM_QUADRATURE_ATOL)


GAUSSIAN = {
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", None),
    "Penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", None),
    "cbpp": ("I(incidence / size) ~ period + (1 | herd)", "size"),
}


@pytest.mark.parametrize("item", GAUSSIAN)
def test_a_gaussian_model_is_a_linear_mixed_model(item, rdata):
    """Laplace's approximation is exact there; prior weights divide the variance."""
    formula, weights = GAUSSIAN[item]
    data = rdata("lme4", item)
    linear = me.lmm(formula, data, reml=False, weights=weights)
    general = me.glmm(formula, data, family="gaussian", weights=weights)
    assert general.loglik == pytest.approx(linear.loglik, abs=tol.OPTIMUM_E5)
    np.testing.assert_allclose(general.beta, linear.beta, rtol=tol.OPTIMUM_E4)
    assert np.exp(general.extras["dispersion"][0]) == pytest.approx(
        linear.sigma, rel=tol.OPTIMUM_E4
    )
    np.testing.assert_allclose(
        general.theta, linear.sigma * linear.theta, rtol=tol.OPTIMUM_2E3, atol=tol.OPTIMUM_E3
    )


def test_weights_of_a_proportion_are_its_trials():
    """R's idiom y/n with weights n is the same likelihood as successes out of trials."""
    assert fitted("cbpp_proportion_weights").loglik == pytest.approx(
        fitted("cbpp").loglik, abs=tol.SAME_OPTIMUM
    )
