"""`fit.plot`: the charts of a fitted model, one method each."""

from __future__ import annotations

from importlib import import_module
from types import MethodType

from mixedeffects.answers import Answering


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
        return function if plots is None else MethodType(function, plots.fit)


# charts of statsmodels, seaborn, lattice, performance and sjPlot
ANSWERS = {
    "qqplot": "fit.plot.qq()",
    "qqnorm": "fit.plot.qq()",
    "dotplot": "fit.plot.caterpillar()",
    "ranef": "fit.plot.caterpillar()",
    "forest": "fit.plot.coefficients()",
    "resid": "fit.plot.residuals()",
    "fitted": "fit.plot.residuals()",
    "hist": "fit.plot.predictive()",
    "diagnostics": "fit.plot.check()",
    "check_model": "fit.plot.check()",
    "emmeans": "fit.plot.means()",
    "predictions": "fit.plot.trajectories()",
    "spaghetti": "fit.plot.trajectories(), or of a table: me.plot.spaghetti",
    "cooks": "fit.plot.influence()",
    "show": "fit.plot.check().show()",
    "save": "fit.plot.check().save(path)",
}


class FitPlots(Answering):
    """The charts of one fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.caterpillar()
    <Chart 'Random effects of Subject', 36 rows of data; .save(path) or .altair shows it>
    """

    answers = ANSWERS

    def __init__(self, fit):
        self.fit = fit

    def __call__(self, *args, **options):
        raise TypeError(f"fit.plot has {self!r}; fit.plot.check() looks at all of the fit")

    caterpillar = Drawn("caterpillar", "draw_caterpillar")
    trajectories = Drawn("trajectories", "draw_trajectories")
    coefficients = Drawn("coefficients", "draw_coefficients")
    variance = Drawn("variance", "draw_variance")
    means = Drawn("means", "draw_means")
    interaction = Drawn("interaction", "draw_interaction")
    effects = Drawn("effects", "draw_effects")
    shrinkage = Drawn("shrinkage", "draw_shrinkage")
    residuals = Drawn("residuals_fitted", "draw_residuals")
    scale_location = Drawn("residuals_fitted", "draw_scale_location")
    qq = Drawn("normal_quantiles", "draw_qq")
    qq_ranef = Drawn("normal_quantiles", "draw_qq_ranef")
    by_group = Drawn("residuals_by_group", "draw_by_group")
    quantile_residuals = Drawn("quantile_residuals", "draw_quantile_residuals")
    influence = Drawn("influence", "draw_influence")
    profile = Drawn("profile", "draw_profile")
    trace = Drawn("trace", "draw_trace")
    predictive = Drawn("predictive", "draw_predictive")
    check = Drawn("check", "draw_check")

    def __repr__(self):
        names = [n for n, v in vars(type(self)).items() if isinstance(v, Drawn)]
        return f"charts of {self.fit.formula}: " + ", ".join(f".{n}()" for n in names)
