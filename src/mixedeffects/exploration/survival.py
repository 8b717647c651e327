"""Tables of times to events, such as start, stop and status, which no mixed model is made for."""

from __future__ import annotations

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.hints import hint, tokens, words
from mixedeffects.exploration.relations import both_present, constant_within, same_in_each
from mixedeffects.exploration.times import rising

EVENTS = words(
    """
    status event cens censor censored death died dead fail failed failure relapse delta uncensored
    recurrence infect indicator fustat stat
    """
)
STARTS = words("start tstart begin entry enter time1 t1")
STOPS = words("stop tstop end exit time2 t2")
DURATIONS = words(
    """
    time stime futime survtime survival surv tte duration fu followup futimes days weeks months
    years t dtime rtime ptime lifetime stop spell
    """
)
#: Names that no time of a measurement has.
PLAIN_DURATIONS = words("stop futime survtime survival tte lifetime")
ANSWERS = words("alive dead censored uncensored died event yes no")
#: Different durations that times to events have, at least; waves have fewer.
LEAST_DURATIONS = 12
#: The highest number of an event, where there are several.
MOST_STATES = 6
#: Steps within groups that go up, from which times are those of repeated measurements.
MEASURED_AGAIN = 0.9


def time_to_event(found, factors, time=None) -> tuple[tuple[str, ...], str] | None:
    """Columns that say how long until an event, and the column of the event; None for none.

    Parameters
    ----------
    found : list of ColumnProfile
        All columns.
    factors : list of ColumnProfile
        Grouping columns, the finest first.
    time : str, optional
        The column that says when something was measured, where there is one.

    Returns
    -------
    tuple of str, str
        Names of the start and stop, or of the duration; of the event.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"start": [0, 5, 0], "stop": [5, 9, 7], "event": [0, 1, 0]}
    >>> time_to_event(profiles(open_table(table))[0], [])
    (('start', 'stop'), 'event')
    """
    event = next((p for p in found if _is_event(p)), None)
    if event is None:
        return None
    spells = _spells(found)
    if spells is not None:
        return spells, event.name
    for p in found:
        if p.kind != "number" or not p.low >= 0 or p is event or p.n_distinct < LEAST_DURATIONS:
            continue
        word = hint(p.name, DURATIONS)
        if word is None or p.name.lower() not in (word, f"{word}s"):
            continue
        if not any(_waves(p, f, time in (None, p.name)) for f in factors):
            return (p.name,), event.name
    return None


def _waves(p, factor, alone) -> bool:
    """Whether times are those of measurements, or say something of the group beside such times."""
    if constant_within(p, factor):
        return not alone
    if hint(p.name, PLAIN_DURATIONS):
        return False
    return same_in_each(p, factor) or (
        factor.n_present >= 3 * factor.n_distinct and rising(p, factor) > MEASURED_AGAIN
    )


def _is_event(p: ColumnProfile) -> bool:
    if hint(p.name, EVENTS) is None or not 2 <= p.n_distinct <= MOST_STATES + 1:
        return False
    if p.is_text:
        return all(str(v).lower() in ANSWERS for v in p.labels)
    return p.kind == "boolean" or (p.whole and p.low in (0, 1) and p.high <= MOST_STATES)


def _spells(found) -> tuple[str, str] | None:
    """Two columns of which the first is never after the second: the ends of intervals."""
    numbers = [p for p in found if p.kind == "number"]
    stops = [p for p in numbers if _is(p, STOPS)]
    for a in numbers if stops else ():
        if _is(a, STARTS):
            for b in stops:
                if a is not b and _before(a, b):
                    return a.name, b.name
    return None


def _is(p, which) -> bool:
    return p.name.lower() in which or tokens(p.name)[-1:] in ([w] for w in which)


def _before(a, b) -> bool:
    kept = both_present(a, b)
    rows = slice(None) if kept is None else kept
    first, last = a.values[rows], b.values[rows]
    return first.size > 1 and bool((first <= last).all()) and bool(np.any(first < last))
