"""Small generalised models of many kinds, simulated from what they say."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import build_design
from mixedeffects.estimation.laplace import assemble
from mixedeffects.family import Response, ZeroInflated, family_of
from mixedeffects.fitting import response_kind


def table(family="poisson", n=240, seed=5):
    """Rows with crossed and nested factors and a response that suits a family."""
    rng = np.random.default_rng(seed)
    g, h = rng.integers(0, 12, n), rng.integers(0, 7, n)
    x, z = rng.normal(size=n), rng.normal(size=n)
    eta = 0.4 + 0.3 * x + 0.6 * rng.normal(size=12)[g] + 0.4 * rng.normal(size=7)[h]
    mu, p = np.exp(eta), 1 / (1 + np.exp(-eta))
    size = rng.integers(1, 9, n)
    y = {
        "poisson": lambda: rng.poisson(mu),
        "nbinom2": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + mu)),
        "nbinom1": lambda: rng.negative_binomial(mu / 0.7, 1 / 1.7),
        "zero_inflated": lambda: rng.poisson(mu) * (rng.random(n) < 0.7),
        "binomial": lambda: rng.binomial(size, p),
        "betabinomial": lambda: rng.binomial(size, rng.beta(4 * p, 4 * (1 - p))),
        "bernoulli": lambda: rng.binomial(1, p),
        "gamma": lambda: rng.gamma(3.0, mu / 3.0),
        "inverse_gaussian": lambda: rng.wald(mu, 4.0),
        "gaussian": lambda: mu + 0.4 * rng.normal(size=n),
        "t": lambda: eta + 0.4 * rng.standard_t(5, n),
        "beta": lambda: np.clip(rng.beta(6 * p, 6 * (1 - p)), 1e-6, 1 - 1e-6),
        "ordinal": lambda: np.digitize(eta + rng.logistic(size=n), [-0.5, 0.5, 1.5]),
    }[family]()
    return {"y": y, "size": size, "x": x, "z": z, "g": [f"g{v}" for v in g], "h": list(h)}


def problem(formula, family, data, *, link=None, engine="auto", **parts):
    """The estimation problem of a model."""
    chosen = family_of(family, link)
    if "zi" in parts and "zi" not in chosen.extras:
        chosen = ZeroInflated(chosen)
    design = build_design(formula, data, kind=response_kind(chosen), **parts)
    return assemble(chosen, Response.of(design), design, engine=engine)[0]


MODELS = {
    "poisson": ("y ~ x + (1 | g) + (1 | h)", "poisson", {}),
    "binomial slopes": ("y / size ~ x + (1 + x | g)", "binomial", {}),
    "probit": ("y / size ~ x + (1 | g)", "binomial", {"link": "probit"}),
    "cloglog": ("y / size ~ x + (1 | g)", "binomial", {"link": "cloglog"}),
    "cauchit": ("y / size ~ x + (1 | g)", "binomial", {"link": "cauchit"}),
    "bernoulli": ("y ~ x + (x || g) + (1 | h)", "bernoulli", {}),
    "nbinom2": ("y ~ x + (1 + z | g)", "nbinom2", {"dispersion": "~ z"}),
    "nbinom1": ("y ~ x + (1 | g)", "nbinom1", {}),
    "gamma": ("y ~ x + (1 | g) + (1 | h)", "gamma", {"link": "log"}),
    "inverse gaussian": ("y ~ x + (1 | g)", "inverse_gaussian", {"link": "log"}),
    "gaussian log": ("y ~ x + (1 | g)", "gaussian", {"link": "log"}),
    "t": ("y ~ x + (1 | g)", "t", {}),
    "beta": ("y ~ x + (1 | g)", "beta", {"dispersion": "~ z"}),
    "betabinomial": ("y / size ~ x + (1 | g)", "betabinomial", {}),
    "ordinal": ("y ~ x + (1 + x | g)", "ordinal", {}),
    "ordinal probit": ("y ~ x + (1 | g) + (1 | h)", "ordinal", {"link": "probit"}),
    "zero inflated": ("y ~ x + (1 | g)", "poisson", {"zi": "~ z"}),
    "two random": ("y ~ x + (1 | g)", "poisson", {"zi": "~ z + (1 | h)"}),
    "two random, one factor": ("y ~ x + (1 + x | g)", "nbinom2", {"zi": "~ 1 + (1 | g)"}),
    "hurdle": ("y ~ x + (1 | g)", "hurdle_poisson", {"zi": "~ z + (1 | h)"}),
}


def named(name, engine="auto"):
    """One of `MODELS`."""
    formula, family, options = MODELS[name]
    kind = family
    if "zi" in options:
        kind = "zero_inflated"
    return problem(formula, family, table(kind), engine=engine, **options)
