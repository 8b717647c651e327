"""What the README says and shows is so: its blocks run, and print what stands below them."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mixedeffects as me
from mixedeffects.app.cli import app
from tests.golden.lmm.frames import golden_models

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text):
    """Language and text of each fenced block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def lines_of(text, kind):
    """Lines of the blocks of one language."""
    return [line for found, block in blocks(text) if found == kind for line in block.split("\n")]


def commands(text):
    """Words of every command of a page: lines of its console blocks, and quoted in sentences."""
    lines = lines_of(text, "console")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`(mixedeffects [^`]+)`", prose)
    # descriptions stand in a column of their own
    found = [shlex.split(re.split(r"\s\s+", line)[0], comments=True) for line in lines]
    return [
        [*takewhile(lambda word: word != "|", words)][1:]
        for words in found
        if words[:1] == ["mixedeffects"]
    ]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The README's Python, statement by statement: source, comment, value, what it printed."""
    found, names = [], {}
    folder = tmp_path_factory.mktemp("readme")
    with contextlib.chdir(folder):
        for kind, block in blocks(README):
            if kind == "text":
                found.append((None, block, None, None))
            if kind == "python":
                found += [said_by(block, node, names) for node in ast.parse(block).body]
    return found, folder


def said_by(block, node, names):
    """Run one statement."""
    source = ast.get_source_segment(block, node)
    comment = block.split("\n")[node.end_lineno - 1].partition("  # ")[2]
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        if isinstance(node, ast.Expr):
            value = eval(source, names)
        else:
            exec(source, names)
    return source, comment, value, printed.getvalue()


def test_the_readme_runs_and_writes_the_files_it_names(said):
    found, folder = said
    assert len([source for source, *_ in found if source]) > 20
    for name in ("sleep.npz", "check.png", "sleep.html"):
        assert (folder / name).stat().st_size > 1000


def test_what_the_readme_shows_is_what_is_printed(said):
    found, _ = said
    shown = [i for i, (source, *_) in enumerate(found) if source is None]
    assert shown
    for i in shown:
        assert found[i][1] == found[i - 1][3]


def test_numbers_and_sentences_in_comments_are_what_comes_out(said):
    checked = 0
    for _, comment, value, printed in said[0]:
        if number := re.match(r"-?\d+(?:\.(\d+))?(?=[: ])", comment):
            assert f"{value:.{len(number[1] or '')}f}" == number[0]
            checked += 1
        elif quote := re.match(r'"(.+?)(?: …)?"', comment):
            assert quote[1] in " ".join(printed.split())
            checked += 1
    assert checked == 2


COMMANDS = [(page.stem, words) for page in PAGES for words in commands(page.read_text())]


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=[f"{page} {' '.join(words[:2])}" for page, words in COMMANDS]
)
def test_a_command_in_a_page_is_a_command(page, words, tmp_path, monkeypatch):
    """Those with data run; where the words are placeholders, command and options must exist."""
    monkeypatch.chdir(tmp_path)
    me.datasets.flipped_classrooms().to_csv("data.csv", index=False)
    me.datasets.pain_trial().to_csv("trial.csv", index=False)
    if words == ["warmup"] or any(word.isupper() for word in words):
        told = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200"})
        assert all(word in told.stdout for word in words if word.startswith("-"))
    else:
        told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output


def test_the_page_of_the_command_line_lists_every_option():
    from typer.main import get_command

    page = (ROOT / "docs/guide/command_line.md").read_text()
    options = {
        option
        for command in get_command(app).commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--") and option != "--help"
    }
    assert options - set(re.findall(r"(?<!-)--[a-z][a-z-]*", page)) == set()
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]*", page)) - options == {"--version"}


def test_targets_extras_and_files_that_pages_name_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for page in PAGES:
        text = page.read_text()
        lines = lines_of(text, "console")
        named = {line.split()[1] for line in lines if line.startswith("make ")}
        named |= set(re.findall(r"`make ([a-z-]+)", text))
        assert named <= targets
        assert set(re.findall(r"-e '\.\[(\w+)\]'", text)) <= set(extras["optional-dependencies"])
    for link in re.findall(r"\]\((\w[\w./]*)\)", README):
        assert (ROOT / link).exists()


def test_numbers_of_models_are_those_of_the_golden_files():
    assert f"held to {len(golden_models())} models" in README


def test_the_first_page_of_the_documentation_runs():
    code = "\n".join(lines_of((ROOT / "docs/index.md").read_text(), "python"))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Linear mixed model fit by REML")
