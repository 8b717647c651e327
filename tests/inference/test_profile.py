"""Profile likelihoods against lme4 (tests/golden/make/profile.R) and dense brute force.

lme4's points (value, zeta) are a sharper reference than its limits, which it interpolates by
splines. A constrained minimum can only be missed by a search from above: where lme4 and this
package differ, the lower one is right if its parameters are admissible. All differences are listed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

import mixedeffects as me
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference import profile_confint
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models
from tests.oracles.dense import marginal_covariance

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/profile/profile.json").read_text())
MODELS = GOLDEN["models"]

# Where lme4's points are not constrained minima: parameter names, or all of them, and why.
ALL = None
NOT_MINIMA = {
    "dyestuff2_zero": (
        ["sigma", "(Intercept)"],
        "lme4 keeps the zero variance at zero where a positive one is better",
    ),
    "cbpp_weights": (
        ["(Intercept)", "period[2]", "period[3]", "period[4]"],
        "lme4 loses the prior weights when it holds a fixed effect",
    ),
    "orthodont_weights": (
        ["(Intercept)", "age", "Sex[Female]"],
        "lme4 loses the prior weights when it holds a fixed effect",
    ),
    "igf": (ALL, "singular: lme4's search stays on the boundary"),
    "early": (ALL, "singular: lme4's search stays on the boundary"),
    "orange": (ALL, "singular: lme4's search stays on the boundary"),
    "sleepstudy_quadratic": (
        [
            "cor_Days.(Intercept)|Subject",
            "cor_I(Days^2).(Intercept)|Subject",
            "cor_I(Days^2).Days|Subject",
        ],
        "lme4 lets three correlations form an indefinite matrix",
    ),
    "machines_factor_slopes": (
        [
            "cor_Machine[B].(Intercept)|Worker",
            "cor_Machine[C].(Intercept)|Worker",
            "cor_Machine[C].Machine[B]|Worker",
        ],
        "lme4 lets three correlations form an indefinite matrix",
    ),
}
# Limits that lme4's splines miss by more than the tolerance although its points agree; which of
# the two is right is settled by `test_the_limits_are_right_where_lme4_interpolates_badly`.
INTERPOLATED = {
    ("dyestuff2_zero", "sd_(Intercept)|Batch"),
    ("machines_interaction", "sd_(Intercept)|Worker"),
    ("oats_nested", "sd_(Intercept)|Block"),
    ("pixel", "sd_(Intercept)|Dog"),
    ("pixel", "cor_day.(Intercept)|Dog"),
    ("npk_aliased", "sd_(Intercept)|block"),
    ("barley_year_slopes", "cor_year[1931].year[1932]|site"),
    ("mass_oats_split_plot", "sd_(Intercept)|B"),
    ("mass_oats_split_plot", "sd_(Intercept)|V:B"),
}


@cache
def fitted(name) -> Any:
    model = golden_models()[name]
    return me.lmm(
        model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"]
    )


@cache
def profiled(name, points=8):
    return fitted(name).profile(points=points).facts


def floats(values):
    values = values if isinstance(values, list) else [values]
    return np.array([np.nan if v in (None, "NA") else v for v in values], dtype=float)


def no_minimum(name, parameter):
    if name not in NOT_MINIMA:
        return False
    listed, _ = NOT_MINIMA[name]
    return listed is ALL or parameter in listed


def zeta_at(facts, i, value):
    """zeta of the i-th parameter, by interpolation through the four nearest points."""
    v, z = facts.values[i], facts.zeta[i]
    for side in (slice(0, 2), slice(-2, None)):  # level up to the end of the range
        low, high = v[side]
        if abs(np.diff(z[side])[0]) < 1e-3:
            if low <= value <= high:
                return z[side][0]
            keep = (v <= low) | (v >= high)
            keep[0 if side.start == 0 else -1] = False
            v, z = v[keep], z[keep]
    near = np.sort(np.argsort(np.abs(v - value))[:4])
    v, z = v[near], z[near]
    out = 0.0
    for j in range(v.size):
        others = np.delete(v, j)
        out += z[j] * np.prod((value - others) / (v[j] - others))
    return out


@pytest.mark.parametrize("name", MODELS)
def test_the_profile_is_lme4s_at_lme4s_points(name):
    facts, golden = profiled(name, points=16), MODELS[name]
    assert facts.minimum == pytest.approx(golden["deviance"], abs=tol.PROGRAM_E6)
    assert len(facts.parameters) == len(golden["parameters"])
    compared = 0
    for i, parameter in enumerate(facts.parameters):
        points = golden["points"][i]
        for value, zeta in zip(floats(points["value"]), floats(points["zeta"]), strict=True):
            inside = facts.values[i][0] < value < facts.values[i][-1]
            if not inside or abs(zeta) > 2.4 or abs(zeta) < 0.05:
                continue
            ours = zeta_at(facts, i, value)
            if no_minimum(name, parameter.name):
                if parameter.kind != "cor":  # lower, or an inadmissible reference
                    assert abs(ours) < abs(zeta) + tol.PROFILE_ZETA
                continue
            assert ours == pytest.approx(zeta, abs=tol.PROFILE_ZETA), (parameter.name, value)
            compared += 1
    assert compared or NOT_MINIMA[name][0] is ALL


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_the_limits_are_lme4s(name, level):
    facts, golden = profiled(name), MODELS[name]
    table = facts.confint(level).columns
    for i, parameter in enumerate(facts.parameters):
        if no_minimum(name, parameter.name) or (name, parameter.name) in INTERPOLATED:
            continue
        theirs = floats(golden[f"limits{round(100 * level)}"][i])
        ours = np.array([table["lower"][i], table["upper"][i]])
        near_zero = tol.PROFILE_LIMIT_IN_WIDTH * (ours[1] - ours[0])
        allowed = np.maximum(tol.PROFILE_LIMIT_RTOL * np.abs(theirs), near_zero)
        assert np.all(np.abs(ours - theirs) <= allowed), (parameter.name, ours, theirs)


# --- brute force ------------------------------------------------------------------------------


class Dense:
    """The -2 log-likelihood (or REML criterion) of natural parameters, by dense matrices.

    `free` parameters are searched by Nelder-Mead, standard deviations on a log scale and
    correlations on Fisher's; fixed effects that are not held are generalised least squares.
    """

    def __init__(self, fit, facts):
        design = fit.design
        self.X, self.y, self.names = np.asarray(design.X), design.y, facts.names
        self.y = self.y if design.offset is None else self.y - design.offset
        self.weights = np.ones(design.n) if design.weights is None else design.weights
        self.blocks = design.blocks
        self.reml = facts.criterion == "reml"
        self.n_variance = len(facts.names) - self.X.shape[1]

    def value(self, natural, held=None):
        """The criterion at variance parameters, fixed effects optimal but for the held one."""
        sigma, lambdas, at = natural[self.n_variance - 1], [], 0
        designs = []
        for block in self.blocks:
            k = block.k
            G = np.zeros((k, k))
            for term in block.terms:
                c = list(term.columns)
                sd, corr = np.zeros(len(c)), np.eye(len(c))
                for j in range(len(c)):
                    sd[j] = natural[at]
                    at += 1
                    for i in range(j + 1, len(c) if term.covariance == "us" else 0):
                        corr[i, j] = corr[j, i] = natural[at]
                        at += 1
                G[np.ix_(c, c)] = corr * np.outer(sd, sd)
            values, vectors = np.linalg.eigh(G)
            if values.min() < -1e-9 * max(1.0, values.max()):
                return np.inf
            lambdas.append(vectors * np.sqrt(np.maximum(values, 0.0)) / sigma)
            Z = np.ones((self.y.size, 1)) if block.Z is None else np.asarray(block.Z)
            designs.append((block.factor.codes, Z))
        V = sigma**2 * marginal_covariance(designs, lambdas, self.weights)
        X, y = self.X, self.y
        if held is not None and held[0] >= self.n_variance:
            k = held[0] - self.n_variance
            y, X = y - held[1] * X[:, k], np.delete(X, k, axis=1)
        L = np.linalg.cholesky(V)
        A, b = np.linalg.solve(L, X), np.linalg.solve(L, y)
        beta = np.linalg.lstsq(A, b, rcond=None)[0]
        r = b - A @ beta
        out = 2.0 * np.log(np.diag(L)).sum() + r @ r + y.size * np.log(2 * np.pi)
        if self.reml:
            out += np.linalg.slogdet(A.T @ A)[1] - X.shape[1] * np.log(2 * np.pi)
        return out

    def constrained(self, i, value, start):
        """Minimum over all parameters but the i-th, which has `value`."""
        kinds = ["cor" if n.startswith("cor_") else "sd" for n in self.names[: self.n_variance]]
        free = [j for j in range(self.n_variance) if j != i]

        def natural(x):
            out = np.array(start[: self.n_variance], dtype=float)
            if i < self.n_variance:
                out[i] = value
            for j, v in zip(free, x, strict=True):
                out[j] = np.tanh(v) if kinds[j] == "cor" else np.exp(v)
            return out

        def to_x(j):
            if kinds[j] == "cor":
                return np.arctanh(np.clip(start[j], -0.999, 0.999))
            return np.log(max(start[j], 1e-4))

        x = np.array([to_x(j) for j in free])
        best = np.inf
        for _ in range(3):
            found = minimize(
                lambda x: self.value(natural(x), (i, value)), x, method="Nelder-Mead",
                options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000},
            )  # fmt: skip
            x = found.x
            if found.fun > best - 1e-7:
                break
            best = found.fun
        return min(best, found.fun), natural(x)


@pytest.mark.parametrize(("name", "parameter"), sorted(INTERPOLATED))
def test_the_limits_are_right_where_lme4_interpolates_badly(name, parameter):
    facts, golden = profiled(name), MODELS[name]
    dense = Dense(fitted(name), facts)
    i = facts.names.index(parameter)
    worst = 0.0
    for level, z in ((0.95, 1.9599639845), (0.99, 2.5758293035)):
        table = facts.confint(level).columns
        theirs = floats(golden[f"limits{round(100 * level)}"][i])
        for ours, other in zip((table["lower"][i], table["upper"][i]), theirs, strict=True):
            if abs(ours - other) <= tol.PROFILE_LIMIT_RTOL * abs(other) or ours == other:
                continue
            at = np.argmin(np.abs(facts.values[i] - ours))
            start = facts.conditional[i][at]
            rise = dense.constrained(i, ours, start)[0] - facts.minimum
            assert rise == pytest.approx(z * z, abs=tol.PROFILE_RISE)
            rise = dense.constrained(i, other, start)[0] - facts.minimum
            worst = max(worst, abs(rise - z * z))
    assert worst > 5 * tol.PROFILE_RISE


def simulated(seed=5, groups=8):
    """A small unbalanced table with a slope, a second factor, weights and an offset."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rng.integers(3, 7, groups))
    n = g.size
    h = rng.integers(0, 4, n)
    x = rng.normal(size=n)
    y = 2 + 0.5 * x + rng.normal(size=groups)[g] + 0.8 * rng.normal(size=groups)[g] * x
    y = y + 0.7 * rng.normal(size=4)[h] + rng.normal(size=n)
    return {
        "y": y, "x": x, "g": g.astype(str), "h": h.astype(str), "w": rng.uniform(0.5, 2.0, n),
        "o": rng.normal(size=n),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "criterion", "weights"),
    [
        ("y ~ x + (x | g)", "ml", None),
        ("y ~ x + (x | g)", "reml", None),
        ("y ~ x + (x || g) + (1 | h) + offset(o)", "ml", "w"),
        ("y ~ 0 + (1 | g)", "reml", "w"),
    ],
)
def test_every_point_is_a_constrained_minimum(formula, criterion, weights):
    fit = me.lmm(formula, simulated(), weights=weights)
    facts = fit.profile(criterion=criterion, points=3).facts
    dense = Dense(fit, facts)
    assert dense.value(facts.estimates) == pytest.approx(facts.minimum, abs=tol.OPTIMUM_E7)
    for p, values, zetas, conditional in zip(
        facts.parameters, facts.values, facts.zeta, facts.conditional, strict=True
    ):
        i = facts.names.index(p.name)
        for at in (0, -2):
            value, zeta, others = values[at], zetas[at], conditional[at]
            if p.kind != "fixed" and (value == 0 or abs(value) == 1):
                continue
            assert others[i] == value
            # the point has the criterion that zeta says, and nothing near it is lower
            rise = dense.value(others, (i, value)) - facts.minimum
            assert rise == pytest.approx(zeta**2, abs=tol.PROFILE_RISE)
            lowest, there = dense.constrained(i, value, others)
            assert lowest - facts.minimum == pytest.approx(zeta**2, abs=tol.PROFILE_RISE)
            scale = np.maximum(np.abs(there), 1.0)
            assert np.abs(there - others[: there.size]).max() < tol.TRUNCATION_2E2 * scale.max()


