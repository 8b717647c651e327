"""The code of a report makes the same fit again, and the page says where it cannot."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.report.about_code import fit_code
from tests.display.word_models import MODELS, _missing, _table, model

SLEEP = "Reaction ~ Days + (Days | Subject)"
DATA = {
    **dict.fromkeys(("slopes", "independent", "log"), me.datasets.sleepstudy),
    "factor": me.datasets.flipped_classrooms, "interaction": me.datasets.pain_trial,
    "binomial": me.datasets.cbpp, "zeros": me.datasets.owls, "missing": _missing,
    "nested": lambda: _table(n_groups=15, size=24),
}  # fmt: skip
LIMITED = [("newton", 1), ("em", 3), ("L-BFGS-B", 2), ("Powell", 1), ("COBYQA", 9)]


def made_again(fit, data, **more):
    """The fit of the code, and what the code says it lacks."""
    lines, unknown = fit_code(fit)
    scope = {"me": me, "data": data, **more}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec("\n".join(lines), scope)
    return scope["fit"], " ".join(unknown)


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@pytest.mark.parametrize("name", MODELS)
def test_the_code_makes_the_same_fit_again(name):
    fit = model(name)
    again, unknown = made_again(fit, DATA.get(name, _table)())
    assert unknown == ""
    assert again.loglik == fit.loglik
    assert type(again) is type(fit) and again.formula == fit.formula
    np.testing.assert_array_equal(again.beta, fit.beta)


@pytest.mark.parametrize(("optimizer", "most"), LIMITED)
def test_a_search_that_its_limit_ended_is_ended_again(optimizer, most, tmp_path):
    data = me.datasets.sleepstudy()
    fit = quietly(me.lmm, SLEEP, data, optimizer=optimizer, max_iterations=most)
    assert not fit.certificate.converged and abs(fit.loglik - model("slopes").loglik) > 1e-6
    again, unknown = made_again(fit, data)
    assert again.loglik == fit.loglik and not again.certificate.converged
    assert "The limit of iterations ended the search" in unknown and "start= is not kept" in unknown
    text = quietly(fit.report, tmp_path / "a.md", charts="none").read_text()
    assert "**Not reproduced:** The limit of iterations ended the search" in text


def test_a_limit_of_evaluations_is_said_to_be_unknown():
    fit = quietly(
        me.lmm, SLEEP, me.datasets.sleepstudy(), optimizer="Nelder-Mead", max_iterations=20
    )
    lines, unknown = fit_code(fit)
    assert "max_iterations" not in "".join(lines)
    assert "max_iterations= is not kept, add it to the call" in " ".join(unknown)


@pytest.mark.parametrize("optimizer", ["newton", "em", "L-BFGS-B", "Nelder-Mead", "COBYQA"])
def test_a_search_that_a_rule_ended_is_ended_after_as_many_iterations(optimizer, tmp_path):
    data = me.datasets.sleepstudy()
    fit = me.lmm(
        SLEEP, data, optimizer=optimizer, converged=lambda state: state.iteration >= 1 and
        state.objective < 1760,
    )  # fmt: skip
    assert fit.certificate.rule
    again, unknown = made_again(fit, data)
    assert again.loglik == fit.loglik and again.certificate.rule
    assert again.certificate.proved == fit.certificate.proved
    assert "A rule of the user ended the search" in unknown and "kept in words only" in unknown
    assert ("start= is not kept" in unknown) == (not fit.certificate.proved)


def test_the_page_names_the_rule(tmp_path):
    fit = me.lmm(
        SLEEP, me.datasets.sleepstudy(), optimizer="em",
        converged=me.stopping.no_effect_moves(0.1),
    )  # fmt: skip
    text = fit.report(tmp_path / "a.md", charts="none").read_text()
    assert re.search(
        r"\*\*Not reproduced:\*\* A rule of the user ended the search \(no effect moves by more "
        r"than 0\.1\), which is kept in words only; the code ends it after as many iterations",
        text,
    )
    assert "converged=lambda state: state.iteration >= " in text


def test_a_generalised_search_that_was_ended_is_ended_again():
    arguments, options = ("yes ~ x + (x | g)", _table()), {"family": "binomial"}
    for more in ({"max_iterations": 2}, {"converged": lambda state: state.iteration >= 2}):
        fit = quietly(me.glmm, *arguments, **options, **more)
        again, unknown = made_again(fit, arguments[1])
        assert again.loglik == fit.loglik and "ended the search" in unknown


@pytest.mark.parametrize("optimizer", ["em", "L-BFGS-B"])
def test_the_optimiser_is_in_the_code(optimizer):
    fit = me.lmm(SLEEP, me.datasets.sleepstudy(), optimizer=optimizer)
    again, unknown = made_again(fit, me.datasets.sleepstudy())
    assert again.certificate.optimizer == optimizer
    assert unknown == "" and again.loglik == fit.loglik


def test_an_engine_that_was_asked_for_is_in_the_code():
    rng = np.random.default_rng(1)
    formula, n = "y ~ x + (1 | g) + (1 | h)", 3000
    table = {"g": rng.integers(0, 300, n), "h": rng.integers(0, 200, n), "x": rng.normal(size=n)}
    table["y"] = rng.normal(size=n) + rng.normal(size=300)[table["g"]]
    assert not any("engine" in line for line in fit_code(me.lmm(formula, table))[0])
    fit = me.lmm(formula, table, engine="sparse")
    assert fit.plan.remainder == "sparse"
    assert made_again(fit, table)[0].plan.remainder == "sparse"


def test_an_engine_that_was_asked_for_is_in_the_code_where_it_is_the_usual_one():
    fit = me.lmm(SLEEP, me.datasets.sleepstudy(), engine="dense")
    assert '    engine="dense",' in fit_code(fit)[0]


def test_numbers_and_families_of_one_s_own_are_said_to_be_missing():
    table = _table()
    fit = me.lmm("y ~ x + (1 | g)", table, weights=table["w"])
    (said,) = fit_code(fit)[1]
    assert said == "weights= was given as numbers, not as a column: add it to the call."
    fit = me.glmm("count ~ x + (1 | g)", table, family="poisson", exposure=table["hours"])
    assert "exposure= was given as numbers" in fit_code(fit)[1][0]


def test_formulas_with_quotes_and_line_breaks_stay_texts():
    table = _table()
    for formula in ('y ~ C(f, "Sum") + (1 | g)', "y ~ x\n  + (1 | g)", "y ~ `it's` + (1 | g)"):
        fit = me.lmm(formula, {**table, "it's": table["z"]})
        again, _ = made_again(fit, {**table, "it's": table["z"]})
        assert again.loglik == fit.loglik
