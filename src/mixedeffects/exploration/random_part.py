"""The random part of a suggested model: groupings, nested or crossed, with slopes or without."""

from __future__ import annotations

import numpy as np

from mixedeffects.exploration.blocks import split_plot
from mixedeffects.exploration.hints import GROUPS, PARTS, PERSONS, hint, words
from mixedeffects.exploration.missingness import MOST_PER_CELL
from mixedeffects.exploration.relations import constant_within, n_pairs, relate, same_in_each
from mixedeffects.exploration.restarting import combined
from mixedeffects.formula import quote

#: Fewer levels than this say too little about a variance between them.
LEAST_LEVELS = 5
#: Groups that are no blocks of an experiment, whose rows are in the order of their plots.
NO_BLOCKS = GROUPS - words("block rep replicate replication batch lot run tray plate row column")
#: Times per subject from which slopes are suggested at all.
SLOPES = 3


def random_terms(groups, roles):
    """Pairs (terms, grouping), remarks, and groupings with too few levels."""
    remarks, few = [], []
    kept = []
    inside = _parts(groups)
    for p in groups:
        if p.name in inside:
            remarks.append(
                f"{p.name} {p.labels[0]} of one {inside[p.name]} is taken for another than that of "
                f"the next {inside[p.name]}"
            )
        elif p.n_distinct < LEAST_LEVELS:
            few.append(p.name)
            remarks.append(
                f"{p.name} has {p.n_distinct} levels, too few for a variance between them: a fixed "
                "effect"
            )
        elif p.n_distinct == p.n_present:
            remarks.append(
                f"{p.name} has one row per level, so a variance between its levels cannot be told "
                "from that of the rows"
            )
        else:
            kept.append(p)
    random, done = [], set()
    relations = {}
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            relations[a.name, b.name] = relate(a, b)
    same = {b for (a, b), r in relations.items() if r is not None and r.kind == "same"}
    for name in same:
        remarks.append(
            f"{name} is left out of the random part: another column is the same grouping"
        )
    kept = [p for p in kept if p.name not in same]
    for i, p in enumerate(kept):
        if p.name in done:
            continue
        chain = [p.name]
        for outer in kept[i + 1 :]:
            r = relations.get((chain[-1], outer.name))
            if outer.name not in done and r is not None and r.kind == "nested":
                chain.append(outer.name)
        done.update(chain)
        place = roles.restarts.get(chain[0])
        inner = [quote(c) for c in reversed(chain)]
        inner += [quote(part) for part, whole in inside.items() if whole == chain[0]]
        if place is not None and place not in chain:
            inner[-1] = f"{quote(place)}:{inner[-1]}"
        random.append(("1", " / ".join(inner)))
    return random, remarks, few


def _parts(groups) -> dict[str, str]:
    """Groupings of few levels, by their names parts of those of another, with that one."""
    out = {}
    for whole in groups:
        if whole.n_distinct < LEAST_LEVELS or hint(whole.name, PARTS & PERSONS):
            continue
        for p in groups:
            small = p is not whole and p.n_distinct < LEAST_LEVELS and p.name not in out
            if small and hint(p.name, PARTS) and same_in_each(p, whole):
                if whole.n_present >= 2 * whole.n_distinct * p.n_distinct:
                    out[p.name] = whole.name
    return out


def whole_plots(random, found, roles, few):
    """The random part with whole plots inside blocks, and the words for them."""
    if len(random) != 1 or " / " in random[0][1]:
        return random, ""
    by_name = {quote(p.name): p for p in found}
    kinds = ("treatment", "covariate")
    factors = [p for p in found if roles.by_column[p.name].role in kinds or p.name in few]
    block = by_name.get(random[0][1])
    if block is None:
        return random, ""
    plot = split_plot(block, factors)
    if plot is None:
        return random, ""
    if hint(block.name, NO_BLOCKS) and not _only_repeats(by_name, block, plot, factors):
        return random, ""  # rows of people and places are in some order, which says nothing
    words = (
        f" (each {block.name} has a run of rows for each {plot}: whole plots, or measurements that "
        "were repeated)"
    )
    return [(random[0][0], f"{random[0][1]} / {quote(plot)}")], words


def _only_repeats(by_name, block, plot, factors) -> bool:
    """Whether the rows of a block and plot differ in no other factor."""
    cells = combined(by_name[quote(plot)], block)
    others = [p for p in factors if p.name not in (plot, block.name)]
    return all(constant_within(p, cells) for p in others)


def slopes(by_name, roles, random, fixed, complete):
    """The random part with slopes of time, and times per subject; None where none can be seen.

    Parameters
    ----------
    complete : int
        Rows in which nothing is missing that the model uses.
    """
    if roles.subject is None or roles.time is None or quote(roles.time) not in fixed:
        return None
    subject, time = by_name[roles.subject], by_name[roles.time]
    if time.kind != "number" or constant_within(time, subject):
        return None
    if time.codes is None:
        per = subject.n_present / subject.n_distinct
    else:
        pairs = n_pairs(subject, time)
        if subject.n_present > MOST_PER_CELL * pairs:
            return None
        per = pairs / subject.n_distinct
    if min(per, complete / subject.n_distinct) < SLOPES:
        return None
    place = roles.restarts.get(roles.subject)
    own = quote(roles.subject) if place is None else f"{quote(place)}:{quote(roles.subject)}"
    home = [
        i for i, (_, g) in enumerate(random)
        if g.split(" / ")[-1] in (quote(roles.subject), own)
    ]  # fmt: skip
    if not home:
        return None
    out = list(random)
    outer = random[home[0]][1].split(" / ")[:-1]
    out[home[0]] = (f"1 + {quote(roles.time)}", own)
    out += [("1", " / ".join(outer))] if outer else []
    return out, float(np.round(per, 1))
