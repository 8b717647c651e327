"""`mixedeffects report` and `mixedeffects interpret` share the options of `fit`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app

run = CliRunner()
SLEEP = ("sleepstudy", "Reaction ~ Days + (Days | Subject)")


def test_interpret_prints_the_sentences_of_the_fit():
    done = run.invoke(app, ["interpret", *SLEEP, "--ml", "--level", "0.9"])
    fit = me.lmm(SLEEP[1], me.datasets.sleepstudy(), reml=False)
    assert done.exit_code == 0
    assert done.stdout == f"{fit.interpret(level=0.9)}\n"


def test_interpret_takes_the_options_of_generalised_models():
    arguments = ["cbpp", "incidence / size ~ period + (1 | herd)", "--family", "binomial"]
    done = run.invoke(app, ["interpret", *arguments, "--nagq", "5", "--markdown"])
    assert done.exit_code == 0
    assert "quadrature, 5 points" in done.stdout and done.stdout.startswith("### Model")


@pytest.mark.parametrize("suffix", ["html", "md", "docx"])
def test_report_writes_the_file(suffix, tmp_path):
    path = tmp_path / f"sleep.{suffix}"
    done = run.invoke(
        app, ["report", *SLEEP, "-o", str(path), "--charts", "none", "--title", "Sleep"]
    )
    assert done.exit_code == 0 and path.exists()
    assert "written to" in done.stderr and done.stdout == ""


def test_report_has_the_code_that_reads_the_same_table(tmp_path):
    data = tmp_path / "sleep.csv"
    me.datasets.sleepstudy().to_csv(data, index=False)
    path = tmp_path / "sleep.md"
    done = run.invoke(app, ["report", str(data), SLEEP[1], "-o", str(path), "--charts", "none"])
    assert done.exit_code == 0
    code = path.read_text().partition("```python")[2].partition("```")[0]
    named = {}
    exec(code.replace("print(fit.summary())", ""), named)
    assert named["fit"].loglik == me.lmm(SLEEP[1], me.datasets.sleepstudy()).loglik
    done = run.invoke(app, ["report", *SLEEP, "-o", str(path), "--charts", "none"])
    assert "data = me.datasets.load('sleepstudy')" in path.read_text()


def test_wrong_requests_end_with_a_message(tmp_path):
    done = run.invoke(app, ["report", *SLEEP, "-o", str(tmp_path / "a.txt")])
    assert done.exit_code == 2 and "must end in one of .html, .md, .docx" in done.stderr
    done = run.invoke(
        app, ["report", *SLEEP, "-o", str(tmp_path / "a.html"), "--charts", "qq,forest"]
    )
    assert done.exit_code == 2 and "--charts forest is not" in done.stderr
    assert run.invoke(app, ["report", *SLEEP]).exit_code == 2
    done = run.invoke(app, ["interpret", *SLEEP, "--zi", "~ 1"])
    assert done.exit_code == 2 and "give --family as well" in done.stderr


def test_a_fit_that_is_not_certified_ends_with_status_3():
    arguments = ["interpret", *SLEEP, "--optimizer", "Nelder-Mead", "--max-iterations", "3"]
    done = run.invoke(app, arguments)
    assert done.exit_code == 3 and "not certified" in " ".join(done.stdout.split())
