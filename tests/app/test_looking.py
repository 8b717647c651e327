"""`mixedeffects explore` and `diagnose`, and what a new user's files do to any command."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app
from mixedeffects.app.tables import reading_code
from tests import tolerances as tol

SLOPES = "y ~ x + (x | g)"


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def alike(tmp_path):
    """Slopes that do not vary: a singular fit with a simpler model to recommend."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(20), 6)
    x = np.tile(np.arange(6.0), 20)
    y = 5 + 2 * x + rng.normal(0, 2, 20)[g] + rng.normal(size=120)
    table = pd.DataFrame({"y": y, "x": x, "g": g})
    path = tmp_path / "alike.csv"
    table.to_csv(path, index=False)
    return path, table


def test_explore_prints_what_the_function_finds(tmp_path):
    done = run("explore", "pain_trial")
    assert done.exit_code == 0 and done.stderr == ""
    words = re.sub(
        r'me\.lmm\((".*"), data\)', r"mixedeffects fit pain_trial \1",
        str(me.explore(me.datasets.pain_trial())).replace("me.compare", "mixedeffects compare"),
    )  # fmt: skip
    assert done.stdout == f"{words}\n" and words.count("mixedeffects fit") == 3
    path = tmp_path / "trial.parquet"
    me.datasets.pain_trial().to_parquet(path)
    found = json.loads(run("explore", path, "--out", "json").stdout)
    assert found["formula"] == me.explore(me.datasets.pain_trial()).formula
    assert [c["role"] for c in found["columns"] if c["column"] == "patient"] == ["subject"]
    assert found["groups"][0]["n_levels"] == 80


def test_roles_can_be_given():
    options = ("--outcome", "Days", "--subject", "Subject", "--out", "json")
    found = json.loads(run("explore", "sleepstudy", *options).stdout)
    assert found["outcome"] == "Days" and found["subject"] == "Subject"
    done = run("explore", "sleepstudy", "--outcome", "Reactoin")
    assert done.exit_code == 2 and "did you mean 'Reaction'?" in done.stderr


def test_diagnose_recommends_what_the_method_recommends(alike):
    path, table = alike
    fit = me.lmm(SLOPES, table)
    assert fit.certificate.is_singular, "the data set no longer needs a remedy"
    done = run("diagnose", path, SLOPES)
    assert done.exit_code == 0
    assert fit.diagnose().formula in done.stdout and "What was tried" in done.stdout
    found = json.loads(run("diagnose", path, SLOPES, "--out", "json").stdout)
    assert found["formula"] == fit.diagnose().formula and found["changed"] is True
    assert found["healthy"] is False and found["certified"] is True
    assert found["trials"][0]["loglik"] == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E8)
    done = run("diagnose", path, SLOPES, "--remedies", "never")
    assert "What was tried" not in done.stdout


def test_diagnose_of_a_fit_without_certificate_ends_with_status_3():
    limits = ("--optimizer", "Nelder-Mead", "--max-iterations", "3", "--remedies", "never")
    done = run("diagnose", "sleepstudy", "Reaction ~ Days + (Days | Subject)", *limits)
    assert done.exit_code == 3 and "not certified" in done.stdout


@pytest.mark.parametrize("command", ["fit", "interpret"])
def test_remedy_takes_the_model_that_diagnose_recommends(command, alike):
    path, table = alike
    done = run(command, path, SLOPES, "--remedy")
    assert done.exit_code == 0
    assert "Remedied" in done.stderr
    assert me.lmm(SLOPES, table).diagnose().formula in " ".join(done.stdout.split())


def test_em_is_an_optimizer():
    formula = "Reaction ~ Days + (Days | Subject)"
    found = json.loads(
        run("fit", "sleepstudy", formula, "--optimizer", "em", "--out", "json").stdout
    )
    assert found["certificate"]["optimizer"] == "em"
    fit = me.lmm(formula, me.datasets.sleepstudy())
    assert found["criteria"]["loglik"] == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E6)


