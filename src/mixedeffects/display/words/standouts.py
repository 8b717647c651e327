"""Levels that stand out: whose predicted deviation is surely not zero."""

from __future__ import annotations

from mixedeffects.display.words.cautions import span
from mixedeffects.display.words.clauses import ONE, distant, own_places, random_name, where
from mixedeffects.display.words.phrases import coverage, listed, some
from mixedeffects.inference.interpretation.effects import unquoted


def standout_sentences(facts):
    """Levels whose prediction's interval leaves out zero. Returns list of str."""
    out, told = [], set()
    nested = {v.group: v.inside for v in facts.variations if v.component == "conditional"}
    for s in facts.standouts:
        what = random_name(s.term, (s.group, s.term) in facts.cells)
        group = unquoted(s.group)
        places = own_places(facts, s.group, s.term)
        if s.term == "(Intercept)" and any(map(distant, places)):
            out.append(_out_of_sight(group, places))
            continue
        average = "zero" if s.about_zero else "the average"
        if nested.get(s.group):
            average = f"the average of their own {listed(map(unquoted, nested[s.group]))}"
        if not s.above and not s.below:
            which = "all" if s.unknown == 0 else "the intervals of"
            out.append(
                f"No level of {group} stands out in its {what}: {which} "
                f"{s.n_levels - s.unknown:,}{' intervals' * (s.unknown == 0)} include zero."
            )
            continue
        article = "an" if what[0] in "ie" else "a"
        up = _counted(s.above, f"{article} {what} reliably above {average}")
        down = _counted(s.below, "one reliably below it")
        known = f" whose {what} is in the data" * (s.unknown > 0)
        place = f", {where(places)}" if places else ""
        out.append(
            f"Of {s.n_levels - s.unknown:,} levels of {group}{known}, {up} and {down}{place}."
        )
        out += _multiples(facts, s) if s.group not in told else []
        told.add(s.group)
    if told:
        known = "the variances are taken as known" if facts.link is None else "so are the variances"
        others = " and the levels that it is nested in" if any(nested.values()) else ""
        out.append(
            f"Reliably means that the {coverage(facts.summary.level)} interval of the level's "
            f"predicted deviation, from what the fixed effects{others} let expect, leaves out "
            "zero. The intervals are those of the prediction error: that the fixed effects are "
            f"estimated is part of it, {known}; they are not adjusted for their number."
        )
    return out


def _out_of_sight(group, places):
    """What is said of intercepts that are outside the data."""
    far = [g for g in places if distant(g)]
    names, centred = ([form(g) for g in far] for form in (
        lambda g: f"{g.variable} is 0 ({g.variable} goes from {span(*g.outside)})",
        lambda g: f"center({g.variable})",
    ))  # fmt: skip
    return (
        f"Which levels of {group} stand out in their intercept is not said, as that is where "
        f"{listed(names)}: {listed(centred)} in the formula shows it at the mean of "
        f"{listed(g.variable for g in far)}."
    )


def _multiples(facts, s):
    """What a correlation of one or minus one makes of levels that stand out."""
    pairs = [
        (a.first, a.second) for a in facts.associations if a.group == s.group
        and a.component == "conditional" and abs(a.value) >= ONE and s.term in (a.first, a.second)
    ]  # fmt: skip
    if not pairs:
        return []
    names = dict.fromkeys(name for pair in pairs for name in pair)
    what = listed(random_name(name, (s.group, name) in facts.cells) for name in names)
    return [
        f"In this singular fit {what} are multiples of each other: the data do not tell in which "
        "of them the levels differ."
    ]


def _counted(names, what):
    """As in "2 have an intercept reliably above the average (337 and 330)"."""
    if not names:
        return f"none has {what}"
    return f"{len(names):,} {'has' if len(names) == 1 else 'have'} {what} ({some(names)})"
