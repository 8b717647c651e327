"""Rules of the user's own: asked, obeyed, and not taken for a proof."""

import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation import OPTIMIZERS
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table
from tests.estimation.test_trace import no_variance

S = me.stopping
FORMULA = "y ~ x + (1 + x | g) + (1 | h)"
# with few groups further starts are tried
ONE_GROUP = "y ~ x + (1 + x | g)"
CBPP = "incidence / size ~ period + (1 | herd)"


def fitted(converged=None, optimizer="em", formula=FORMULA, **options):
    return me.lmm(formula, crossed_table(), optimizer=optimizer, converged=converged, **options)


def after_iteration(n):
    def rule(state):
        return state.iteration >= n

    return rule


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser_asks_and_obeys(optimizer):
    seen = []

    def rule(state):
        seen.append(state.iteration)
        return len(seen) == 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fit that met the user's criterion warns of nothing
        fit = fitted(rule, optimizer)
    certificate = fit.certificate
    assert fit.converged and certificate.converged
    assert certificate.rule == "rule"
    assert len(seen) == 2
    assert certificate.path[-1].iteration == certificate.iterations == seen[-1]
    assert len(certificate.path) == 3
    assert fit.objective == certificate.path[-1].objective
    assert not certificate.advice


@pytest.mark.parametrize("optimizer", [o for o in OPTIMIZERS if o != "em"])
def test_every_optimiser_of_generalised_models_does(optimizer):
    fit = me.glmm(CBPP, me.datasets.cbpp(), optimizer=optimizer, converged=after_iteration(1))
    assert fit.converged
    assert len(fit.certificate.path) == 2
    best = me.glmm(CBPP, me.datasets.cbpp())
    assert fit.objective > best.objective
    assert not fit.certificate.proved


def test_states_are_in_the_users_units():
    states = []

    def rule(state):
        states.append(state)
        return False

    fit = fitted(rule, "newton", ONE_GROUP)
    plain = fitted(None, "newton", ONE_GROUP)
    assert fit.certificate.rule is None and fit.certificate.proved
    assert fit.objective == plain.objective  # asking changes nothing
    last, table = states[-1], fit.trace()
    assert last.fixef == pytest.approx(fit.fixef, rel=tol.ROUNDING_E10)
    assert last.sigma == fit.sigma
    assert np.allclose(last.theta, fit.theta, rtol=tol.ROUNDING_E9)
    assert last.objective == fit.objective
    assert last.gradient == fit.certificate.gradient
    assert set(last.sd) == {c for c in table.columns if c.startswith("sd__")}
    assert last.sd["sd__x"] == pytest.approx(fit.varcorr.sd["g"][1], rel=tol.ROUNDING_E9)
    assert [s.iteration for s in states] == table["iteration"].tolist()[1:]
    assert last.evaluations == table["evaluations"].iloc[-1]
    assert last.seconds == table["seconds"].iloc[-1]
    for state, before in zip(states[1:], states, strict=False):
        assert state.previous.objective == before.objective
        assert state.previous.fixef == before.fixef
    first = states[0].previous
    assert first.iteration == 0 and first.previous is None


def test_states_of_optimisers_without_gradient_say_so():
    seen = []

    def rule(state):
        seen.append(state.gradient)
        return True

    fitted(rule, "Powell")
    assert seen == [None]


def test_no_effect_moves_is_about_the_effects_in_their_units():
    """Stops at the first iteration whose every effect changed by at most delta, not before."""
    table = crossed_table()
    whole = me.lmm(FORMULA, table, optimizer="em").trace()
    moves = whole[["(Intercept)", "x"]].diff().abs().iloc[1:]
    delta = float(moves.max(axis=1).iloc[3])  # what the fourth iteration needs
    fit = fitted(S.no_effect_moves(delta * 1.0001))
    small = moves.max(axis=1) <= delta * 1.0001
    assert fit.certificate.iterations == small.idxmax()
    one = fitted(S.no_effect_moves(delta, "x"))
    assert one.certificate.iterations == (moves["x"] <= delta).idxmax()
    assert one.certificate.rule == f"x does not move by more than {delta:g}"


