"""What marginal means are of: a linear predictor, or a mean that several predictors make.

Everything is brought to the form rows @ coefficients + offset: a linear predictor has it, a
nonlinear function is linearised at the estimates (the delta method), point by point of the grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixedeffects.design import SourceColumns
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.family import open_ends
from mixedeffects.inference.estimable import Aliasing, aliasing
from mixedeffects.inference.kinds import GENERALISED, Kind
from mixedeffects.inference.separated import SPREADS
from mixedeffects.inference.transformation import transformation
from mixedeffects.means.inverse_link import (
    InverseLink,
    adjusted_for_random,
    words_of_mean,
)

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit, HasColumns

COMPONENTS = ("conditional", "zi", "dispersion", "response")
AVERAGES = ("link", "response")


@dataclass(frozen=True, slots=True, eq=False)
class CoefficientView:
    """Some of a fit's coefficients, with the names that functions of fixed effects read.

    Attributes
    ----------
    beta : (p,) array
    vcov_beta : (p, p) array
    design : Design, LinearPredictor or None
        None for coefficients of no columns.
    recession : Recession or None
        Which combinations have no finite estimate.
    """

    beta: np.ndarray
    vcov_beta: np.ndarray
    design: Any
    default_ddf: str = "wald"
    cache: dict[str, Any] = field(default_factory=dict)
    recession: Any = None

    @property
    def kind(self) -> Kind:
        return GENERALISED


@dataclass(frozen=True, slots=True)
class Target:
    """What is averaged.

    Attributes
    ----------
    fit : Fit or CoefficientView
        Whose coefficients the rows are for.
    rows_of : callable
        From a table and its number of rows to (rows, offset).
    change : Transformation, InverseLink or None
        From the scale of the rows to the response's.
    categories : tuple of (str, list) or None
        A further column of the grid: the response and its categories.
    exact : bool
        Whether it is a linear function of the coefficients, not one to first order.
    ends : tuple of float
        What its values lie between.
    """

    fit: Any
    rows_of: Callable
    change: Any
    facts: tuple[str, ...] = ()
    categories: tuple[str, list] | None = None
    exact: bool = True
    ends: tuple[float, float] = (-np.inf, np.inf)


def target_of(fit: Fit, *, scale, average="link", bias_adjust=False, component="conditional"):
    """What `emmeans` averages, by its options.

    Returns a `Target`. Raises OptionError.

    Parameters
    ----------
    scale, average, bias_adjust, component
        As in `emmeans`.
    """
    if average not in AVERAGES:
        raise OptionError(f"average={average!r} is not one of {', '.join(AVERAGES)}")
    if component not in COMPONENTS:
        raise OptionError(f"component={component!r} is not one of {', '.join(COMPONENTS)}")
    if fit.family.ordinal:
        return _ordinal(fit, scale, average, bias_adjust, component)
    if component == "response":
        return _whole_mean(fit, bias_adjust)
    own, change, facts = _predictor(fit, component)
    if component != "conditional" and bias_adjust is not False:
        raise OptionError(f"bias_adjust= has no meaning for component={component!r}")
    change, words = adjusted_for_random(fit, change, bias_adjust)
    if words and average == "link" and scale == "link":
        raise OptionError('bias_adjust= needs scale="response" or average="response"')
    rows_of = plain_rows(own, _held_exposure(fit, component))
    facts = (*facts, *_exposure_facts(fit, component), *([words] if words else []))
    if average == "link":
        return Target(own, rows_of, change, facts)
    if change is None:
        return Target(own, rows_of, None, facts)
    facts = (*facts, f"{change.response} is averaged, and differences are of it")
    ends = {"zi": (0.0, 1.0), "dispersion": (0.0, np.inf)}.get(component, _range_of_mean(fit))
    return Target(own, linearised(own, rows_of, change), None, facts, exact=False, ends=ends)


def plain_rows(fit: HasColumns, held=0.0):
    """From a table to the columns of one predictor, and its offset."""
    spec = fit.design.spec

    def rows_of(table, total):
        if not table:
            p = len(spec.x_names) + len(fit.design.aliased)
            return np.ones((total, p)), np.full(total, held)
        X, offset = spec.fixed_columns(table)
        return np.asarray(X), np.full(total, held) if offset is None else offset + held

    return rows_of


def linearised(fit: HasColumns, rows_of, change):
    """From a table to a function of the predictor, to first order in the coefficients."""

    def nonlinear(table, total):
        X, offset = rows_of(table, total)
        L, _ = aliasing(fit).reduce(X)
        linear = L @ fit.beta
        slope = change.derivative(linear + offset)
        return slope[:, None] * X, change.inverse(linear + offset) - slope * linear

    return nonlinear


def _predictor(fit: Fit, component):
    """Coefficients of one linear predictor, the inverse of its link, and facts."""
    if component == "conditional":
        return fit, _change(fit), ()
    if component not in fit.family.extras:
        raise OptionError(
            f"component={component!r}: this model has no such part, only "
            f"{', '.join(('conditional', *fit.family.extras))}"
        )
    part = fit.design.others.get(component)
    if part is None or not (part.sources and part.sources.columns):
        raise OptionError(
            f"component={component!r} has no predictors: it is the same everywhere\n"
            "its estimate is in fit.summary()"
        )
    from mixedeffects.family import LINKS

    at = dict(_places(fit))[component]
    own = CoefficientView(
        fit.extras[component], cast("GeneralisedFit", fit).vcov_parameters[at, at], part,
        recession=fit.part_of_recession(at),
    )  # fmt: skip
    zero = "a zero" if fit.family.zeros == "all" else "an extra zero"
    words = f"the probability of {zero}" if component == "zi" else "the dispersion parameter"
    link = LINKS["logit" if component == "zi" else "log"]
    return own, InverseLink(link, words), (f"of the {component} part",)


def _change(fit: Fit):
    """Back from the main predictor: a transformation of the response, or the link."""
    name = fit.family.link.name
    own = transformation(fit)
    if name == "identity":
        return own
    return InverseLink(fit.family.link, words_of_mean(fit), ends=open_ends(fit.family))


def _places(fit: Fit):
    """Name and place among the parameters of each group of coefficients."""
    at = fit.beta.size
    yield "conditional", slice(0, at)
    for name, values in fit.extras.items():
        yield name, slice(at, at + values.size)
        at += values.size


def _held_exposure(fit: Fit, component):
    """Offset of an exposure that was given as numbers: the mean of its logarithm."""
    if component != "conditional" or fit.design.spec.exposure != "":
        return 0.0
    return float(np.mean(np.log(cast(np.ndarray, fit.design.exposure))))


def _exposure_facts(fit: Fit, component):
    held = _held_exposure(fit, component)
    return (f"exposure held at its geometric mean, {np.exp(held):.6g}",) if held else ()


def _whole_mean(fit: Fit, bias_adjust):
    """The mean of the response, which all predictors of the family make."""
    from mixedeffects.family.taylor import space

    if bias_adjust is not False:
        raise OptionError('bias_adjust= has no meaning for component="response"')
    parts: list[Any] = [(fit, plain_rows(fit, _held_exposure(fit, "conditional")))]
    for name in fit.family.extras:
        beta, design = fit.extras[name], fit.design.others.get(name)
        own = CoefficientView(beta, np.zeros((beta.size,) * 2), design)
        if design is None:
            own.cache["aliasing"] = Aliasing.of_nothing(1)
        parts.append((own, _ones if design is None else plain_rows(own)))
    m = len(parts)
    still = _spreads_at_limits(fit)

    def rows_of(table, total):
        Xs, linear, etas = [], [], []
        for own, read in parts:
            X, offset = read(table, total)
            Xs.append(X)
            linear.append(aliasing(own).reduce(X)[0] @ own.beta)
            etas.append(linear[-1] + offset)
        with np.errstate(all="ignore"):
            jet = fit.family.mean(*space(m, 1, tuple(range(m))).variables(etas))
        slopes = jet.derivatives()
        value = np.array(slopes[()])
        rows = []
        for k, X in enumerate(Xs):
            slope = slopes.get((k,), np.zeros(total))
            if k in still:
                own = aliasing(parts[k][0]).reduce(X)[0]
                slope = np.where(still[k].limits(own) != 0, 0.0, slope)
            rows.append(slope[:, None] * X)
            value = value - slope * linear[k]
        return np.hstack(rows), value

    n = sum(own.beta.size for own, _ in parts)
    view = combined(fit, [own for own, _ in parts], n)
    facts = (
        f"the mean of {fit.design.spec.response}, all parts together; differences are of it",
        *_exposure_facts(fit, "conditional"),
    )
    return Target(view, rows_of, None, facts, exact=False, ends=_range_of_mean(fit))


def _range_of_mean(fit: Fit):
    """What means of the response lie between."""
    low, high = map(float, fit.family.support)
    return (0.0 if low >= 0 else low, high)


def _spreads_at_limits(fit: Fit):
    """Which predictors are spreads at a limit, of which a mean no longer depends.

    Not where coefficients of the mean move with them, as they do on the way to the logarithmic
    series: there only all of them together leave the mean where it is.

    Returns
    -------
    dict of int to Recession
        By the predictor's number.
    """
    places = dict(_places(fit))
    if fit.part_of_recession(places["conditional"]) is not None:
        return {}
    found = {
        k: fit.part_of_recession(at)
        for k, (name, at) in enumerate(places.items())
        if name in SPREADS
    }
    return {k: part for k, part in found.items() if part is not None}


def _ones(table, total):
    return np.ones((total, 1)), np.zeros(total)


def combined(fit: Fit, parts, n):
    """The first n parameters of a fit as coefficients of several predictors side by side."""
    own = [aliasing(part) for part in parts]
    sizes = [(a.kept.size, a.dropped.size) for a in own]
    starts = np.cumsum([0] + [p + d for p, d in sizes])
    p, d = (sum(size[i] for size in sizes) for i in (0, 1))
    coefficients = np.zeros((p, d))
    row = column = 0
    for a, (k, e) in zip(own, sizes, strict=True):
        coefficients[row : row + k, column : column + e] = a.coefficients
        row, column = row + k, column + e
    designs = [part.design for part in parts if part.design is not None]
    sources = None
    if fit.design.sources is not None:
        sources = SourceColumns.together(design.sources for design in designs)
    dropped = tuple(column for design in designs for column in design.aliased)
    design = replace(fit.design.mean, sources=sources, aliased=dropped)
    view = CoefficientView(
        fit.estimates[:n], cast("GeneralisedFit", fit).vcov_parameters[:n, :n], design,
        recession=fit.part_of_recession(slice(0, n)),
    )  # fmt: skip
    view.cache["aliasing"] = Aliasing(
        np.concatenate([a.kept + s for a, s in zip(own, starts, strict=False)]),
        np.concatenate([a.dropped + s for a, s in zip(own, starts, strict=False)]).astype(int),
        coefficients,
        tuple(name for a in own for name in a.names),
        np.zeros(d),
    )
    return view


def _ordinal(fit: Fit, scale, average, bias_adjust, component):
    """The latent variable of an ordinal model, or the probabilities of the categories."""
    if component != "conditional":
        raise OptionError(
            f"component={component!r}: an ordinal model has the conditional part only"
        )
    if bias_adjust is not False:
        raise NotAvailableError("bias_adjust= is not offered for ordinal models")
    thresholds = fit.extras["thresholds"]
    K, p = thresholds.size + 1, fit.beta.size
    cuts = CoefficientView(thresholds, np.zeros((K - 1, K - 1)), None)
    cuts.cache["aliasing"] = Aliasing.of_nothing(K - 1)
    view = combined(fit, [fit, cuts], p + K - 1)
    # the constant of a dropped column is a shift of the latent variable, minus one of all cuts
    view.cache["aliasing"].coefficients[p:] = -aliasing(fit).constants
    plain = plain_rows(fit, _held_exposure(fit, component))
    link = fit.family.link

    def latent(table, total):
        X, offset = plain(table, total)
        return np.hstack([X, np.full((total, K - 1), -1.0 / (K - 1))]), offset

    if scale == "link" and average == "link":
        change = InverseLink(link, "the probabilities of the categories")
        facts = ("the latent variable, zero at the mean of the thresholds",)
        return Target(view, latent, change, facts)
    response = fit.design.spec.response
    labels = [str(label) for label in fit.design.categories]
    place = {label: k for k, label in enumerate(labels)}
    back = InverseLink(link, "")

    def probabilities(table, total):
        k = np.array([place[label] for label in table[response]])
        rest = {name: values for name, values in table.items() if name != response}
        X, offset = plain(rest, total)
        linear = aliasing(fit).reduce(X)[0] @ fit.beta
        value, by_eta, rows = np.zeros(total), np.zeros(total), np.zeros((total, K - 1))
        for cut, sign in ((k, 1.0), (k - 1, -1.0)):
            inside = np.flatnonzero((cut >= 0) & (cut < K - 1))
            at = cut[inside]
            argument = thresholds[at] - linear[inside] - offset[inside]
            density = back.derivative(argument)
            value[inside] += sign * back.inverse(argument)
            rows[inside, at] += sign * density
            by_eta[inside] -= sign * density
        value[k == K - 1] += 1.0
        rows = np.hstack([by_eta[:, None] * X, rows])
        return rows, value - by_eta * linear - rows[:, X.shape[1] :] @ thresholds

    facts = (f"probabilities of the categories of {response}, averaged; differences are of them",)
    return Target(view, probabilities, None, facts, (response, labels), False, (0.0, 1.0))
