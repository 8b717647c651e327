"""Random terms that a model lacks: found where lme4 finds them, and not in true models."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.remedies import missing_terms
from mixedeffects.remedies.missing_terms import lacking
from tests import tolerances as tol


def found(fit):
    checks = lacking(fit)
    return checks[0] if checks else None


def test_workers_differ_in_their_machines(rdata):
    """nlme::Machines: by lme4 AIC goes from 296.88 to 227.69, the error of a machine to 2.177."""
    data = rdata("nlme", "Machines")
    check = found(me.lmm("score ~ Machine + (1 | Worker)", data))
    assert check.verdict == "problem"
    assert "(1 | Worker:Machine) AIC falls by 69.2" in check.words
    assert "standard error of Machine[B] is 2.18 in place of 1.05" in check.words
    named = re.search(r"Fit (.*)$", check.words)[1]
    assert found(me.lmm(named, data)) is None
    assert found(me.lmm("score ~ Machine + (Machine | Worker)", data)) is None


def test_the_verdict_is_of_the_model_and_not_of_the_optimum(rdata):
    diagnosis = me.lmm("score ~ Machine + (1 | Worker)", rdata("nlme", "Machines")).diagnose()
    text = " ".join(str(diagnosis).split())
    assert "Optimum: certified, no variance on the boundary." in text
    assert "The optimum is sound; that does not judge the model" in text
    assert "problem: random terms: levels of Worker differ in their effects of Machine" in text
    assert not diagnosis.healthy and not diagnosis.changed


def test_rats_have_slopes_of_their_own(rdata):
    """nlme::BodyWeight: treatment by time without a slope has errors of a third of their size."""
    data = rdata("nlme", "BodyWeight")
    check = found(me.lmm("weight ~ Time * factor(Diet) + (1 | Rat)", data))
    assert check.verdict == "problem" and "(1 + Time | Rat)" in check.words
    with_slope = me.lmm("weight ~ Time * factor(Diet) + (Time | Rat)", data)
    assert found(with_slope) is None


def test_what_cannot_be_told_is_not_tried(rdata):
    """One row for each combination; a predictor of groups; a slope that is there."""
    terms = missing_terms.missing_terms
    oats = rdata("nlme", "Oats")
    fit = me.lmm("yield ~ Variety + factor(nitro) + (1 | Block)", oats)
    assert [t.term for t in terms(fit)] == ["(1 | Block:Variety)", "(1 | Block:nitro)"]
    fit = me.lmm("yield ~ Variety + (1 | Block / Variety)", oats)
    assert terms(fit) == []
    fit = me.lmm("diameter ~ plate + (1 | sample)", rdata("lme4", "Penicillin"))
    assert terms(fit) == []
    data = me.datasets.flipped_classrooms()
    assert terms(me.lmm("score ~ style + (1 | professor)", data)) == []


def test_generalised_models_and_other_tables(rdata):
    rng = np.random.default_rng(4)
    g, x = np.repeat(np.arange(40), 10), np.tile(np.linspace(-1, 1, 10), 40)
    eta = 1.0 + (0.5 + 0.8 * rng.normal(size=40)[g]) * x + 0.5 * rng.normal(size=40)[g]
    y = rng.poisson(np.exp(eta))
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="poisson")
    assert "(1 + x | g) AIC falls" in found(fit).words
    assert lacking(fit.without_rows()) == []


def test_what_would_take_long_is_said_and_not_tried(monkeypatch):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    monkeypatch.setattr(missing_terms, "SECONDS", 0.0)
    check = found(fit)
    assert check.verdict == "fine" and check.words.startswith("not tried, as it would take about")
    assert "(1 + Days | Subject)" in check.words


@pytest.mark.parametrize("kind", ["linear", "counts"])
def test_true_models_are_not_accused(kind):
    rng = np.random.default_rng(8)
    accused, runs = 0, 100
    g, f = np.repeat(np.arange(12), 8), np.tile(np.repeat(list("ab"), 2), 24)
    for _ in range(runs):
        x = rng.normal(size=96)
        eta = 0.5 * x + 0.5 * (f == "a") + 0.6 * rng.normal(size=12)[g]
        table = {"x": x, "f": f, "g": g}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kind == "linear":
                fit = me.lmm("y ~ x + f + (1 | g)", {**table, "y": eta + rng.normal(size=96)})
            else:
                y = rng.poisson(np.exp(eta))
                fit = me.glmm("y ~ x + f + (1 | g)", {**table, "y": y}, family="poisson")
            check = found(fit)
        accused += check is not None and check.verdict != "fine"
    assert accused <= tol.ACCUSED * runs
