"""The distribution of the response, observed and simulated from the fit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mixedeffects.inference.prediction.simulate import simulated
from mixedeffects.inference.residual.row_sample import row_sample
from mixedeffects.inference.table import Table
from mixedeffects.options import check_count, generator
from mixedeffects.views.covariates import all_whole
from mixedeffects.views.mean_scale import unquoted
from mixedeffects.views.record import View

MOST_ROWS, MOST_BINS, MOST_VALUES = 10_000, 40, 30
# shares of the simulated responses left out when the range is chosen; of simulations in a limit
TAIL, LIMIT = 1e-3, 0.025


def predictive_view(fit, n=100, rng=None, *, groups="new", most=MOST_ROWS):
    """How often responses fall into bins, among those observed and those simulated.

    Parameters
    ----------
    n : int
        Simulations.
    groups : {"new", "conditional"}
        New random effects in every simulation, or those of the fit.
    most : int
        Rows used; of more, a random sample, observed and simulated alike.

    Returns
    -------
    View
        "data": low, high (of the bin), middle, label, observed, expected, lower, upper: the share
        of the rows in the bin, and the median and the 2.5 and 97.5% quantiles of this share over
        the simulations. Facts: response, whole (whether a bin is one value), n_simulations,
        groups, n_outside.

    References
    ----------
    Gelman, Meng & Stern (1996), Statistica Sinica 6, 733-760, for predictive checks; parameters
    are held at their estimates here.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = predictive_view(fit, rng=1)
    >>> float(view.tables["data"].columns["observed"].sum().round(6))
    1.0
    """
    n, rng, notes, some = check_count(n), generator(rng), [], fit
    if fit.design.n > most:
        chosen = np.sort(rng.choice(fit.design.n, most, replace=False))
        some = row_sample(fit, chosen)
        notes.append(f"{most:,} of {fit.design.n:,} rows, chosen at random")
    size = some.response.size
    scale = 1.0 if size is None else np.maximum(size, 1.0)
    observed = some.response.y / scale
    drawn = np.array([y / scale for y in simulated(some, n, rng, groups=groups)])
    discrete = fit.family.discrete and size is None
    edges, whole = _edges(observed, drawn, discrete or _counted(observed))
    shares = np.array([np.histogram(y, edges)[0] for y in drawn]) / observed.size
    lower, expected, upper = np.quantile(shares, (LIMIT, 0.5, 1.0 - LIMIT), axis=0)
    share = np.histogram(observed, edges)[0] / observed.size
    middle = (edges[:-1] + edges[1:]) / 2.0
    data = {
        "low": edges[:-1], "high": edges[1:], "middle": middle,
        "label": _labels(fit, middle, edges, whole), "observed": share, "expected": expected,
        "lower": lower, "upper": upper,
    }  # fmt: skip
    facts = {
        "response": unquoted(fit.design.spec.response), "whole": whole, "n_simulations": n,
        "groups": groups, "n_outside": int(((share < lower) | (share > upper)).sum()),
    }  # fmt: skip
    return View({"data": Table(data)}, tuple(notes), facts)


def _edges(observed, drawn, discrete):
    """Edges of the bins, about whole numbers if `discrete`; whether each bin is one of them."""
    low, high = np.quantile(drawn, (TAIL, 1.0 - TAIL))
    low, high = min(low, observed.min()), max(high, observed.max())
    if discrete:
        width = int(np.ceil((high - low + 1.0) / MOST_VALUES))
        first = np.floor(low) - 0.5
        edges = first + width * np.arange(int(np.ceil((high + 0.5 - first) / width)) + 1)
        return edges, width == 1 and all_whole(drawn[0])
    # a bin for each row would be empty or full: as many as rows in a bin, on average
    bins = min(MOST_BINS, int(np.ceil(np.sqrt(observed.size))))
    return np.linspace(low, high if high > low else low + 1.0, bins + 1), False


def _counted(observed):
    """Whether there are so few whole numbers that bins of other widths would be empty or double."""
    return all_whole(observed) and np.ptp(observed) < MOST_VALUES


def _labels(fit, middle, edges, whole):
    """What a bin is called."""
    answer = fit.design.spec.answer
    if fit.family.ordinal:
        names = [str(label) for label in fit.design.categories]
    elif whole and answer is not None and answer.form == "levels":
        names = [str(label) for label in answer.labels]
    else:
        names = None
    if names is not None:
        return np.array([names[round(m)] for m in middle], dtype=object)
    if whole:
        return np.array([f"{m:.0f}" for m in middle], dtype=object)
    return np.array([f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)], dtype=object)