def test_objective_and_gradient_rules_stop_where_they_say():
    whole = fitted().trace()
    falls = -whole["objective"].diff().iloc[1:]
    fit = fitted(S.objective_falls_less_than(1e-3))
    assert fit.certificate.iterations == (falls < 1e-3).idxmax()
    fit = fitted(S.gradient_below(0.05))
    assert fit.certificate.iterations == (whole["gradient"].iloc[1:] < 0.05).idxmax()
    assert fit.certificate.gradient < 0.05


def test_after_seconds():
    assert fitted(S.after(seconds=1e-9)).certificate.iterations == 1
    assert fitted(S.after(seconds=1e6)).certificate.rule is None


def test_combined_rules():
    either = fitted(S.any_of(S.gradient_below(1e-8), after_iteration(3)))
    assert either.certificate.iterations == 3
    assert either.certificate.rule == "the gradient is below 1e-08 or rule"
    both = fitted(S.all_of(S.no_effect_moves(100.0), after_iteration(2)))
    assert both.certificate.iterations == 2
    nested = S.any_of(S.after(seconds=9), S.all_of(S.gradient_below(1), S.no_effect_moves(2)))
    assert nested.description == (
        "9 s have passed or (the gradient is below 1 and no effect moves by more than 2)"
    )


def test_the_summary_says_what_the_rule_leaves_unproved():
    fit = fitted(S.no_effect_moves(0.1))
    best = fitted()
    text = str(fit)
    line = next(line for line in text.splitlines() if line.startswith("Stopped"))
    count = fit.certificate.iterations
    assert line.startswith(
        f"Stopped by your rule (no effect moves by more than 0.1) after {count} iteration"
    )
    assert "not a certified optimum: the objective can still fall by about" in line
    assert "Converged" not in text and "NOT CONVERGED" not in text
    # and the guess is of the right size
    left = fit.objective - best.objective
    assert 0.2 * left < fit.certificate.remaining < 5.0 * left
    assert "your rule" in fit._repr_html_()


def test_a_rule_may_stop_at_a_proved_optimum():
    fit = fitted(S.gradient_below(1e-3), "newton", ONE_GROUP)
    assert fit.certificate.rule and fit.certificate.proved
    assert "at a certified optimum" in str(fit)


def test_no_boundary_and_no_rival_is_looked_for_after_a_rule():
    """Few groups: an ordinary fit tries further starts."""
    table = crossed_table()
    formula = "y ~ x + (1 + x | i)"
    fit = me.lmm(formula, table, converged=after_iteration(1))
    assert fit.certificate.evaluations <= fit.certificate.path[-1].evaluations
    assert me.lmm(formula, table).certificate.evaluations > 3 * fit.certificate.evaluations


def test_a_variance_on_its_way_to_zero_is_left_where_the_rule_stopped():
    table = no_variance()
    assert me.lmm("y ~ 1 + (1 | g)", table).theta[0] == 0.0
    fit = me.lmm(
        "y ~ 1 + (1 | g)", table, optimizer="em", start=[8e-5], converged=after_iteration(1)
    )
    assert 0.0 < fit.theta[0] < 8e-5
    rng = np.random.default_rng(8)
    x, g = rng.normal(size=200), np.repeat(np.arange(20), 10)
    table = {"y": rng.poisson(np.exp(1 + 0.3 * x)), "x": x, "g": g}
    formula = "y ~ x + (1 | g)"
    whole = me.glmm(formula, table, family="poisson")
    assert whole.theta[0] == 0.0
    near = S.Rule("the groups hardly vary", lambda state: bool(state.sd["sd__(Intercept)"] < 1e-4))
    fit = me.glmm(formula, table, family="poisson", converged=near)
    assert fit.certificate.rule == "the groups hardly vary"
    assert 0.0 < fit.theta[0] < 1e-4


