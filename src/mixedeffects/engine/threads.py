"""How many threads the linear-algebra library may use: one, unless matrices are large.

OpenBLAS wakes its threads even for a 30 x 30 triangular solve, which costs milliseconds on a
busy machine; below a thousand or so columns two threads are slower than one anyway. NumPy
and SciPy wheels each carry an OpenBLAS of their own; both are set. With another
library (MKL, Accelerate) nothing is found and nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from mixedeffects.crossprod.parallel import cores

_lock = threading.Lock()
_before: list = []
_holders: list = []

PARALLEL_COLUMNS = 1500


@lru_cache(maxsize=1)
def _controls():
    """(get, set) functions of every OpenBLAS that NumPy and SciPy brought along."""
    import numpy
    import scipy

    found = []
    for package in (numpy, scipy):
        home = Path(str(package.__file__)).parent
        folders = (home.parent / f"{package.__name__}.libs", home / ".dylibs")
        for path in (p for folder in folders for p in sorted(folder.glob("*openblas*"))):
            try:
                library = ctypes.CDLL(str(path))
            except OSError:
                continue
            for prefix in ("scipy_openblas", "openblas"):
                for suffix in ("64_", ""):
                    getter = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
                    setter = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
                    if getter is not None and setter is not None:
                        getter.restype = ctypes.c_int
                        setter.argtypes = [ctypes.c_int]
                        setter.restype = None
                        found.append((getter, setter))
    return tuple(found)


def _idle():
    """Whether a processor beside our own was free in the last minute, as far as one can know."""
    try:
        return os.getloadavg()[0] < cores() - 0.5
    except (AttributeError, OSError):  # not on this platform
        return True


@contextmanager
def threads_for(columns):
    """Run the body with one BLAS thread unless more would help.

    They help when `columns` is large and the machine is not busy: OpenBLAS's threads wait by
    spinning, and on processors that others use as well a factorisation takes many times longer
    with several than with one.

    Parameters
    ----------
    columns : int
        Order of the largest dense matrix that will be factored.

    Examples
    --------
    >>> with threads_for(30):
    ...     pass
    """
    if columns >= PARALLEL_COLUMNS and _idle():
        yield
        return
    _limit()
    try:
        yield
    finally:
        _release()


def _limit():
    """One thread from now on; the first of several concurrent fits remembers what was set."""
    with _lock:
        if not _before:
            _before.extend((setter, getter()) for getter, setter in _controls())
            for setter, _ in _before:
                setter(1)
        _holders.append(None)


def _release():
    """The last of several concurrent fits restores what was set."""
    with _lock:
        _holders.pop()
        if not _holders:
            for setter, count in _before:
                setter(count)
            _before.clear()
