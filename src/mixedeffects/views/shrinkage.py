"""Unpooled estimates of the groups' effects against their predictions: what shrinkage does."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.identification import NOT_IN_DATA, identification
from mixedeffects.inference.table import Table
from mixedeffects.thinning import spread
from mixedeffects.views.arrows import arrows, axis_domain
from mixedeffects.views.choice import chosen_terms, one_of, varied_group
from mixedeffects.views.labels import places, short_name
from mixedeffects.views.own_estimates import own_estimates
from mixedeffects.views.record import View

LAYOUTS = ("size", "order", "plane")
# levels shown: in a plane or against their size, and as a list with names
MOST_LEVELS, MOST_LISTED = 300, 60
# sizes say something about shrinkage from this ratio of the largest to the smallest on, and from
# this many different ones
UNEQUAL, DIFFERENT = 1.5, 5
# own estimates farther out than this many times the others' reach leave the picture: two rows
# that are nearly alike give a slope of anything
FAR, OTHERS, MARGIN = 2.0, 0.9, 1.3
# levels of one size are spread over so much of a logarithm, for the eye
APART = 0.15
# levels up to which they have names in a plane, of a side of so many points
MOST_NAMED, SIDE = 30, 420
# contours of the estimated distribution of two random effects: coverage and points of each
CONTOURS, CONTOUR_POINTS = (0.5, 0.95), 73


def shrinkage_view(fit, group=None, *, term=None, terms=None, layout=None, most=None):
    """Every level's own estimate of its random effects, and the shrunken one (BLUP).

    The own estimate uses the level's rows alone, given the fixed effects and those of other
    factors; see `mixedeffects.views.own_estimates.own_estimates` for the formula.

    Parameters
    ----------
    group : str, optional
        Grouping factor; the first that has a variance by default.
    term : str, optional
        One of its terms, shown by itself.
    terms : (str, str), optional
        Two of its terms, one against the other; the first two by default.
    layout : {"size", "order", "plane"}, optional
        Of one term: against the rows of each level (the default where sizes differ) or as a
        list in order of the BLUP. "plane" for two terms.
    most : int, optional
        Levels shown; of more, those evenly spaced in size (and rank) or rank.

    Returns
    -------
    View
        "data": term, level, size (rows), place (the size, levels of one size next to each
        other), rank (of the BLUP), raw, shrunken, kept (shrunken as a share of raw),
        end (where its line starts: raw, or the edge of the picture); of one term also move
        (length of that line as a share of the axis) and angle (where it points, in degrees
        clockwise from upwards). For two terms also "plane" (level, size, raw_x, raw_y,
        shrunken_x, shrunken_y, end_x, end_y, move and angle in a square picture, and label: where
        the name of a level stands, "" without room) and
        "contours" of the estimated distribution (coverage, point, x, y). Facts: group,
        terms, layout, n_levels, unequal (whether sizes differ much), reach (half-width of each
        term's axis where own estimates are cut off, or None), domains (ends of each term's
        axis), undefined.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> data = shrinkage_view(fit).tables["data"].columns
    >>> np.unique(data["kept"].round(4))  # ten rows each, so that all keep the same share
    array([0.9349])
    """
    name = varied_group(fit, group)
    terms = _chosen_terms(fit, name, term, terms)
    layout = _layout(layout, terms)
    f = [block.factor.name for block in fit.design.blocks].index(name)
    refuse_unknown(fit, f, terms)
    factor, known, blups = fit.design.blocks[f].factor, fit.design.blocks[f].names, fit.b[f]
    sizes = np.bincount(factor.codes, minlength=factor.n_levels)
    unequal = bool(sizes.max() >= UNEQUAL * sizes.min() and np.unique(sizes).size >= DIFFERENT)
    if layout is None:
        layout = "size" if unequal else "order"
    if most is None:
        most = MOST_LISTED if layout == "order" else MOST_LEVELS
    rank = blups[:, known.index(terms[0])]
    # levels of one size by their estimates: the table's own order may have a period
    order = np.lexsort((rank,) if layout == "order" else (rank, sizes))
    shown = spread(order.size, most)
    levels = np.sort(order if shown is None else order[shown])
    own = own_estimates(fit, f, levels)
    common = {
        "level": text_array([str(factor.labels[int(j)]) for j in levels]), "size": sizes[levels],
        "place": _apart(sizes[levels]),
    }  # fmt: skip
    parts = []
    for t in terms:
        j = known.index(t)
        parts.append(_part(t, common, own.estimates[:, j], blups[:, j], levels))
    reach, outside = _cut(parts)
    tables = {}
    if layout == "plane":
        contours = _contours(fit.random_effects[f][2], [known.index(t) for t in terms])
        domains = tuple(
            axis_domain(p["shrunken"], p["end"], contours[axis], reach=far)
            for p, axis, far in zip(parts, "xy", reach, strict=True)
        )
        tables = {"plane": Table(_plane(parts, domains)), "contours": Table(contours)}
    else:
        domains = (axis_domain(parts[0]["shrunken"], parts[0]["end"], reach=reach[0]),)
        _point(parts[0], domains[0], layout)
    data = Table({c: np.concatenate([p[c] for p in parts]) for c in parts[0]})
    by_what = "rank" if layout == "order" else "size"
    notes = [*_left_out(levels.size, order.size, by_what, outside), *_undefined(own, len(known))]
    if layout == "plane":
        notes += _unnamed(tables["plane"].columns)
    facts = {
        "group": name, "terms": tuple(terms), "layout": layout, "n_levels": order.size,
        "unequal": unequal, "reach": reach, "domains": domains,
        "undefined": int((own.few | own.infinite).sum()),
    }  # fmt: skip
    return View({"data": data, **tables}, tuple(notes), facts)


def refuse_unknown(fit, f, terms):
    """Refuse effects that are not in the data. Raises NotAvailableError."""
    found = identification(fit)
    if found is None:
        return
    block = fit.design.blocks[f]
    for t in terms:
        if not found.known_entries(f)[block.names.index(t)].all():
            raise NotAvailableError(
                f"the random effects {t} of {block.factor.name} are {NOT_IN_DATA}\n"
                "fit.diagnose() looks for a formula without them"
            )


def _chosen_terms(fit, name, term, terms):
    known = chosen_terms(fit, name)
    if term is not None and terms is not None:
        raise OptionError("give term= for one term or terms= for two, not both")
    if term is not None:
        return [one_of(term, known, "term")]
    if terms is None:
        return known[:2]
    if isinstance(terms, str) or len(terms) != 2 or terms[0] == terms[1]:
        raise OptionError(f"terms={terms!r} must be two of {', '.join(known)}; term= is for one")
    return [one_of(t, known, "terms") for t in terms]


def _layout(layout, terms):
    if layout is not None and layout not in LAYOUTS:
        raise OptionError(f"layout={layout!r} is not one of {', '.join(LAYOUTS)}")
    if len(terms) == 2:
        if layout in ("size", "order"):
            raise OptionError(f"layout={layout!r} shows one term: choose it with term=")
        return "plane"
    if layout == "plane":
        raise OptionError("layout='plane' shows two terms: choose them with terms=")
    return layout


def _part(term, common, raw, blups, levels):
    """The rows of one term."""
    rank = np.empty(blups.size, dtype=np.int64)
    rank[np.argsort(blups, kind="stable")] = np.arange(1, blups.size + 1)
    shrunken = blups[levels]
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = shrunken / raw
    own = {"rank": rank[levels], "raw": raw, "shrunken": shrunken, "kept": kept}
    return {"term": text_array([term] * levels.size)} | common | own


def _apart(sizes):
    """Sizes with levels of the same one spread evenly about it, on a logarithm."""
    order = np.argsort(sizes, kind="stable")
    _, start, count = np.unique(sizes[order], return_index=True, return_counts=True)
    within = np.arange(sizes.size) - np.repeat(start, count)
    middle = (np.repeat(count, count) - 1) / 2.0
    out = np.empty(sizes.size)
    out[order] = sizes[order] * np.exp(APART * (within - middle) / np.maximum(2.0 * middle, 4.0))
    return out


def _cut(parts):
    """Half-width of each term's axis, None where everything has a place; levels outside.

    Adds to each part where the line from the BLUP to the own estimate ends.
    """
    reach, share = [], np.ones(parts[0]["raw"].size)
    for part in parts:
        raw, blup = part["raw"], part["shrunken"]
        size = np.abs(raw[np.isfinite(raw)])
        if not size.size:
            reach.append(None)
            continue
        inner = MARGIN * max(float(np.quantile(size, OTHERS)), float(np.abs(blup).max()))
        if float(size.max()) <= FAR * inner:
            reach.append(None)
            continue
        reach.append(inner)
        out = np.abs(raw) > inner
        share[out] = np.minimum(
            share[out], (np.sign(raw[out]) * inner - blup[out]) / (raw - blup)[out]
        )
    for part in parts:
        whole = part["shrunken"] + share * (part["raw"] - part["shrunken"])
        part["end"] = np.where(share < 1.0, whole, part["raw"])
    return tuple(reach), int((share < 1.0).sum())


def _point(part, domain, layout):
    """Adds the length and direction of each level's line: up or down, in a list left or right."""
    ends = part["end"], part["shrunken"]
    if layout == "order":
        part["move"], part["angle"] = arrows(ends[0], 0.0, ends[1], 0.0, x_domain=domain)
    else:
        part["move"], part["angle"] = arrows(0.0, ends[0], 0.0, ends[1], y_domain=domain)


