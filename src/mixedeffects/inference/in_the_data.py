"""Tables of a fit without the numbers that its data do not determine.

Where variances are not in the data the fit is taken at two points of its parameter space that no
response tells apart: what differs between them is arbitrary.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.estimation import two_alike
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# relative difference between two points alike that is more than rounding
MOVED = 1e-5
# the same of standard errors, which may come from differences
ERROR_MOVED = 1e-4
# share of the largest number below which one is compared as if it were that large
LEAST = 1e-3


def in_the_data(*deciding):
    """A decorator that leaves out of a table the numbers that the data do not determine.

    The fit is taken at two other points of its parameter space that have the same V: a row of which
    a deciding column differs between them says nothing about the data, whatever they are.

    Parameters
    ----------
    *deciding : str
        Columns of the table. Where the first differs all numbers of the row are nan, where another
        does all but that of the first. In a table without them (probabilities by category) every
        number decides for itself.

    Returns
    -------
    callable
        A decorator of functions of a fit that return a `Table`; of those that return an array
        every value decides for itself: a number is then nan, a name None.
    """

    def decorate(function):
        @wraps(function)
        def asked(fit: Fit, *args, **options):
            found = function(fit, *args, **options)
            if not fit.certificate.flat:
                return found
            with warnings.catch_warnings():  # said already
                warnings.simplefilter("ignore")
                here, there = (function(twin, *args, **options) for twin in twins(fit))
            if not isinstance(found, Table):
                return kept_values(found, here, there)
            if not all(name in found.columns for name in deciding):
                return replace(found, columns={
                    name: kept_values(np.asarray(values), here.columns[name], there.columns[name])
                    for name, values in found.columns.items()
                })  # fmt: skip
            for i, name in enumerate(deciding):
                moved = differ(
                    here.columns[name], there.columns[name], MOVED if i == 0 else ERROR_MOVED
                )
                found = without_numbers(found, moved, () if i == 0 else deciding[:1])
            return found

        return asked

    return decorate


def kept_values(found, here, there):
    """Values without those that differ between two points alike: nan for numbers, else None.

    Examples
    --------
    >>> import numpy as np
    >>> kept_values(np.array([1.0, 2.0]), np.array([1.0, 2.1]), np.array([1.0, 1.9]))
    array([ 1., nan])
    """
    if found.dtype.kind not in "fiub":
        return np.where(here != there, None, found)
    return np.where(differ(here, there), np.nan, found)


def without_numbers(table, rows, kept=()):
    """A table with nan for the numbers of some rows, but for those of some columns."""
    columns = dict(table.columns)
    for name, values in columns.items():
        numbers = isinstance(values[0], float) if isinstance(values, list) and values else (
            isinstance(values, np.ndarray) and values.dtype.kind == "f"
        )  # fmt: skip
        if numbers and name not in kept:
            columns[name] = np.where(rows, np.nan, np.asarray(values))
    return replace(table, columns=columns)


def differ(here, there, relative=MOVED):
    """Where two arrays differ by more than rounding, next to the largest of their numbers.

    Examples
    --------
    >>> import numpy as np
    >>> differ(np.array([1.0, 2.0]), np.array([1.0 + 1e-9, 2.1]))
    array([False,  True])
    """
    here, there = np.asarray(here, dtype=float), np.asarray(there, dtype=float)
    size = np.maximum(np.abs(here), np.abs(there))
    least = LEAST * np.max(size, initial=0.0, where=np.isfinite(size))
    with np.errstate(invalid="ignore"):
        return np.abs(here - there) > relative * np.maximum(size, least)


def twins(fit: Fit):
    """The fit at two points of its parameter space that no response tells apart.

    Returns
    -------
    tuple of two Fit
        Their certificates have no flat directions, so that they answer what is asked of them.
    """
    if "twins" not in fit.cache:
        points = two_alike(fit.covariance_parameters, fit.evaluation.lambdas, fit.sigma,
                           fit.certificate.flat)  # fmt: skip
        fit.cache["twins"] = tuple(fit.at(theta) for theta in points)
    return fit.cache["twins"]
