"""Treatment, group and individual: three effects on one response, told apart."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.table import Table
from mixedeffects.means import emmeans
from mixedeffects.means.grid import axes, label_text
from mixedeffects.thinning import sampled, spread
from mixedeffects.views.choice import chosen_group, one_of
from mixedeffects.views.covariates import is_numeric, moving_columns
from mixedeffects.views.mean_notes import mean_line, mean_warnings
from mixedeffects.views.mean_scale import (
    MAIN,
    chosen_scale,
    mean_component,
    mean_options,
    mean_title,
    refuse_ordinal,
    response_on,
    typical_note,
)
from mixedeffects.views.record import View

MOST_GROUPS, MOST_POINTS, MOST_TREATMENTS = 60, 2500, 12
# half of the width over which the individuals of a group are spread
JITTER = 0.32


def effects_view(
    fit, treatment=None, group=None, *, level=0.95, ddf=None, scale=None, most=None, seed=0
):
    """Means of treatments, of the groups within them, and the rows around those.

    Takes scale {"response", "link"}, optional.

    Parameters
    ----------
    treatment : str, optional
        A categorical column of the fixed effects that is constant within groups; the first by
        default.
    group : str, optional
        A grouping factor; the first within whose levels the treatment is constant.
    level : float
        Coverage of the intervals of the treatments' means.
    ddf : str, optional
        As in `emmeans`.
    most : int, optional
        Groups shown for each treatment; of more, those evenly spaced in their mean.
    seed : int
        Of the sample of rows and their sideways places.

    Returns
    -------
    View
        "individuals": treatment, group, place (of the group, plus a random shift), y. "groups":
        treatment, group, place (1 is the lowest of its treatment), size, effect (what the random
        effects add to the linear predictor, on average), mean (the treatment's with the group's
        effects). "treatments": treatment, mean, lower, upper, first, last (places). Facts:
        treatment, group, title, said (what means are held at and averaged over), label, coverage,
        treatments, n_groups.

    Raises
    ------
    NotAvailableError
        No categorical column is constant within groups.
    OptionError
        The one given is not.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> view = effects_view(fit)
    >>> {name: len(table.columns["treatment"]) for name, table in view.tables.items()}
    {'individuals': 375, 'groups': 15, 'treatments': 3}
    """
    refuse_ordinal(fit, "the three effects", "fit.plot.means shows the probabilities")
    scale = chosen_scale(fit, scale)
    treatment, codes, labels, block = _chosen(fit, treatment, group)
    if scale == "response" and mean_component(fit) != MAIN:
        raise NotAvailableError(
            "the mean of this model is made by several parts, so that a group's effect is no shift "
            "of one\nuse scale='link'"
        )
    factor = block.factor
    home = np.empty(factor.n_levels, dtype=np.intp)
    home[factor.codes] = codes
    sizes = np.bincount(factor.codes, minlength=factor.n_levels)
    at = {treatment: labels}
    means = emmeans(fit, [treatment], at=at, ddf=ddf, level=level, **mean_options(fit, scale))
    table = means.table().columns
    effect = _group_effects(fit, factor)
    group_mean = _shifted(fit, means, effect, home, scale)
    places, shown = _places(home, group_mean, len(labels), MOST_GROUPS if most is None else most)
    texts = [label_text(v) for v in labels]
    names = text_array([str(factor.labels[int(j)]) for j in shown])
    groups = {
        "treatment": text_array(texts)[home[shown]], "group": names, "place": places[shown],
        "size": sizes[shown], "effect": effect[shown], "mean": group_mean[shown],
    }  # fmt: skip
    last = np.bincount(home[shown], minlength=len(labels))
    treatments = {
        "treatment": text_array(texts), "mean": table["estimate"], "lower": table["lower"],
        "upper": table["upper"], "first": np.full(len(labels), 0.5), "last": last + 0.5,
    }  # fmt: skip
    notes = []
    if shown.size < factor.n_levels:
        notes.append(
            f"{shown.size:,} of {factor.n_levels:,} levels of {factor.name}, evenly spaced in "
            "their means"
        )
    individuals, said = _individuals(fit, scale, factor, home, places, texts, shown, seed)
    facts = {
        "treatment": treatment, "group": factor.name, "title": mean_title(fit, scale),
        "said": mean_line(fit, means, at), "label": means.label, "coverage": level,
        "scale": scale, "treatments": texts,
        "n_groups": factor.n_levels, "most_groups": int(last.max()),
    }  # fmt: skip
    tables = {
        "individuals": Table(individuals), "groups": Table(groups),
        "treatments": Table(treatments),
    }  # fmt: skip
    return View(tables, (*notes, *said, *typical_note(fit, scale), *mean_warnings(means)), facts)


def _chosen(fit, treatment, group):
    """A treatment and the first grouping factor within whose levels it is constant."""
    chosen_group(fit, group)
    found = {n: axis for n, axis in axes(fit).items() if axis.codes is not None}
    if not found:
        moving = moving_columns(fit)
        numeric = "\nfit.plot.trajectories shows numeric columns" if moving else ""
        raise NotAvailableError(
            "the fixed effects have no categorical column, so that there is no treatment to tell "
            f"from groups and individuals{numeric}"
        )
    names = list(found) if treatment is None else [one_of(treatment, list(found), "treatment")]
    blocks = [b for b in fit.design.blocks if group in (None, b.factor.name)]
    for name in names:
        for block in blocks:
            if _constant(block.factor, found[name].codes):
                if len(found[name].values) > MOST_TREATMENTS:
                    raise OptionError(
                        f"treatment={name!r} has {len(found[name].values)} levels; a chart shows "
                        f"at most {MOST_TREATMENTS}"
                    )
                return name, found[name].codes, found[name].values, block
    said = (
        f"{', '.join(names)} {'varies' if len(names) == 1 else 'vary'} within the levels of "
        f"{', '.join(b.factor.name for b in blocks)}: every group has several treatments, so that "
        "no group has a mean around that of its own"
    )
    raise (NotAvailableError if treatment is None else OptionError)(
        f"{said}\n{_instead(fit, names[0])}"
    )


def _instead(fit, name):
    """Charts that show a treatment of this model, as they are called."""
    found = axes(fit)
    other = next((n for n, axis in found.items() if n != name and axis.codes is not None), None)
    calls = [f"fit.plot.means({name!r})"]
    if other is not None:
        calls.append(f"fit.plot.interaction({name!r}, {other!r})")
    if any(is_numeric(fit, column) for column in moving_columns(fit)):
        calls.append(f"fit.plot.trajectories(by={name!r})")
    return f"{' or '.join(calls)} shows such effects"


def _constant(factor, codes):
    home = np.empty(factor.n_levels, dtype=np.intp)
    home[factor.codes] = codes
    return bool((home[factor.codes] == codes).all())


def _group_effects(fit, factor):
    """What random effects add to the linear predictor of each level's rows, on average.

    Those of the factor itself and of factors that its levels lie within.
    """
    total = np.zeros(factor.n_levels)
    rows = np.bincount(factor.codes, minlength=factor.n_levels)
    for block, b in zip(fit.design.blocks, fit.b, strict=True):
        if _constant(factor, block.factor.codes):
            added = random_part([(block.factor.codes, block.Z)], [b])
            total += np.bincount(factor.codes, added, factor.n_levels) / rows
    return total


def _shifted(fit, means, effect, home, scale):
    """Mean of each group: that of its treatment with the group's effects."""
    eta = (means.L @ fit.beta + means.offset)[home] + effect
    if scale == "response" and means.transformation is not None:
        return means.transformation.inverse(eta)
    return eta


