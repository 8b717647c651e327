"""The optimiser's path: what it recorded, what the table of it says, that it survives a file."""

import json
import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation import OPTIMIZERS
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table
from tests.tolerances import EM_MONOTONE

FORMULA = "y ~ x + (1 + x | g) + (1 | h)"
OWN = ["iteration", "evaluations", "objective", "gap", "gradient", "seconds"]


def fitted(optimizer="newton", formula=FORMULA, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.lmm(formula, crossed_table(), optimizer=optimizer, **options)


def no_variance():
    """Groups that differ less than chance."""
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(12), 6)
    y = rng.normal(size=g.size)
    for level in range(12):
        y[g == level] += 0.05 * rng.normal() - y[g == level].mean()
    return {"y": y, "g": g}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_path_goes_down_to_the_estimate(optimizer):
    fit = fitted(optimizer)
    path = fit.certificate.path
    values = np.array([s.objective for s in path])
    assert path[-1].objective == fit.objective
    assert np.array_equal(path[-1].theta, fit.evaluation.theta)
    assert path[-1].sigma == fit.sigma
    assert np.diff(values).max() <= EM_MONOTONE * abs(values[-1])
    assert path[0].iteration == 0
    assert np.diff([s.iteration for s in path]).min() > 0
    assert path[-1].iteration <= fit.certificate.iterations
    assert np.diff([s.evaluations for s in path]).min() > 0
    assert path[-1].evaluations <= fit.certificate.evaluations
    assert np.diff([s.seconds for s in path]).min() >= 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_step_is_a_point_of_the_model(optimizer):
    """The recorded objective, sigma and coefficients are those of the recorded theta."""
    fit = fitted(optimizer)
    objective = fit.evaluation.objective
    for step in fit.certificate.path[::3]:
        evaluation = objective.evaluate(step.theta)
        assert evaluation.value == pytest.approx(step.objective, rel=tol.ROUNDING_E12)
        assert evaluation.s2 == pytest.approx(step.sigma**2, rel=tol.ROUNDING_E10)
        assert np.allclose(
            evaluation.factorisation.beta(), step.beta, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E12
        )
        if np.isfinite(step.gradient):
            assert step.gradient == pytest.approx(
                np.abs(evaluation.gradient).max(), rel=tol.ROUNDING_E6
            )


def test_newton_counts_every_iteration_and_knows_every_gradient():
    fit = fitted()
    path = fit.certificate.path
    assert [s.iteration for s in path] == list(range(fit.certificate.iterations + 1))
    assert path[-1].gradient == fit.certificate.gradient


def test_derivative_free_optimisers_record_no_gradient_and_compute_none_for_it():
    fit = fitted("Nelder-Mead")
    assert all(np.isnan(s.gradient) for s in fit.certificate.path)
    # iterations that found nothing lower are no steps: a rule must not take them for small ones
    assert np.diff([s.objective for s in fit.certificate.path]).max() < 0
    # the certificate's own: one at the end of each run
    assert fit.certificate.gradients < 5


def test_a_restart_is_counted_on():
    """A variance that goes to zero: snapped, searched again, one path with both."""
    fit = me.lmm("y ~ 1 + (1 | g)", no_variance(), optimizer="em")
    assert fit.theta[0] == 0.0
    path = fit.certificate.path
    assert np.diff([s.iteration for s in path]).min() > 0
    assert path[-1].iteration == fit.certificate.iterations
    assert path[-1].theta[0] == 0.0 and path[-2].theta[0] > 0.0


def test_a_path_that_leaves_a_saddle_starts_there():
    fit = me.lmm("y ~ x + (1 + x | g)", crossed_table(), start=[0.0, 0.0, 0.0])
    path = fit.certificate.path
    assert len(path) == fit.certificate.iterations + 1
    assert path[-1].objective == fit.objective


def test_the_path_of_the_winning_start_is_shown():
    """Few groups: several starts; the table ends at the estimate all the same."""
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x | i)", table)
    assert fit.certificate.path[-1].objective == fit.objective


@pytest.mark.parametrize("optimizer", ["newton", "Powell", "em"])
def test_the_table_ends_at_the_users_estimates(optimizer):
    fit = fitted(optimizer)
    table = fit.trace()
    assert list(table.columns[: len(OWN)]) == OWN
    last = table.iloc[-1]
    for name, value in fit.fixef.items():
        assert last[name] == pytest.approx(value, rel=tol.ROUNDING_E10)
    tidy = fit.tidy(effects="ran_pars")
    for row in tidy.itertuples():
        name = row.term if row.term == "sd__Observation" else f"{row.term}|{row.group}"
        assert last[name] == pytest.approx(row.estimate, rel=tol.ROUNDING_E9)
    assert len(table.columns) == len(OWN) + len(fit.fixef) + len(tidy)
    assert last["gap"] == 0.0 and table["gap"].iloc[0] > 0
    assert np.allclose(table["gap"], table["objective"] - fit.objective)


