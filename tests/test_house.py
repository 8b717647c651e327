"""The house is kept: files import no circle, and what users call is all there."""

from __future__ import annotations

import ast
import inspect
import json
import re
from importlib import import_module
from pathlib import Path

import grimp
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

import mixedeffects as me

PUBLIC = Path(__file__).with_name("public_names.json")
REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
SOURCES = Path(__file__).parents[1] / "src" / "mixedeffects"


def test_no_circle_of_files():
    """Imports inside functions count: they run too."""
    graph = grimp.build_graph("mixedeffects", exclude_type_checking_imports=True)
    files = sorted(graph.modules)
    place = {name: i for i, name in enumerate(files)}
    arrows = [
        (place[name], place[other])
        for name in files
        for other in graph.find_modules_directly_imported_by(name)
    ]
    rows, columns = np.array(arrows).T
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(files),) * 2)
    _, circle_of = connected_components(matrix, directed=True, connection="strong")
    circles = [
        [files[i] for i in np.flatnonzero(circle_of == k)]
        for k in np.flatnonzero(np.bincount(circle_of) > 1)
    ]
    assert circles == []


def test_a_class_name_means_one_thing():
    """Two classes of one name are told apart by their file only, which a reader does not see."""
    homes: dict[str, list[str]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(str(path.relative_to(SOURCES)))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_inference_asks_the_fit_and_not_the_engine():
    """What it needs has a name at the fit, so that a fit may come from elsewhere."""
    files = sorted((SOURCES / "inference").rglob("*.py"))
    assert [p.name for p in files if "evaluation.objective" in p.read_text()] == []


def test_no_room_is_where_everything_goes():
    """At most a quarter of the lines: a larger room is several."""
    lines: dict[str, int] = {}
    for path in SOURCES.rglob("*.py"):
        room = path.relative_to(SOURCES).parts[0]
        lines[room] = lines.get(room, 0) + len(path.read_text().splitlines())
    largest = max(lines, key=lambda room: lines[room])
    assert lines[largest] <= sum(lines.values()) / 4, (largest, lines[largest])


def test_only_the_covariance_room_knows_which_structure_it_has():
    """A structure that is registered later is fitted by the files that are there."""
    constant, unit = Path("formula/functions.py"), Path("design/readers.py")
    asking = [
        path.relative_to(SOURCES)
        for path in sorted(SOURCES.rglob("*.py"))
        if "covariance" not in path.parts and '"us"' in path.read_text()
    ]
    assert set(asking) == {constant, unit}, "the default's name, and microseconds, and no more"


def test_a_linear_model_is_asked_as_a_generalised_one():
    """What differs has a name at the fit; questions about which model it is stay few."""
    assert not (SOURCES / "inference" / "generalised").exists()
    asked = [
        f"{path.relative_to(SOURCES)}:{node.lineno}"
        for path in sorted(SOURCES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "linear"
    ]
    assert len(asked) <= 8, asked


def test_public_names_and_signatures_are_those_that_are_written_down():
    """A name that comes is added to the list on purpose; one that goes is missed by somebody."""
    assert public_names() == json.loads(PUBLIC.read_text())


def test_what_the_reference_lists_is_there():
    """A name that has gone would be found by the build of the pages only."""
    home, listed, missing = "", set(), []
    for page in sorted(REFERENCE.glob("*.md")):
        for line in page.read_text().splitlines():
            found = re.match(r"\.\. (currentmodule|auto\w+|py:property):: ([\w.]+)", line)
            if found is None:
                continue
            kind, name = found.groups()
            if kind == "currentmodule":
                home = name
                continue
            whole = name if "." in name else f"{home}.{name}"
            listed.add(whole)
            if not is_there(whole):
                missing.append(name)
    assert len(listed) > 100 and missing == []
    functions = {
        f"mixedeffects.{name}" for name in me.__all__ if inspect.isfunction(getattr(me, name))
    }
    assert functions - listed == set()


def is_there(name):
    """Whether a dotted name is a module, or an attribute of one or of a class in it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            fields = getattr(thing, "__dataclass_fields__", {})
            if part in fields:
                return True
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


def public_names():
    """Every name of the package and of its two models, with its signature."""
    out = {}
    for name in sorted(me.__all__):
        thing = getattr(me, name)
        if inspect.isclass(thing):
            out[name] = "class"
        elif inspect.ismodule(thing):
            out[name] = "module: " + " ".join(sorted(getattr(thing, "__all__", [])))
        else:
            out[name] = signature(thing) if callable(thing) else type(thing).__name__
    for model in (me.LMM, me.GLMM):
        fields = model.__dataclass_fields__
        for name in sorted({*dir(model), *fields}):
            if not name.startswith("_"):
                out[f"{model.__name__}.{name}"] = described(model, name)
    return out


def described(model, name):
    """ "property", "attribute" or the signature of a method, without the fit."""
    raw = inspect.getattr_static(model, name, None)
    if isinstance(raw, property) or type(raw).__name__ == "cached_property":
        return "property"
    method = getattr(model, name, None)
    if not callable(method):
        return "attribute"
    return signature(method, first=int(not isinstance(raw, classmethod)))


def signature(function, first=0):
    """Parameters and defaults, without annotations."""
    parameters = list(inspect.signature(function).parameters.values())[first:]
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return "(" + ", ".join(map(str, bare)) + ")"


if __name__ == "__main__":  # python -m tests.test_house writes the list anew
    PUBLIC.write_text(json.dumps(public_names(), indent=1, sort_keys=True) + "\n")
