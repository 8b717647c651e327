"""Docstrings describe their parameters, and their examples can be pasted as they stand."""

from __future__ import annotations

import ast
import builtins
import doctest
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src"
EXAMPLES = sorted(p for p in SOURCES.rglob("*.py") if ">>> " in p.read_text())


def examples(tree):
    """Name and code of each docstring with examples."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            found = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
            if found:
                code = "".join(example.source for example in found)
                yield getattr(node, "name", "the module"), ast.parse(code)


def bound(tree):
    """Names that code binds, wherever."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def defined(tree):
    """Names that a module defines itself; what it only imports is not its own."""
    own = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    return set().union(*(bound(ast.Module([n], [])) for n in own))


def missing(source):
    """Per docstring of a module the names that its example has from nowhere."""
    tree = ast.parse(source)
    known = defined(tree) | set(dir(builtins)) | {"_"}
    found = {}
    for name, code in examples(tree):
        used = {n.id for n in ast.walk(code) if isinstance(n, ast.Name)}
        if unknown := used - known - bound(code):
            found[name] = sorted(unknown)
    return found


def test_examples_name_what_they_import():
    found = {str(path.relative_to(ROOT)): missing(path.read_text()) for path in EXAMPLES}
    assert len(EXAMPLES) > 200
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (">>> np.ones(2)", {"f": ["np"]}),
        (">>> import numpy as np\n    >>> np.ones(2)", {}),
        (">>> from numpy import ones as np\n    >>> np(2)", {}),
        (">>> f(CONSTANT)", {}),
        (">>> sum(k for k in range(3))", {}),
        (">>> f(x)", {"f": ["x"]}),
    ],
)
def test_a_name_from_nowhere_is_found(line, expected):
    source = f'import numpy as np\nCONSTANT = 1\ndef f(a):\n    """One.\n\n    {line}\n    """\n'
    assert missing(source) == expected


def undescribed(docstring):
    """Parameters of a docstring that are named and typed, and of which no word is said."""
    lines = docstring.splitlines()
    if "Parameters" not in lines:
        return []
    silent = []
    start = lines.index("Parameters") + 2
    for line, below in zip(lines[start:], [*lines[start + 1 :], ""], strict=True):
        if set(below.strip()) == {"-"}:
            break
        if line and not line.startswith(" ") and not below.startswith(" "):
            silent.append(line)
    return silent


def test_every_parameter_that_is_named_is_described():
    silent = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found = undescribed(ast.get_docstring(node) or "")
                if found:
                    silent[f"{path.relative_to(SOURCES)}:{node.name}"] = found
    assert silent == {}


def test_a_parameter_of_which_nothing_is_said_is_found():
    said = "One.\n\nParameters\n----------\nx : int\n    Count.\ny : int\n\nReturns\n-------\nint"
    assert undescribed(said) == ["y : int"]
    assert undescribed(said.replace("y : int", "y : int\n    Size.")) == []


# One of each kind that has failed by itself: a function with its module's name, where the module
# was imported twice; a function whose name looks like a test's.
ALONE = ("inference/icc.py", "display/words/clauses.py")


@pytest.mark.parametrize("path", ALONE)
def test_a_file_of_examples_passes_alone(path):
    alone(SOURCES / "mixedeffects" / path)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(SOURCES)))
def test_every_file_of_examples_passes_alone(path):
    alone(path)


def alone(path):
    """Run the examples of one file in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
