"""Linear mixed models against lme4, model by model (tests/golden/make/lmm.R).

The likelihood itself is pinned at lme4's theta and at its starting value, where no optimiser has
a say; then the optimum, and what is computed from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models, second_opinions

MODELS = golden_models()

# Models whose optimum lme4 does not reach even when squeezed (its default is often much worse and
# is recorded beside it). The likelihood at lme4's theta is compared all the same.
LME4_STOPS_SHORT: dict[str, str] = {
    "seven_slopes": "28 parameters on scales 1,000-fold apart; glmm finds 0.0011 more as well",
}

every_model = pytest.mark.parametrize("name", MODELS)
# Where lme4 is not at the optimum, what follows from its theta is no reference.
every_optimum = pytest.mark.parametrize(
    "name", [name for name in MODELS if name not in LME4_STOPS_SHORT]
)


@cache
def fitted(name: str) -> Any:
    model = MODELS[name]
    return me.lmm(
        model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"]
    )


def looseness(name: str) -> float:
    """1 at a regular optimum, `SINGULAR_FACTOR` where the objective is flat or at a boundary."""
    model = MODELS[name]
    curvature = model["curvature"]
    flat = curvature is not None and curvature[0] < 1e-3 * max(1.0, curvature[1])
    if model["singular"] or flat or name in LME4_STOPS_SHORT:
        return tol.SINGULAR_FACTOR
    return 1.0


@every_model
def test_the_likelihood_is_lme4s_at_lme4s_theta(name):
    model = MODELS[name]
    objective = fitted(name).objective_at(np.asarray(model["theta"]))
    assert objective == pytest.approx(
        model["objective"], abs=tol.OBJECTIVE_AT_THETA_RTOL * (1 + abs(model["objective"]))
    )


@every_model
def test_the_likelihood_is_lme4s_at_the_start(name):
    model = MODELS[name]
    objective = fitted(name).objective_at(np.asarray(model["start"]))
    assert objective == pytest.approx(
        model["objective_at_start"],
        abs=tol.OBJECTIVE_AT_THETA_RTOL * (1 + abs(model["objective_at_start"])),
    )


@every_model
def test_the_optimum_is_reached(name):
    model, fit = MODELS[name], fitted(name)
    assert fit.loglik >= model["loglik"] - tol.LOGLIK_SHORTFALL
    assert fit.loglik >= model["lme4_default"]["loglik"] - tol.LOGLIK_SHORTFALL
    if name in second_opinions():
        assert fit.loglik >= second_opinions()[name] - tol.LOGLIK_SHORTFALL
    if name not in LME4_STOPS_SHORT:
        assert fit.loglik <= model["loglik"] + tol.LOGLIK_EXCESS
    # The objective at our own theta is what the log-likelihood says it is.
    assert fit.objective_at(np.asarray(fit.theta)) == pytest.approx(
        -2 * fit.loglik, rel=tol.ROUNDING_E9
    )


def test_seven_slopes_are_where_lme4s_default_stops_short():
    for name in ("seven_slopes", "seven_slopes_singular"):
        assert fitted(name).loglik > MODELS[name]["lme4_default"]["loglik"] + 5e-3


@every_model
def test_counts_and_criteria(name):
    model, fit = MODELS[name], fitted(name)
    assert fit.nobs == model["nobs"]
    assert len(fit.theta) == len(model["theta"])
    assert len(finite_fixef(fit)) == len(model["fixef"])
    gap = 2 * abs(fit.loglik - model["loglik"]) + 1e-9 * abs(model["loglik"])
    assert fit.aic == pytest.approx(model["aic"], abs=gap + tol.ROUNDING_E9)
    assert fit.bic == pytest.approx(model["bic"], abs=gap + tol.ROUNDING_E9)


def finite_fixef(fit: Any) -> np.ndarray:
    """Estimated coefficients in order; aliased ones are missing or NaN."""
    values = np.array(list(fit.fixef.values()), dtype=float)
    return values[np.isfinite(values)]


def estimated_vcov(fit: Any) -> np.ndarray:
    covariance = np.asarray(fit.vcov())
    kept = np.isfinite(np.diag(covariance))
    return covariance[np.ix_(kept, kept)]


@every_optimum
def test_fixed_effects_and_their_covariance(name):
    model, fit, loose = MODELS[name], fitted(name), looseness(name)
    se = np.array(model["se"])
    error = np.abs(finite_fixef(fit) - model["fixef"]) / se
    assert error.max() < tol.FIXEF_IN_SE * loose
    covariance = estimated_vcov(fit)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), se, rtol=tol.SE_RTOL * loose)
    if model["vcov"] is not None:
        p = len(se)
        lower = np.array([(i, j) for j in range(p) for i in range(j, p)])  # column-major, as R
        scale = se[lower[:, 0]] * se[lower[:, 1]]
        ours = covariance[lower[:, 0], lower[:, 1]]
        assert np.max(np.abs(ours - model["vcov"]) / scale) < 2 * tol.SE_RTOL * loose


def factors_of(group: str) -> tuple[str, ...]:
    """One name for ``a:b`` and ``b:a``: R and we may write a nested factor either way round."""
    return tuple(sorted(group.split(":")))


def sds_by_factor(pairs: Iterable[tuple[str, Any]]) -> dict[tuple[str, ...], list[float]]:
    found: dict[tuple[str, ...], list[float]] = {}
    for group, values in pairs:
        found.setdefault(factors_of(group), []).extend(np.atleast_1d(values).tolist())
    return {group: sorted(values) for group, values in found.items()}


def reference_sds(model: dict[str, Any]) -> dict[tuple[str, ...], list[float]]:
    """lme4 names the second term of a factor ``g.1``: it is the same factor."""
    components, factors = model["varcorr"], [*model["ngrps"], "Residual"]
    return sds_by_factor(
        (next(g for g in factors if group == g or group.startswith(f"{g}.")), sd)
        for group, second, sd in zip(
            components["group"], components["second"], components["sd_or_corr"], strict=True
        )
        if second is None
    )


@every_optimum
def test_variance_components(name):
    model, fit, loose = MODELS[name], fitted(name), looseness(name)
    assert fit.sigma == pytest.approx(model["sigma"], rel=tol.SIGMA_RTOL * loose)
    if loose > 1 or model["curvature"] is None:
        return  # theta itself is not pinned down; the objective at it was
    assert sds_by_factor(fit.varcorr.sd.items()) == {
        group: pytest.approx(values, rel=tol.VARCORR_RTOL)
        for group, values in reference_sds(model).items()
    }
    distance = np.sqrt(2 * tol.OBJECTIVE_AT_OPTIMUM / model["curvature"][0])
    theta = np.array(model["theta"])
    assert np.max(np.abs(np.asarray(fit.theta) - theta)) < max(tol.OPTIMUM_E4, distance)


def sorted_parts(group: str, level: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The factors of a group and the level's part in each, in one order."""
    groups = group.split(":")
    if len(groups) == 1:
        return (group,), (level,)
    pairs = sorted(zip(groups, level.split(":", len(groups) - 1), strict=True))
    return tuple(g for g, _ in pairs), tuple(part for _, part in pairs)


