"""Compact letters: means that share a letter are not shown to differ.

Piepho (2004), "An algorithm for a letter-based representation of all-pairwise comparisons",
doi:10.1198/1061860043515: every pair that differs splits the groups that hold both, a group within
another is dropped, and letters that say nothing that another letter does not say are taken away.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np


def letter_groups(differ):
    """Groups of means no two of which differ, such that two that do not differ share one.

    Parameters
    ----------
    differ : (m, m) bool array
        Symmetric.

    Returns
    -------
    (g, m) bool array
        The members of each group; those with the first means come first.

    Examples
    --------
    >>> import numpy as np
    >>> differ = np.zeros((3, 3), dtype=bool)
    >>> differ[0, 2] = differ[2, 0] = True
    >>> letter_groups(differ).astype(int).tolist()
    [[1, 1, 0], [0, 1, 1]]
    """
    m = len(differ)
    groups = [frozenset(range(m))]
    for i, j in combinations(range(m), 2):
        if differ[i, j]:
            split = [g - {k} for g in groups if {i, j} <= g for k in (i, j)]
            groups = _largest([g for g in groups if not {i, j} <= g] + split)
    groups = [set(g) for g in groups]
    for group in groups:
        for k in sorted(group):
            # the letter is needed where it alone says that k and another do not differ
            others = [g for g in groups if g is not group and k in g]
            alone = [j for j in group - {k} if not any(j in g for g in others)]
            if not alone and others:
                group.discard(k)
    groups = sorted(sorted(g) for g in groups if g)
    out = np.zeros((len(groups), m), dtype=bool)
    for row, group in zip(out, groups, strict=True):
        row[group] = True
    return out


def _largest(groups):
    """The groups that are not within another."""
    groups = list(dict.fromkeys(groups))
    return [g for g in groups if not any(g < other for other in groups)]


def letters_of(groups):
    """One text per mean: a letter for each of its groups, a blank for each other.

    After z come double letters.

    Examples
    --------
    >>> import numpy as np
    >>> letters_of(np.array([[1, 1, 0], [0, 1, 1]], dtype=bool))
    ['a', 'ab', ' b']
    """
    names = [_letter(i) for i in range(len(groups))]
    rows = [
        "".join(n if member else " " * len(n) for n, member in zip(names, column, strict=True))
        for column in groups.T
    ]
    return [text.rstrip() for text in rows]


def _letter(i):
    text = ""
    while i >= 0:
        text = chr(ord("a") + i % 26) + text
        i = i // 26 - 1
    return text