@pytest.mark.parametrize("command", ["explore", "diagnose"])
def test_pages_are_written_to_files(command, tmp_path):
    path = tmp_path / "page.html"
    more = () if command == "explore" else ("Reaction ~ Days + (1 | Subject)",)
    done = run(command, "sleepstudy", *more, "--out", "html", "-o", path)
    assert done.exit_code == 0 and done.stdout == "" and "written to" in done.stderr
    assert path.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("command", ["explore", "fit", "diagnose", "interpret", "report"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(command, tmp_path, monkeypatch):
    monkeypatch.setattr("mixedeffects.app.cli.find_data", _never)
    monkeypatch.setattr("mixedeffects.app.modelling.find_data", _never)
    more = () if command == "explore" else ("Reaction ~ Days + (1 | Subject)",)
    done = run(command, "sleepstudy", *more, "-o", tmp_path / "nowhere" / "a.html")
    assert done.exit_code == 2 and "no folder" in done.stderr and "nowhere" in done.stderr
    done = run(command, "sleepstudy", *more, "-o", tmp_path)
    assert done.exit_code == 2 and "is a folder" in done.stderr


def _never(data):
    raise AssertionError("the table was read first")


def test_numbers_with_a_decimal_comma_are_numbers(tmp_path):
    sleep = me.datasets.sleepstudy()
    path = tmp_path / "schlaf.csv"
    sleep.to_csv(path, index=False, sep=";", decimal=",")
    formula = "Reaction ~ Days + (Days | Subject)"
    assert "251,4" not in path.read_text().splitlines()[0]
    assert run("fit", path, formula).stdout.rstrip("\n") == str(me.lmm(formula, sleep))
    named = {}
    exec(reading_code(str(path)), named)
    assert named["data"]["Reaction"].tolist() == pytest.approx(sleep["Reaction"].tolist())
    # a list in a cell is no number, and a point in another column settles it
    path.write_text("y;x;g\n1,5;2.5;a\n2,5;3.5;b\n")
    assert "y" in run("explore", path).stdout
    assert json.loads(run("explore", path, "--out", "json").stdout)["columns"][0]["kind"] == "text"


def test_a_first_line_of_values_is_pointed_out(tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("a,0,3.5\na,1,4.5\nb,0,2.5\nb,1,3.0\n")
    done = run("fit", path, "y ~ x + (1 | g)")
    assert done.exit_code == 2
    assert "first line of" in done.stderr and "a, 0, 3.5" in done.stderr
    # names that are years are names
    path.write_text("id,2010,2011\na,1,2\nb,2,3\n")
    assert "first line" not in run("explore", path).stderr


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "latin.csv").write_text("ä,b\n1,2\n", encoding="latin-1")
    done = run("explore", tmp_path / "latin.csv")
    assert done.exit_code == 2 and "save it again as UTF-8" in done.stderr
    done = run("explore", tmp_path)
    assert done.exit_code == 2 and "is a folder" in done.stderr
    (tmp_path / "head.csv").write_text("a,b\n")
    done = run("explore", tmp_path / "head.csv")
    assert done.exit_code == 2 and "no rows" in done.stderr


def test_names_of_any_script_go_through(tmp_path):
    table = me.datasets.sleepstudy().rename(columns={"Reaction": "反应", "Subject": "человек 🙂"})
    path = tmp_path / "данные.csv"
    table.to_csv(path, index=False)
    out = tmp_path / "words.txt"
    done = run("interpret", path, "反应 ~ Days + (1 | `человек 🙂`)", "-o", out)
    assert done.exit_code == 0
    assert "levels of человек 🙂" in " ".join(out.read_text().split())


@pytest.mark.parametrize(
    "command",
    ["explore", "fit", "diagnose", "interpret", "report", "explain", "anova", "compare", "predict"],
)
def test_help_has_an_example_and_names_its_arguments(command):
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "100"})
    text = " ".join(done.stdout.split())
    assert f"Example: mixedeffects {command} trial.csv" in text and "DATA" in text
    assert command == "explore" or "FORMULA" in text
