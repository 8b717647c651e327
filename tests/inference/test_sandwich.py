"""Cluster-robust covariances against clubSandwich, and against dense textbook matrices."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.inference.df import bias_reduced, df_method, sandwich
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models
from tests.oracles import dense

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "sandwich" / "clubsandwich.json").read_text()
)["models"]
# clubSandwich subtracts no offset from the response: its residuals are those of another model
IGNORES_OFFSET = ("sleepstudy_offset",)
KINDS = {"CR0": sandwich.CR0, "CR2": sandwich.CR2}
# fewer effective clusters than rows to be tested: clubSandwich reports a negative df
TOO_FEW = ("obrienkaiser_three_terms",)


@cache
def fitted(name: str) -> Any:
    model = golden_models()[name]
    return me.lmm(
        model["formula"], golden_frame(model), reml=model["reml"], weights=model["weights"]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [n for n in GOLDEN if n not in IGNORES_OFFSET])
def test_covariance_df_and_joint_test_are_clubsandwichs(name, kind):
    record, fit = GOLDEN[name], fitted(name)
    expected = record[kind]
    method = KINDS[kind](fit)
    p = len(record["beta"])
    assert method.clusters.n == expected["clusters"]
    se = np.sqrt(np.diagonal(method.vcov))
    assert se == pytest.approx(np.array(expected["se"]), rel=tol.ROBUST_SE_RTOL)
    lower = [(i, j) for j in range(p) for i in range(j, p)]  # column-major, as R
    ours = np.array([method.vcov[i, j] / (se[i] * se[j]) for i, j in lower])
    theirs = np.array(expected["vcov"]) / [se[i] * se[j] for i, j in lower]
    assert np.abs(ours - theirs).max() < 2 * tol.ROBUST_SE_RTOL
    assert method.df(np.eye(p)) == pytest.approx(np.array(expected["df"]), rel=tol.ROBUST_DF_RTOL)
    L = np.eye(p)[np.array(record["joint"]) - 1]
    test = method.joint(L, L @ fit.beta)
    assert test.num_df == expected["num_df"]
    if name in TOO_FEW:
        assert expected["den_df"] < 0 and np.isnan(test.statistic) and np.isnan(test.den_df)
        return
    assert test.den_df == pytest.approx(expected["den_df"], rel=tol.ROBUST_DF_RTOL)
    assert test.statistic == pytest.approx(expected["F"], rel=tol.ROBUST_DF_RTOL)


def table(n_groups=7, seed=3, constant_weights=False):
    """Unequal groups of 4 to 28 rows with 2 to 5 classes each."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list] = {name: [] for name in "gcxzwyof"}
    for g in range(n_groups):
        effect, slope, own = rng.normal(), 0.5 * rng.normal(), 1.0 + g
        for c in range(2 + g % 4):
            inner = 0.7 * rng.normal()
            for _ in range(2 + 3 * (g % 3)):
                x = rng.normal()
                rows["g"].append(f"g{g}")
                rows["c"].append(f"c{c}")
                rows["x"].append(x)
                rows["z"].append(float(g % 2))
                rows["f"].append(float(g == 2))
                rows["w"].append(own if constant_weights else rng.uniform(0.5, 3.0))
                rows["o"].append(rng.normal())
                rows["y"].append(effect + slope * x + inner + x + rng.normal())
    return rows


def dense_sandwich(fit, codes, kind):
    """vcov, the P matrix of every pair of coefficients, by full matrices."""
    design = fit.design
    n, p = design.X.shape
    X = np.asarray(design.X)
    weights = np.ones(n) if design.weights is None else design.weights
    y = design.y if design.offset is None else design.y - design.offset
    blocks = [
        (b.factor.codes, np.ones((n, 1)) if b.Z is None else np.asarray(b.Z)) for b in design.blocks
    ]
    V = dense.marginal_covariance(blocks, fit.lambdas, weights)
    Vi = np.linalg.inv(V)
    M = np.linalg.inv(X.T @ Vi @ X)
    e = y - X @ (M @ X.T @ Vi @ y)
    H = np.eye(n) - X @ M @ X.T @ Vi
    cov = H @ V @ H.T
    meat, rows = np.zeros((p, p)), []
    for c in range(codes.max() + 1):
        own = np.flatnonzero(codes == c)
        A = np.eye(own.size)
        if kind == "CR2":
            # R's way: upper Cholesky factor D of V_c, then D'(D (I - H)_c V_c D')^(-1/2) D
            D = np.linalg.cholesky(V[np.ix_(own, own)]).T
            value, vector = np.linalg.eigh(D @ cov[np.ix_(own, own)] @ D.T)
            power = np.where(value > 1e-11, np.abs(value), np.inf) ** -0.5
            A = D.T @ (vector * power) @ vector.T @ D
        G = np.zeros((n, p))
        G[own] = A @ Vi[np.ix_(own, own)] @ X[own] @ M
        meat += np.outer(G.T @ e, G.T @ e)
        rows.append(G)
    P = np.array([[[[a[:, s] @ cov @ b[:, t] for b in rows] for a in rows] for t in range(p)]
                  for s in range(p)])  # fmt: skip
    return meat, P


