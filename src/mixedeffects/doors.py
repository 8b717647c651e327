"""Doors that open late: names that a package has, imported when they are first used.

A small model is fitted in less time than it takes to import every method that could be asked of
it, so the doors of the upper rooms import what a fit and its summary need and list the rest.
"""

from __future__ import annotations

import sys
from importlib import import_module


def late(package, homes):
    """The ``__getattr__`` of a package whose names live in modules not yet imported (PEP 562).

    Parameters
    ----------
    package : str
        The package's own ``__name__``.
    homes : dict of str to str
        Name to the module below the package that has it. The two must differ: importing a
        module puts it into its package under its own name, where it would be found in place of
        the function.

    Returns
    -------
    callable

    Examples
    --------
    >>> from mixedeffects import inference
    >>> inference.bootstrap.__module__
    'mixedeffects.inference.resampling.bootstrap'
    """
    clashes = [name for name, module in homes.items() if name == module]
    if clashes:
        raise ValueError(f"{package}: {clashes[0]} is both a name and a module")

    def __getattr__(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