def test_fixed_effects_at_each_point_are_conditional_estimates(sleepstudy):
    facts = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy, reml=False).profile().facts
    i, other = facts.names.index("Days"), facts.names.index("(Intercept)")
    path = facts.conditional[i]
    # holding one coefficient at v moves the other along the covariance of the two
    vcov = np.asarray(me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy, reml=False).vcov())
    near = np.argsort(np.abs(facts.zeta[i]))[1]
    slope = (path[near, other] - facts.estimates[other]) / (path[near, i] - facts.estimates[i])
    assert slope == pytest.approx(vcov[0, 1] / vcov[1, 1], rel=tol.TRUNCATION_2E2)


def limits(formula, data, level=0.95, **options) -> Any:
    return me.lmm(formula, data).profile(**options).facts.confint(level).columns


def test_units_order_and_labels_do_not_matter(sleepstudy):
    formula = "Reaction ~ Days + (Days | Subject)"
    base = limits(formula, sleepstudy)
    shuffled = sleepstudy.sample(frac=1, random_state=1)
    shuffled["Subject"] = "s" + (1000 - shuffled["Subject"].astype(int)).astype(str)
    for side in ("lower", "upper"):
        np.testing.assert_allclose(limits(formula, shuffled)[side], base[side], rtol=tol.OPTIMUM_E5)
    other = sleepstudy.assign(Reaction=sleepstudy["Reaction"] / 1000, Days=sleepstudy["Days"] * 24)
    scale = np.array([1e-3, 1.0, 1e-3 / 24, 1e-3, 1e-3, 1e-3 / 24])
    for side in ("lower", "upper"):
        np.testing.assert_allclose(
            limits(formula, other)[side], base[side] * scale, rtol=tol.OPTIMUM_E5
        )


