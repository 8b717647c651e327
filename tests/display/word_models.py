"""Models of many kinds, whose words, equations and reports are tested."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np

import mixedeffects as me


def _table(seed=3, n_groups=20, size=12):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(n_groups), size)
    n = g.size
    x, z = rng.normal(2.0, 1.0, n), rng.normal(size=n)
    f = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)]
    h = np.tile(np.array(["a", "b", "c", "d", "e", "f"]), n // 6)
    u, v = rng.normal(0, 0.8, n_groups), rng.normal(0, 0.6, 6)
    eta = 0.4 + 0.5 * x - 0.3 * z + u[g] + v[np.searchsorted(list("abcdef"), h)]
    return {
        "y": eta + rng.normal(size=n),
        "x": x, "z": z, "f": f, "g": np.array([f"g{k:02d}" for k in g]), "h": h,
        "w": rng.uniform(0.5, 2.0, n),
        "count": rng.poisson(np.exp(0.3 * eta)),
        "hours": rng.uniform(1, 3, n),
        "positive": rng.gamma(4.0, np.exp(0.2 * eta) / 4.0),
        "share": 1 / (1 + np.exp(-(0.3 * eta + 0.5 * rng.normal(size=n)))),
        "yes": np.where(rng.random(n) < 1 / (1 + np.exp(-eta + 1)), "yes", "no"),
        "rating": np.digitize(eta + rng.logistic(size=n), [0.0, 1.0, 2.0]),
        "flat": 0.5 * x + rng.normal(size=n) + np.tile([1.5, -1.5], n // 2),
    }  # fmt: skip


def _missing():
    table = _table(5)
    table["y"] = table["y"].copy()
    table["y"][[3, 50, 51]] = np.nan
    table["x"] = table["x"].copy()
    table["x"][[7, 100]] = np.nan
    return table


D = me.datasets
MODELS = {
    "slopes": lambda: me.lmm("Reaction ~ Days + (Days | Subject)", D.sleepstudy()),
    "factor": lambda: me.lmm("score ~ style + (1 | professor)", D.flipped_classrooms()),
    "interaction": lambda: me.lmm(
        "pain_score ~ treatment * time + (1 | patient)", D.pain_trial(), reml=False
    ),
    "independent": lambda: me.lmm("Reaction ~ poly(Days, 2) + (Days || Subject)", D.sleepstudy()),
    "no intercept": lambda: me.lmm("y ~ 0 + f + x + (1 | g)", _table()),
    "crossed": lambda: me.lmm("y ~ x * z + (1 | g) + (1 | h)", _table()),
    "nested": lambda: me.lmm("y ~ x + I(x^2) + (1 | g / h)", _table(n_groups=15, size=24)),
    "weights": lambda: me.lmm("y ~ C(f, Sum) + x + (1 + x | g)", _table(), weights="w"),
    "singular": lambda: me.lmm("flat ~ x + (1 | g)", _table()),
    "singular slopes": lambda: me.lmm("flat ~ x + (1 + x | g)", _table()),
    "missing": lambda: me.lmm("y ~ x + f + (1 | g)", _missing()),
    "log": lambda: me.lmm("log(Reaction) ~ Days + (1 | Subject)", D.sleepstudy()),
    "empty": lambda: me.lmm("y ~ 1 + (1 | g)", _table()),
    "binomial": lambda: me.glmm("incidence / size ~ period + (1 | herd)", D.cbpp()),
    "yes or no": lambda: me.glmm("yes ~ x * f + (1 | g)", _table(), family="binomial", nagq=5),
    "probit": lambda: me.glmm("yes ~ x + (1 | g)", _table(), family="binomial", link="probit"),
    "zeros": lambda: me.glmm(
        "SiblingNegotiation ~ FoodTreatment * SexParent + (1 | Nest)", D.owls(), family="nbinom2",
        zi="~ FoodTreatment",
    ),
    "rate": lambda: me.glmm("count ~ x + (x | g)", _table(), family="poisson", exposure="hours"),
    "gamma": lambda: me.glmm("positive ~ x + f + (1 | g)", _table(), family="gamma"),
    "beta": lambda: me.glmm(
        "share ~ x + (1 | g)", _table(), family="beta", dispersion="~ f"
    ),
    "ordinal": lambda: me.glmm("rating ~ x + f + (1 | g)", _table(), family="ordinal"),
    "hurdle": lambda: me.glmm(
        "count ~ x + (1 | g)", _table(), family="hurdle_poisson", zi="~ 1"
    ),
}  # fmt: skip


@cache
def model(name):
    """A fitted model of that name, fitted once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MODELS[name]()
