"""Packages that only a report needs, imported when one is written, named when they are missing."""

from __future__ import annotations

from importlib import import_module
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
