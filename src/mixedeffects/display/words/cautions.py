"""What coefficients are not: within the data, of one level only, of an amount."""

from __future__ import annotations

from mixedeffects.display.numbers import significant
from mixedeffects.display.words.phrases import listed, minus, percent
from mixedeffects.inference.interpretation.columns import LEAST_LEVELS
from mixedeffects.inference.interpretation.effects import unquoted

# whole numbers below this are shown as such
LARGE = 1e7


def span(low, high):
    """Two numbers as the ends of a range, whole ones without decimals.

    Examples
    --------
    >>> span(175.0, 225.0), span(0.405465, 3.63)
    ('175 to 225', '0.405 to 3.63')
    """
    return " to ".join(
        minus(f"{v:.0f}" if v == round(v) and abs(v) < LARGE else significant(v, 3))
        for v in (low, high)
    )


def extrapolations(effects):
    """Effects and means said where a variable is zero, and it never is. Returns list of str."""
    found: dict[str, tuple] = {}
    means: dict[str, tuple] = {}
    for effect in effects:
        level = bool(effect.pieces) and all(p.kind == "level" for p in effect.pieces)
        for given in effect.given if effect.pieces and effect.alone else ():
            if given.outside is not None:
                kind = means if level else found
                kind.setdefault(given.variable, (given.outside, []))[1].append(effect)
    out = [
        f"What is said of levels where {name} is 0 extrapolates: {name} goes from {span(*ends)} in "
        f"the data. center({name}) in the formula gives it at the mean of {name}."
        for name, (ends, _) in means.items()
    ]
    for name, (ends, those) in found.items():
        if len(those) == 1:
            what, verb, other = "The effect", "is an extrapolation", "the effect another one"
        else:
            what, verb = f"The {len(those)} effects", "are extrapolations"
            other = "the effects others"
        out.append(
            f"{what} said where {name} is 0 {verb}: {name} goes from {span(*ends)} in the data, "
            f"and the interaction makes {other} there. center({name}) in the formula gives "
            f"{'it' if len(those) == 1 else 'them'} at the mean of {name}."
        )
    return out


def mixed_sentences(facts):
    """Predictors whose coefficient is a blend of two effects, a sentence per factor."""
    by_group: dict[str, list] = {}
    for name, group, share in facts.mixed:
        by_group.setdefault(group, []).append((name, share))
    out = []
    for group, found in by_group.items():
        names, shares = listed(name for name, _ in found), listed(percent(s) for _, s in found)
        one, where = len(found) == 1, unquoted(group)
        few = any(g.name == group and g.n_levels < LEAST_LEVELS for g in facts.summary.groups)
        tests = "" if few else ", and fit.diagnose() tests whether they differ"
        out.append(
            f"{names} {'varies' if one else 'vary'} within levels of {where} and between them "
            f"({shares} of {'its' if one else 'their'} variance lies between): "
            f"{'its' if one else 'each'} coefficient blends the effect within a level with the "
            f"difference between levels, which need not be alike. "
            f"{'A column of its means' if one else 'Columns of their means'} by {where} in the "
            f"formula tell{'s' * one} the two apart (Mundlak){tests}."
        )
    return out


def split_sentences(facts):
    """What the coefficients of a predictor and of its means by level are. Returns list of str."""
    alone = {e.pieces[0].variable for e in facts.effects if e.alone and e.pieces and not e.given}
    return [
        f"{means} is the mean of {name} by {unquoted(group)}: the coefficient of {name} is its "
        f"effect within a level, and that of {means} says by how much the difference between "
        "levels is larger, which is zero where the two are alike."
        for means, name, group in facts.means if {means, name} <= alone
    ]  # fmt: skip


def code_sentences(facts):
    """Whole numbers that may be codes."""
    alone = {e.pieces[0].variable for e in facts.effects if e.alone and e.pieces}
    return [
        f"{name} takes the whole numbers {low} to {high} and is read as a quantity: every step is "
        f"as large as the next. If they are codes of categories, write factor({name})."
        for name, low, high in facts.codes
        if name in alone and not any(f"'{name}'" in note for note in facts.summary.notes)
    ]
