"""Families of columns: one variable measured at several waves, a column for each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from mixedeffects.exploration.hints import OCCASION_WORDS, OCCASIONS, words

NUMBER = r"\d+(?:\.\d+)?"
#: What stands between the variable's name and the wave, when nothing else is said.
SEPARATORS = r"[_.\-\s]+"
#: Words between the separator and the number of a wave: pain_month3, pain_t0.
UNITS = r"(?:t|time|w|wave|m|mo|month|d|day|wk|week|v|visit|y|yr|year|s|session|h|hour)"
#: Families of one letter each that are no times.
FEWEST_LETTERS = 2
#: Stems that number different things as often as times: regressors, items, components.
PLAIN = words("x v z f q r u w var feature feat col column pc item factor comp dim lag")


@dataclass(frozen=True, slots=True)
class ProposedFamily:
    """The columns of one variable.

    Attributes
    ----------
    name : str
        Of the variable; "" where the columns are named by the wave alone.
    columns : tuple
        Names of the columns, in the order of the waves.
    strong : bool
        Whether the names leave little doubt: a separator, three waves or more, or a word for time.
    """

    name: str
    columns: tuple[Any, ...]
    waves: tuple[Any, ...]
    strong: bool


def _patterns(sep):
    """Ways to write variable and wave, the plainest first; a name counts for the first it fits."""
    gap = SEPARATORS if sep is None else re.escape(sep)
    occasions = "|".join(sorted(OCCASION_WORDS, key=len, reverse=True))
    flags = re.IGNORECASE
    out = [
        # pain_0, dose_0.5, pain month 3
        re.compile(rf"^(?P<name>.*?\D.*?)(?P<sep>{gap})(?P<unit>{UNITS}[_.\-\s]?)?(?P<wave>{NUMBER})$",
                   flags),
        # bdi.2m, pain_6wk
        re.compile(rf"^(?P<name>.*?\D.*?)(?P<sep>{gap})(?P<wave>{NUMBER})(?P<unit>{UNITS}s?)$",
                   flags),
        # pain_pre
        re.compile(rf"^(?P<name>.+?)(?P<sep>{gap})(?P<wave>{occasions})$", flags),
        # t0_pain, wave1.pain
        re.compile(rf"^(?P<unit>{UNITS})[_\-]?(?P<wave>\d+)(?P<sep>{gap})(?P<name>.+)$", flags),
        # pre_pain
        re.compile(rf"^(?P<wave>{occasions})(?P<sep>{gap})(?P<name>.+)$", flags),
    ]  # fmt: skip
    if not sep:
        # Wave1, x2, 2019, 3.5
        out += [
            re.compile(r"^(?P<name>.*?[^\d.])(?P<sep>)(?P<wave>\d+)$"),
            re.compile(rf"^(?P<name>)(?P<sep>)(?P<wave>{NUMBER})$"),
        ]
    return out


def wave_of(text):
    """The number a wave's text is, or the text.

    Examples
    --------
    >>> wave_of("03"), wave_of("0.5"), wave_of("pre")
    (3, 0.5, 'pre')
    """
    if re.fullmatch(r"\d+", text):
        return int(text)
    return float(text) if re.fullmatch(NUMBER, text) else text


def families(names, kinds, sep=None) -> list[ProposedFamily]:
    """Columns that look like one variable at several waves.

    Parameters
    ----------
    names : sequence
        Column names, text or numbers.
    kinds : dict
        Name to what sort of values it holds, None for nothing; those of a family are the same.
    sep : str, optional
        What stands between variable and wave; by default whatever is usual, or nothing.

    Returns
    -------
    list of ProposedFamily
        In the order of the table.

    Examples
    --------
    >>> names = ["id", "pain_0", "pain_3", "mood_0", "mood_3", "age"]
    >>> [(f.name, f.waves) for f in families(names, dict.fromkeys(names, "number"))]
    [('pain', (0, 3)), ('mood', (0, 3))]
    """
    left = list(names)
    found: list[ProposedFamily] = []
    if not sep:
        found = _with_decimals(left, kinds)
        left = [name for name in left if not any(name in f.columns for f in found)]
    for pattern in _patterns(sep):
        groups: dict[tuple[str, str, str], list[tuple[Any, Any, bool]]] = {}
        for name in left:
            match = pattern.match(str(name))
            if match is None:
                continue
            parts = match.groupdict()
            unit = (parts.get("unit") or "").strip("_.- ").lower()
            key = (parts["name"], parts["sep"], unit)
            wave = wave_of(parts["wave"].lower() if unit else parts["wave"])
            groups.setdefault(key, []).append((name, wave, bool(unit)))
        for (stem, gap, unit), everyone in groups.items():
            members = _alike(everyone, kinds)
            waves = [wave for _, wave, _ in members]
            if len(members) < 2 or len(set(waves)) < len(waves):
                continue
            members = sorted(members, key=lambda m: wave_key(m[1]))
            waves = tuple(m[1] for m in members)
            # plain letters are names of different things (x1, x2) as often as of waves
            timed = bool(unit) or isinstance(waves[0], str) or stem.lower() in ("wave", "visit")
            strong = timed or bool(gap) or len(waves) > 2 or stem == ""
            if len(waves) == 2 and kinds[members[0][0]] == "text":
                strong = False  # first and last names
            if not timed and [m[0] for m in members] != [m[0] for m in everyone]:
                strong = False  # numbers of kinds, in no order
            if not timed and re.split(r"[_.\s]", stem.lower())[-1] in PLAIN:
                strong = False
            found.append(ProposedFamily(stem, tuple(m[0] for m in members), waves, strong))
            left = [name for name in left if name not in found[-1].columns]
    found = _without_items(found)
    place = {name: i for i, name in enumerate(names)}
    return sorted(_distinct(found), key=lambda f: min(place[c] for c in f.columns))


def _without_items(found):
    """Families, of which those with one letter are none where several are: items, regressors."""
    letters = [
        f for f in found
        if len(f.name) == 1 and f.name.isalpha() and f.waves == tuple(range(1, len(f.waves) + 1))
    ]  # fmt: skip
    if len({f.name for f in letters}) < FEWEST_LETTERS:
        return found
    return [replace(f, strong=False) if f in letters else f for f in found]


def _with_decimals(names, kinds):
    """t0, t0.5, t1: a point that is a decimal one, since some waves are whole."""
    groups: dict[str, list[tuple[Any, Any, bool]]] = {}
    for name in names:
        match = re.fullmatch(rf"(\D*?[^\d.])({NUMBER})", str(name))
        if match:
            groups.setdefault(match[1], []).append((name, wave_of(match[2]), False))
    out = []
    for stem, everyone in groups.items():
        members = sorted(_alike(everyone, kinds), key=lambda m: m[1])
        waves = tuple(m[1] for m in members)
        mixed = {isinstance(w, int) for w in waves} == {True, False}
        if mixed and len(members) > 2 and len(set(waves)) == len(waves):
            out.append(
                ProposedFamily(stem.rstrip("_- "), tuple(m[0] for m in members), waves, True)
            )
    return out


def _alike(members, kinds):
    """Those of the most frequent kind, and those that hold nothing (None)."""
    known = [kinds[name] for name, _, _ in members if kinds[name] is not None]
    usual = max(known, key=known.count) if known else None
    return [m for m in members if kinds[m[0]] in (usual, None)]


def _distinct(found):
    """Families of one name, told apart by separator only, cannot both be variables."""
    by_name: dict[str, list[ProposedFamily]] = {}
    for family in found:
        by_name.setdefault(family.name, []).append(family)
    return [max(same, key=lambda f: len(f.columns)) for same in by_name.values()]


def wave_key(wave):
    """Sort key of waves: numbers by size, then words for occasions in their order."""
    if not isinstance(wave, str):
        return (0, wave, "")
    text = wave.lower()
    for occasions in OCCASIONS:
        if text in occasions:
            return (1, occasions.index(text), text)
    return (2, 0, text)
