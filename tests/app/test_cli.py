"""The command line: results on standard output, the rest on standard error, honest exit codes."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import DEMO, app
from tests import tolerances as tol

FORMULA = "Reaction ~ Days + (Days | Subject)"
CATTLE = "incidence / size ~ period + (1 | herd)"
OWLS = "SiblingNegotiation ~ FoodTreatment + (1 | Nest)"


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def sleep_csv(tmp_path, sleepstudy):
    path = tmp_path / "sleep.csv"
    sleepstudy.to_csv(path, index=False)
    return path


def test_demo_prints_the_fit_and_what_to_try_next():
    result = run("demo")
    assert result.exit_code == 0
    assert str(me.lmm(DEMO, me.datasets.sleepstudy())) in result.stdout
    assert "What to try next" in result.stdout


def test_every_command_that_the_demo_proposes_runs(tmp_path, monkeypatch):
    """In an empty folder, as printed and in that order; but for those with names to fill in."""
    monkeypatch.chdir(tmp_path)
    ran, to_fill_in = [], []
    for line in run("demo").stdout.splitlines():
        words = shlex.split(line, comments=True) if "mixedeffects " in line else []
        if words[:1] != ["mixedeffects"]:
            continue
        if any("YOUR_TABLE" in word for word in words):
            to_fill_in.append(words[1])
            assert run(words[1], "--help").exit_code == 0
            assert "put your names in place of the capitals" in run("demo").stdout
        else:
            result = run(*words[1:])
            assert result.exit_code == 0, (line, result.output)
            assert result.stdout.strip() or list(tmp_path.iterdir())
            ran.append(words[1])
    assert ran == ["interpret", "explore", "fit", "datasets", "fit", "warmup"]
    assert to_fill_in == ["explore", "fit"]


def test_fit_of_a_file_is_the_fit_of_its_table(sleep_csv, sleepstudy):
    result = run("fit", sleep_csv, FORMULA)
    assert result.exit_code == 0
    assert result.stdout.rstrip("\n") == str(me.lmm(FORMULA, sleepstudy))


def test_json_has_the_documented_keys_and_the_numbers_of_the_fit(sleep_csv, sleepstudy):
    found = json.loads(run("fit", sleep_csv, FORMULA, "--ml", "--out", "json").stdout)
    fit = me.lmm(FORMULA, sleepstudy, reml=False)
    assert set(found) == {
        "formula", "method", "version", "family", "approximation", "rows", "groups",
        "fixed_effects", "other_effects", "parameters", "df_method", "level",
        "variance_components", "icc", "sigma", "theta", "criteria", "certificate",
        "in_the_data", "dropped_columns", "notes",
    }  # fmt: skip
    assert found["in_the_data"] == [] and found["certificate"]["identified"] is True
    assert found["method"] == "ML" and found["family"] is None
    assert found["other_effects"] == {} and found["parameters"] == []
    assert found["criteria"]["loglik"] == fit.loglik
    assert {row["term"]: row["estimate"] for row in found["fixed_effects"]} == fit.fixef
    assert found["fixed_effects"][0]["df"] == pytest.approx(18.0, rel=tol.PRINTED_E4)
    assert found["df_method"] == "t (Satterthwaite)"
    assert found["variance_components"][-1]["group"] == "Residual"
    assert found["variance_components"][-1]["sdcor"] == found["sigma"] == fit.sigma
    assert found["certificate"]["converged"] is True
    assert found["groups"] == [
        {"name": "Subject", "levels": 18, "rows_min": 10, "rows_mean": 10.0, "rows_max": 10}
    ]


def test_json_reports_rows_left_out_and_columns_dropped(tmp_path, sleepstudy):
    sleepstudy.loc[:4, "Reaction"] = float("nan")
    sleepstudy["Hours"] = 24 * sleepstudy["Days"]
    path = tmp_path / "sleep.csv"
    sleepstudy.to_csv(path, index=False)
    formula = "Reaction ~ Days + Hours + (1 | Subject)"
    found = json.loads(run("fit", path, formula, "--out", "json").stdout)
    assert found["rows"] == {"given": 180, "used": 175, "missing": {"Reaction": 5}}
    assert [column["name"] for column in found["dropped_columns"]] == ["Hours"]


def test_csv_is_the_tidy_table(sleep_csv, sleepstudy):
    rows = list(csv.DictReader(io.StringIO(run("fit", sleep_csv, FORMULA, "--out", "csv").stdout)))
    tidy = me.lmm(FORMULA, sleepstudy).tidy()
    assert [row["term"] for row in rows] == tidy["term"].tolist()
    assert [float(row["estimate"]) for row in rows] == tidy["estimate"].tolist()
    assert float(rows[-1]["std_error"]) > 0 and rows[-1]["p_value"] == ""


def test_html_goes_to_a_file_without_scripts(tmp_path, sleep_csv):
    page = tmp_path / "fit.html"
    result = run("fit", sleep_csv, FORMULA, "--out", "html", "--output", page)
    assert result.exit_code == 0 and result.stdout == ""
    text = page.read_text()
    assert text.startswith("<!doctype html>") and "<script" not in text and "Subject" in text


def test_weights_change_the_fit(tmp_path, sleepstudy):
    sleepstudy["w"] = 1.0 + sleepstudy["Days"]
    path = tmp_path / "sleep.csv"
    sleepstudy.to_csv(path, index=False)
    result = json.loads(run("fit", path, FORMULA, "--weights", "w", "--out", "json").stdout)
    assert result["criteria"]["loglik"] == me.lmm(FORMULA, sleepstudy, weights="w").loglik


def test_a_family_makes_it_a_generalised_model():
    result = run("fit", "cbpp", CATTLE, "--family", "binomial")
    assert result.exit_code == 0
    assert result.stdout.rstrip("\n") == str(me.glmm(CATTLE, me.datasets.cbpp()))


def test_a_generalised_fit_of_a_file_is_the_fit_of_its_table(tmp_path):
    path = tmp_path / "owls.csv"
    assert run("datasets", "owls", "--out", path).exit_code == 0
    options = ("--family", "nbinom2", "--exposure", "BroodSize", "--zi", "~ FoodTreatment")
    found = json.loads(run("fit", path, OWLS, *options, "--out", "json").stdout)
    fit = me.glmm(
        OWLS, me.datasets.owls(), family="nbinom2", exposure="BroodSize", zi="~ FoodTreatment"
    )
    assert found["criteria"]["loglik"] == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E8)
    assert found["family"] == "zero_inflated_nbinom2 (log)" and found["method"] == "ML"
    zi = fit.test(component="zi")
    assert [row["term"] for row in found["other_effects"]["zi"]] == zi["term"].tolist()
    assert found["other_effects"]["zi"][1]["std_error"] == pytest.approx(zi["std_error"][1])
    assert found["parameters"][0]["estimate"] == pytest.approx(fit.dispersion)
    assert found["fixed_effects"][0]["df"] is None and found["certificate"]["infinite"] == []


@pytest.mark.parametrize(
    ("data", "formula", "options"),
    [
        ("cbpp", CATTLE, {"family": "binomial", "link": "probit"}),
        ("cbpp", CATTLE, {"family": "binomial", "nagq": 9}),
        ("owls", OWLS, {"family": "nbinom2", "dispersion": "~ FoodTreatment"}),
    ],
)
def test_options_of_generalised_models_arrive(data, formula, options):
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    found = json.loads(run("fit", data, formula, *words, "--out", "json").stdout)
    fit = me.glmm(formula, me.datasets.load(data), **options)
    assert found["criteria"]["loglik"] == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E8)


@pytest.mark.parametrize("out", ["csv", "html"])
def test_generalised_fits_have_the_other_formats(out):
    result = run("fit", "cbpp", CATTLE, "--family", "binomial", "--out", out)
    assert result.exit_code == 0 and "period[4]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "nowhere.csv", FORMULA), "no file 'nowhere.csv'"),
        (("fit", "sleepstudi", FORMULA), "nor a data set of that name"),
        (("fit", "sleepstudy", "Reaction ~ Dayz + (1 | Subject)"), "did you mean 'Days'?"),
        (("fit", "sleepstudy", "Reaction ~ Days"), "no random effects"),
        (("fit", "sleepstudy", FORMULA, "--optimizer", "bobyqa"), "is not one of newton"),
        (("fit", "sleepstudy", FORMULA, "--weights", "w"), "no column 'w'"),
        (("fit", "cbpp", CATTLE, "--family", "binomal"), "did you mean 'binomial'?"),
        (("fit", "cbpp", CATTLE, "--family", "binomial", "--link", "log2"), "log2"),
        (("fit", "cbpp", CATTLE, "--family", "binomial", "--nagq", "-1"), "from 0 to 1,000"),
        (("fit", "sleepstudy", FORMULA, "--nagq", "9", "--link", "log"), "give --family as well"),
        (("fit", "owls", OWLS, "--family", "poisson", "--exposure", "Brood"), "no column 'Brood'"),
        (("datasets", "sleepstudi"), "did you mean 'sleepstudy'?"),
        (("datasets", "sleepstudy", "--out", "sleep.xlsx"), "cannot tell what kind of table"),
        (("datasets", "--out", "sleep.csv"), "which data set?"),
        (("fit", "sleepstudy", FORMULA, "--out", "pdf"), "pdf"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_the_caret_of_a_formula_error_stays_under_its_word():
    lines = run("fit", "sleepstudy", "Reaction ~ Dayz + (1 | Subject)").stderr.splitlines()
    shown, caret = lines[1], lines[2]
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "Dayz"


def test_a_fit_without_certificate_is_shown_with_a_warning_and_exit_code_3():
    limits = ("--optimizer", "Nelder-Mead", "--max-iterations", "3")
    result = run("fit", "sleepstudy", FORMULA, *limits)
    assert result.exit_code == 3
    assert "NOT CONVERGED" in result.stdout
    assert "did not converge" in result.stderr


def test_explain_fits_nothing():
    result = run("explain", "sleepstudy", FORMULA)
    assert result.exit_code == 0
    assert result.stdout.rstrip("\n") == str(me.explain(FORMULA, me.datasets.sleepstudy()))


def test_datasets_lists_them_all():
    result = run("datasets")
    assert result.exit_code == 0
    for name in me.datasets.names():
        assert name in result.stdout


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "parquet"])
def test_a_data_set_survives_the_way_through_a_file(tmp_path, ending):
    path = tmp_path / f"sleep.{ending}"
    assert run("datasets", "sleepstudy", "--out", path).exit_code == 0
    assert run("fit", path, FORMULA).stdout == run("fit", "sleepstudy", FORMULA).stdout


def test_version():
    assert run("--version").stdout == f"mixedeffects {me.__version__}\n"


def test_piped_output_is_plain_text_from_a_real_process(sleep_csv):
    command = [sys.executable, "-m", "mixedeffects.app.cli", "fit", str(sleep_csv)]
    done = subprocess.run([*command, FORMULA], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and done.stderr == ""
    failed = subprocess.run([*command, "y ~ x"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "\x1b" not in failed.stderr and failed.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    "command", ["fit", "diagnose", "interpret", "report", "anova", "compare", "predict"]
)
def test_commands_that_fit_have_the_options_of_a_model(command):
    from mixedeffects.app.modelling import OFFERED

    own = {option.name for option in typer.main.get_command(app).commands[command].params}
    without = {"remedy"} if command == "diagnose" else set()
    assert {option.flag or option.name for option in OFFERED} - own == without
    assert own & {"data", "formula"} == {"data", "formula"}


def test_the_package_runs_as_a_module():
    import subprocess
    import sys

    said = subprocess.run(
        [sys.executable, "-m", "mixedeffects", "--version"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert said.stdout.startswith("mixedeffects ")
