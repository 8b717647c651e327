"""What every command that fits a model promises: its options arrive, its exit status is honest."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app

FEW_ROUNDS = ("--optimizer", "Nelder-Mead", "--max-iterations", "3")
MODELS = {
    "linear": ("pain_trial", "pain_score ~ treatment * time + (1 | patient)"),
    "generalised": ("cbpp", "incidence / size ~ period + (1 | herd)", "--family", "binomial"),
}
# a second model for the command that compares
SMALLER = {
    "linear": ["pain_score ~ time + (1 | patient)"],
    "generalised": ["incidence / size ~ 1 + (1 | herd)"],
    "slopes": ["Reaction ~ Days + (1 | Subject)"],
}
MODELS["slopes"] = ("sleepstudy", "Reaction ~ Days + (Days | Subject)")
# of one parameter three steps are enough
HARDER = {"linear": "slopes"}
# command to the arguments besides the model's, and whether it writes to the file it is given
COMMANDS = {
    "fit": [(), ("--out", "json"), ("--out", "html"), ("--out", "csv")],
    "diagnose": [("--remedies", "never"), ("--remedies", "never", "--out", "json")],
    "interpret": [(), ("--markdown",)],
    "anova": [(), ("--out", "json"), ("--out", "csv")],
    "compare": [(), ("--out", "json"), ("--out", "csv")],
    "predict": [(), ("--groups", "population")],
    "report": [("--charts", "none", "--output", "{}.md"), ("--charts", "none", "-o", "{}.html")],
}
CASES = [(name, more) for name, every in COMMANDS.items() for more in every]
# beyond this a number of a text is no accident
DIGITS = 3


def options_of(command):
    return {option.name for option in typer.main.get_command(app).commands[command].params}


def run(folder, command, model, *more):
    """Exit status, and the text that was written, to the file if there is one."""
    words = [word.format(folder / "written") for word in more]
    others = SMALLER[model] if command == "compare" else []
    done = CliRunner().invoke(app, [command, *MODELS[model], *others, *words])
    files = list(folder.iterdir())
    text = files[0].read_text(encoding="utf-8") if files else done.stdout
    return done, " ".join(text.replace("−", "-").split())


def says(text, value):
    """Whether a number of at least some digits is a value, rounded as it is written."""
    for found in re.findall(r"-?\d+\.\d+", text):
        decimals = len(found.partition(".")[2])
        enough = len(found.replace("-", "").replace(".", "").lstrip("0")) >= DIGITS
        if enough and abs(float(found) - value) <= 0.5 * 10.0**-decimals * (1 + 1e-9):
            return True
    return False


def test_every_command_that_fits_is_held_to_the_contract():
    commands = typer.main.get_command(app).commands
    assert {name for name in commands if "formula" in options_of(name)} - {"explain"} == set(
        COMMANDS
    )


@pytest.mark.parametrize("model", ["linear", "generalised"])
@pytest.mark.parametrize(("command", "more"), CASES)
def test_the_status_says_whether_the_optimum_is_certified(command, more, model, tmp_path):
    done, text = run(tmp_path, command, model, *more)
    assert done.exit_code == 0, done.stderr
    assert len(text) > 50
    for file in tmp_path.iterdir():
        file.unlink()
    done, text = run(tmp_path, command, HARDER.get(model, model), *more, *FEW_ROUNDS)
    assert done.exit_code == 3, done.stderr
    assert "did not converge" in done.stderr
    assert len(text) > 50  # what was found is written all the same


@pytest.mark.parametrize(("command", "more"), CASES)
def test_what_cannot_be_done_has_status_2_and_writes_nothing(command, more, tmp_path):
    words = [word.format(tmp_path / "written") for word in more]
    for wrong in (
        ["pain_trial", "pain_score ~ nothing + (1 | patient)"],
        ["no_such_data", "y ~ x + (1 | g)"],
        ["pain_trial", "pain_score ~ time + (1 | patient)", "--family", "nothing"],
    ):
        done = CliRunner().invoke(app, [command, *wrong, *words])
        assert done.exit_code == 2 and done.stderr and not done.stdout, done.output
        assert not list(tmp_path.iterdir())


# those that tell effects on the scale on which they are read
TOLD = [case for case in CASES if case[0] in ("interpret", "report")]
INTERVALS = [(command, more) for command, more in TOLD if "level" in options_of(command)]
METHODS = [(command, more) for command, more in TOLD if "ddf" in options_of(command)]


def test_some_commands_have_a_level_and_a_method():
    assert {command for command, _ in INTERVALS} == {command for command, _ in METHODS}
    assert {command for command, _ in INTERVALS} == {"interpret", "report"}


def limits(model, **options):
    """Limits of coefficients, on the scale on which they are told."""
    data, formula, *family = MODELS[model]
    table = me.datasets.load(data)
    if model == "linear":
        return pd.DataFrame(me.lmm(formula, table).test(**options))
    fit = me.glmm(formula, table, family=family[1])
    return pd.DataFrame(fit.test(exponentiate=True, **options))


@pytest.mark.parametrize("model", ["linear", "generalised"])
@pytest.mark.parametrize(("command", "more"), INTERVALS)
def test_the_level_arrives(command, more, model, tmp_path):
    done, text = run(tmp_path, command, model, *more, "--level", "0.8")
    assert done.exit_code == 0
    assert "80%" in text
    wanted, usual = limits(model, level=0.8), limits(model)
    for row, other in zip(wanted.itertuples(), usual.itertuples(), strict=True):
        assert says(text, row.lower) and says(text, row.upper), row
        assert not (says(text, other.lower) and says(text, other.upper)), other
    assert CliRunner().invoke(app, [command, *MODELS[model], "--level", "95"]).exit_code == 2


@pytest.mark.parametrize(("command", "more"), METHODS)
@pytest.mark.parametrize(
    ("method", "name"), [("kenward-roger", "Kenward"), ("wald", "Wald"), ("CR2", "CR2")]
)
def test_the_method_arrives(command, more, method, name, tmp_path):
    done, text = run(tmp_path, command, "linear", *more, "--ddf", method)
    assert done.exit_code == 0
    assert name in text
    for row in limits("linear", ddf=method).itertuples():
        assert says(text, row.lower) and says(text, row.upper), row
    wrong = CliRunner().invoke(
        app, [command, *MODELS["linear"], "-o", str(tmp_path / "b.md"), "--ddf", "nothing"]
    )
    assert wrong.exit_code == 2 and "nothing" in wrong.stderr


def test_the_budget_arrives(tmp_path):
    done, text = run(tmp_path, "diagnose", "slopes", *FEW_ROUNDS, "--budget", "1e-9")
    assert done.exit_code == 3 and "longer than the budget of 1e-09 s" in text
