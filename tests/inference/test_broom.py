"""tidy, glance and augment against broom.mixed, and against Henderson's equations."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/broom/broom.json").read_text())["models"]
every_model = pytest.mark.parametrize("name", GOLDEN)


@cache
def fitted(name: str) -> Any:
    model = golden_models()[name]
    return me.lmm(
        model["formula"], golden_frame(model), weights=model["weights"], reml=model["reml"]
    )


def by_key(table):
    """(group, level, term) -> row; lme4 numbers several terms of one factor, and we do not."""
    table = table if isinstance(table, dict) else table.to_dict("list")
    n = len(table["term"])
    keys = zip(
        (re.sub(r"\.\d+$", "", group or "") for group in table.get("group", [""] * n)),
        map(str, table.get("level", [""] * n)),
        map(plain, table["term"]),
        strict=True,
    )
    rows = [
        {column: values[i] for column, values in table.items() if len(values) == n}
        for i in range(n)
    ]
    found = dict(zip(keys, rows, strict=True))
    assert len(found) == n
    return found


def plain(name):
    """Our "Machine[B]" as R writes it."""
    return name.replace("[", "").replace("]", "")


def pairs(ours, theirs):
    ours = by_key(ours)
    for key, row in by_key(theirs).items():
        yield ours[key], row


@every_model
def test_fixed_effects(name):
    ours = fitted(name).tidy(effects="fixed", ddf="wald")
    assert list(map(plain, ours["term"])) == GOLDEN[name]["fixed"]["term"]
    for mine, theirs in zip(
        ours.to_dict("records"), by_key(GOLDEN[name]["fixed"]).values(), strict=True
    ):
        assert mine["std_error"] == pytest.approx(theirs["std.error"], rel=tol.SE_RTOL)
        assert abs(mine["estimate"] - theirs["estimate"]) <= tol.FIXEF_IN_SE * mine["std_error"]
        assert mine["statistic"] == pytest.approx(
            theirs["statistic"], rel=tol.SE_RTOL, abs=tol.FIXEF_IN_SE
        )


@every_model
@pytest.mark.parametrize("scale", ["sdcor", "vcov"])
def test_variance_components_and_their_names(name, scale):
    ours = fitted(name).tidy(effects="ran_pars", scale=scale)
    assert len(ours) == len(GOLDEN[name][scale]["term"])
    for mine, theirs in pairs(ours, GOLDEN[name][scale]):
        assert mine["estimate"] == pytest.approx(
            theirs["estimate"],
            rel=tol.VARCORR_RTOL,
            abs=tol.PROGRAM_E3 * np.nan_to_num(mine["std_error"]),
        )


@every_model
def test_random_effects_and_coefficients_of_levels(name):
    fit = fitted(name)
    for effects in ("ran_vals", "ran_coefs"):
        theirs = GOLDEN[name][effects]
        for mine, row in pairs(fit.tidy(effects=effects), theirs):
            assert abs(mine["estimate"] - row["estimate"]) <= tol.RANEF_IN_SD * mine["std_error"]
            if effects == "ran_vals":
                assert mine["std_error"] == pytest.approx(row["std.error"], rel=tol.VARCORR_RTOL)
                for limit, name_in_r in (("lower", "conf.low"), ("upper", "conf.high")):
                    assert mine[limit] == pytest.approx(
                        row[name_in_r], abs=4 * tol.RANEF_IN_SD * mine["std_error"]
                    )


def test_coefficients_have_a_row_for_every_level_and_column():
    fit = fitted("pixel_nested_slopes_ml")
    table = fit.tidy(effects="ran_coefs")
    columns = set(fit.design.x_names)
    for block in fit.design.blocks:
        rows = table[table["group"] == block.factor.name]
        assert len(rows) == block.factor.n_levels * len(columns | set(block.names))


@every_model
def test_glance(name):
    fit = fitted(name)
    theirs = {key: values[0] for key, values in GOLDEN[name]["glance"].items()}
    mine = fit.glance().iloc[0]
    assert mine["nobs"] == theirs["nobs"] and mine["df_residual"] == theirs["df.residual"]
    assert mine["sigma"] == pytest.approx(theirs["sigma"], rel=tol.SIGMA_RTOL)
    for ours, r in (("loglik", "logLik"), ("aic", "AIC"), ("bic", "BIC")):
        assert mine[ours] == pytest.approx(theirs[r], abs=tol.LOGLIK_SHORTFALL)
    criterion = theirs["REMLcrit" if mine["reml"] else "deviance"]
    assert mine["objective"] == pytest.approx(criterion, abs=2 * tol.LOGLIK_SHORTFALL)


@every_model
def test_augment(name):
    fit = fitted(name)
    table, theirs = fit.augment(influence=True), GOLDEN[name]["augment"]
    n = len(theirs[".fitted"])
    for column in (".fitted", ".resid", ".fixed"):
        np.testing.assert_allclose(
            table[column][:n], theirs[column], atol=tol.FITTED_IN_SIGMA * fit.sigma, rtol=0
        )
    np.testing.assert_allclose(table[".hat"][:n], theirs[".hat"], atol=tol.LEVERAGE_ATOL)
    np.testing.assert_allclose(
        table[".cooksd"][:n], theirs[".cooksd"], rtol=tol.COOKS_RTOL, atol=tol.PROGRAM_E6
    )


def henderson(fit):
    """Covariance of (beta^ - beta, b^ - b), and where each level's column is in it."""
    design = fit.design
    X = np.asarray(design.X)
    w = np.ones(design.n) if design.weights is None else design.weights
    columns, precision, places = [X], [np.zeros((X.shape[1],) * 2)], {}
    start = X.shape[1]
    for block, Lam in zip(design.blocks, fit.lambdas, strict=True):
        Z = np.ones((design.n, 1)) if block.Z is None else np.asarray(block.Z)
        own = np.linalg.inv(fit.sigma**2 * Lam @ Lam.T)
        for j, label in enumerate(block.factor.labels):
            columns.append(Z * (block.factor.codes == j)[:, None])
            precision.append(own)
            for a, name in enumerate(block.names):
                places[block.factor.name, str(label), plain(name)] = start + a
            start += block.k
    A = np.hstack(columns)
    C = (A.T * w) @ A / fit.sigma**2
    at = 0
    for part in precision:
        C[at : at + len(part), at : at + len(part)] += part
        at += len(part)
    return np.linalg.inv(C), places


