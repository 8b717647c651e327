"""Levels of grouping factors as columns of a table, of the type that they have in the data."""

from __future__ import annotations

import numpy as np

# columns of a table of random effects, whose names a grouping column may not take
TAKEN = frozenset(("group", "level", "term", "estimate", "sd", "std_error", "lower", "upper"))


def array_of(labels):
    """(q,) levels of a factor, numbers as numbers."""
    if paired(labels):
        return text(labels)
    return labels.values if hasattr(labels, "values") else np.asarray(labels)


def level_column(blocks):
    """Per block the (q,) levels: as they are if all are of one kind, else as text."""
    values = [array_of(block.factor.labels) for block in blocks]
    if len({v.dtype.kind for v in values}) > 1:
        return [text(block.factor.labels) for block in blocks]
    return values


def text(labels):
    """(q,) levels as text."""
    out = np.empty(len(labels), dtype=object)
    out[:] = [str(label) for label in labels]
    return out


def grouping_names(design):
    """Per block, the names of the columns that its factor combines, as its levels have them."""
    spec = design.spec
    return [
        tuple(variable.text.replace("`", "") for variable in spec.formula.random[members[0]].group)
        for members in spec.block_terms
    ]


def id_columns(design):
    """The grouping columns themselves, where `level` does not have them in their types.

    Returns
    -------
    dict of str to list of (q,) arrays
        Per name and block; None where the factor does not have the column. Empty where every
        factor is one column and all are of one type.
    """
    factors = [block.factor.labels for block in design.blocks]
    kinds = {array_of(labels).dtype.kind for labels in factors if not paired(labels)}
    if len(kinds) < 2 and not any(paired(labels) for labels in factors):
        return {}
    owned = grouping_names(design)
    columns = {}
    for name in dict.fromkeys(name for names in owned for name in names):
        parts = [
            values_of(labels, names.index(name)) if name in names else [None] * len(labels)
            for labels, names in zip(factors, owned, strict=True)
        ]
        whole = [np.array(part, dtype=object) for part in parts]
        complete = all(name in names for names in owned)
        columns[f"{name}_id" if name in TAKEN else name] = (
            [np.asarray(part) for part in parts] if complete else whole
        )
    return columns


def paired(labels):
    """Whether levels are combinations of those of several columns."""
    return hasattr(labels, "parts")


def values_of(labels, place):
    """(q,) values of one of the columns that a factor combines."""
    if not paired(labels):
        return array_of(labels)
    return array_of(labels.parts[place])[labels.codes[:, place]]