def test_a_rule_that_stops_another_start_leaves_the_proved_optimum():
    """With few groups further starts are tried; the rule bounds them as well."""
    whole = fitted(None, "newton")
    searches = []

    def rule(state):
        searches.append(state.iteration)
        return searches.count(1) == 2  # the first iteration of the second search

    fit = fitted(rule, "newton")
    assert searches[-1] == 1 and searches.count(1) == 2
    assert fit.objective == pytest.approx(whole.objective, abs=tol.OPTIMUM_E7)
    assert fit.certificate.proved and fit.certificate.rule is None
    assert fit.certificate.evaluations < whole.certificate.evaluations


def test_a_rule_that_is_met_after_the_optimum_changes_nothing():
    fit = fitted(after_iteration(10**6), "newton")
    assert fit.certificate.rule is None
    assert "Converged: certified optimum" in str(fit)


@pytest.mark.parametrize("optimizer", ["newton", "L-BFGS-B", "COBYQA", "em"])
def test_rules_that_fail_or_answer_something_else_are_named(optimizer):
    def forgetful(state):
        state.fixef["x"]

    def broken(state):
        return state.fixef["nobody"] < 1

    with pytest.raises(me.OptionError, match=r"'forgetful' returned None; it must return True"):
        fitted(forgetful, optimizer)
    with pytest.raises(me.OptionError, match=r"'broken' failed after iteration .*KeyError"):
        fitted(broken, optimizer)
    with pytest.raises(me.OptionError, match=r"no fixed effect 'X'; did you mean 'x'\?"):
        fitted(S.no_effect_moves(0.1, ["X"]), optimizer)
    with pytest.raises(me.OptionError, match="the model has no fixed effects"):
        fitted(S.no_effect_moves(0.1), optimizer, "y ~ 0 + (1 | g)")


@pytest.mark.parametrize("bad", [0.1, "no_effect_moves", True, S.Rule])
def test_what_is_not_a_rule_is_refused(bad):
    with pytest.raises(me.OptionError, match="is not a rule; give a function"):
        fitted(bad)
    with pytest.raises(me.OptionError, match="is not a rule"):
        me.glmm(CBPP, me.datasets.cbpp(), converged=bad)


@pytest.mark.parametrize(
    "make",
    [
        lambda: S.no_effect_moves(0),
        lambda: S.no_effect_moves("0.1"),
        lambda: S.no_effect_moves(0.1, []),
        lambda: S.no_effect_moves(0.1, [3]),
        lambda: S.gradient_below(-1.0),
        lambda: S.objective_falls_less_than(np.inf),
        lambda: S.after(seconds=True),
        lambda: S.any_of(),
        lambda: S.all_of(S.after(seconds=1), 3),
    ],
)
def test_ready_made_rules_check_their_numbers(make):
    with pytest.raises(me.OptionError):
        make()


def test_numpy_booleans_are_booleans():
    assert fitted(lambda state: np.bool_(True)).certificate.rule == "a function of your own"


def test_a_likelihood_without_maximum_is_not_called_converged_by_a_rule():
    table = {"y": [0, 0, 0, 0, 1, 1, 1, 1] * 4, "x": [0, 0, 0, 0, 1, 1, 1, 1] * 4,
             "g": np.repeat(np.arange(8), 4)}  # fmt: skip
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        fit = me.glmm("y ~ x + (1 | g)", table, converged=S.objective_falls_less_than(1e-6))
    assert not fit.converged
    assert not fit.certificate.proved


def test_unknown_optimisers_are_answered_with_the_nearest():
    for wrong, near in {
        "bobyqa": "COBYQA", "nelder-mead": "Nelder-Mead", "Newtn": "newton", "EM": "em",
        "nlminbwrap": "newton",
    }.items():  # fmt: skip
        with pytest.raises(me.OptionError, match=f"the nearest to it is '{near}'"):
            fitted(optimizer=wrong)
    with pytest.raises(me.OptionError) as caught:
        fitted(optimizer="simplex")
    assert "nearest" not in str(caught.value)
    with pytest.raises(me.OptionError):
        fitted(optimizer=None)
