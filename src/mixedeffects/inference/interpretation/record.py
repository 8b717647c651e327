"""The record of what sentences about a fit are made of, unrounded."""

from __future__ import annotations

from dataclasses import dataclass

from mixedeffects.inference.summary import SummaryFacts
from mixedeffects.inference.table import Table


@dataclass(frozen=True, slots=True)
class Piece:
    """One variable's part of a coefficient.

    Attributes
    ----------
    variable : str
        As the formula has it: "Days", "log(dose)", "style".
    kind : str
        "number" (per unit), "basis" (one column of several that only together mean something),
        "level" (an indicator, all levels have one), "difference" (a level minus the reference),
        "deviation" (a level minus the mean of all levels) or "contrast" (another coding).
    label : str
        Level, or the column's name within a basis or coding; "" of a number.
    reference : str
        Reference level of a "difference".
    unit : str
        What one unit of a number is: "unit of Days", "standard deviation of age"; of several
        units "10 units of age".
    step : float
        How many units the words say the coefficient for; numbers of the `Effect` are for one.
    """

    variable: str
    kind: str
    label: str = ""
    reference: str = ""
    unit: str = ""
    step: float = 1.0


@dataclass(frozen=True, slots=True)
class Given:
    """Where another variable stands for which a coefficient holds.

    Attributes
    ----------
    kind : str
        "zero", "basis" (several columns that are zero), "mean" (of a centred number), "rows"
        (averaged over its values in the rows), "least" (at its smallest value), "reference" or
        "average".
    label : str
        The reference level; of a logarithm at zero where its argument is; the smallest value.
    outside : (float, float) or None
        Range of the data, where zero is not in it.
    absent : bool
        No row has this level together with the reference levels before it.
    """

    variable: str
    kind: str
    label: str = ""
    outside: tuple[float, float] | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """One coefficient: its numbers, and what it is a coefficient of.

    Attributes
    ----------
    name : str
        Column of the model matrix.
    term : str
        Term of the formula; "(Intercept)" for the intercept.
    pieces : tuple of Piece or None
        None where the columns behind the fit were not kept; empty for the intercept.
    alone : bool
        Whether the coefficient means something by itself: not that of one column of a curve.
    estimate, std_error, df, statistic, p_value, lower, upper : float
    ratio : (float, float, float, float) or None
        exp of estimate with its standard error and limits, where that is a ratio.
    holds : tuple of str
        Columns that the fit dropped whose coefficients are part of this one, so that it is not
        what its name says.
    curve : tuple of str
        Columns of the curve or surface that the coefficient is part of; empty where it is `alone`.
    """

    name: str
    term: str
    pieces: tuple[Piece, ...] | None
    given: tuple[Given, ...]
    alone: bool
    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    lower: float
    upper: float
    ratio: tuple[float, float, float, float] | None = None
    holds: tuple[str, ...] = ()
    curve: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variation:
    """Spread of one random effect over the levels of its factor.

    Attributes
    ----------
    group, component, name : str
        `name` is the column: "(Intercept)", "Days".
    sd, lower, upper : float
        Standard deviation and limits; nan where there are none.
    reason : str
        Why there are no limits; of limits that say nothing `UNDETERMINED`.
    fixed : float or None
        The average over levels: the fixed effect of the same column.
    low, high : float
        Between which 95% of the levels lie: fixed (or 0) -/+ 1.96 times the spread of the level
        with that of the levels it lies in.
    parents : tuple of str
        Factors that it is nested in and whose variance is part of that.
    inside : tuple of str
        The innermost factors that it is nested in.
    apart : tuple of str
        Factors that it is nested in whose effects are of other columns: the range is about them.
    about_zero : bool
        Whether the model has no average for it, so that levels deviate from zero.
    alike : tuple of str
        Columns that have this standard deviation by the structure of the term, if there are more.
    shown : (float, float) or None
        The same for an intercept on the scale of the response, where that is simple.
    """

    group: str
    component: str
    name: str
    sd: float
    lower: float
    upper: float
    reason: str
    fixed: float | None
    low: float
    high: float
    about_zero: bool = False
    shown: tuple[float, float] | None = None
    parents: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Association:
    """Correlation of two random effects of a term.

    Attributes
    ----------
    group, component, first, second : str
    value, lower, upper : float
    reason : str
        Why there are no limits.
    slopes : str
        Sign of nearly all levels' coefficients of `second`: "positive", "negative" or "both".
    pairs : str
        Which pairs of columns have this correlation by the structure of the term, if several do.
    """

    group: str
    component: str
    first: str
    second: str
    value: float
    lower: float
    upper: float
    reason: str
    slopes: str
    pairs: str = ""


