"""What a linear and a generalised model are called, and what only one of them has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """The words of one kind of model.

    Attributes
    ----------
    function : str
        Of this package, which fits it.
    residual : bool
        Whether every row has a residual whose standard deviation, sigma, is estimated apart from
        the other parameters, so that there are sums of squares and random effects are relative
        to it. In other models the family says how rows vary about their mean.
    without_random : str
        The model that is left without random effects.
    residuals : tuple of str
        The kinds of residuals that it has.
    unit, short_unit : str
        Of the sizes of random effects as the engine has them.
    noise : str
        A unit made of how much single rows vary about their means, in words.
    df_methods : str
        Which of `mixedeffects.inference.df.methods.METHODS_OF` it has.
    """

    function: str
    title: str
    residual: bool
    without_random: str
    residuals: tuple[str, ...]
    unit: str
    short_unit: str
    noise: str
    df_methods: str = "mixed"


LINEAR = Kind(
    function="lmm",
    title="linear mixed model",
    residual=True,
    without_random="Ordinary regression",
    residuals=("response", "pearson", "scaled", "population"),
    unit="residual standard deviations",
    short_unit=" residual sd",
    noise="standard deviations of what they leave",
)
GENERALISED = Kind(
    function="glmm",
    title="generalised linear mixed model",
    residual=False,
    without_random="A generalised linear model",
    residuals=("response", "pearson", "scaled", "deviance", "working", "quantile"),
    unit="units of the linear predictor",
    short_unit="",
    noise="standard deviations of a row's noise on the scale of the link",
)
MARGINAL = Kind(
    function="mmrm",
    title="mixed model for repeated measures",
    residual=False,
    without_random="Ordinary regression",
    residuals=("response", "pearson", "normalized"),
    unit="units of the response",
    short_unit="",
    noise="standard deviations of a visit",
    df_methods="marginal",
)