def test_a_rotation_of_the_fixed_effects_does_not_move_the_rest(sleepstudy):
    plain = limits("Reaction ~ Days + (1 | Subject)", sleepstudy)
    centred = limits("Reaction ~ I(Days - 4.5) + (1 | Subject)", sleepstudy)
    for side in ("lower", "upper"):
        for i in (0, 1, 3):
            assert centred[side][i] == pytest.approx(plain[side][i], rel=tol.OPTIMUM_E6)


def test_a_zero_variance_is_bounded_from_one_side_only(dyestuff2):
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff2)
    facts = fit.profile("sd_(Intercept)|Batch").facts
    assert facts.values[0][0] == 0.0
    assert facts.zeta[0].min() == 0.0
    row = facts.confint().columns
    assert (row["estimate"][0], row["lower"][0]) == (0.0, 0.0)
    assert row["upper"][0] > 1.0


def test_correlations_end_at_one():
    facts = profiled("orthodont")
    table = facts.confint().columns
    i = [p.kind for p in facts.parameters].index("cor")
    assert (table["lower"][i], table["upper"][i]) == (-1.0, 1.0)
    values, zeta = facts.values[i], facts.zeta[i]
    assert values[[0, -1]].tolist() == [-1.0, 1.0]
    # so small a slope's variance may be zero: the profile is level where it would be
    assert zeta[0] == pytest.approx(zeta[1], rel=tol.OPTIMUM_E3)
    assert np.all(np.diff(zeta) > 0)