@dataclass(frozen=True, slots=True)
class StandOut:
    """Levels whose interval leaves out zero, furthest first.

    Attributes
    ----------
    group, term : str
    above, below : tuple of str
    about_zero : bool
        As in `Variation`.
    unknown : int
        Levels whose effect is not in the data.
    """

    group: str
    term: str
    n_levels: int
    above: tuple[str, ...]
    below: tuple[str, ...]
    about_zero: bool = False
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Clustering:
    """What least squares, which takes all rows as independent, would have said.

    Attributes
    ----------
    ratio : tuple of float
        Standard errors of the mixed model, in units of those of least squares.
    group : str or None
        The one grouping factor of a model with a random intercept only.
    rows : float
        Rows of the level of a random row.
    icc, design_effect, effective : float
        `effective`: independent rows that say as much about a mean.
    """

    terms: tuple[str, ...]
    ratio: tuple[float, ...]
    group: str | None = None
    rows: float = 0.0
    icc: float = 0.0
    design_effect: float = 1.0
    effective: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class InterpretationFacts:
    """Everything that sentences about a fit say.

    Attributes
    ----------
    version : str
        Of this package.
    response : str
        As the formula has it.
    kind : str
        What a coefficient moves: "value", "log value", "odds", "mean", "category" or
        "predictor" (the linear predictor, of which nothing simpler can be said).
    link, distribution : str or None
        Of a generalised model.
    expected : str
        What the link is of: "the expected pain", "the median cost where it is not zero".
    success : str or None
        The category that counts as a success.
    rate, weighted, offset : bool
        Whether there is an exposure, weights, an offset.
    means : tuple of (str, str, str)
        Predictors that are another one's means by level: itself, the other, the factor.
    exposure : str or None
        The column whose logarithm is the one offset of a model of means, which makes them rates.
    weights : str or None
        Their column, where it is known.
    random : tuple of (str, tuple of str, str)
        Per random term: group, columns, how they covary in words.
    cells : frozenset of (str, str)
        Group and column of random effects that are intercepts of their own at each level of a
        factor (0 + f), not differences from a reference.
    others : dict of str to tuple of Effect
        Of the extra zeros and the dispersion.
    terms : Table or None
        Tests of all terms (`anova`), where a term has several columns and is within no other.
    joint : dict of str to (float, float, float, float)
        Term of several columns that is within no other to F, its two df and p.
    icc : Table or None
        With limits, where they say something.
    independent : tuple of str
        Groups whose intercepts and slopes are taken as independent.
    missing_response, missing_predictors : dict of str to int
    codes : tuple of (str, int, int)
        Numeric predictors of a few whole numbers, as codes of categories are, with the smallest
        and the largest.
    mixed : tuple of (str, str, float)
        Predictors that vary within and between the levels of a factor: itself, the factor, the
        share of its variance that lies between.
    """

    summary: SummaryFacts
    version: str
    response: str
    kind: str
    link: str | None
    distribution: str | None
    expected: str
    success: str | None
    rate: bool
    weighted: bool
    offset: bool
    weights: str | None
    random: tuple[tuple[str, tuple[str, ...], str], ...]
    cells: frozenset[tuple[str, str]]
    effects: tuple[Effect, ...]
    others: dict[str, tuple[Effect, ...]]
    terms: Table | None
    joint: dict[str, tuple[float, float, float, float]]
    interactions: bool
    icc: Table | None
    variations: tuple[Variation, ...]
    associations: tuple[Association, ...]
    independent: tuple[str, ...]
    standouts: tuple[StandOut, ...]
    r2: Table | None
    clustering: Clustering | None
    missing_response: dict[str, int]
    missing_predictors: dict[str, int]
    codes: tuple[tuple[str, int, int], ...] = ()
    mixed: tuple[tuple[str, str, float], ...] = ()
    exposure: str | None = None
    means: tuple[tuple[str, str, str], ...] = ()
