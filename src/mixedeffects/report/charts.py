"""Which charts a report has: those of the fit that suit its model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mixedeffects.errors import (
    MixedEffectsWarning,
    ModelError,
    NotAvailableError,
    OptionError,
    PlanTooLargeError,
)
from mixedeffects.formula import close_match
from mixedeffects.plot.library import unchecked_parts
from mixedeffects.report.record import Figure

# grouping factors and fixed factors that have charts of their own
MOST_GROUPS, MOST_FACTORS = 2, 3


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """One chart of `fit.plot` in a report.

    Attributes
    ----------
    caption : str
        What it shows and what to look for.
    calls : callable
        From fit, facts and wishes to the arguments of each chart: a list of (positional, named).
    """

    place: str
    caption: str
    calls: Callable[[Any, Any, Any], list[tuple[tuple, dict]]]


def _once(fit, facts, wishes):
    return [((), {})]


def _levels(fit, facts, wishes):
    return [((), {"level": wishes.level})]


def _tested(fit, facts, wishes):
    return [((), {"level": wishes.level, "ddf": wishes.ddf})]


def _by_group(fit, facts, wishes):
    names = dict.fromkeys(b.factor.name for b in fit.design.blocks)
    return [((name,), {"level": wishes.level}) for name in list(names)[:MOST_GROUPS]]


def _groups(fit, facts, wishes):
    names = dict.fromkeys(b.factor.name for b in fit.design.blocks)
    return [((name,), {}) for name in list(names)[:MOST_GROUPS]]


def _factors(facts, pieces):
    """Fixed factors that are in no product of others: a table of means says all of them."""
    found = [e.pieces for e in facts.effects if e.pieces and len(e.pieces) == pieces]
    groups = [
        tuple(p.variable for p in own)
        for own in found
        if all(p.kind in ("difference", "level", "deviation", "contrast") for p in own)
    ]
    return list(dict.fromkeys(groups))[:MOST_FACTORS]


def _means(fit, facts, wishes):
    inside = {name for pair in _factors(facts, 2) for name in pair}
    options = {"level": wishes.level, "ddf": wishes.ddf}
    return [((name,), options) for (name,) in _factors(facts, 1) if name not in inside]


def _interactions(fit, facts, wishes):
    options = {"level": wishes.level, "ddf": wishes.ddf}
    return [(pair, options) for pair in _factors(facts, 2)]


def _trajectories(fit, facts, wishes):
    """A line per level of the factor that changes the slope, where there is one."""
    options = {"level": wishes.level, "ddf": wishes.ddf}
    for effect in facts.effects:
        kinds = {p.kind: p.variable for p in effect.pieces or ()}
        if len(kinds) == len(effect.pieces or ()) == 2 and {"number", "difference"} == set(kinds):
            return [((kinds["number"],), {**options, "by": kinds["difference"]})]
    return [((), options)]


def _influence(fit, facts, wishes):
    from mixedeffects.views import influence_group

    # where levels are many or a fit takes long, only on request
    return _once(fit, facts, wishes) if wishes.charts else [((influence_group(fit),), {})]


CHARTS = {
    "coefficients": ChartEntry(
        "results", "Fixed effects with their intervals; zero is no difference.", _tested
    ),
    "means": ChartEntry(
        "results", "Expected response at each level, the other predictors averaged.", _means
    ),
    "interaction": ChartEntry(
        "results", "Expected response at each combination: lines that are not parallel are an "
        "interaction.", _interactions,
    ),
    "trajectories": ChartEntry(
        "results", "The average line with its interval, the lines of levels, and the data.",
        _trajectories,
    ),
    "effects": ChartEntry(
        "results", "Three kinds of effects told apart: of the treatment (fixed), of the group "
        "(random) and of the individual (residual).", _tested,
    ),
    "variance": ChartEntry("results", "Which share of the variance lies where.", _levels),
    "caterpillar": ChartEntry(
        "results", "Predicted random effects in order of size with intervals of their prediction "
        "errors, which are not adjusted for their number.", _by_group,
    ),
    "shrinkage": ChartEntry(
        "results", "From a level's own estimate to its prediction: levels with few rows are "
        "pulled towards the average more.", _groups,
    ),
    "residuals": ChartEntry(
        "checks", "A trend is a mean that the model misses.", _once
    ),
    "scale_location": ChartEntry(
        "checks", "A trend is a spread that changes with the mean.", _once
    ),
    "qq": ChartEntry("checks", "Away from the line the residuals are not normal.", _once),
    "qq_ranef": ChartEntry(
        "checks", "Away from the line the random effects are not normal.", _once
    ),
    "by_group": ChartEntry(
        "checks", "Levels whose residuals are off centre or wider than others'.", _once
    ),
    "quantile_residuals": ChartEntry(
        "checks", "Each row ranked among rows simulated from the model: evenly spread, if the "
        "model is right.", lambda fit, facts, wishes: [((), {"rng": 0})],
    ),
    "predictive": ChartEntry(
        "checks", "The observed outcome among outcomes simulated from the model.",
        lambda fit, facts, wishes: [((), {"rng": 0})],
    ),
    "influence": ChartEntry(
        "checks", "Levels without which the fixed effects would move.", _influence
    ),
    "trace": ChartEntry("checks", "The way of the optimiser to the optimum.", _once),
    "profile": ChartEntry(
        "checks", "Straight lines are parameters with symmetric intervals.", _once
    ),
}  # fmt: skip
# why a model may lack a chart or a check; whatever else goes wrong is a fault, and surfaces
REFUSALS = (NotAvailableError, OptionError, ModelError, PlanTooLargeError)
# drawn only when asked for: they take long or say little
ON_REQUEST = ("profile",)


def chosen_charts(charts) -> tuple[str, ...] | None:
    """Names of charts from the user's word; None for those that suit the model.

    Raises OptionError.

    Examples
    --------
    >>> chosen_charts("none"), chosen_charts(["qq"])
    ((), ('qq',))
    """
    if isinstance(charts, str):
        if charts == "auto":
            return None
        if charts == "none":
            return ()
        charts = [charts]
    names = tuple(charts) if isinstance(charts, list | tuple | set) else (charts,)
    for name in names:
        if name not in CHARTS:
            close = close_match(str(name), [*CHARTS, "auto", "none"])
            hint = f"; did you mean {close!r}?" if close else ""
            raise OptionError(
                f'charts={name!r} is not "auto", "none" or among {", ".join(CHARTS)}{hint}'
            )
    return names


def drawn_figures(fit, facts, wishes, place):
    """The charts of one place in the report.

    Returns
    -------
    figures : list of Figure
    left_out : list of str
        Charts that this model cannot have, with the reason.

    Raises
    ------
    MissingDependencyError
        What draws charts is not installed.
    """
    figures, left_out = [], []
    for name, entry in CHARTS.items():
        wanted = name not in ON_REQUEST if wishes.charts is None else name in wishes.charts
        if entry.place != place or not wanted:
            continue
        try:
            calls = entry.calls(fit, facts, wishes)
        except REFUSALS as reason:
            left_out.append(_reason(name, reason))
            continue
        if not calls and wishes.charts is not None:
            left_out.append(f"{name}: the model has nothing of the kind")
        for i, (arguments, options) in enumerate(calls):
            try:
                with warnings.catch_warnings(record=True) as told, unchecked_parts():
                    warnings.simplefilter("always")
                    chart = getattr(fit.plot, name)(*arguments, **options)
            except REFUSALS as reason:
                said = _reason(name, reason)
                left_out += [] if said in left_out else [said]
                continue
            key = f"{name}-{i + 1}" if i else name
            said = [str(w.message) for w in told if issubclass(w.category, MixedEffectsWarning)]
            figures.append(Figure(key, chart, " ".join([entry.caption, *map(_sentence, said)])))
            if wishes.started is not None:
                wishes.started(figures[-1])
    return figures, left_out


def _sentence(text):
    """The first line of a warning as a sentence."""
    text = text.splitlines()[0].rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _reason(name, error):
    """The first line of a refusal after the chart's name, which some have themselves."""
    words = str(error).splitlines()[0].rstrip(".")
    return f"{name}: {words.removeprefix(f'{name}: ')}"
