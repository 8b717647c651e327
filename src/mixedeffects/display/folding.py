"""Which rows of a long table are printed: a factor of many levels does not hide the rest."""

from __future__ import annotations

import re

# rows of one factor, or of a table, from which on they are folded; and what is shown at both ends
LEVELS, ROWS = 30, 100
FIRST, LAST = 3, 2
HEAD, TAIL = 40, 20
LEVEL = re.compile(r"\[[^\[\]]*\]")


def folded_terms(terms):
    """Places of the rows of a table of coefficients that are shown, and how many are not.

    Of a factor (or an interaction) with more than 30 coefficients the first and last are shown.

    Parameters
    ----------
    terms : sequence of str
        ``"county[Aitkin]"``, …

    Returns
    -------
    list of (int or str)
        A place, or what stands for rows that are left out.

    Examples
    --------
    >>> folded_terms(["x", *(f"g[{i}]" for i in range(100)), "z"])
    [0, 1, 2, 3, '… 95 more of g', 99, 100, 101]
    """
    out, start, n = [], 0, len(terms)
    while start < n:
        kind = LEVEL.sub("[]", terms[start])
        end = start + 1
        while end < n and "[]" in kind and LEVEL.sub("[]", terms[end]) == kind:
            end += 1
        if end - start > LEVELS:
            name = kind.replace("[]", "")
            hidden = end - start - FIRST - LAST
            out += range(start, start + FIRST)
            out += [f"… {hidden:,} more of {name}", *range(end - LAST, end)]
        else:
            out += range(start, end)
        start = end
    return out


def folded_rows(places):
    """The first and the last of very many rows.

    Parameters
    ----------
    places : list of (int or str)
        As of `folded_terms`.

    Examples
    --------
    >>> folded_rows(list(range(1000)))[38:42], len(folded_rows(list(range(100))))
    ([38, 39, '… 940 more rows', 980], 100)
    """
    n = len(places)
    if n <= ROWS:
        return places
    return [*places[:HEAD], f"… {n - HEAD - TAIL:,} more rows", *places[-TAIL:]]