MODELS = [
    ("y ~ x + z + (x | g)", None, {}),
    ("y ~ x * z + (1 | g)", "w", {}),
    ("y ~ x * z + (1 | g)", "w", {"constant_weights": True}),
    ("y ~ x + z + offset(o) + (x | g) + (1 | g:c)", None, {}),
    ("y ~ x + (1 | g/c)", "w", {}),
    ("y ~ x + (x || g)", "w", {"constant_weights": True}),
    # a column of one cluster alone leaves that cluster no residual in its direction
    ("y ~ f + x + (1 | g)", None, {}),
    ("y ~ x + f + (x | g)", "w", {}),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("formula", "weights", "how"), MODELS)
def test_against_dense_matrices(formula, weights, how, kind):
    fit = me.lmm(formula, table(**how), weights=weights)
    method = KINDS[kind](fit)
    codes = next(b.factor.codes for b in fit.design.blocks if b.factor.name == "g")
    meat, P = dense_sandwich(fit, codes, kind)
    assert method.vcov == pytest.approx(meat, rel=tol.DENSE_RTOL, abs=tol.DENSE_RTOL)
    p = fit.beta.size
    if kind == "CR2" and "f" not in fit.design.x_names:
        # what CR2 is made for: unbiased where the model holds
        expected = fit.vcov() / fit.sigma**2
        assert np.einsum("stjj->st", P) == pytest.approx(
            expected, rel=tol.ROUNDING_E5, abs=tol.ROUNDING_E8
        )
    df = [np.trace(P[s, s]) ** 2 / np.sum(P[s, s] ** 2) for s in range(p)]
    assert method.df(np.eye(p)) == pytest.approx(df, rel=tol.DENSE_RTOL)
    # Zhang's df of the last two coefficients together, from all 2 x 2 x J x J numbers
    L = np.eye(p)[-2:]
    Q = P[-2:, -2:]
    expected = np.einsum("stjj->st", Q)
    value, vector = np.linalg.eigh(expected)
    root = (vector * value**-0.5) @ vector.T
    Q = np.einsum("as,bt,stij->abij", root, root, Q)
    variance = sum(
        np.sum(Q[s, s] * Q[t, t]) + np.sum(Q[s, t] * Q[t, s]) for s in range(2) for t in range(2)
    )
    test = method.joint(L, L @ fit.beta)
    assert test.den_df == pytest.approx(6.0 / variance - 1.0, rel=tol.DENSE_RTOL)


def test_both_ways_to_keep_a_cluster_agree(monkeypatch):
    """Rows and an orthonormal basis of the columns give the same CR2."""
    fit = me.lmm("y ~ x + z + (x | g) + (1 | g:c)", table())
    by_columns = sandwich.CR2(fit)
    original = bias_reduced.Bases.__init__
    assert not bias_reduced.Bases(fit, sandwich.GLSRows(fit), by_columns.clusters).as_rows.all()

    def as_rows(self, *args):
        original(self, *args)
        self.as_rows[:], self.size = True, args[2].sizes

    monkeypatch.setattr(bias_reduced.Bases, "__init__", as_rows)
    by_rows = sandwich.CR2(fit)
    assert by_rows.vcov == pytest.approx(by_columns.vcov, rel=tol.DENSE_RTOL)
    assert by_rows.df(np.eye(3)) == pytest.approx(by_columns.df(np.eye(3)), rel=tol.DENSE_RTOL)


def test_balanced_cr2_is_the_model_covariance_and_offset_is_a_shift(sleepstudy):
    """Equal clusters that all have the same X: Bell and McCaffrey's estimate is the model's."""
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    assert fit.vcov(method="CR2") == pytest.approx(fit.vcov(), rel=tol.OPTIMUM_E5)
    shifted = me.lmm(
        "y ~ 1 + (Days | Subject)", sleepstudy.assign(y=lambda d: d.Reaction - 10 * d.Days)
    )
    offset = me.lmm("Reaction ~ 1 + offset(10 * Days) + (Days | Subject)", sleepstudy)
    assert offset.vcov(method="CR2") == pytest.approx(
        shifted.vcov(method="CR2"), rel=tol.OPTIMUM_E6
    )


