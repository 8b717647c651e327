"""What a user meets before the first fit: the version, the import, the commands in the README."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each of these costs more to import than the package may take in all; a fit loads what it needs.
HEAVY = ("numba", "pandas", "polars", "pyarrow", "scipy", "formulaic", "altair", "typer")

# Generous on purpose: about ten times what it takes, so that a busy machine does not fail it,
# while importing any of the heavy packages by accident does.
IMPORT_SECONDS = 0.5


def _python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_import_loads_nothing_heavy():
    loaded = json.loads(
        _python("import mixedeffects, sys, json; print(json.dumps(sorted(sys.modules)))")
    )
    assert not [name for name in HEAVY if name in loaded]


def test_import_is_quick():
    code = (
        "from time import perf_counter as now; start = now(); import mixedeffects; "
        "print(now() - start)"
    )
    assert min(float(_python(code)) for _ in range(3)) < IMPORT_SECONDS


def test_version_is_the_installed_one():
    import mixedeffects

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert mixedeffects.__version__ == metadata.version("mixedeffects") == project["version"]


def test_runtime_dependencies_are_the_agreed_ones():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert names == {"numpy", "scipy", "numba", "narwhals", "typer", "rich"}


def test_unknown_attribute_is_an_attribute_error():
    import mixedeffects

    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = mixedeffects.no_such_thing


def test_every_name_at_the_door_leads_somewhere():
    import mixedeffects

    assert {"lmm", "LMM", "datasets", "MixedEffectsError"} <= set(mixedeffects.__all__)
    for name in mixedeffects.__all__:
        assert getattr(mixedeffects, name) is not None
        assert name in dir(mixedeffects)


def test_command_is_installed():
    scripts = metadata.entry_points(group="console_scripts")
    assert scripts["mixedeffects"].value == "mixedeffects.app.cli:main"


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_readme_opens_with_the_commands(command):
    opening = (ROOT / "README.md").read_text().splitlines()[:10]
    assert any(line.startswith(command) for line in opening)


@pytest.mark.parametrize(
    "marker",
    ["bench:start", "bench:end", "bench-generalised:start", "bench-generalised:end"],
)
def test_readme_has_the_place_for_the_benchmark_table(marker):
    assert (ROOT / "README.md").read_text().count(f"<!-- {marker} -->") == 1


def test_every_folder_of_tests_is_a_package():
    """Files of one name in two folders would be taken for one module."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    folders = {folder for folder in folders if folder.name != "make"}  # run by hand
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_package_is_typed():
    import mixedeffects

    assert (Path(mixedeffects.__file__).parent / "py.typed").exists()