def test_one_group_needs_no_group_in_the_names():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    assert list(fit.trace().columns) == [
        *OWN, "(Intercept)", "Days", "sd__(Intercept)", "sd__Days", "cor__(Intercept).Days",
        "sd__Observation",
    ]  # fmt: skip


def test_a_predictor_with_the_name_of_a_column_keeps_it():
    table = crossed_table()
    table["seconds"] = table.pop("x")
    fit = me.lmm("y ~ seconds + (1 | g)", table)
    found = fit.trace()
    assert found["fixed: seconds"].iloc[-1] == pytest.approx(fit.fixef["seconds"])
    assert found["seconds"].is_monotonic_increasing


def test_generalised_models_have_it_too():
    for nagq in (0, 1, 5):
        fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp(), nagq=nagq)
        table = fit.trace()
        last = table.iloc[-1]
        for name, value in fit.fixef.items():
            assert last[name] == pytest.approx(value, rel=tol.ROUNDING_E9)
        assert last["sd__(Intercept)"] == pytest.approx(
            fit.varcorr.sd["herd"][0], rel=tol.ROUNDING_E9
        )
        assert "sd__Observation" not in table
        assert last["objective"] == fit.objective
        assert table["objective"].is_monotonic_decreasing
        assert len(table) == fit.certificate.iterations + 1


def test_every_predictor_of_a_generalised_model_is_named():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(20), 15)
    mean = np.exp(1.0 + 0.5 * rng.normal(size=20)[g])
    y = np.where(rng.random(g.size) < 0.3, 0, rng.poisson(mean))
    table = {"y": y, "g": g, "x": rng.normal(size=g.size)}
    fit = me.glmm("y ~ x + (1 | g)", table, family="poisson", zi="~ 1 + (1 | g)")
    columns = list(fit.trace().columns)
    assert columns[len(OWN) :] == [
        "(Intercept)", "x", "zi: (Intercept)", "sd__(Intercept)|g", "sd__(Intercept)|zi: g",
    ]  # fmt: skip
    assert fit.trace()["zi: (Intercept)"].iloc[-1] == pytest.approx(fit.extras["zi"][0])


def test_optimisers_of_generalised_models_record_as_well():
    for optimizer in ("L-BFGS-B", "Nelder-Mead"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", me.ConvergenceWarning)
            fit = me.glmm(
                "incidence / size ~ period + (1 | herd)", me.datasets.cbpp(), optimizer=optimizer
            )
        path = fit.certificate.path
        assert path[-1].objective == fit.objective
        assert len(path) > 5


@pytest.mark.parametrize("flavour", ["polars", "pyarrow"])
def test_the_table_is_in_the_users_flavour(flavour):
    module = pytest.importorskip(flavour)
    data = crossed_table()
    frame = module.DataFrame(data) if flavour == "polars" else module.table(data)
    fit = me.lmm("y ~ x + (1 | g)", frame)
    assert type(fit.trace()) is type(frame)


def test_a_file_keeps_the_path(tmp_path):
    for fit in (
        fitted("em"),
        me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp()),
        fitted(converged=me.stopping.no_effect_moves(10.0)),
    ):
        fit.save(tmp_path / "fit.npz")
        again = me.load(tmp_path / "fit.npz")
        assert again.trace().equals(fit.trace())
        assert again.certificate.rule == fit.certificate.rule
        assert again.certificate.proved == fit.certificate.proved


def test_a_file_of_an_earlier_version_has_no_path_and_says_so(tmp_path):
    fit = fitted()
    fit.save(tmp_path / "fit.npz")
    with np.load(tmp_path / "fit.npz") as archive:
        arrays = dict(archive)
    header = json.loads(arrays.pop("header").tobytes())
    for name in ("path", "rule", "short"):
        del header["certificate"][name]
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez_compressed(tmp_path / "old.npz", **arrays)
    old = me.load(tmp_path / "old.npz")
    assert old.loglik == fit.loglik and old.certificate.proved
    with pytest.raises(me.NotAvailableError, match="was saved by an earlier version"):
        old.trace()


def test_a_very_long_path_is_thinned_and_keeps_its_ends(monkeypatch):
    monkeypatch.setattr("mixedeffects.estimation.search_log.MOST_NUMBERS", 600)
    monkeypatch.setattr("mixedeffects.estimation.search_log.LOOK_EVERY", 8)
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x | g)", table, optimizer="Nelder-Mead")
    path = fit.certificate.path
    assert len(path) * (path[0].theta.size + path[0].beta.size) <= 600 + 8 * 5
    assert path[0].iteration == 0 and path[-1].objective == fit.objective
    assert np.diff([s.iteration for s in path]).min() > 0
