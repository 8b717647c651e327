"""Commands that answer one question of a model: `anova`, `compare`, `predict`, `explain`."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app
from tests.tolerances import ROUNDING_E12

PAIN = "pain_score ~ treatment * time + (1 | patient)"
SLEEP = "Reaction ~ Days + (Days | Subject)"
CBPP = "incidence / size ~ period + (1 | herd)"


def run(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.stderr
    return done.stdout


def frame(text):
    return pd.read_csv(io.StringIO(text))


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("options", [{}, {"type": 2, "ddf": "kenward-roger"}, {"type": 1}])
def test_anova(form, options):
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    text = run("anova", "pain_trial", PAIN, "--out", form, *words)
    found = frame(text) if form == "csv" else pd.DataFrame(json.loads(text))
    wanted = pd.DataFrame(me.lmm(PAIN, me.datasets.pain_trial()).anova(**options))
    assert found["term"].tolist() == list(wanted["term"])
    for name in ("den_df", "statistic", "p_value"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=ROUNDING_E12)


def test_anova_of_a_generalised_model():
    found = frame(run("anova", "cbpp", CBPP, "--family", "binomial", "--out", "csv"))
    wanted = me.glmm(CBPP, me.datasets.cbpp()).anova()
    np.testing.assert_allclose(found["p_value"], list(wanted["p_value"]), rtol=ROUNDING_E12)


def test_compare(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")  # as `run` has it
    smaller = "Reaction ~ Days + (1 | Subject)"
    data = me.datasets.sleepstudy()
    wanted = me.compare(me.lmm(SLEEP, data), me.lmm(smaller, data))
    assert str(wanted) in run("compare", "sleepstudy", SLEEP, smaller)
    found = frame(run("compare", "sleepstudy", SLEEP, smaller, "--out", "csv"))
    np.testing.assert_allclose(found["aic"], list(wanted.tidy()["aic"]), rtol=ROUNDING_E12)
    done = CliRunner().invoke(app, ["compare", "sleepstudy", SLEEP])
    assert done.exit_code == 2 and "give two or more" in done.stderr


def test_predict_the_rows_of_the_fit():
    found = frame(run("predict", "sleepstudy", SLEEP, "--interval", "prediction", "--level", 0.8))
    data = me.datasets.sleepstudy()
    wanted = me.lmm(SLEEP, data).predict(interval="prediction", level=0.8)
    assert found.columns.tolist()[:3] == list(data.columns)
    for name in ("prediction", "std_error", "lower", "upper"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=ROUNDING_E12)


def test_predict_a_new_table(tmp_path):
    new = pd.DataFrame({"Days": [0, 11, 11], "Subject": [308, 308, 1]})
    new.to_csv(tmp_path / "new.csv", index=False)
    words = ["predict", "sleepstudy", SLEEP, "--new", str(tmp_path / "new.csv")]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2 and "--new-levels population" in refused.stderr
    fit = me.lmm(SLEEP, me.datasets.sleepstudy())
    new = new.astype({"Subject": str})
    for option in ("population", "marginal"):
        found = frame(run(*words, "--new-levels", option))
        wanted = fit.predict(new, new_levels=option)
        np.testing.assert_allclose(found["prediction"], wanted, rtol=ROUNDING_E12)
        assert found.columns.tolist() == ["Days", "Subject", "prediction"]
    found = frame(run(*words, "--groups", "population"))
    np.testing.assert_allclose(found["prediction"], fit.predict(new, groups="population"))


def test_fit_has_degrees_of_freedom_and_a_level():
    record = json.loads(
        run("fit", "sleepstudy", SLEEP, "--ddf", "kenward-roger", "--level", 0.9, "--out", "json")
    )
    wanted = me.lmm(SLEEP, me.datasets.sleepstudy()).test(ddf="kenward-roger", level=0.9)
    assert record["level"] == 0.9 and "Kenward" in record["df_method"]
    for row, lower in zip(record["fixed_effects"], wanted["lower"], strict=True):
        assert row["lower"] == pytest.approx(lower, rel=ROUNDING_E12)


def test_explain_a_generalised_model():
    text = run("explain", "cbpp", CBPP, "--family", "binomial")
    assert text.strip() == str(me.explain(CBPP, me.datasets.cbpp(), family="binomial")).strip()
    done = CliRunner().invoke(app, ["explain", "cbpp", CBPP, "--zi", "~ 1"])
    assert done.exit_code == 2 and "--family" in done.stderr


@pytest.mark.parametrize("command", ["", "fit", "diagnose", "report", "explain", "compare"])
def test_help_gives_flags_no_type(command):
    assert "bool" not in run(*command.split(), "--help")
