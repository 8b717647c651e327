"""Columns that by their names were computed from others."""

from __future__ import annotations

from mixedeffects.exploration.hints import DERIVED

#: What names begin with that deny others, and letters of the others that are too few to tell.
NEGATIONS, LEAST_LETTERS = ("non", "not", "no", "un", "dis"), 3


def derived_from(name, names) -> str | None:
    """Another column that a name says this one was computed from: lwage from wage.

    Parameters
    ----------
    names : set of str
        All names, in lower case.

    Examples
    --------
    >>> derived_from("lwage", {"wage", "lwage"}), derived_from("wage_1", {"wage"})
    ('wage', 'wage')
    >>> derived_from("expersq", {"exper"}), derived_from("cost", {"os"})
    ('exper', None)
    """
    whole = name.lower()
    for i in range(1, len(whole)):
        head, tail = whole[:i], whole[i:]
        if len(tail) > 1 and tail in names and head.strip("_. ") in DERIVED:
            return tail
        if len(head) > 1 and head in names:
            if tail.strip("_. ") in DERIVED and (len(tail) > 1 or tail in "_."):
                return head
            if tail.removeprefix("_").removeprefix(".").isdigit():
                return head
    return None


def negated(name, names) -> str | None:
    """The column that a name denies: cases from non.cases, agree from disagree.

    Parameters
    ----------
    names : set of str
        All names, in lower case.

    Examples
    --------
    >>> negated("non.cases", {"cases"}), negated("nomove", {"move"}), negated("notes", {"tes"})
    ('cases', 'move', None)
    """
    whole = name.lower()
    for no in NEGATIONS:
        rest = whole[len(no) :].strip("_. ")
        if whole.startswith(no) and len(rest) > LEAST_LETTERS and rest in names:
            return rest
    return None