@every_optimum
def test_conditional_modes_and_fitted_values(name):
    model, fit, loose = MODELS[name], fitted(name), looseness(name)
    ours: dict[Any, list[tuple[float, float]]] = {}
    table = fit.ranef()
    for group, level, value, sd in zip(
        table["group"], table["level"], table["estimate"], table["sd"], strict=True
    ):
        ours.setdefault(sorted_parts(str(group), str(level)), []).append((value, sd))
    wanted: dict[Any, list[int]] = {}
    reference = model["ranef"]
    for k, (group, level) in enumerate(zip(reference["group"], reference["level"], strict=True)):
        wanted.setdefault(sorted_parts(group, level), []).append(k)
    spread = reference_sds(model)
    for key, rows in wanted.items():
        # Several terms on one factor may come in any order: compare as sorted sets of values.
        scale = max(spread[key[0]][-1], 1e-3 * model["sigma"])
        values = sorted(value for value, _ in ours[key])
        expected = sorted(reference["value"][k] for k in rows)
        assert len(values) == len(expected)
        np.testing.assert_allclose(values, expected, atol=tol.RANEF_IN_SD * loose * scale)
        if reference["sd"] is not None:
            values = sorted(sd for _, sd in ours[key])
            expected = sorted(reference["sd"][k] for k in rows)
            np.testing.assert_allclose(values, expected, atol=tol.RANEF_IN_SD * loose * scale)
    first = np.asarray(fit.fitted)[: len(model["fitted"])]
    atol = tol.FITTED_IN_SIGMA * loose * model["sigma"]
    np.testing.assert_allclose(first, model["fitted"], atol=atol)