def test_units_of_the_response_and_the_predictor_only_rescale():
    data = table()
    fit = me.lmm("y ~ x + (x | g)", data)
    other = dict(data, y=[1e6 * v for v in data["y"]], x=[1e-2 * v + 100.0 for v in data["x"]])
    scaled = me.lmm("y ~ x + (x | g)", other)
    one, two = sandwich.CR2(fit), sandwich.CR2(scaled)
    assert np.sqrt(two.vcov[1, 1]) == pytest.approx(
        1e8 * np.sqrt(one.vcov[1, 1]), rel=tol.OPTIMUM_E4
    )
    assert two.df(np.eye(2)[1:]) == pytest.approx(one.df(np.eye(2)[1:]), rel=tol.OPTIMUM_E4)


def test_tables_of_tests_take_the_methods_by_name(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", sleepstudy)
    table_ = fit.test(ddf="CR2")
    assert table_["std_error"].to_numpy() == pytest.approx(
        np.sqrt(np.diagonal(fit.vcov(method="CR2")))
    )
    assert "CR2" in df_method(fit, "CR2").label


def test_clusters_can_be_named_or_given(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    whole = fit.vcov(method="CR0")
    assert np.array_equal(fit.vcov(method="CR0", groups="Subject"), whole)
    labels = sleepstudy["Subject"].to_numpy()
    assert fit.vcov(method="CR0", groups=labels) == pytest.approx(whole)
    pairs = sleepstudy["Subject"].astype("category").cat.codes.to_numpy() // 2
    assert not np.allclose(fit.vcov(method="CR2", groups=pairs), whole, rtol=tol.OPTIMUM_E3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "CR2", "groups": "Day"}, me.OptionError, "not a grouping factor"),
        ({"method": "model", "groups": "Subject"}, me.OptionError, "CR0"),
        ({"method": "CR1"}, me.OptionError, "not one of"),
        ({"method": "CR2", "groups": np.arange(180)}, me.NotAvailableError, "several clusters"),
        ({"method": "CR2", "groups": np.zeros(180)}, me.NotAvailableError, "two clusters"),
        ({"method": "CR2", "groups": np.arange(7)}, me.DataError, "one label for each"),
        ({"method": "CR2", "groups": np.full(180, np.nan)}, me.DataError, "missing"),
    ],
)
def test_refusals(sleepstudy, options, error, words):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(error, match=words):
        fit.vcov(**options)


def test_crossed_factors_are_refused_and_a_common_cluster_accepted(penicillin):
    fit = me.lmm("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)
    with pytest.raises(me.NotAvailableError, match="crossed"):
        fit.vcov(method="CR2")
    first = penicillin.assign(half="one").astype({"plate": str, "sample": str})
    second = first.assign(half="two", plate=first["plate"] + "'", sample=first["sample"] + "'")
    both = pd.concat([first, second], ignore_index=True)
    fit = me.lmm("diameter ~ 1 + (1 | plate) + (1 | sample)", both)
    assert np.isfinite(fit.vcov(method="CR0", groups=both["half"].to_numpy())).all()


def test_what_would_take_too_long_is_refused_with_the_time(monkeypatch, sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    monkeypatch.setattr(bias_reduced, "LONGEST_SECONDS", 0.0)
    with pytest.raises(me.NotAvailableError, match=r"minutes.*\n.*CR0"):
        sandwich.CR2(fit)
    monkeypatch.setattr(bias_reduced, "LONGEST_SECONDS", 1e9)
    monkeypatch.setattr(bias_reduced, "BATCH", 10**11)
    monkeypatch.setattr(bias_reduced, "free_memory", lambda: 1e9)
    with pytest.raises(me.PlanTooLargeError, match="GB"):
        sandwich.CR2(fit)


def test_no_fixed_effects_aliased_columns_singular_and_loaded_fits(tmp_path, rdata, sleepstudy):
    nothing = me.lmm("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    assert nothing.vcov(method="CR2").shape == (0, 0)
    twice = sleepstudy.assign(hours=24.0 * sleepstudy["Days"])
    aliased = me.lmm("Reaction ~ Days + hours + (1 | Subject)", twice)
    plain = me.lmm("Reaction ~ Days + (1 | Subject)", sleepstudy)
    assert aliased.design.aliased
    assert aliased.vcov(method="CR2") == pytest.approx(plain.vcov(method="CR2"))
    flat = me.lmm("Yield ~ 1 + (1 | Batch)", rdata("lme4", "Dyestuff2"))
    assert flat.theta[0] == 0
    # without random effects CR0 by rows' clusters is the sum of squared cluster sums
    y = rdata("lme4", "Dyestuff2")
    sums = (y.Yield - y.Yield.mean()).groupby(y.Batch).sum()
    assert flat.vcov(method="CR0")[0, 0] == pytest.approx(np.sum(sums**2) / 900)
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy, reml=False)
    fit.save(tmp_path / "fit.npz", rows=True)
    loaded = me.load(tmp_path / "fit.npz")
    assert loaded.vcov(method="CR2") == pytest.approx(fit.vcov(method="CR2"), rel=tol.ROUNDING_E8)
