"""Residuals, simulation and refits of generalised models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, nbinom

import mixedeffects as me
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.family import FAMILIES, Response
from mixedeffects.inference.residual.unit_deviance import UNIT_DEVIANCES, unit_deviance
from tests import tolerances as tol
from tests.inference.test_predict_glmm import MODELS, fitted, frame


@pytest.mark.parametrize("name", [name for name in MODELS if name != "wine"])
def test_residuals_are_glmmtmbs(name):
    golden, fit = MODELS[name], fitted(name)
    for kind, wanted in golden["residuals"].items():
        found = fit.residuals(kind)[golden["rows"]]
        assert found == pytest.approx(wanted, rel=tol.GLMM_RESIDUAL_RTOL, abs=tol.PROGRAM_E4)


@pytest.mark.parametrize("name", ["cbpp", "epil_poisson"])
@pytest.mark.parametrize("kind", ["response", "pearson", "deviance", "working"])
def test_residuals_are_lme4s(name, kind):
    golden, fit = MODELS[name], fitted(name)
    found = fit.residuals(kind)[golden["rows"]]
    wanted = golden["lme4_residuals"][kind]
    assert found == pytest.approx(wanted, rel=tol.GLMM_RESIDUAL_RTOL, abs=tol.PROGRAM_2E3)


def test_residuals_of_the_gamma_family_are_those_of_a_glm():
    golden, fit = MODELS["gamma"], fitted("gamma")
    rows = golden["rows"]
    assert fit.residuals("deviance")[rows] == pytest.approx(
        golden["glm_deviance"], abs=tol.PROGRAM_E5
    )
    assert fit.residuals("pearson")[rows] == pytest.approx(
        golden["glm_pearson"], abs=tol.PROGRAM_E5
    )
    phi = np.exp(fit.extras["dispersion"][0])
    assert fit.residuals("scaled") == pytest.approx(fit.residuals("pearson") / np.sqrt(phi))


def test_unit_deviances_are_twice_the_lost_log_likelihood():
    y = np.array([0.5, 1.5, 4.0])
    counts = np.array([0.0, 2.0, 7.0])
    for name in UNIT_DEVIANCES:
        family = FAMILIES[name]()
        discrete, size = family.discrete, np.full(3, 9.0) if family.has_size else None
        response = Response(counts if discrete else y, size)
        best = np.maximum(response.y, 1e-12) if size is None else np.clip(counts / 9, 1e-12, 1)
        mu = np.array([0.3, 0.4, 0.5]) if family.has_size else np.array([0.7, 2.5, 3.0])
        extra = [np.full(3, 0.4) for _ in family.extras]
        at = [family.log_density(response, family.link.link(m), *extra) for m in (best, mu)]
        scale = 1.0
        if family.weights_scale_dispersion:
            scale = np.exp(0.8 if name == "gaussian" else 0.4)
        found = unit_deviance(family, response, mu, dict(zip(family.extras, extra, strict=True)))
        assert found == pytest.approx(2.0 * scale * (at[0] - at[1]), rel=tol.ROUNDING_E8)


def test_residuals_that_do_not_exist_are_refused():
    with pytest.raises(NotAvailableError, match="categories"):
        fitted("wine").residuals("pearson")
    with pytest.raises(NotAvailableError, match="unit deviance"):
        fitted("zip").residuals("deviance")
    with pytest.raises(NotAvailableError, match="more than one"):
        fitted("zip").residuals("working")
    with pytest.raises(OptionError, match="kind"):
        fitted("cbpp").residuals("studentized")


def test_quantile_residuals_at_the_modes_are_normal():
    rng = np.random.default_rng(5)
    n = 2000
    g, x = rng.integers(0, 20, n), rng.normal(size=n)
    y = nbinom.rvs(2, 2 / (2 + np.exp(1 + 0.5 * x + rng.normal(size=20)[g])), random_state=rng)
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="nbinom2")
    assert kstest(fit.residuals("quantile", rng=1), "norm").pvalue > 0.05
    wine = fitted("wine").residuals("quantile", rng=1)
    assert np.isfinite(wine).all()
    assert (fit.residuals("quantile", rng=1) == fit.residuals("quantile", rng=1)).all()


@pytest.mark.parametrize("name", ["cbpp", "epil_nbinom2", "zip_random_zi", "hurdle", "gamma"])
def test_simulations_have_the_models_moments(name):
    fit = fitted(name)
    draws = fit.simulate(400, rng=2, groups="conditional")
    family, size = fit.family, fit.response.size
    mean = family.mean(*fit.predictors) * (1.0 if size is None else size)
    variance = family.variance(*fit.predictors, size=size)
    z = (draws.mean(axis=1) - mean) / np.sqrt(variance / 400)
    assert abs(z).max() < tol.MONTE_CARLO_Z + 1
    assert (z @ z) / z.size == pytest.approx(1.0, abs=tol.SAMPLED_4E1)
    new = fit.simulate(400, rng=3)
    marginal = fit.predict(groups="population", new_levels="marginal")
    z = (new.mean(axis=1) - marginal * (1.0 if size is None else size)) / (
        new.std(axis=1) / np.sqrt(400)
    )
    assert abs(z.mean()) < tol.MONTE_CARLO_Z


def test_simulated_categories_have_their_probabilities():
    fit = fitted("wine")
    draws = fit.simulate(1000, rng=4, groups="conditional")
    wanted = fit.predict().to_numpy()
    for k in range(5):
        share = (draws == k).mean(axis=1)
        error = np.sqrt(wanted[:, k] * (1 - wanted[:, k]) / 1000)
        assert (abs(share - wanted[:, k]) <= tol.STANDARD_ERRORS_5 * error + tol.SAMPLED_E3).all()


@pytest.mark.parametrize("name", ["cbpp", "epil_nbinom2", "zip", "wine", "gamma"])
def test_a_refit_to_the_same_response_is_the_fit(name):
    fit = fitted(name)
    again = fit.refit(fit.response.y)
    assert again.objective == pytest.approx(fit.objective, abs=tol.OPTIMUM_E7)
    assert again.estimates == pytest.approx(fit.estimates, rel=tol.OPTIMUM_E3, abs=tol.OPTIMUM_E3)
    y = fit.simulate(1, rng=6)[:, 0]
    if name == "wine":
        assert len(np.unique(y)) == 5
    other = fit.refit(y)
    assert other.response.y == pytest.approx(y)
    assert other.converged


def test_a_refit_starts_in_its_own_coordinates():
    """Merged rows of another response give other internal columns."""
    rng = np.random.default_rng(9)
    n = 4000
    table = {"g": rng.integers(0, 15, n), "x": rng.integers(0, 3, n)}
    eta = table["x"] - 1.0 + rng.normal(size=15)[table["g"]]
    table["y"] = rng.binomial(1, 1 / (1 + np.exp(-eta)))
    fit = me.glmm("y ~ x + (1 | g)", table)
    y = fit.simulate(1, rng=1)[:, 0]
    warm = fit.refit(y)
    cold = me.glmm("y ~ x + (1 | g)", {**table, "y": y})
    assert warm.objective == pytest.approx(cold.objective, abs=tol.OPTIMUM_E6)


def test_refits_take_categories_and_refuse_other_responses():
    fit = fitted("wine")
    labels = frame("wine")["rating"].astype(str).to_numpy()
    assert fit.refit(labels).objective == pytest.approx(fit.objective, abs=tol.OPTIMUM_E7)
    with pytest.raises(DataError, match="not fitted to: 9"):
        fit.refit(np.where(labels == "5", "9", labels))
    with pytest.raises(DataError, match="no row of y"):
        fit.refit(np.minimum(fit.response.y, 3))
    with pytest.raises(DataError, match="shape"):
        fit.refit([1, 2, 3])
    with pytest.raises(DataError):
        fitted("cbpp").refit(np.full(56, 1000))
