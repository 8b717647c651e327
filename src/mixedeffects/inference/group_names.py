"""Names of nested grouping factors: "rep:center" of ``(1 | center/rep)`` as people say it."""

from __future__ import annotations

import re

# a colon between names, not one inside a name in backticks
COLON = re.compile(r":(?=(?:[^`]*`[^`]*`)*[^`]*$)")
IN = " in "


def parts_of(name):
    """The columns that a grouping factor combines, the innermost first.

    Examples
    --------
    >>> parts_of("rep:center"), parts_of("`a:b`")
    (('rep', 'center'), ('`a:b`',))
    """
    return tuple(COLON.split(name))


def read_name(name, names):
    """A grouping factor as it is read out: nested in what else the model has.

    Parameters
    ----------
    names : sequence of str
        Of all grouping factors. The name stays where what it would be nested in is not among
        them, or where its own column is: factors that are crossed, and their combination.

    Examples
    --------
    >>> read_name("rep:center", ["rep:center", "center"]), read_name("a:b", ["a:b"])
    ('rep in center', 'a:b')
    >>> read_name("c:b:a", ["c:b:a", "b:a", "a"]), read_name("a:b", ["a:b", "a", "b"])
    ('c in b in a', 'a:b')
    """
    inner, *outer = parts_of(name)
    sets = [frozenset(parts_of(other)) for other in names]
    if not outer or frozenset(outer) not in sets or frozenset([inner]) in sets:
        return name
    return inner + IN + IN.join(outer)


def read_names(names):
    """Each grouping factor's name as it is read out.

    Examples
    --------
    >>> read_names(["rep:center", "center"])
    {'rep:center': 'rep in center', 'center': 'center'}
    """
    names = list(dict.fromkeys(names))
    return {name: read_name(name, names) for name in names}


def group_named(value, names):
    """The grouping factor that a user means.

    By its name, its columns in any order, as it is read out ("rep in center"), or, of a factor
    that is nested in what else the model has, by its own column.

    Returns
    -------
    str
        The value itself where it means none of them.

    Examples
    --------
    >>> names = ["rep:center", "center"]
    >>> group_named("rep", names), group_named("center:rep", names), group_named("x", names)
    ('rep:center', 'rep:center', 'x')
    >>> group_named("rep in center", names), group_named("my group", ["g", "`my group`"])
    ('rep:center', '`my group`')
    """
    names = list(names)
    if value in names or not isinstance(value, str):
        return value
    plain = {name.replace("`", ""): name for name in names}
    if value in plain:
        return plain[value]
    wanted = frozenset(part.replace("`", "") for part in parts_of(value.replace(IN, ":")))
    for name in sorted(names, key=lambda name: len(parts_of(name))):
        own = [part.replace("`", "") for part in parts_of(name)]
        nested = read_name(name, names) != name
        if wanted == frozenset(own) or (nested and wanted == {own[0]}):
            return name
    return value
