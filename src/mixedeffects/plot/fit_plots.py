"""`fit.plot`: the charts of a fitted model, one method each."""

from __future__ import annotations

from functools import wraps
from importlib import import_module


class Drawn:
    """A function of a fit that draws a chart, as a method of `FitPlots`, imported when asked for.

    Parameters
    ----------
    home : str
        Module of this room that has the function.
    name : str
        The function.
    """

    def __init__(self, home, name):
        self.home, self.function = f"mixedeffects.plot.{home}", name

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, plots, owner=None):
        function = getattr(import_module(self.home), self.function)
        if plots is None:
            return function

        @wraps(function)
        def method(*args, **kwargs):
            return function(plots.fit, *args, **kwargs)

        return method


class FitPlots:
    """The charts of one fit.

    Parameters
    ----------
    fit : LMM or GLMM

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.caterpillar()
    <Chart 'Random effects of Subject', 36 rows of data; .save(path) or .altair shows it>
    """

    def __init__(self, fit):
        self.fit = fit

    caterpillar = Drawn("caterpillar", "draw_caterpillar")

    def __repr__(self):
        names = [n for n, v in vars(type(self)).items() if isinstance(v, Drawn)]
        return f"charts of {self.fit.formula}: " + ", ".join(f".{n}()" for n in names)