@pytest.mark.parametrize(
    "name", ["sleepstudy", "penicillin", "machines_nested_ml", "orthodont_weights"]
)
def test_errors_of_coefficients_by_hendersons_equations(name):
    fit = fitted(name)
    C, places = henderson(fit)
    x_names = [plain(name) for name in fit.design.x_names]
    for (group, level, term), row in by_key(fit.tidy(effects="ran_coefs")).items():
        which = np.zeros(len(C))
        if term in x_names:
            which[x_names.index(term)] = 1.0
        if (group, level, term) in places:
            which[places[group, level, term]] = 1.0
        expected = np.sqrt(which @ C @ which)
        assert row["std_error"] == pytest.approx(expected, rel=tol.HENDERSON_RTOL)


def test_columns_and_order():
    fit = fitted("sleepstudy")
    table = fit.tidy(effects=["ran_vals", "fixed"], level=0.9)
    assert list(table.columns) == [
        "effect", "group", "level", "term", "estimate", "std_error", "statistic", "df", "p_value",
        "lower", "upper",
    ]  # fmt: skip
    assert table["effect"].tolist() == ["ran_vals"] * 36 + ["fixed"] * 2
    assert "level" not in fit.tidy().columns
    kr = fit.tidy(effects="fixed", ddf="kenward-roger", level=0.9)
    test = fit.test(ddf="kenward-roger", level=0.9)
    for column in test.columns:
        np.testing.assert_array_equal(kr[column], test[column])


@pytest.mark.parametrize(
    "options",
    [{"effects": "random"}, {"effects": None}, {"effects": []}, {"effects": ["fixed", "fixed"]},
     {"scale": "sd"}, {"level": 1.5}, {"ddf": "residual"}],
)  # fmt: skip
def test_refused_options(options):
    with pytest.raises(me.OptionError):
        fitted("sleepstudy").tidy(**options)


def test_augment_keeps_the_table_as_it_is():
    data = pd.DataFrame(me.datasets.sleepstudy())
    data["day"] = pd.Categorical(data["Days"])
    data["list"] = [[1]] * len(data)
    data.index = pd.Index(range(1000, 1180))
    data.loc[1003, "Days"] = np.nan
    before = data.copy()
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", data)
    table = fit.augment(data)
    pd.testing.assert_frame_equal(data, before)
    pd.testing.assert_frame_equal(table[data.columns], data)
    assert table.index.equals(data.index)
    assert table[".fitted"].isna().tolist() == (data.index == 1003).tolist()
    np.testing.assert_array_equal(table[".fitted"].dropna(), fit.fitted)
    short = fit.augment()
    assert short["row"].tolist() == [i for i in range(180) if i != 3]
    with pytest.raises(me.DataError, match="predict"):
        fit.augment(data.iloc[:50])
    with pytest.raises(me.DataError, match="Reaction"):
        fit.augment(data.assign(Reaction=data["Reaction"] + 1))


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table, dict])
def test_augment_answers_in_the_flavour_of_its_table(make):
    columns = {name: list(values) for name, values in me.datasets.sleepstudy().items()}
    data = make(columns)
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", data)
    table = fit.augment(data)
    assert type(table) is (pd.DataFrame if make is dict else type(data))
    np.testing.assert_array_equal(np.asarray(table[".fixed"]), fit.predict(groups="population"))


def test_no_fixed_effects_and_a_singular_fit():
    data = me.datasets.sleepstudy()
    empty = me.lmm("Reaction ~ 0 + (1 | Subject)", data)
    assert empty.tidy()["effect"].tolist() == ["ran_pars"] * 2
    assert len(empty.tidy(effects="ran_coefs")) == 18
    assert np.isfinite(empty.augment(influence=True)[".hat"]).all()
    rng = np.random.default_rng(3)
    flat = pd.DataFrame(
        {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": list("abcd") * 10}
    )
    flat["y"] -= flat.groupby("g")["y"].transform("mean")
    fit = me.lmm("y ~ x + (1 | g)", flat)
    assert fit.certificate.is_singular
    table = fit.tidy(effects=["fixed", "ran_pars", "ran_vals", "ran_coefs"])
    assert np.isnan(table.loc[table["term"] == "sd__(Intercept)", "std_error"]).all()
    assert np.isfinite(table.loc[table["effect"] == "ran_coefs", "std_error"]).all()


def test_standard_errors_that_take_too_long_are_left_out_aloud(monkeypatch):
    from mixedeffects.inference.prediction import gls_errors

    fit = fitted("penicillin")
    expected = fit.tidy(effects="ran_coefs")["estimate"]
    monkeypatch.setattr(gls_errors, "MOST_FLOPS", 1.0)
    with pytest.warns(me.DataWarning, match="too long"):
        table = fit.tidy(effects="ran_coefs")
    np.testing.assert_array_equal(table["estimate"], expected)
    assert table["std_error"].isna().all() and table["lower"].isna().all()