def _plane(parts, domains):
    x, y = parts
    move, angle = arrows(x["end"], y["end"], x["shrunken"], y["shrunken"], *domains)
    return {
        "level": x["level"], "size": x["size"], "raw_x": x["raw"], "raw_y": y["raw"],
        "shrunken_x": x["shrunken"], "shrunken_y": y["shrunken"], "end_x": x["end"],
        "end_y": y["end"], "move": move, "angle": angle, "label": _labels(x, y, domains),
    }  # fmt: skip


def _labels(x, y, domains):
    """Where the names of the levels stand, beside their own estimates."""
    out = text_array([""] * x["level"].size)
    if out.size > MOST_NAMED:
        return out
    inside = _inside(x["raw"], x["end"], y["raw"], y["end"])
    own, other = (
        [
            SIDE * (part[name] - low) / (high - low)
            for part, (low, high) in zip((x, y), domains, strict=True)
        ]
        for name in ("raw", "shrunken")
    )
    taken = [np.concatenate([a[inside], b]) for a, b in zip(own, other, strict=True)]
    names = [short_name(text) for text in x["level"][inside]]
    out[inside] = places(names, own[0][inside], own[1][inside], *taken)
    return out


def _inside(raw_x, end_x, raw_y, end_y):
    """Levels whose own estimate has a place in the picture."""
    return (raw_x == end_x) & (raw_y == end_y)


