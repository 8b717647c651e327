"""Fits and their results go to other processes and into caches: pickles and copies are whole."""

import copy
import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me

ROUND_TRIPS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@cache
def classes():
    rng = np.random.default_rng(4)
    n = 240
    g = np.repeat(np.arange(20), 12)
    x = rng.normal(size=n)
    y = 1 + 0.5 * x + rng.normal(size=20)[g] + rng.normal(size=n)
    return pd.DataFrame(
        {"y": y, "x": x, "g": g, "arm": np.where(g % 2, "a", "b"), "won": (y > 1).astype(int),
         "count": rng.poisson(np.exp(0.3 * y)), "rank": np.digitize(y, [0.0, 1.0, 2.0])}
    )  # fmt: skip


@cache
def fits():
    data = classes()
    return {
        "linear": me.lmm("y ~ x + arm + (1 + x | g)", data),
        "residual": me.glmm("y ~ x + arm + (1 | g)", data, family="gaussian", dispersion="~ arm"),
        "0 / 1": me.glmm("won ~ x + arm + (1 | g)", data, family="binomial"),
        "quadrature": me.glmm("won ~ x + arm + (1 | g)", data, family="binomial", nagq=5),
        "zeros": me.glmm("count ~ x + arm + (1 | g)", data, family="poisson", zi="~ 1"),
        "ordinal": me.glmm("rank ~ x + arm + (1 | g)", data, family="ordinal"),
    }


RESULTS = {
    "test": lambda fit: fit.test(),
    "anova": lambda fit: fit.anova(),
    "means": lambda fit: fit.emmeans("arm"),
    "contrasts": lambda fit: fit.contrasts("arm"),
    "slopes": lambda fit: fit.emtrends("x"),
    "varcorr": lambda fit: fit.varcorr,
    "summary": lambda fit: fit.summary(),
    "diagnosis": lambda fit: fit.diagnose(remedies=False),
    "words": lambda fit: fit.interpret(),
    "equation": lambda fit: fit.equation(),
    "icc": lambda fit: fit.icc(),
    "certificate": lambda fit: fit.certificate,
    "quantile residuals": lambda fit: fit.quantile_residuals(50),
    "bootstrap": lambda fit: fit.bootstrap(3, rng=1),
    "charts": lambda fit: fit.plot,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ROUND_TRIPS)
@pytest.mark.parametrize("kind", ["linear", "residual", "0 / 1", "quadrature", "zeros", "ordinal"])
def test_fits_and_all_that_was_asked_of_them(kind, how):
    fit = fits()[kind]
    results = {}
    for name, ask in RESULTS.items():
        try:
            results[name] = ask(fit)
        except me.errors.NotAvailableError:
            continue
    for name, value in {"fit": fit, **results}.items():
        assert repr(ROUND_TRIPS[how](value)) == repr(value), name
    back = ROUND_TRIPS[how](fit)
    assert repr(back.test()) == repr(fit.test())
    np.testing.assert_array_equal(back.predict(classes()), fit.predict(classes()))


@pytest.mark.parametrize("how", ROUND_TRIPS)
def test_linear_fits_after_kenward_and_roger(how):
    fit = fits()["linear"]
    asked = repr(fit.test(ddf="kenward-roger"))
    assert repr(ROUND_TRIPS[how](fit).test(ddf="kenward-roger")) == asked


@pytest.mark.parametrize("how", ROUND_TRIPS)
def test_comparisons_bootstraps_of_statistics_and_baselines(how):
    data, fit = classes(), fits()["linear"]
    for value in (
        me.compare(fit, me.lmm("y ~ x + arm + (1 | g)", data)),
        fit.bootstrap(3, rng=1, statistic=lambda one: {"sigma": one.sigma}),
        me.ols("y ~ x + (1 | g)", data),
        me.baselines("y ~ x + (1 | g)", data),
        me.explore(data),
        me.explain("y ~ x + (1 | g)", data),
        fit.profile("fixed"),
        fit.influence("g"),
    ):
        assert repr(ROUND_TRIPS[how](value)) == repr(value)


def test_what_is_computed_from_a_result_is_a_plain_frame():
    assert type(fits()["linear"].test().copy()) is pd.DataFrame
    assert copy.copy(fits()["linear"].test()).heading == fits()["linear"].test().heading
