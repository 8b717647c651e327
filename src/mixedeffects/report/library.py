"""Packages that only a report needs, imported when one is written, named when they are missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mixedeffects.errors import MissingDependencyError

INSTALL = "pip install 'mixedeffects[report]'"
PURPOSES = {
    "markupsafe": "pages are put together by the package jinja2",
    "jinja2": "pages are put together by the package jinja2",
    "docx": "Word documents are written by the package python-docx",
    "vl_convert": "charts in a report are drawn by the packages altair and vl-convert-python",
    "altair": "charts in a report are drawn by the packages altair and vl-convert-python",
}


def needed(name: str) -> Any:
    """A module of the extra "report". Raises MissingDependencyError."""
    try:
        return import_module(name)
    except ImportError:
        message = f"{PURPOSES[name]}, which is not installed\n{INSTALL}"
        raise MissingDependencyError(message) from None


# what a report of each kind is made with: module to the name that it is installed by
PARTS = {
    ".html": {"jinja2": "Jinja2"},
    ".docx": {"docx": "python-docx"},
    ".md": {},
}
CHARTS = {"altair": "altair", "vl_convert": "vl-convert-python"}


def require(ending: str, charts: bool) -> None:
    """Refuse a report that cannot be written, all that is missing named at once.

    Parameters
    ----------
    ending : str
        Of the file's name.
    charts : bool
        Whether there are any.

    Raises
    ------
    MissingDependencyError
    """
    parts = {**(CHARTS if charts else {}), **PARTS[ending]}
    missing = [name for module, name in parts.items() if not _is_there(module)]
    if missing:
        words = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        verb = "is" if len(missing) == 1 else "are"
        hint = '\ncharts="none" and a name that ends in .md need none of them'
        raise MissingDependencyError(
            f"this report is made with {words}, which {verb} not installed\n{INSTALL}"
            + hint * (charts or ending != ".md")
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # taken out by name
        return False