def _unnamed(plane):
    """How many names have no room."""
    inside = _inside(*(plane[name] for name in ("raw_x", "end_x", "raw_y", "end_y")))
    n = int((inside & (plane["label"] == "")).sum())
    if plane["label"].size > MOST_NAMED or not n:
        return []
    return [f"{n:,} name{'s have' if n > 1 else ' has'} no room"]


def _contours(factor, places):
    """Ellipses that hold a share of the estimated distribution of two random effects."""
    # a square root of the covariance of the two, singular or not
    values, vectors = np.linalg.eigh((factor @ factor.T)[np.ix_(places, places)])
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    angle = np.linspace(0.0, 2.0 * np.pi, CONTOUR_POINTS)
    circle = np.vstack([np.cos(angle), np.sin(angle)])
    columns = {"coverage": [], "point": [], "x": [], "y": []}
    for share in CONTOURS:
        # chi-squared with two degrees of freedom is exponential
        x, y = np.sqrt(-2.0 * np.log1p(-share)) * (half @ circle)
        columns["coverage"].append(np.full(angle.size, share))
        columns["point"].append(np.arange(angle.size))
        columns["x"].append(x)
        columns["y"].append(y)
    return {name: np.concatenate(values) for name, values in columns.items()}


def _left_out(shown, n, by_what, outside):
    notes = []
    if shown < n:
        notes.append(f"{shown:,} of {n:,} levels, evenly spaced in {by_what}")
    if outside:
        notes.append(
            f"{outside:,} own estimate{'s lie' if outside > 1 else ' lies'} beyond the axes"
        )
    return notes


def _undefined(own, k):
    notes = []
    n = int(own.few.sum())
    if n:
        its = "their" if n > 1 else "its"
        what = f"{its} effect" if k == 1 else f"{its} {k} effects"
        notes.append(
            f"{n:,} level{'s have' if n > 1 else ' has'} too few different rows for an own "
            f"estimate of {what}: shrunken one only"
        )
    n = int(own.infinite.sum())
    if n:
        notes.append(
            f"{n:,} level{'s have' if n > 1 else ' has'} no finite own estimate (all responses at "
            "one end): shrunken one only"
        )
    return notes
