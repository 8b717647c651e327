"""Remember what was computed from an immutable object, for as long as the object lives.

A pandas Index never changes, and a frame hands out the same one each time: its text need be
turned into Python strings only once, which is a tenth of the time of a small fit.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any


def remember(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep the results of a function of one immutable object, by its identity.

    Examples
    --------
    >>> class Thing:
    ...     pass
    >>> calls = []
    >>> name = remember(lambda thing: calls.append(thing) or len(calls))
    >>> one = Thing()
    >>> name(one), name(one), name(Thing())
    (1, 1, 2)
    """
    known: dict[int, tuple[weakref.ref, Any]] = {}

    @wraps(function)
    def remembered(thing: Any) -> Any:
        found = known.get(id(thing))
        if found is not None and found[0]() is thing:
            return found[1]
        value = function(thing)
        key = id(thing)
        with suppress(TypeError):  # what cannot be referred to weakly is not remembered
            known[key] = weakref.ref(thing, lambda _: known.pop(key, None)), value
        return value

    return remembered
