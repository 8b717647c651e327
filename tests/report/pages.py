"""Reports of the models of `word_models`, each written once, whatever looks at it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.display.word_models import model

FOLDER = TemporaryDirectory(prefix="pages")


@cache
def page(name, suffix="html", charts="none"):
    """Path of a model's report, which no test may change."""
    return model(name).report(Path(FOLDER.name) / f"{name} {charts}.{suffix}", charts=charts)
