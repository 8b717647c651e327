"""Responses for other rows: those of the fit's own rows where the rows are the same."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.errors import DataError, DataWarning, FormulaError, OptionError
from tests import tolerances

RNG = np.random.default_rng(3)
N = 240
TABLE = {
    "x": RNG.normal(size=N),
    "g": np.array([f"g{i:02d}" for i in np.sort(RNG.permutation(np.arange(N) % 24))]),
    "r": np.array([f"r{i}" for i in np.arange(N) % 4]),
    "h": RNG.integers(0, 9, N),
    "w": RNG.uniform(0.5, 2.0, N),
    "o": RNG.uniform(0.5, 2.0, N),
    "m": RNG.integers(3, 9, N),
}
ETA = (
    0.3
    + 0.5 * TABLE["x"]
    + 0.7 * RNG.normal(size=24)[np.unique(TABLE["g"], return_inverse=True)[1]]
)
TABLE |= {
    "y": ETA + RNG.normal(size=N),
    "k": RNG.binomial(TABLE["m"], 1 / (1 + np.exp(-ETA))),
    "b": (RNG.random(N) < 1 / (1 + np.exp(-ETA))) * 1,
    "c": RNG.poisson(np.exp(ETA)) * (RNG.random(N) < 0.7),
    "p": RNG.gamma(3.0, np.exp(ETA) / 3.0),
    "d": np.digitize(ETA + RNG.logistic(size=N), [-0.5, 0.5, 1.5]),
}
MODELS = {
    "slopes": ("y ~ x + offset(o) + (1 + x | g)", {"weights": "w"}, {"weights": "w"}),
    "nested": ("y ~ scale(x) + (1 | g/r) + (1 | h)", {}, {}),
    "binomial": ("k / m ~ x + (1 | g)", {"family": "binomial"}, {"size": "m"}),
    "zero_one": ("b ~ x + (1 | g)", {"family": "binomial"}, {}),
    "zeros": ("c ~ x + (1 | g)", {"family": "poisson", "zi": "~ 1"}, {}),
    "exposed": ("c ~ x + (1 | g)", {"family": "nbinom2", "exposure": "o"}, {}),
    "gamma": ("p ~ x + (1 | g)", {"family": "gamma", "link": "log"}, {}),
    "ordinal": ("d ~ x + (1 | g)", {"family": "ordinal"}, {}),
}


@cache
def fitted(name):
    formula, options, _ = MODELS[name]
    return (me.glmm if "family" in options else me.lmm)(formula, TABLE, **options)


@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
@pytest.mark.parametrize("groups", ["new", "conditional"])
@pytest.mark.parametrize("name", MODELS)
def test_the_rows_of_the_fit_as_other_rows(name, groups):
    fit, options = fitted(name), MODELS[name][2]
    own = fit.simulate(3, rng=5, groups=groups)
    other = fit.simulate(3, rng=5, groups=groups, data=pd.DataFrame(TABLE), **options)
    np.testing.assert_allclose(other, own, rtol=tolerances.ROUNDING_E9)


def test_rows_of_one_new_level_share_its_effects():
    fit = fitted("slopes")
    rows = {"x": [0.0] * 8, "g": ["new", "new", "g03", "g03", "g03", "other", "other", "new"]}
    rows["o"] = [0.0] * 8
    y = fit.simulate(4000, rng=1, data=rows, weights=1e6)  # next to no residual
    sd = float(np.abs(fit.random_effects[0][2][0, 0]))  # of the intercepts
    for same in ((0, 1), (0, 7), (2, 4), (5, 6)):
        assert np.abs(y[same[0]] - y[same[1]]).max() < tolerances.NEXT_TO_NONE * sd
    assert np.abs(np.corrcoef(y[[0, 2, 5]]) - np.eye(3)).max() < tolerances.SIMULATED_SHARE
    assert y[[0, 2, 5]].std(axis=1) == pytest.approx(sd, rel=tolerances.SIMULATED_SHARE)
    kept = fit.simulate(4000, rng=1, data=rows, groups="conditional", weights=1e6)
    assert kept[2].std() < tolerances.NEXT_TO_NONE * sd  # its own effect
    mode = fit.predict({k: v[2:3] for k, v in rows.items()})[0]
    assert kept[2].mean() == pytest.approx(mode, abs=tolerances.NEXT_TO_NONE * sd)
    assert kept[0].std() == pytest.approx(sd, rel=tolerances.SIMULATED_SHARE)
    assert np.abs(kept[0] - kept[7]).max() < tolerances.NEXT_TO_NONE * sd


def test_nested_levels_are_told_apart():
    fit = fitted("nested")
    rows = pd.DataFrame({"x": [0.0] * 4, "g": ["a", "a", "b", "b"], "r": ["r0", "r0", "r0", "r1"]})
    y = fit.simulate(3000, rng=2, data=rows.assign(h=0))
    covariance = np.cov(y)
    assert covariance[0, 1] > covariance[2, 3] > 0
    shared = [float(factor[0, 0]) ** 2 for _, _, factor, _ in fit.random_effects]
    names = [block.factor.name for block, _, _, _ in fit.random_effects]
    h = shared[names.index("h")]
    assert covariance[0, 2] == pytest.approx(h, abs=tolerances.SIMULATED_SHARE)
    assert covariance[0, 1] == pytest.approx(sum(shared), abs=2 * tolerances.SIMULATED_SHARE)


def test_a_planned_study_can_be_fitted():
    fit = fitted("slopes")
    planned = {"x": np.tile([0.0, 1, 2], 40), "g": np.repeat(np.arange(40), 3).astype(str)}
    planned |= {"o": np.zeros(120), "w": np.ones(120)}
    y = fit.simulate(2, rng=1, data=planned, weights="w")
    again = me.lmm("y ~ x + (1 | g)", planned | {"y": y[:, 0]})
    assert again.nobs == 120


def test_rows_that_are_incomplete_or_lost_have_no_response():
    fit = fitted("nested")
    rows = pd.DataFrame({"x": [0.0, np.nan, 1.0], "g": "a", "r": "r0", "h": 1})
    y = fit.simulate(2, rng=1, data=rows)
    np.testing.assert_array_equal(np.isnan(y), [[False] * 2, [True] * 2, [False] * 2])
    table = {"y": TABLE["y"], "u": TABLE["g"] < "g12", "v": TABLE["r"] < "r2", "h": TABLE["h"]}
    some = {k: v[~(table["u"] & table["v"])] for k, v in table.items()}
    empty = me.lmm("y ~ u * v + (1 | h)", some)
    with pytest.warns(DataWarning):
        y = empty.simulate(1, rng=1, data={"u": [True, True], "v": [True, False], "h": [1, 1]})
    assert np.isnan(y[0, 0]) and np.isfinite(y[1, 0])


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("binomial", {}, OptionError, "trials of the new observations are not known"),
        ("slopes", {}, OptionError, "prior weights"),
        ("gamma", {"size": 3}, OptionError, "counts no trials"),
        ("binomial", {"size": [1, 2]}, DataError, "2 size for 240 rows"),
    ],
)
def test_what_is_not_known_of_other_rows_is_asked_for(name, options, error, said):
    with pytest.raises(error, match=said):
        fitted(name).simulate(1, data=pd.DataFrame(TABLE), **options)


def test_what_is_said_of_no_other_rows_is_refused():
    with pytest.raises(OptionError, match="give them with data="):
        fitted("binomial").simulate(1, size=3)
    with pytest.raises(FormulaError, match="g"):
        fitted("nested").simulate(1, data={"x": [1.0], "r": ["r0"], "h": [1]})


def test_a_fit_without_rows_draws_for_other_rows():
    fit = fitted("nested")
    rows = pd.DataFrame(TABLE).head(30)
    right = fit.simulate(2, rng=1, data=rows)
    np.testing.assert_allclose(
        fit.without_rows().simulate(2, rng=1, data=rows), right, rtol=tolerances.ROUNDING_E9
    )
