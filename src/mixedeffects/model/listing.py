"""Functions of a fit listed as its methods, in the user's kind of data frame."""

from __future__ import annotations

from functools import wraps
from importlib import import_module

from mixedeffects.inference import Table
from mixedeffects.model.foreign import understood


class Listed:
    """A function of a fit as a method of the class, imported when it is first asked for.

    Parameters
    ----------
    home : str
        Module that has a function of the attribute's name.
    wrap : callable, optional
        From that function to the method.

    Examples
    --------
    >>> import mixedeffects as me
    >>> me.LMM.emmeans.__doc__.splitlines()[0]
    'Means of the response for each level of a factor, the others averaged.'
    """

    def __init__(self, home="mixedeffects.inference", wrap=None):
        self.home, self.wrap = home, wrap

    def __set_name__(self, owner, name):
        self.owner, self.name = owner, name

    def __get__(self, fit, owner=None):
        function = getattr(import_module(self.home), self.name)
        method = understood if self.wrap is None else self.wrap
        setattr(self.owner, self.name, method(function))
        return getattr(self.owner if fit is None else fit, self.name)


def framed(function):
    """List a function that returns a Table as a method that returns the user's data frame.

    What is not a Table (the array of a prediction) is returned as it is. Where no library of data
    frames is installed the frame is a dict of columns that prints itself.
    """

    @wraps(function)
    def method(self, *args, **kwargs):
        result = function(self, *args, **kwargs)
        if not isinstance(result, Table):
            return result
        frame = self.design.spec.to_frame(result.columns, result.index, result.flavour)
        if type(frame) is dict:
            from mixedeffects.display.results import printed

            return printed(frame)
        return frame

    return understood(method)


def result(function):
    """List a function that returns a Table as a method that returns a result.

    It prints itself whole and is a frame of the user's library; of an Arrow table, which has no
    subclasses, it has the table's attributes.
    """

    @wraps(function)
    def method(self, *args, **kwargs):
        from mixedeffects.display.results import printed
        from mixedeffects.display.results.headings import heading_of

        table = function(self, *args, **kwargs)
        frame = self.design.spec.to_frame(table.columns, table.index, table.flavour)
        return printed(frame, heading_of(function, self, args, kwargs))

    return understood(method)


def tidied(function):
    """List a function as a method that returns a frame, which prints itself where it can.

    Unlike a `result` it is an Arrow table for those who have Arrow tables.
    """
    method = result(function)

    @wraps(function)
    def asked(self, *args, **kwargs):
        found = method(self, *args, **kwargs)
        return found.tidy() if self.design.spec.flavour == "pyarrow" else found

    return asked


def tested_or_compared(function):
    """List `anova` as a method that takes other fits too, and then compares them."""
    method = result(function)

    @wraps(function)
    def asked(self, *others, **options):
        if len(others) == 1 and isinstance(others[0], int | str):
            return method(self, type=others[0], **options)
        if others:
            compare = import_module("mixedeffects.model.comparing").compare
            return compare(self, *others, **options)
        return method(self, **options)

    return asked


def printing_frames(fit):
    """From named columns to the fit's kind of data frame, as one that prints itself."""
    from mixedeffects.display.results import Printing

    return Printing(fit.design.spec.to_frame)


def shown(name):
    """List a function that returns a record as a method that returns what displays it.

    Parameters
    ----------
    name : str
        Of a class of `mixedeffects.display`, made from the record and the user's kind of frame.
    """

    def wrap(function):
        @wraps(function)
        def method(self, *args, **kwargs):
            from mixedeffects import display

            result = function(self, *args, **kwargs)
            return getattr(display, name)(result, printing_frames(self))

        return understood(method)

    return wrap
