"""Principal components of random effects: lme4's, and what does not depend on units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me
from mixedeffects.inference.random_pca import random_components
from tests import tolerances as tol

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/random_pca/random_pca.json").read_text())[
    "models"
]
LMM = Path(__file__).parents[1] / "golden/lmm"


def table(name):
    """A data set of the golden models."""
    return me.datasets.sleepstudy() if name == "sleepstudy" else pd.read_csv(LMM / f"{name}.csv")


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda g: f"{g['data']} {g['formula'][-22:]}")
def test_in_the_formulas_units_it_is_lme4s(golden):
    fit = me.lmm(golden["formula"], table(golden["data"]))
    frame = fit.random_pca(units="formula")
    sd = np.array(golden["sd"])
    assert fit.objective == pytest.approx(golden["criterion"], abs=tol.CRITERION_ABS)
    assert frame["sd"].to_numpy() == pytest.approx(sd, abs=tol.RANDOM_PCA_ABS * sd[0])
    assert frame["share"].to_numpy() == pytest.approx(golden["share"], abs=tol.RANDOM_PCA_ABS)
    assert frame["cumulative"].iloc[-1] == pytest.approx(1.0)
    names = list(random_components(fit)[0].names)
    for i in np.flatnonzero(sd > 0.01 * sd[0]):  # a tiny component's direction is hardly known
        ours, theirs = frame[names].iloc[i].to_numpy(float), np.array(golden["rotation"])[:, i]
        assert abs(ours @ theirs) == pytest.approx(1.0, abs=tol.RANDOM_PCA_ABS)


def test_components_add_up_to_the_variance_that_the_response_gets():
    d = me.datasets.sleepstudy()
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", d)
    Z = np.column_stack([np.ones(len(d)), d["Days"]])
    G = fit.lambdas[0] @ fit.lambdas[0].T
    each_row = np.einsum("ij,jk,ik->i", Z, G, Z)
    sd = fit.random_pca()["sd"].to_numpy()
    assert sd @ sd == pytest.approx(each_row.mean())
    loadings = fit.random_pca()[["(Intercept)", "Days"]].to_numpy()
    assert (loadings**2).sum(axis=1) == pytest.approx([1.0, 1.0])


def test_units_and_origin_of_a_column_do_not_matter():
    d = me.datasets.sleepstudy()
    d["late"] = 1e3 * d["Days"] + 2e5
    one = me.lmm("Reaction ~ Days + (Days | Subject)", d).random_pca()
    two = me.lmm("Reaction ~ late + (late | Subject)", d).random_pca()
    assert two["sd"].to_numpy() == pytest.approx(one["sd"].to_numpy(), rel=tol.RANDOM_PCA_RTOL)
    raw = me.lmm("Reaction ~ late + (late | Subject)", d).random_pca(units="formula")
    assert raw["share"].iloc[0] > 0.999  # as lme4 would say it: one dimension, by units alone


def test_a_singular_fit_lacks_a_dimension():
    d = table("seven_slopes")
    slopes = "x1 + x2 + x3 + x4 + x5 + x6"
    fit = me.lmm(f"y ~ {slopes} + ({slopes} | g)", d)
    (found,) = random_components(fit)
    assert found.supported == 7 - len(fit.certificate.singular) == 6
    assert fit.random_pca()["sd"].iloc[-1] < 1e-8


def test_groups_share_a_frame_and_zero_inflation_is_named():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 20)
    x = rng.normal(size=g.size)
    mean = np.exp(0.5 + 0.3 * x + 0.4 * rng.normal(size=20)[g])
    y = rng.poisson(mean) * (rng.random(g.size) > 0.3)
    d = pl.DataFrame({"y": y, "x": x, "g": g})
    fit = me.glmm("y ~ x + (x | g)", d, family="poisson", zi="~ 1 + (1 | g)")
    frame = fit.random_pca()
    assert list(frame["group"]) == ["g", "g", "zi: g"]
    assert np.isnan(frame["x"][2]) and frame["(Intercept)"][2] == pytest.approx(1.0)
    assert isinstance(frame, pl.DataFrame)


def test_other_units_are_refused():
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.OptionError, match="response, formula"):
        fit.random_pca(units="cm")
