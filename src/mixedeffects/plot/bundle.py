"""Vega, Vega-Lite and Vega-Embed as one script, kept on disk: it takes a second to put together."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from mixedeffects.plot.library import vl_convert


@lru_cache(maxsize=2)
def javascript_bundle(version: str | None = None) -> str:
    """The script, from the user's folder of caches where it is there.

    A file is named by the versions that are in it and begins with the hash of the rest: one that is
    cut short or changed is made again. It is written under another name first, so that nobody
    reads half of it. Where there is no such folder, or it cannot be written, the script is made.

    Parameters
    ----------
    version : str, optional
        Of Vega-Lite, as vl-convert has it; the newest by default.

    Raises
    ------
    MissingDependencyError
        vl-convert-python is not installed.
    """
    converter = vl_convert()
    versions = (
        converter.__version__, converter.get_vega_version(), converter.get_vega_embed_version(),
        *([version] if version else converter.get_vegalite_versions()),
    )  # fmt: skip
    folder = cache_folder()
    path = None if folder is None else folder / f"vega-{'-'.join(versions)}.js"
    kept = None if path is None else _read(path)
    if kept is not None:
        return kept
    text = converter.javascript_bundle(vl_version=version)
    if path is not None:
        with contextlib.suppress(OSError):
            _write(path, text)
    return text


def cache_folder() -> Path | None:
    """The package's folder among the user's caches, which may not exist; None without a home.

    ``XDG_CACHE_HOME`` says where caches are, if it is set; else it is the system's usual place.
    """
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    if named and Path(named).is_absolute():
        return Path(named) / "mixedeffects"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    caches = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return caches / "mixedeffects"


def _digest(data):
    return sha256(data).hexdigest().encode()


def _read(path):
    """The text of a file that is whole, else None."""
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return data.decode("utf-8") if digest == _digest(data) else None


def _write(path, text):
    data = text.encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.write(_digest(data) + b"\n" + data)
            file.close()
            os.replace(file.name, path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
