"""tidy, glance and augment of generalised models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models
from tests.inference.test_glmm_coefficients import GOLDEN, fitted, regular

MODELS = golden_models()


@regular
def test_glance_is_broom_mixeds(name):
    wanted, row = GOLDEN[name]["glance"], fitted(name).glance().iloc[0]
    assert row["nobs"] == wanted["nobs"][0]
    assert row["loglik"] == pytest.approx(wanted["logLik"][0], abs=tol.PROGRAM_E5)
    assert row["aic"] == pytest.approx(wanted["AIC"][0], abs=tol.PROGRAM_E4)
    assert row["bic"] == pytest.approx(wanted["BIC"][0], abs=tol.PROGRAM_E4)
    assert row["df_residual"] == wanted["df.residual"][0]
    assert row["family"] == fitted(name).family.name


@regular
def test_random_parameters_are_named_as_in_broom_mixed(name):
    wanted, table = GOLDEN[name]["ran_pars"], fitted(name).tidy(effects="ran_pars")
    ours = table.set_index(["component", "group", "term"])["estimate"]
    for component, group, term, value in zip(
        wanted["component"], wanted["group"], wanted["term"], wanted["estimate"], strict=True
    ):
        if group == "Residual":
            continue
        part = {"cond": "conditional", "zi": "zi"}[component]
        term = term.replace("urbanY", "urban[Y]")
        assert ours[part, group, term] == pytest.approx(
            value, rel=tol.GLMM_SD_RTOL, abs=tol.PROGRAM_E4
        )


def test_columns():
    table = fitted("salamanders_zip_random_zi").tidy()
    assert table.columns.tolist() == [
        "effect", "component", "group", "term", "estimate", "std_error", "statistic", "df",
        "p_value", "lower", "upper",
    ]  # fmt: skip
    linear = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert "component" not in linear.tidy().columns


def test_coefficients_of_levels_are_sums():
    fit = fitted("contraception_slopes")
    table = fit.tidy(effects=["ran_vals", "ran_coefs"])
    one = table[(table["level"] == "3") & (table["term"] == "urban[Y]")].set_index("effect")
    assert one["estimate"]["ran_coefs"] == pytest.approx(
        one["estimate"]["ran_vals"] + fit.fixef["urban[Y]"]
    )
    assert (table["std_error"] > 0).all()


def test_augment_keeps_the_table():
    model = MODELS["cbpp"]
    fit, data = fitted("cbpp"), golden_frame(model)
    out = fit.augment(data)
    assert isinstance(out, pd.DataFrame)
    assert len(out) == len(data)
    np.testing.assert_allclose(out[".resid"], data["incidence"] / data["size"] - out[".fitted"])
    eta = fit.design.X @ fit.beta
    np.testing.assert_allclose(out[".fixed"], 1 / (1 + np.exp(-eta)))
    other = fit.augment()
    assert other.columns.tolist()[:3] == ["row", "incidence / size", "herd"]
    with pytest.raises(me.DataError, match="must be the table"):
        fit.augment(data.iloc[:20])
    with pytest.raises(me.NotAvailableError, match="leverages"):
        fit.augment(influence=True)


def test_augment_of_ordered_categories_and_missing_rows():
    model = MODELS["wine"]
    data = golden_frame(model)[["rating", "temp", "contact", "judge"]].copy()
    data.loc[3, "temp"] = None
    fit = me.glmm(model["formula"], data, family="ordinal")
    out = fit.augment(data)
    p = out[[f".fitted[{k}]" for k in range(1, 6)]].to_numpy()
    assert np.isnan(p[3]).all()
    np.testing.assert_allclose(np.delete(p, 3, axis=0).sum(axis=1), 1.0)
    assert ".resid" not in out.columns
    assert str(fit.augment()["rating"].iloc[0]) == str(data["rating"].iloc[0])


def test_tables_come_in_the_users_library():
    data = pl.DataFrame({"y": [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 4], "g": list("aaaabbbbcccc")})
    fit = me.glmm("y ~ 1 + (1 | g)", data, family="poisson")
    for table in (fit.tidy(), fit.glance(), fit.test(), fit.anova(), fit.icc(), fit.r2()):
        assert isinstance(table, pl.DataFrame)