def test_a_correlation_with_nothing_is_anything(dyestuff2):
    data = dyestuff2.assign(x=np.tile([0.0, 1.0, 2.0, 3.0, 4.0], 6))
    fit = me.lmm("Yield ~ x + (x | Batch)", data, reml=False)
    facts = fit.profile("random").facts
    table = facts.confint().columns
    if np.isnan(table["estimate"][1]):
        assert (table["lower"][1], table["upper"][1]) == (-1.0, 1.0)
        assert any("any value is as likely" in note for note in facts.notes)
    assert table["lower"][0] == 0.0 or table["lower"][2] == 0.0


def test_other_levels_lie_where_zeta_says(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    coarse, fine = fit.profile().facts, fit.profile(level=0.8).facts
    for side in ("lower", "upper"):
        ours, exact = coarse.confint(0.8).columns[side], fine.confint(0.8).columns[side]
        np.testing.assert_allclose(ours, exact, rtol=tol.TRUNCATION_2E4, atol=tol.TRUNCATION_2E4)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_limits_alone_are_those_of_the_whole_profile(sleepstudy, level):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    whole = fit.profile(level=level, points=12).confint(level)
    alone = profile_confint(fit, level=level).columns
    assert list(alone) == ["term", "group", "estimate", "lower", "upper"]
    for side in ("lower", "upper"):
        np.testing.assert_allclose(alone[side], whole[side], rtol=tol.OPTIMUM_E5)


@pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")
def test_a_lower_optimum_found_on_the_way_is_taken(sleepstudy):
    formula = "Reaction ~ Days + (Days | Subject)"
    good = me.lmm(formula, sleepstudy, reml=False)
    poor = me.lmm(formula, sleepstudy, reml=False, start=[3.0, -1.0, 0.2], max_iterations=1)
    assert poor.objective > good.objective + 1
    found = poor.profile("sigma").facts
    assert found.minimum == pytest.approx(good.objective, abs=tol.OPTIMUM_E7)
    assert "lower optimum" in found.notes[0]


def test_reml_profile_is_centred_at_the_reml_estimates(dyestuff):
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff)
    facts = fit.profile(criterion="reml").facts
    assert facts.criterion == "reml"
    assert [p.kind for p in facts.parameters] == ["sd", "sigma"]
    assert facts.minimum == pytest.approx(fit.objective)
    assert facts.estimates[1] == pytest.approx(fit.sigma)
    ml = fit.profile().facts
    assert ml.minimum == pytest.approx(me.lmm(fit.formula, dyestuff, reml=False).objective)
    # with six batches REML reaches further up
    assert facts.confint().columns["upper"][0] > ml.confint().columns["upper"][0]


