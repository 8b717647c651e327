"""Coverage of 95% intervals with eight groups, where a Wald interval fails (slow)."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me

pytestmark = pytest.mark.slow

SIZES = (4, 5, 6, 6, 7, 8, 9, 11)
TRUTH = {
    "x": 0.5, "sd__(Intercept)": 1.0, "sd__x": 0.7, "sd__Observation": 1.0,
}  # fmt: skip
REPLICATES = 1000
DRAWS = 399


def eight_groups(rng):
    """Unbalanced groups with their own intercepts and slopes."""
    g = np.repeat(np.arange(8), SIZES)
    x = rng.normal(size=g.size)
    b = rng.normal(size=(8, 2)) * [TRUTH["sd__(Intercept)"], TRUTH["sd__x"]]
    y = 1.0 + TRUTH["x"] * x + b[g, 0] + b[g, 1] * x + rng.normal(size=g.size)
    return {"y": y, "x": x, "g": g}


def covered(table, term):
    i = list(table["term"]).index(term)
    return table["lower"][i] <= TRUTH[term] <= table["upper"][i]


@pytest.fixture(scope="module")
def coverage():
    """Share of data sets whose interval holds the truth, by method and parameter."""
    rng = np.random.default_rng(20)
    hits: dict[str, list[bool]] = {}

    def note(method, table, *terms):
        for term in terms:
            hits.setdefault(f"{method} {term}", []).append(bool(covered(table, term)))

    for _ in range(REPLICATES):
        fit = me.lmm("y ~ x + (x || g)", eight_groups(rng))
        for ddf in ("wald", "satterthwaite", "kenward-roger"):
            note(ddf, fit.test(ddf=ddf), "x")
        sds = ("sd__(Intercept)", "sd__x", "sd__Observation")
        variances = fit.varcorr.tidy()
        se, sd = np.asarray(variances["std_error"]), np.asarray(variances["sdcor"])
        # the symmetric interval that a standard error suggests
        wald = {"term": list(sds), "lower": sd - 1.96 * se, "upper": sd + 1.96 * se}
        note("wald", wald, *sds)
        note("profile", fit.confint(method="profile"), "x", *sds)
        note("profile t", fit.confint(method="profile", reference="t", parameters="x"), "x")
        reml = fit.confint(method="profile", criterion="reml", parameters="random")
        note("profile reml", reml, *sds)
        bootstrap = fit.bootstrap(DRAWS, method="cluster", rng=rng)
        note("cluster percentile", bootstrap.confint("percentile"), "x")
        note("cluster studentized", bootstrap.confint("studentized"), "x")
        note("cluster symmetric", bootstrap.confint("symmetric"), "x")
    shares = {name: float(np.mean(found)) for name, found in hits.items()}
    print("\n".join(f"{name:32s} {share:.3f}" for name, share in shares.items()))
    return shares


def test_wald_intervals_cover_too_little(coverage):
    assert coverage["wald x"] < 0.93
    assert coverage["wald sd__(Intercept)"] < 0.93


@pytest.mark.parametrize(
    "interval",
    [
        "kenward-roger x", "satterthwaite x", "profile t x", "cluster symmetric x",
        "profile reml sd__(Intercept)", "profile reml sd__x", "profile reml sd__Observation",
    ],
)  # fmt: skip
def test_small_sample_intervals_cover(coverage, interval):
    assert 0.93 <= coverage[interval] <= 0.97


def test_large_sample_profiles_and_percentiles_are_known_to_be_short(coverage):
    """What the documentation says of them: better than Wald or no better, below 95%."""
    assert coverage["wald x"] < coverage["profile x"] < 0.95
    assert coverage["cluster percentile x"] < 0.93
