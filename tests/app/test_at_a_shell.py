"""What people type at a shell is understood, and what they read can be typed there."""

from __future__ import annotations

import csv
import io
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.advice import at_a_shell
from mixedeffects.app.cli import app
from mixedeffects.app.tables import read_plain, read_table, reading_code
from mixedeffects.app.text_files import UTF16

FORMULA = "score ~ age + (1 | patient)"


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


@pytest.fixture
def visits(tmp_path, monkeypatch):
    """Patients whose ids begin with zeros, and numbers as people write them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(1, 13), 6)
    age = rng.normal(50, 8, 72)
    score = 5 + 0.4 * age + rng.normal(0, 3, 13)[patient] + rng.normal(0, 2, 72)
    rows = zip(patient, age, score, strict=True)
    lines = [f"{p:03d},{a:.2f},{y:.1f},{'TRUE' if y > 25 else 'FALSE'}" for p, a, y in rows]
    path = tmp_path / "visits.csv"
    path.write_text("patient,age,score,well\n" + "\n".join(lines) + "\n")
    return path


# ---- what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "ending", "begins"),
    [
        ("fit", "json", "{"), ("fit", "html", "<!doctype html>"), ("fit", "csv", "effect,group"),
        ("fit", "txt", "Linear mixed model"), ("fit", "out", "Linear mixed model"),
        ("anova", "csv", "term,"), ("anova", "json", "["), ("compare", "csv", "model,"),
        ("diagnose", "json", "{"), ("diagnose", "htm", "<!doctype"), ("explore", "json", "{"),
        ("explore", "html", "<!doctype"), ("interpret", "md", "#"), ("interpret", "txt", "Model"),
        ("predict", "csv", "patient,age"), ("predict", "tsv", "patient\tage"),
    ],
)  # fmt: skip
def test_a_file_holds_what_its_name_says(visits, command, ending, begins):
    formulas = [] if command == "explore" else [FORMULA]
    if command == "compare":
        formulas.append("score ~ 1 + (1 | patient)")
    path = visits.parent / f"written.{ending}"
    done = run(command, visits, *formulas, "-o", path)
    assert done.exit_code == 0, done.output
    assert path.read_text().lstrip().startswith(begins)


def test_what_is_asked_for_goes_before_the_name_of_the_file(visits):
    assert run("fit", visits, FORMULA, "--out", "csv", "-o", "a.json").exit_code == 0
    assert (visits.parent / "a.json").read_text().startswith("effect,")


@pytest.mark.parametrize(
    ("command", "name"),
    [("anova", "a.html"), ("explore", "a.csv"), ("fit", "a.docx"), ("fit", "a.xlsx"),
     ("interpret", "a.html"), ("predict", "a.json"), ("diagnose", "a.pdf")],
)  # fmt: skip
def test_a_name_of_another_kind_of_file_is_refused_before_any_work(visits, command, name):
    done = run(command, visits, *[FORMULA] * (command != "explore"), "-o", name)
    assert done.exit_code == 2 and "this command writes" in done.stderr
    assert not (visits.parent / name).exists()


def test_predictions_come_beside_cells_as_they_were_written(visits):
    done = run("predict", visits, FORMULA)
    rows = list(csv.reader(io.StringIO(done.stdout)))
    written = list(csv.reader(visits.open()))
    assert [row[:4] for row in rows] == written and rows[0][4] == "prediction"
    found = run("predict", visits, FORMULA, "--interval", "confidence", "-o", "p.parquet")
    assert found.exit_code == 0
    table = pd.read_parquet("p.parquet")
    fit = me.lmm(FORMULA, pd.read_csv(visits))
    np.testing.assert_allclose(table["prediction"], fit.predict())
    assert table["patient"].tolist() == [row[0] for row in written[1:]]


# ---- what is read ------------------------------------------------------------------------------


def test_a_table_comes_through_a_pipe(visits):
    done = run("predict", "-", FORMULA, stdin=visits.read_text())
    assert done.exit_code == 0 and done.stdout.count("\n") == 73
    command = [sys.executable, "-m", "mixedeffects", "fit", "-", FORMULA, "--out", "csv"]
    piped = subprocess.run(command, input=visits.read_bytes(), capture_output=True, timeout=120)
    assert piped.stdout.decode() == run("fit", visits, FORMULA, "--out", "csv").stdout


def test_marks_of_missing_values_can_be_named(visits):
    text = visits.read_text().replace("001,", "001,.,", 1).split("\n")
    text[1] = "001,.,20.5,TRUE"
    text[8] = "002,-99,20.5,TRUE"
    visits.write_text("\n".join(text))
    left = me.lmm(FORMULA, pd.read_csv(visits, na_values=[".", "-99"]))
    done = run("fit", visits, FORMULA, "--na", ".", "--na", "-99")
    assert done.exit_code == 0 and "70 rows" in done.stdout
    assert done.stdout.rstrip("\n") == str(left)
    assert "age      covariate  number " in run("explore", visits, "--na", ".").stdout
    named: dict = {}
    exec(reading_code(str(visits), (".", "-99")), named)
    assert named["data"]["age"].isna().sum() == 2


@pytest.mark.parametrize("mark", ["n/a", "#N/A", "<NA>", "NA", ""])
def test_marks_that_are_missing_values_everywhere(tmp_path, mark):
    path = tmp_path / "a.csv"
    path.write_text(f"x,g\n1.5,a\n{mark},b\n2.5,c\n")
    for table in (read_table(path), read_plain(path)):
        np.testing.assert_array_equal(np.asarray(table["x"], dtype=float), [1.5, np.nan, 2.5])


@pytest.mark.parametrize("library", [None, "pandas", "polars", "pyarrow"])
def test_two_columns_of_one_name_are_refused(tmp_path, monkeypatch, library):
    """One library renames the second, another keeps the second alone."""
    path = tmp_path / "twice.csv"
    path.write_text("y,x,y\n1,2,3\n2,2,4\n")
    monkeypatch.setattr("mixedeffects.app.tables.find_spec", lambda name: name == library)
    with pytest.raises(me.DataError, match="2 columns 'y'"):
        read_table(path)
    path.write_text(",x,\n1,2,3\n2,2,4\n")  # columns without a name are none of the formula's
    assert read_table(path) is not None


@pytest.mark.parametrize("library", [None, "pandas", "polars", "pyarrow"])
def test_unicode_text_of_spreadsheets_is_read(tmp_path, monkeypatch, library):
    path = tmp_path / "sheet.txt"
    path.write_text("größe\tg\n1,5\ta\n2,5\tb\n", encoding="utf-16")
    assert path.read_bytes()[:2] in UTF16
    monkeypatch.setattr("mixedeffects.app.tables.find_spec", lambda name: name == library)
    table = read_table(path)
    np.testing.assert_array_equal(np.asarray(table["größe"], dtype=float), [1.5, 2.5])
    named: dict = {}
    exec(reading_code(str(path)), named)
    assert named["data"]["größe"].tolist() == [1.5, 2.5]


# ---- what is meant -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "visit.csv", FORMULA], "did you mean 'visits.csv'?"),
        (["fit", "sleepstudi", FORMULA], "did you mean 'sleepstudy'?"),
        (["fit", "visits", FORMULA], "did you mean 'visits.csv'?"),
        (["fit", "nowhere/visits.csv", FORMULA], "there is no folder 'nowhere'"),
        (["fit", FORMULA, "visits.csv"], "the table comes first"),
        (["fit", "https://example.org/a.csv", FORMULA], "download it first"),
        (["fit", "visits.csv", "score", "~", "age", "+", "(1 | patient)"], "quotes"),
        (["fit", "visits.csv", FORMULA, "--level", "95"], "0.95 for 95%"),
        (["fit", "visits.csv", FORMULA, "--level", "1"], "does not lie between 0 and 1"),
        (["anova", "visits.csv", FORMULA, "--type", "IV"], "is not one of 1, 2, 3"),
        (["predict", "visits.csv", FORMULA, "--new", "new.csv"], "--new-levels population"),
        (["fit", "visits.csv", FORMULA, "--family", "poisson"], "--exposure"),
        (["fit", "visits.csv", "well ~ age + (1 | patient)", "--family", "binomial",
          "--ddf", "kr"], "--ddf wald"),
        (["compare", "visits.csv", FORMULA], "two or more formulas"),
        (["fit", "visits.csv", FORMULA, "--out", "xml"], "'--out': 'xml' is not one of 'text'"),
        (["explore", "visits.csv", "--outcome", "scor"], "--outcome scor is not a column"),
        (["fit", "visits.csv", FORMULA, "--family", "binomial"], "such as --family gamma"),
        (["report", "visits.csv", FORMULA, "-o", "a.pdf"], "prints a page as PDF: 'a.html'"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_answered_in_words_of_a_shell(visits, words, said):
    (visits.parent / "new.csv").write_text("patient,age\n099,40\n")
    done = run(*words)
    assert done.exit_code == 2, done.output
    shown = " ".join(done.stderr.replace("│", " ").split())
    assert said in shown, shown


def test_habits_of_other_programs_work(visits):
    same = run("fit", visits, FORMULA).stdout
    assert run("fit", visits, FORMULA, "--reml").stdout == same
    assert run("fit", visits, FORMULA, "--ml").stdout != same
    assert run("anova", visits, FORMULA, "--type", "III").stdout == run(
        "anova", visits, FORMULA).stdout  # fmt: skip


def test_models_that_are_proposed_run_as_they_are_printed(visits):
    shown = run("explore", visits, "--outcome", "well").stdout
    assert "me.lmm" not in shown and "me.glmm" not in shown
    proposed = [line.strip() for line in shown.splitlines() if "mixedeffects fit" in line]
    assert proposed and all("--family binomial" in line for line in proposed)
    for line in proposed:
        assert run(*shlex.split(line)[1:]).exit_code in (0, 3), line


def test_names_with_spaces_are_proposed_so_that_a_shell_leaves_them_alone(visits):
    visits.write_text(visits.read_text().replace("age,score", "Age (years),score", 1))
    shown = run("explore", visits).stdout
    lines = [line for line in shown.splitlines() if "mixedeffects fit" in line]
    assert lines and all("'score ~ " in line and "`Age (years)`" in line for line in lines)
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {lines[0]}"], capture_output=True)
    assert words.stdout.decode().splitlines() == shlex.split(lines[0])


def test_a_note_on_a_linear_model_names_an_option_of_the_command(visits):
    shown = run("fit", visits, "well ~ age + (1 | patient)").stdout
    assert "--family binomial fits the probability" in shown
    assert 'glmm(…, family="binomial")' in str(
        me.lmm("well ~ age + (1 | patient)", pd.read_csv(visits))
    )


@pytest.mark.parametrize(
    "python",
    ['fit.confint(method="profile")', "me.ols(formula, data)", "the sd= of it", "y = x * level",
     'fit.emmeans("arm", level=0.9)', "me.reshape_long(data, id='a')"],
)  # fmt: skip
def test_python_without_a_command_stays_python(python):
    assert at_a_shell(python) == python


@pytest.mark.parametrize("command", ["predict", "compare", "fit", "datasets", "explore"])
def test_help_texts_break_between_words(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = run(command, "--help").stdout
    cells = [[c.strip() for c in line.strip("│ ").split("  ")] for line in shown.splitlines()]
    words = {word for line in cells for cell in line for word in cell.split()}
    assert not words & {"n>", ">", "predictio", "<str>", "<path>"} - {"<str>"}
    # no line of a paragraph ends early because the source breaks there
    assert "whose fixed effects differ are\n compared" not in shown


def test_a_report_names_all_that_it_lacks_at_once_before_any_work(visits, monkeypatch):
    monkeypatch.setattr("mixedeffects.app.cli.fit_of", lambda asked: pytest.fail("fitted"))
    for name in ("altair", "vl_convert", "docx"):
        monkeypatch.setitem(sys.modules, name, None)
    done = run("report", visits, FORMULA, "-o", "a.docx")
    assert done.exit_code == 2
    assert "altair, vl-convert-python and python-docx, which are not installed" in done.stderr
    assert "pip install 'mixedeffects[report]'" in done.stderr
    assert "--charts none and a name that ends in .md need none of them" in done.stderr


CELLS = {
    "date": ["2024-01-01", "2024-01-08", "2024-02-01"],
    "time": ["10:00", "11:30", ""],
    "stamp": ["2024-01-01 10:00", "2024-01-08 11:30", "2024-02-01 09:15"],
    "yes": ["TRUE", "FALSE", "TRUE"], "perhaps": ["True", "", "False"], "word": ["a", "", "TRUE"],
    "id": ["007", "008", "010"], "spaced": [" 1.5", "2.5 ", ""], "whole": [" 1", "2", "3"],
    "plus": ["+1", "2", "3"], "power": ["1e3", "2E-2", "5"], "share": ["5%", "6%", "7%"],
    "marked": ["-", "1", "2"], "none": ["None", "a", "b"], "empty": ["", "NA", ""],
    "thousands": ["1_000", "2_000", "3"],
}  # fmt: skip


def test_a_file_is_the_same_table_whatever_library_reads_it(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    rows = [CELLS, *zip(*CELLS.values(), strict=True)]
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    found = {}
    for library in (None, "pandas", "polars", "pyarrow"):
        monkeypatch.setattr(
            "mixedeffects.app.tables.find_spec", lambda name, library=library: name == library
        )
        table = read_table(path)
        columns = {name: np.asarray(table[name], dtype=object).tolist() for name in CELLS}
        found[library] = {
            name: [None if v is None or v != v else v for v in values]
            for name, values in columns.items()
        }
    assert found["polars"] == found["pyarrow"] == found[None] == found["pandas"]
    assert found["pandas"]["date"] == CELLS["date"] and found["pandas"]["whole"] == [1, 2, 3]
