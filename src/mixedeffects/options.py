"""Checks of options that many functions have."""

from __future__ import annotations

from numbers import Integral

from mixedeffects.errors import OptionError


def check_count(n, name="n"):
    """A positive whole number.

    Raises OptionError.

    Examples
    --------
    >>> check_count(3)
    3
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise OptionError(f"{name}={n!r} must be a positive whole number")
    return int(n)


def generator(rng):
    """A random number generator from a generator or a seed.

    Raises OptionError.

    Returns
    -------
    numpy.random.Generator
        The same object where one was given.

    Examples
    --------
    >>> generator(1).random() == generator(1).random()
    True
    """
    import numpy as np

    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise OptionError(f"rng={rng!r} is neither a numpy Generator nor a seed") from None


def check_file(path):
    """The name of a file that can be written, refused before any work where it cannot be.

    Returns a `pathlib.Path`.

    Raises
    ------
    OptionError
        What is no name, a folder, a folder that does not exist.

    Examples
    --------
    >>> check_file("report.html").name
    'report.html'
    """
    from os import PathLike
    from pathlib import Path

    if not isinstance(path, str | PathLike):
        raise OptionError(f"path={path!r} must be the name of a file")
    path = Path(path)
    if path.is_dir():
        raise OptionError(f"{str(path)!r} is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise OptionError(f"no folder {str(path.parent)!r} for {path.name!r}; make it first")
    return path