def test_frames_are_of_the_users_kind(dyestuff):
    polars = pytest.importorskip("polars")
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", polars.from_pandas(dyestuff))
    profile = fit.profile(points=3)
    table = profile.table()
    assert isinstance(table, polars.DataFrame)
    assert table.columns[:3] == ["parameter", "value", "zeta"]
    assert table.columns[3:] == ["sd_(Intercept)|Batch", "sigma", "(Intercept)"]
    assert profile.confint().columns == ["term", "group", "estimate", "lower", "upper"]
    assert "95% intervals" in str(profile)
    assert "<table" in profile._repr_html_()
    wired: Any = fit.confint(method="profile")
    assert wired["upper"].to_list() == pytest.approx(profile.confint()["upper"].to_list())


def test_a_fit_from_a_file_has_the_same_profile(tmp_path, dyestuff):
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff)
    fit.save(tmp_path / "fit.zip")
    again = me.load(tmp_path / "fit.zip")
    ours, theirs = (f.profile("sigma").facts.confint().columns for f in (fit, again))
    assert ours["upper"] == pytest.approx(theirs["upper"], rel=tol.OPTIMUM_E7)


def test_blocked_engines_agree_with_the_dense_one(sleepstudy):
    """The same data as more than a hundred random-effect columns and as a few."""
    formula = "Reaction ~ Days + (Days | Subject)"
    subject = sleepstudy["Subject"].astype(int)
    table = pd.concat([sleepstudy.assign(Subject=subject + 1000 * i) for i in range(3)])
    fit = me.lmm(formula, table, reml=False)
    facts = fit.profile(points=4).facts
    assert not fit.evaluation.objective.stats.layout.small
    # three copies: the criterion is three times as large everywhere
    single = me.lmm(formula, sleepstudy, reml=False).profile(points=16).facts
    for i in range(len(facts.parameters)):
        for value, zeta in zip(facts.values[i], facts.zeta[i], strict=True):
            expected = np.sqrt(3.0) * zeta_at(single, i, value)
            assert zeta == pytest.approx(expected, abs=tol.PROFILE_ZETA)


