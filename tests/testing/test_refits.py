"""`check_refits` holds both kinds of model, finds broken ones, and needs no fit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects import family
from mixedeffects.design import build_design
from mixedeffects.errors import OptionError
from mixedeffects.estimation.refits import CONVERGED, Draws, Job, LinearRefits
from mixedeffects.fitting import Request, refits_at
from mixedeffects.testing import check_refits
from tests import tolerances as tol


@cache
def table():
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(40), 6)
    h, x = rng.integers(0, 9, g.size), rng.normal(size=g.size)
    eta = 0.4 + 0.5 * x + 0.7 * rng.normal(size=40)[g] + 0.5 * rng.normal(size=9)[h]
    size = rng.integers(3, 9, g.size)
    return {
        "g": g, "h": h, "x": x, "treated": (g % 2) * 1.0, "w": rng.uniform(0.5, 2.0, g.size),
        "y": eta + 0.5 * x * rng.normal(size=40)[g] + rng.normal(size=g.size),
        "k": rng.poisson(np.exp(eta)), "o": rng.negative_binomial(2, 2 / (2 + np.exp(eta))),
        "n": size,
        "s": rng.binomial(size, 1 / (1 + np.exp(-eta))),
        "c": np.digitize(eta + rng.logistic(size=g.size), [-0.5, 0.5, 1.5]),
    }  # fmt: skip


MODELS = {
    "one factor": lambda: me.lmm("y ~ x + (x | g)", table(), weights="w"),
    "crossed": lambda: me.lmm("y ~ x + (1 | g) + (1 | h)", table(), reml=False),
    "poisson": lambda: me.glmm("k ~ x + (1 | g) + (1 | h)", table(), family="poisson"),
    "binomial": lambda: me.glmm("s / n ~ x + (1 | g)", table()),
    "nbinom2": lambda: me.glmm("o ~ x + (1 | g)", table(), family="nbinom2"),
    "ordinal": lambda: me.glmm("c ~ x + (1 | g)", table(), family="ordinal"),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_package_keeps_the_contract(name):
    fit = MODELS[name]()
    check_refits(fit.refits, fit.request)


class Noisy(LinearRefits):
    """Draws more noise than the model has."""

    def draw(self, n, rng):
        drawn = super().draw(n, rng).y
        return Draws(drawn + 0.5 * rng.standard_normal(drawn.shape))


class Shifted(LinearRefits):
    """Draws about another mean."""

    def draw(self, n, rng):
        return Draws(super().draw(n, rng).y + 0.2)


class OneGenerator(LinearRefits):
    """Draws every batch from what the one before left, whichever that was."""

    def _drawing(self, stream, out):
        rng, job = np.random.default_rng(), super()._drawing(stream, out)
        again = super()._drawing(lambda i: np.random.default_rng(rng.integers(2**32)), out)
        return Job(again.work, job.size, job.threads)


class Hidden(LinearRefits):
    """Says of every refit that it went well."""

    def _run(self, job, out, threads, progress):
        out = super()._run(job, out, threads, progress)
        out.status[:] = CONVERGED
        return out


class Short(LinearRefits):
    """Stops half way between the model's coefficients and those of the response."""

    def _run(self, job, out, threads, progress):
        out = super()._run(job, out, threads, progress)
        out.coefficients[:] = (out.coefficients + self.coefficients) / 2
        return out


BROKEN = {
    Noisy: "variances of draws",
    Shifted: "means of draws",
    OneGenerator: "depends on the number of threads",
    Hidden: "no failure",
    Short: "coefficients of a refit",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_refits_are_found(kind):
    fit = MODELS["one factor"]()
    broken = kind(fit.design, fit.plan, fit.evaluation, fit.beta, fit.sigma)
    with pytest.raises(AssertionError, match=BROKEN[kind]):
        check_refits(broken, fit.request)


def power(refits, term, n=150):
    """Share of refits in which a coefficient is two standard errors from zero."""
    results = refits.parametric(n, rng=1)
    assert results.n_failed == 0
    return float(np.mean(np.abs(results.beta[:, term] / results.std_error[:, term]) > 1.96))


def test_the_power_of_a_linear_model_needs_no_fit():
    design = build_design("y ~ treated + (1 | g)", table())
    request = Request()

    def at(effect):
        return refits_at(design, request, [1.0, effect], [0.7], sigma=1.0)

    check_refits(at(0.5), request)
    # between two groups of 20 clusters of 6: sqrt(2 (0.49 + 1 / 6) / 20) is the standard error
    error = np.sqrt(2 * (0.49 + 1 / 6) / 20)
    assert np.sqrt(at(0.5).vcov[1, 1]) == pytest.approx(error, rel=tol.EXACT_SUM)
    assert power(at(0.0), 1) < 0.15
    assert power(at(2.8 * error), 1) == pytest.approx(0.8, abs=tol.SAMPLED_E1)


@pytest.mark.parametrize(
    ("formula", "kind", "of", "extras"),
    [
        ("k ~ treated + (1 | g)", "count", family.Poisson(), {}),
        ("s / n ~ treated + (1 | g)", "binomial", family.Binomial(), {}),
        ("k ~ treated + (1 | g)", "count", family.NegativeBinomial2(), {"dispersion": [0.7]}),
    ],
)
def test_the_power_of_a_generalised_model_needs_no_fit(formula, kind, of, extras):
    design = build_design(formula, table(), kind=kind)
    request = Request(reml=False, family=of)

    def at(effect):
        return refits_at(design, request, [0.2, effect], [0.4], extras=extras)

    check_refits(at(0.5), request)
    error = np.sqrt(at(0.5).vcov[1, 1])
    assert power(at(0.0), 1) < 0.15
    assert power(at(2.8 * error), 1) == pytest.approx(0.8, abs=tol.SAMPLED_E1)
    with pytest.raises(OptionError, match="extras must have"):
        refits_at(design, request, [0.2, 0.0], [0.4], extras={"zi": [0.0]})
    with pytest.raises(OptionError, match="sigma"):
        refits_at(design, request, [0.2, 0.0], [0.4], sigma=1.0, extras=extras)


def test_parameters_of_another_model_are_refused():
    design = build_design("y ~ x + (1 | g)", table())
    for wrong in ({"beta": [1.0]}, {"theta": [1.0, 2.0]}, {"sigma": -1.0}, {"extras": {"zi": [0]}}):
        given = {"beta": [1.0, 2.0], "theta": [1.0], **wrong}
        with pytest.raises(OptionError):
            refits_at(design, Request(), **given)
