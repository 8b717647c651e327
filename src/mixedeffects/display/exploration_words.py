"""What is said about a table: headings with sentences, lines of code and small tables."""

from __future__ import annotations

import json

from mixedeffects.display.numbers import significant
from mixedeffects.exploration import conversion_call, written_numbers

#: Lines of a list that are printed; the frames have all.
MOST_LINES = 12


class Code(str):
    """A line of Python among sentences."""

    __slots__ = ()


def title(f):
    """One line: how many rows and columns, and how they are laid out."""
    rows = f"{f.n_rows:,} row{'s' * (f.n_rows != 1)}, {f.n_columns} columns"
    words = {"long": "long format", "wide": "WIDE format", "flat": "one row per unit"}
    return f"{rows}; {words[f.shape.kind]}: {f.shape.why}"


def column_rows(f):
    """Rows of the table of columns, strings only."""
    out = []
    for p in f.columns:
        role = f.roles.by_column[p.name]
        missing = f"{p.n_missing:,}" if p.n_missing else ""
        out.append([p.name, role.role, KINDS[p.kind](p), f"{p.n_distinct:,}", missing, role.reason])
    return out


def _numbers_kind(p):
    words = "number" if not p.whole else "whole number"
    return f"{words} (text)" if p.written else words


KINDS = {
    "number": _numbers_kind,
    "boolean": lambda p: "true/false",
    "text": lambda p: "text",
    "category": lambda p: "category",
    "ordered": lambda p: "ordered category",
    "datetime": lambda p: "date",
}


def sections(f, waves):
    """Headings with sentences, lines of code, and (header, rows) tables."""
    out = []
    written = written_numbers(f.columns, f.roles)
    if written:
        out.append(("Convert first", _written_lines(f, written)))
    if f.shape.call:
        out.append(("Reshape first", [Code(f"long = {f.shape.call}")]))
    weak = [x for x in f.shape.families if f.shape.kind != "wide"]
    if weak:
        said = "; ".join(", ".join(map(str, x.columns[:6])) for x in weak[:3])
        out.append(
            ("Columns alike", [f"{said}: if these are one variable at several times, see "
                               "me.reshape_long"])
        )  # fmt: skip
    m = f.long or f
    after = " (after reshaping)" if f.long else ""
    if m.groups:
        out.append((f"Groups{after}", [_groups_table(m), *map(_pair_words, _told(m))]))
    if m.outcome is not None:
        out.append((f"Outcome{after}", [*_rival_lines(m), *_outcome_lines(m.outcome)]))
    out.append((f"Missing values{after}", _missing_lines(m, waves)))
    alike = _confounded_lines(m)
    if alike:
        out.append(("Cannot be told apart", alike))
    if m.suggestions or m.remarks:
        lines = []
        names = [p.name for p in m.columns]
        for s in m.suggestions:
            lines += [Code(s.python("long" if f.long else "data")), _sentence(s.why, names)]
        lines += [_sentence(r, names) for r in m.remarks]
        out.append(("Models to start from", lines))
    notes = [*f.notes, *(n for n in (f.long.notes if f.long else ()) if n not in f.notes)]
    if notes:
        out.append(("Notes", [n + "." for n in notes]))
    return out


def _written_lines(f, names):
    shown = ", ".join(names[:MOST_LINES]) + (", …" if len(names) > MOST_LINES else "")
    verb = "holds" if len(names) == 1 else "hold"
    said = f"{shown} {verb} numbers as text, as a file read without types has them; they are "
    said += "taken for numbers here, but a model would take them for categories."
    call = conversion_call(f.flavour, names)
    return [Code(call), said] if call else [said]


def _sentence(words, names):
    """With a capital letter, unless it begins with a column's name, and a full stop."""
    if any(words.startswith(name) for name in names):
        return f"{words}."
    return f"{words[0].upper()}{words[1:]}."


def _groups_table(m):
    header = ["group", "levels", "rows per level: min", "mean", "max", "with one row"]
    rows = [
        [
            g.name, f"{g.n_levels:,}", f"{g.rows_min:,}", f"{g.rows_mean:,.1f}", f"{g.rows_max:,}",
            f"{g.singletons:,}",
        ]
        for g in m.groups
    ]  # fmt: skip
    return header, rows


def _told(m):
    reused = m.roles.reused
    return [p for p in m.pairs if not {p.first, p.second} & reused][:MOST_LINES]


def _pair_words(p):
    if p.kind == "nested":
        return f"{p.first} is nested in {p.second}: each has one {p.second}."
    if p.kind == "same":
        return f"{p.first} and {p.second} are the same grouping."
    if p.kind == "crossed":
        return f"{p.first} and {p.second} are fully crossed: all {p.n_pairs:,} combinations occur."
    if p.kind == "nested but for a few":
        return (
            f"{p.first} is nested in {p.second} but for {p.several:,} of {p.n_first:,} levels, "
            "which occur in several: a mistake in the ids?"
        )
    return (
        f"{p.first} and {p.second} are partly crossed: {p.n_pairs:,} of "
        f"{p.n_first * p.n_second:,} combinations occur ({_percent(p.share)})."
    )


def _percent(share):
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}" if share >= 0.0005 else "under 0.1%"


def _rival_lines(m):
    other = m.roles.rivals.get("outcome")
    if other is None:
        return []
    name = json.dumps(other, ensure_ascii=False)
    return [
        f"{m.roles.outcome} or {other}? By names, places and values both are about as likely. "
        f"What follows is of {m.roles.outcome}; me.explore(data, outcome={name}) is of the other."
    ]