def test_refusals_say_what_to_do(sleepstudy, capsys):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(OptionError, match=r"did you mean 'sd_Days\|Subject'"):
        fit.profile("sd_days|Subject")
    with pytest.raises(OptionError, match="is empty"):
        fit.profile([])
    with pytest.raises(NotAvailableError, match="cannot be compared"):
        fit.profile("Days", criterion="reml")
    with pytest.raises(OptionError, match="ml, reml"):
        fit.profile(criterion="REML")
    with pytest.raises(OptionError, match="at least 2"):
        fit.profile(points=1)
    with pytest.raises(OptionError, match="between 0 and 1"):
        fit.profile(level=95)
    with pytest.raises(OptionError, match=r"profile\(level=0.999\)"):
        fit.profile("sigma").confint(0.999)
    none = me.lmm("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    with pytest.raises(OptionError, match="no fixed effects"):
        none.profile("fixed")
    fit.profile("sigma", points=2, progress=True)
    said = capsys.readouterr().err
    assert "about" in said and "sigma done" in said


def test_a_dropped_column_has_no_profile():
    table = simulated()
    fit = me.lmm("y ~ x + twice + (1 | g)", table | {"twice": 2 * table["x"]})
    (dropped,) = fit.design.aliased
    with pytest.raises(OptionError, match="left out of the model"):
        fit.profile(dropped.name)


def test_the_t_reference_gives_the_t_interval_of_balanced_data():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(8), 6)
    table = {"y": 2.0 * rng.normal(size=8)[g] + rng.normal(size=48), "g": g}
    fit = me.lmm("y ~ 1 + (1 | g)", table)
    mean = table["y"].reshape(8, 6).mean(axis=1)
    half = 2.3646242515927853 * mean.std(ddof=1) / np.sqrt(8)  # t with 7 degrees of freedom
    found = fit.confint(method="profile", reference="t", parameters="fixed")
    assert found["lower"][0] == pytest.approx(mean.mean() - half, rel=tol.OPTIMUM_E5)
    assert found["upper"][0] == pytest.approx(mean.mean() + half, rel=tol.OPTIMUM_E5)
    wide = fit.confint(method="profile")
    assert wide["lower"][0] > found["lower"][0]
    with pytest.raises(me.OptionError, match="chi2, t"):
        fit.confint(method="profile", reference="F")


def test_the_t_reference_takes_each_coefficients_own_degrees_of_freedom():
    """Of a trial: some 98 for arms, which differ between patients, some 205 for times."""
    fit = me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())
    df = np.asarray(fit.test()["df"])
    assert df.min() < 110 and df.max() > 190
    table = fit.confint(method="profile", reference="t", parameters="fixed")
    for i, (term, nu) in enumerate(zip(table["term"], df, strict=True)):
        t = stats.t.ppf(0.975, nu)
        rise = (nu + 1) * np.log1p(t**2 / nu)  # of -2 log-likelihood, of a normal mean
        level = stats.chi2.cdf(rise, 1)
        own = fit.confint(method="profile", parameters=[term], level=level)
        assert table["lower"][i] == pytest.approx(own["lower"][0], rel=tol.OPTIMUM_E7)
        assert table["upper"][i] == pytest.approx(own["upper"][0], rel=tol.OPTIMUM_E7)
