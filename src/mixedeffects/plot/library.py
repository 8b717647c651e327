"""Altair and vl-convert, imported when a chart is drawn, named when they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mixedeffects.errors import MissingDependencyError

INSTALL = "pip install 'mixedeffects[plot]'"


def altair() -> Any:
    """The module altair. Raises MissingDependencyError."""
    return _load("altair", "charts are drawn by the package altair")


def unchecked_parts() -> Any:
    """A context in which Altair does not check every part of a chart as it is made.

    That takes a third of the time of drawing. Tests have whole charts checked.
    """
    return altair().utils.schemapi.debug_mode(False)


def vl_convert() -> Any:
    """The module vl_convert, which turns charts into pictures without a browser.

    Raises MissingDependencyError.
    """
    return _load("vl_convert", "pictures of charts are made by the package vl-convert-python")


def _load(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise MissingDependencyError(f"{what}, which is not installed\n{INSTALL}") from None