def _outcome_lines(o):
    if o.sd == o.sd:
        lines = [
            f"{o.name}: mean {significant(o.mean)}, sd {significant(o.sd)}, from "
            f"{o.low:g} to {o.high:g}, {o.n_distinct:,} different values."
        ]
    else:
        lines = [f"{o.why}."]
    for e in o.ends:
        if e.value == 0 and o.low == 0:
            lines.append(
                f"{e.n:,} values ({_percent(e.share)}) are 0, far more than next to it. Where "
                "nothing happened, zeros are true and call for a part of their own in the model; "
                "where something was too little to measure, 0 hides it, and effects come out too "
                "small."
            )
            continue
        which = "smallest" if e.kind == "floor" else "largest"
        lines.append(
            f"Clipped? {e.n:,} values ({_percent(e.share)}) are the {which}, {e.value:g}: a "
            f"{e.kind} hides differences beyond it, so effects come out too small."
        )
    if o.heaping:
        lines.append(f"Rounded: {o.heaping}.")
    if o.zeros == o.zeros and o.zeros > 0:
        lines.append(
            f"{_percent(o.zeros)} of the values are zero; {_percent(o.zeros_expected)} would be "
            "expected of a negative binomial distribution with this mean and variance."
        )
    return lines


def _missing_lines(m, waves):
    g = m.gaps
    lines = []
    if not g.columns and (g.panel is None or g.n_complete == g.n_subjects):
        lines.append("None.")
    else:
        top = sorted(g.columns.items(), key=lambda item: -item[1])
        if top:
            said = ", ".join(f"{n} {k:,} ({_percent(k / g.n_rows)})" for n, k in top[:MOST_LINES])
            more = f" and {len(top) - MOST_LINES} more columns" if len(top) > MOST_LINES else ""
            lines.append(f"By column: {said}{more}.")
        if g.n_incomplete:
            lines.append(
                f"{g.n_incomplete:,} of {g.n_rows:,} rows lack a value that a model would use."
            )
    if g.panel is not None:
        subject, time = m.roles.subject, m.roles.time
        n = len(g.panel.waves)
        if g.panel.unseen:
            when = ", ".join(map(str, g.panel.unseen[:MOST_LINES]))
            lines.append(
                f"At {time} {when} nobody was observed; what follows is of the other {n} times."
            )
        if g.n_complete < g.n_subjects:
            kinds = ", ".join(f"{k:,} {WORDS.get(w, w)}" for w, k in g.kinds.items())
            lines.append(f"{g.n_subjects:,} levels of {subject} at {n} times: {kinds}.")
            per = ", ".join(f"{k:,} have {v}" for v, k in list(g.per_subject.items())[:MOST_LINES])
            lines.append(f"Observations per {subject}: {per}.")
            lost = g.n_observed - g.n_observed_complete
            lines.append(
                f"Listwise deletion, as a repeated-measures ANOVA needs it, would lose "
                f"{g.n_subjects - g.n_complete:,} of {g.n_subjects:,} levels of {subject} and "
                f"{lost:,} of {g.n_observed:,} observations; a mixed model keeps them."
            )
            if waves is not None and len(waves.columns["wave"]) <= 24:
                c = waves.columns
                rows = [
                    [str(w), f"{o:,}", f"{s:.0%}"]
                    for w, o, s in zip(c["wave"], c["observed"], c["share_missing"], strict=True)
                ]
                lines.append(([time, "observed", "missing"], rows))
        else:
            lines.append(
                f"Each of {g.n_subjects:,} levels of {subject} is observed at all {n} times."
            )
        if g.panel.n_duplicates:
            lines.append(
                f"{g.panel.n_duplicates:,} rows repeat a combination of {subject} and {time}."
            )
    return lines


WORDS = {"dropout": "drop out", "intermittent": "miss some in between", "late entry": "enter late"}


def _confounded_lines(m):
    inside: dict[str, list] = {}
    lines = []
    for c in m.confounded:
        if c.kind == "constant within":
            inside.setdefault(c.by, []).append(c.column)
        elif c.kind == "one to one":
            lines.append(f"{c.column} and {c.by} determine each other: one of them is enough.")
        elif c.kind == "same line":
            lines.append(f"{c.column} is a straight line of {c.by}: one of them is enough.")
        elif c.kind == "curve":
            lines.append(
                f"{c.column} is the square of {c.by}: together they are a curve, and neither "
                "coefficient means anything alone."
            )
        elif c.kind == "other scale":
            lines.append(f"{c.column} is the {c.how} of {c.by}: the same on another scale.")
        elif c.kind == "sum of":
            lines.append(
                f"{c.column} is a sum of {c.how}, each times a number: a model cannot have all of "
                "them."
            )
        elif c.kind == "computed from":
            beside = f"with {c.beside} it" if c.beside else "it"
            lines.append(
                f"{c.column} is {c.how}: {beside} gives the outcome, and predicts nothing."
            )
        else:
            lines.append(f"{c.column} is a function of the outcome {c.by}: it predicts nothing.")
    first = []
    for by, names in inside.items():
        verb = "is" if len(names) == 1 else "are"
        first.append(
            f"{', '.join(names)} {verb} constant within {by}: with dummy variables of {by} "
            f"{'its effect' if len(names) == 1 else 'their effects'} could not be estimated; with "
            f"random effects of {by} {'it' if len(names) == 1 else 'they'} can."
        )
    return [*first, *lines][:MOST_LINES]
