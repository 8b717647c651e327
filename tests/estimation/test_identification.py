"""Variances that are not in the data: found by linear algebra, and only where they are not."""

import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.errors import ConvergenceWarning, MixedEffectsError
from tests.estimation.random_structures import UNIDENTIFIED, formula, table
from tests.oracles.identification import null_space
from tests.tolerances import SAME_SPACE


def quietly(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return me.lmm(*args, **options)


def flat_of(fit, places):
    """Our flat directions by the oracle's parameters, (K, d)."""
    rows = [
        [d.residual if p is None else d.blocks[p[0]][p[1], p[2]] for p in places]
        for d in fit.certificate.flat
    ]
    return np.array(rows).reshape(-1, len(places)).T


def agrees(fit):
    """Whether the flat directions span the dense null space; and its dimension."""
    design = fit.design
    null, scales, places = null_space(design.blocks, np.array(design.X), design.weights, fit.reml)
    found = flat_of(fit, places) * scales[:, None]
    if found.shape != null.shape:
        return False, null.shape[1]
    if not found.shape[1]:
        return True, 0
    Q = np.linalg.qr(found)[0]
    return bool(np.linalg.norm(Q - null @ (null.T @ Q)) < SAME_SPACE), null.shape[1]


def random_fit(seed):
    rng = np.random.default_rng(seed)
    data, text, reml = table(rng), formula(rng), bool(rng.integers(2))
    weights = "w" if rng.random() < 0.3 else None
    try:
        return quietly(text, data, reml=reml, weights=weights)
    except MixedEffectsError:
        return None


def compare_random(seeds):
    identified = unidentified = 0
    for seed in seeds:
        fit = random_fit(seed)
        if fit is None:
            continue
        same, dimension = agrees(fit)
        assert same, f"seed {seed}: {fit.formula}"
        unidentified += dimension > 0
        identified += dimension == 0
    return identified, unidentified


def test_random_models_are_judged_as_the_dense_null_space_says():
    identified, unidentified = compare_random(range(130))
    assert identified > 50 and unidentified > 15


@pytest.mark.slow
def test_a_thousand_identified_models_are_not_accused():
    identified, unidentified = compare_random(range(1000, 3200))
    assert identified >= 1000 and unidentified >= 300


@pytest.mark.parametrize(("text", "dimension"), UNIDENTIFIED)
@pytest.mark.parametrize("optimizer", ["newton", "L-BFGS-B", "em"])
def test_models_that_cannot_be_told_are_said(text, dimension, optimizer):
    for seed in range(3):
        data = table(np.random.default_rng(seed), rows=4)
        data["arm2"] = np.where(data["arm"] > 0, 1.0, 0.0)
        with pytest.warns(ConvergenceWarning, match="Not in the data"):
            fit = me.lmm(text, data, optimizer=optimizer)
        assert len(fit.certificate.flat) == dimension
        assert agrees(fit) == (True, dimension)
        assert fit.certificate.converged and not fit.certificate.proved


def test_a_large_unidentified_model_is_found_by_the_blocked_engine():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(400), 5)
    arm, h = (np.arange(400) % 2).astype(float)[g], rng.integers(0, 30, g.size)
    y = rng.normal(size=400)[g] * (1 + arm) + rng.normal(size=30)[h] + rng.normal(size=g.size)
    fit = quietly("y ~ arm + (arm | g) + (1 | h)", {"y": y, "arm": arm, "g": g, "h": h})
    assert not fit.plan.layout.small
    (direction,) = fit.certificate.flat
    change = direction.blocks[0] / direction.blocks[0][0, 1]
    # the variance where arm = 1 is G00 + 2 G01 + G11
    np.testing.assert_allclose(change, [[0.0, 1.0], [1.0, -2.0]], atol=SAME_SPACE)
    assert not direction.blocks[1].any() and direction.residual == 0.0
    same = quietly("y ~ arm + (arm | g) + (1 | h)", {"y": y, "arm": g % 7 * 1.0, "g": g, "h": h})
    assert same.certificate.identified
