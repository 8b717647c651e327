"""How optimisers came down to the optimum: the objective above it, and every parameter."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.table import Table
from mixedeffects.thinning import spread
from mixedeffects.views.record import View
from mixedeffects.views.trace_table import OWN, trace

# iterations of one fit, and parameters, that are shown
MOST_STEPS, MOST_PARAMETERS = 500, 12
# differences of the objective below this share of it are rounding
ROUNDING = 1e-14
# and a parameter that moves by less than this share of it does not move
STILL = 1e-9
# how parameters of variances are called
COMPONENTS = ("sd__", "cor__")
# significant digits at the axis of a parameter
FEWEST_DIGITS, MOST_DIGITS = 4, 10


def trace_view(fit, *others):
    """The paths of one fit's optimiser, or of several fits of the same model.

    Parameters
    ----------
    *others : Fit
        Fits of the same model to the same rows by other optimisers.

    Returns
    -------
    View
        "data": fit (the optimiser's name), iteration, evaluations, seconds, objective, gap (above
        the lowest objective of all), height (the gap, or a little less than the smallest one
        where it is zero, for a logarithmic axis), gradient. "parameters": fit, iteration,
        parameter, value (where it moves by rounding only, the last one; a correlation has none
        while a variance of its is zero). Facts: fits,
        parameters, objective (the lowest), criterion, domains (of the axes of parameters that do
        not move).

    Raises
    ------
    OptionError
        Fits that have no objective in common.
    NotAvailableError
        A fit whose path was not kept.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = trace_view(fit)
    >>> view.facts["fits"], view.tables["data"].columns["gap"][-1].item()
    (['newton'], 0.0)
    """
    fits = [fit, *others]
    _check_comparable(fits)
    names, found, notes = _names(fits), [], []
    for name, one in zip(names, fits, strict=True):
        columns = trace(one).columns
        steps = len(columns["iteration"])
        shown = spread(steps, MOST_STEPS)
        if shown is not None:
            notes.append(f"{name}: {MOST_STEPS} of {steps:,} iterations")
            columns = {c: np.asarray(v)[shown] for c, v in columns.items()}
        found.append(columns)
    lowest = min(float(np.min(columns["objective"])) for columns in found)
    own = {c: np.concatenate([np.asarray(f[c], dtype=float) for f in found])
           for c in ("iteration", "evaluations", "seconds", "objective", "gradient")}  # fmt: skip
    gap = own["objective"] - lowest
    gap[gap <= ROUNDING * max(1.0, abs(lowest))] = 0.0
    least = 10.0 ** (np.floor(np.log10(gap[gap > 0].min())) - 1.0) if gap.any() else 1.0
    label = _repeated(names, found)
    data = {
        "fit": label, "iteration": own["iteration"].astype(int),
        "evaluations": own["evaluations"].astype(int), "seconds": own["seconds"],
        "objective": own["objective"], "gap": gap, "height": np.maximum(gap, least),
        "gradient": own["gradient"],
    }  # fmt: skip
    # a correlation with an effect whose variance is zero is no number
    parameters = list(dict.fromkeys(
        c for f in found for c in f if c not in OWN and np.isfinite(f[c]).any()
    ))  # fmt: skip
    if len(parameters) > MOST_PARAMETERS:
        parameters.sort(key=lambda name: not name.startswith(COMPONENTS))
        notes.append(
            f"{MOST_PARAMETERS} of {len(parameters)} parameters, those of the variances first"
        )
        parameters = parameters[:MOST_PARAMETERS]
    facts = {
        "fits": names, "parameters": parameters, "objective": lowest,
        "criterion": "REML criterion" if fit.reml else "-2 log-likelihood",
    }  # fmt: skip
    paths, domains = _still(_long(names, found, parameters), parameters)
    facts["domains"] = domains
    facts["last"] = int(max(columns["iteration"][-1] for columns in found))
    facts["digits"] = {name: _digits(paths, name) for name in parameters}
    tables = {"data": Table(data), "parameters": paths}
    return View(tables, tuple(notes), facts)


def _check_comparable(fits):
    """Refuse fits of other rows or of another criterion."""
    first = fits[0]
    for other in fits[1:]:
        if not hasattr(other, "certificate"):
            raise OptionError(f"{other!r} is not a fitted model")
        same = (other.reml, other.design.n, other.kind) == (first.reml, first.design.n, first.kind)
        if not same or other.design.x_names != first.design.x_names:
            raise OptionError(
                "objectives of different models, rows or criteria cannot be compared\n"
                "give fits of the same model by other optimisers"
            )


def _names(fits):
    """The optimisers' names, numbered where they repeat."""
    seen, names = {}, []
    for fit in fits:
        name = fit.certificate.optimizer
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _repeated(names, found):
    return np.concatenate(
        [np.full(len(f["iteration"]), n, dtype=object) for n, f in zip(names, found, strict=True)]
    )


def _long(names, found, parameters):
    columns = {c: [] for c in ("fit", "iteration", "parameter", "value")}
    for name, f in zip(names, found, strict=True):
        for parameter in (p for p in parameters if p in f):
            value = np.asarray(f[parameter], dtype=float)
            known = np.isfinite(value)
            steps = np.asarray(f["iteration"])[known]
            columns["fit"].append(np.full(steps.size, name, dtype=object))
            columns["iteration"].append(steps.astype(int))
            columns["parameter"].append(np.full(steps.size, parameter, dtype=object))
            columns["value"].append(value[known])
    return {c: np.concatenate(v) for c, v in columns.items()}


def _digits(paths, name):
    """Significant digits that tell the ticks of a parameter's axis apart."""
    value = paths.columns["value"][paths.columns["parameter"] == name]
    span, size = float(np.ptp(value)), float(np.abs(value).max())
    if span == 0.0:
        return FEWEST_DIGITS
    return int(np.clip(np.ceil(np.log10(size / span)) + 2, FEWEST_DIGITS, MOST_DIGITS))


def _still(columns, parameters):
    """Parameters that move by rounding only held at one value, and a range around it."""
    domains = {}
    for parameter in parameters:
        rows = columns["parameter"] == parameter
        value = columns["value"][rows]
        size = float(np.abs(value).max())
        if np.ptp(value) <= STILL * size:
            columns["value"][rows] = value[-1]
            domains[parameter] = (float(value[-1] - (size or 1.0) / 10.0),
                                  float(value[-1] + (size or 1.0) / 10.0))  # fmt: skip
    return Table(columns), domains
