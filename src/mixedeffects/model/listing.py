"""Functions of a fit listed as its methods, in the user's kind of data frame."""

from __future__ import annotations

from functools import wraps
from importlib import import_module

from mixedeffects.inference import Table


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
        setattr(self.owner, self.name, function if self.wrap is None else self.wrap(function))
        return getattr(self.owner if fit is None else fit, self.name)


def framed(function):
    """List a function that returns a Table as a method that returns the user's data frame.

    What is not a Table (the array of a prediction) is returned as it is.
    """

    @wraps(function)
    def method(self, *args, **kwargs):
        result = function(self, *args, **kwargs)
        if isinstance(result, Table):
            return self.design.spec.to_frame(result.columns, result.index, result.flavour)
        return result

    return method


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
            return getattr(display, name)(result, self.design.spec.to_frame)

        return method

    return wrap
