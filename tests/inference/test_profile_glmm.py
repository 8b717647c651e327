"""Profile likelihoods of generalised models against lme4 and glmmTMB, and against themselves."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.profile import constraints, optimum_of
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/profile/glmm.json").read_text())["models"]
MODELS = golden_models()
OPTIONS = ("family", "link", "nagq", "weights", "exposure", "zi", "dispersion")
# the profile of a correlation near -1, which lme4 follows up to 0.84 only, although a model without
# the slope's variance, where any correlation is as likely, is within the limit
LOST = {("cbpp_slopes", "cor_p.(Intercept)|herd")}
CHI2 = 3.841458820694124


@cache
def fitted(name):
    model = MODELS[name]
    options = {key: model[key] for key in OPTIONS if model[key] is not None}
    return me.glmm(model["formula"], golden_frame(model), **options)


def references():
    for name, programs in GOLDEN.items():
        yield from ((name, program) for program in programs)


def our_name(kind, name):
    if kind == "theta":
        group, _, column = name.rpartition(":")
        return f"sd_{column}|{group}"
    return {"betad": "dispersion: ", "betazi": "zi: "}.get(kind, "") + name


def plain(name):
    """`period[2]` as R has it, `period2`."""
    return re.sub(r"\[(.*?)\]", r"\1", name)


@pytest.mark.parametrize(("name", "program"), list(references()))
def test_limits_of_other_programs(name, program):
    wanted, fit = GOLDEN[name][program], fitted(name)
    limits = fit.profile(level=0.95).facts.confint(0.95).columns
    parameters = [plain(p.name) for p in fit.profile(level=0.95).facts.parameters]
    ours = dict(zip(parameters, zip(limits["lower"], limits["upper"], strict=True), strict=True))
    errors = np.sqrt(np.diagonal(fit.vcov_parameters))
    sizes = dict(zip(map(plain, fit.parameter_names), errors, strict=True))
    kinds = wanted.get("kinds", [""] * len(wanted["names"]))
    compared = 0
    for i, kind in enumerate(kinds):
        label = our_name(kind, wanted["names"][i])
        if (name, label) in LOST:
            continue
        size = sizes.get(label, 0.1)
        for reference, our in zip(
            (wanted["lower"][i], wanted["upper"][i]), ours[label], strict=True
        ):
            if reference is None:
                continue  # not found by that program
            assert our == pytest.approx(reference, abs=tol.PROFILE_GLMM_IN_SE * size), label
            compared += 1
    assert compared >= 4


@cache
def slopes(family="poisson"):
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(25), 8)
    x = np.tile(np.linspace(-1, 1, 8), 25)
    b = rng.standard_normal((25, 2)) @ np.array([[0.6, 0.2], [0.0, 0.4]])
    eta = 1.0 + 0.4 * x + b[g, 0] + b[g, 1] * x
    table = {"x": x, "g": g.astype(str)}
    if family == "poisson":
        table["y"] = rng.poisson(np.exp(eta))
    elif family == "nbinom2":
        table["y"] = rng.negative_binomial(3, 3 / (3 + np.exp(eta)))
    else:
        table["y"] = np.digitize(eta + rng.logistic(size=eta.size), [0.0, 1.0, 2.0])
    return me.glmm("y ~ x + (x | g)", table, family=family)


def objective(fit, values):
    """-2 log-likelihood at values of all parameters of a profile, in its order."""
    problem = fit.evaluation.objective.problem
    s0, r, s1 = np.nan_to_num(values[:3])  # no correlation where nothing varies
    x = np.empty(problem.n_parameters)
    at = 3
    for group in fit.coefficients:
        p = group.T.shape[0]
        x[group.part] = np.linalg.solve(group.T, values[at : at + p])
        at += p
    theta = [s0, r * s1, s1 * np.sqrt(max(0.0, 1 - r * r))]
    x[problem.n_fixed :] = problem.covariance_parameters.from_user(np.array(theta))
    return fit.evaluation.objective.value(x)


@pytest.mark.parametrize("family", ["poisson", "nbinom2", "ordinal"])
def test_limits_are_constrained_optima(family):
    fit = slopes(family)
    facts = fit.profile().facts
    rng = np.random.default_rng(1)
    limits = facts.confint(0.95).columns
    assert facts.names[:3] == ("sd_(Intercept)|g", "cor_x.(Intercept)|g", "sd_x|g")
    for i in range(len(facts.parameters)):
        for limit in (limits["lower"][i], limits["upper"][i]):
            j = int(np.argmin(np.abs(facts.values[i] - limit)))
            assert facts.values[i][j] == pytest.approx(limit, abs=tol.OPTIMUM_E3)
            there = facts.conditional[i][j]
            rise = objective(fit, there) - fit.objective
            assert rise == pytest.approx(facts.zeta[i][j] ** 2, abs=tol.OPTIMUM_E4)
            if limit in facts.ends[i]:
                assert rise < CHI2
            else:
                assert rise == pytest.approx(CHI2, abs=tol.OPTIMUM_E3)
            for _ in range(5):  # no other values of the rest do better
                trial = there * (1.0 + 0.01 * rng.standard_normal(there.size))
                trial[1] = np.clip(trial[1], -1, 1)
                trial[i] = there[i]
                assert objective(fit, trial) > fit.objective + rise - 1e-5


def test_straight_line_of_a_singular_fit():
    rng = np.random.default_rng(0)
    table = {"y": rng.poisson(3.0, 200), "g": np.tile(np.arange(40), 5).astype(str)}
    fit = me.glmm("y ~ 1 + (1 | g)", table, family="poisson")
    limits = fit.profile("sd_(Intercept)|g").facts.confint(0.95).columns
    assert limits["lower"][0] == 0.0
    assert 0.05 < limits["upper"][0] < 0.5


def test_refusals():
    fit = fitted("cbpp")
    with pytest.raises(me.NotAvailableError, match="no REML criterion"):
        fit.profile(criterion="reml")
    with pytest.raises(me.NotAvailableError, match="degrees of freedom"):
        fit.confint(method="profile", reference="t")
    with pytest.raises(me.OptionError, match="no parameter 'perod'"):
        fit.profile("perod")
    with pytest.raises(me.NotAvailableError, match="nagq=1"):
        fitted("cbpp_nagq0").profile()


def test_names_of_a_kind():
    fit = fitted("salamanders_zip")
    assert fit.profile("random", points=2).names == ("sd_(Intercept)|site",)
    assert "zi: mined[no]" in [p.name for p in fit.profile("zi: mined[no]").facts.parameters]


def test_a_profile_whose_factors_are_not_triangular(rdata):
    """A correlation on its way to -1: once a raw error of a singular matrix.

    The limits of a coefficient are where the model with that coefficient as an offset is worse by
    the quantile of chi squared; lme4 1.1-31 gives 0.344 for the upper one, where its own fit
    with that offset is worse by 3.887.
    """
    table = rdata("MASS", "epil")
    fit = me.glmm("y ~ trt * period + (period | subject)", table, family="poisson")
    limits = fit.confint(method="profile").set_index("term")
    assert limits[["lower", "upper"]].notna().all().all()
    table["treated"] = (table["trt"] == "progabide").astype(float)
    for value in limits.loc["trt[progabide]", ["lower", "upper"]]:
        table["held"] = value * table["treated"]
        held = me.glmm(
            "y ~ period + treated:period + offset(held) + (period | subject)",
            table,
            family="poisson",
        )
        assert 2 * (fit.loglik - held.loglik) == pytest.approx(CHI2, abs=tol.PROFILE_RISE)


@pytest.mark.parametrize("sds", [(1.0, 0.3), (0.3, 1.0)])
def test_a_correlations_profile_ends_at_the_better_model_without_one_of_its_effects(sds):
    """Without the intercept's variance or without the slope's, every correlation is as likely."""
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(40), 12), np.tile(np.linspace(-1, 1, 12), 40)
    b = rng.normal(size=(40, 2)) * sds
    y = rng.poisson(np.exp(1 + b[g, 0] + b[g, 1] * x))
    data = {"y": y, "x": x, "g": g}
    fit = me.glmm("y ~ x + (x | g)", data, family="poisson")
    (correlation,) = (c for c in constraints(fit) if c.kind == "cor")
    smaller = [
        -2 * me.glmm(f"y ~ x + {bar}", data, family="poisson").loglik
        for bar in ("(1 | g)", "(0 + x | g)")
    ]
    ceiling = optimum_of(fit, reml=False).problem(correlation).ceiling.value
    assert ceiling == pytest.approx(min(smaller), abs=tol.OPTIMUM_E4)


def test_a_variance_of_zero_at_the_optimum_may_be_positive_along_a_profile():
    """The limits by uniroot on glmmTMB 1.1.5's fits with offset(b * x); lme4 has 0.2508, 0.8194."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(10), 6)
    x = np.round(np.linspace(-1, 1, 10), 2)[g]
    y = rng.poisson(np.exp(0.5 + 0.6 * x))
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="poisson")
    assert fit.certificate.is_singular
    limits = fit.confint(method="profile", parameters=["x"])
    assert limits["lower"][0] == pytest.approx(0.25077111, abs=tol.SINGULAR_LIMIT_ABS)
    assert limits["upper"][0] == pytest.approx(0.81938788, abs=tol.SINGULAR_LIMIT_ABS)


def test_another_terms_variance_of_zero_may_be_positive_along_a_profile():
    """The limits by uniroot on glmmTMB 1.1.5's fits with the standard deviation mapped out."""
    rng = np.random.default_rng(9)
    n = 80
    g = rng.integers(0, 8, n)
    h = (g + rng.integers(0, 3, n)) % 6
    y = rng.poisson(np.exp(0.5 + 0.6 * rng.normal(size=8)[g]))
    data = {"y": y, "g": g, "h": h}
    fit = me.glmm("y ~ 1 + (1 | g) + (1 | h)", data, family="poisson")
    assert fit.certificate.is_singular
    limits = fit.confint(method="profile", parameters=["sd_(Intercept)|g"])
    assert limits["lower"][0] == pytest.approx(0.3290613, abs=tol.SINGULAR_LIMIT_ABS)
    assert limits["upper"][0] == pytest.approx(1.0452099, abs=tol.SINGULAR_LIMIT_ABS)