def _places(home, mean, m, most):
    """Place of each group among those of its treatment, and the groups shown."""
    places, shown = np.zeros(home.size), []
    for k in range(m):
        own = np.flatnonzero(home == k)
        own = own[np.argsort(mean[own], kind="stable")]
        some = spread(own.size, max(1, most // m))
        own = own if some is None else own[some]
        places[own] = np.arange(1, own.size + 1)
        shown.append(own)
    return places, np.concatenate(shown)


def _individuals(fit, scale, factor, home, places, texts, shown, seed):
    """Rows of the groups shown, at random where they are many."""
    y = response_on(fit, scale)
    if y is None:
        empty = {name: np.empty(0) for name in ("treatment", "group", "place", "y")}
        return empty, ["rows have no place on the scale of the link"]
    inside = np.zeros(factor.n_levels, dtype=bool)
    inside[shown] = True
    rows = np.flatnonzero(inside[factor.codes])
    some = sampled(rows.size, MOST_POINTS, seed)
    notes = []
    if some is not None:
        notes.append(f"points: {some.size:,} of {rows.size:,} rows, at random")
        rows = rows[some]
    codes = factor.codes[rows]
    shift = np.random.default_rng(seed).uniform(-JITTER, JITTER, rows.size)
    return {
        "treatment": text_array(texts)[home[codes]],
        "group": text_array([str(factor.labels[j]) for j in codes.tolist()]),
        "place": places[codes] + shift, "y": np.asarray(y)[rows],
    }, notes  # fmt: skip
