"""Effects within groups and between them, and lines that bend: found, and not of true models."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

import mixedeffects as me
from mixedeffects.assumptions import assumptions
from tests import tolerances as tol


def check(fit, name):
    found = [c for c in assumptions(fit)[0] if c.name == name]
    return found[0] if found else None


def blended(fit):
    return check(fit, "levels of predictors")


def test_the_two_effects_are_those_of_the_split(rdata):
    """AER::Fatalities: the coefficient of the beer tax blends effects of opposite sign."""
    data = rdata("AER", "Fatalities").assign(rate=lambda d: d["fatal"] / d["pop"] * 1e4)
    found = blended(me.lmm("rate ~ beertax + (1 | state)", data))
    means = data.groupby("state")["beertax"].transform("mean")
    split = me.lmm("rate ~ w + m + (1 | state)", data.assign(m=means, w=data["beertax"] - means))
    # with means apart both are least-squares estimates, whatever the variances
    assert f"about {split.fixef['w']:.3g} within, {split.fixef['m']:.3g} between" in found.words
    assert found.verdict == "problem" and "its coefficient, -0.0853, blends them" in found.words
    # a model that has the means, in either way, is not accused
    for rest in ("w + m", "beertax + m"):
        fit = me.lmm(f"rate ~ {rest} + (1 | state)", data.assign(m=means, w=data.beertax - means))
        assert blended(fit) is None or blended(fit).verdict == "fine"


def test_counts_too():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(60), 6)
    level = rng.normal(size=60)
    x = level[g] + rng.normal(size=360)
    eta = 1.0 + 0.5 * (x - level[g]) - 0.5 * level[g] + 0.3 * rng.normal(size=60)[g]
    fit = me.glmm("y ~ x + (1 | g)", {"y": rng.poisson(np.exp(eta)), "x": x, "g": g},
                  family="poisson")  # fmt: skip
    assert blended(fit).verdict == "problem" and "within levels of g" in blended(fit).words


def test_interactions_and_curves_are_not_looked_at():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(40), 6)
    x = rng.normal(size=40)[g] + rng.normal(size=240)
    table = {"y": x + rng.normal(size=240), "x": x, "f": np.tile(list("ab"), 120), "g": g}
    for formula in ("y ~ x * f + (1 | g)", "y ~ x + I(x^2) + (1 | g)"):
        assert blended(me.lmm(formula, table)) is None


def test_a_line_that_levels_off_is_named(rdata):
    """Concentrations rise for an hour and fall for a day: neither line nor parabola."""
    found = check(me.lmm("conc ~ Time + (1 | Subject)", rdata("datasets", "Theoph")), "curvature")
    assert found.verdict == "problem" and "is no straight line" in found.words
    assert "bs(Time, df=5)" in found.words
    mended = me.lmm("conc ~ bs(Time, df=5) + (1 | Subject)", rdata("datasets", "Theoph"))
    assert check(mended, "curvature") is None
    parabola = me.lmm("distance ~ age + (1 | Subject)", rdata("nlme", "Orthodont"))
    assert check(parabola, "curvature").verdict == "fine"


def true_model(rng, kind):
    """A response that is as the model says, of predictors on both levels."""
    g = np.repeat(np.arange(25), rng.integers(2, 9, 25))
    n = g.size
    x = rng.normal(size=25)[g] + rng.normal(size=n)
    t = rng.exponential(size=n)
    eta = 0.5 * x + 0.3 * t + 0.7 * rng.normal(size=25)[g]
    if kind == "linear":
        return me.lmm(
            "y ~ x + t + (1 | g)", {"y": eta + rng.normal(size=n), "x": x, "t": t, "g": g}
        )
    y = rng.poisson(np.exp(0.5 + eta))
    return me.glmm("y ~ x + t + (1 | g)", {"y": y, "x": x, "t": t, "g": g}, family="poisson")


@pytest.mark.parametrize("kind", ["linear", "counts"])
def test_true_models_are_not_accused(kind):
    rng = np.random.default_rng(12)
    accused, runs = {"levels of predictors": 0, "curvature": 0}, 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(runs):
            fit = true_model(rng, kind)
            for name in accused:
                found = check(fit, name)
                accused[name] += found is not None and found.verdict != "fine"
    assert all(count <= tol.ACCUSED * runs for count in accused.values()), accused


def test_large_tables_are_not_accused_of_trifles():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(2000), 10)
    level = rng.normal(size=2000)
    x = level[g] + rng.normal(size=20_000)
    y = x + 0.05 * level[g] + rng.normal(size=2000)[g] + rng.normal(size=20_000)
    found = blended(me.lmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}))
    assert found.verdict == "fine"


def test_polars_and_dicts_alike(rdata):
    data = rdata("AER", "Fatalities")[["fatal", "beertax", "state"]]
    kinds = [data, pl.DataFrame(data), {name: data[name].to_numpy() for name in data}]
    found = [blended(me.lmm("fatal ~ beertax + (1 | state)", one)) for one in kinds]
    assert len({(one.value, one.words) for one in found}) == 1
