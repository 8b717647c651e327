"""Whether models were fitted to the same observations, and in which order each has them."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import take_rows
from mixedeffects.errors import DataError

NEXT = "compare models fitted to the same rows (leave out incomplete rows before fitting)"


def on_the_same_rows(fits, names):
    """The fits with their rows in the order of the first; fits that have it are returned as given.

    Rows are told apart by the response and by the columns that two models share: the same table
    sorted otherwise, or read by another library, has the same rows.

    Returns
    -------
    tuple of Fit
        What is in other order knows nothing of the table any more: it is for comparisons.

    Raises
    ------
    DataError
        Other responses, rows, weights or numbers of trials.
    """
    first, out = fits[0], [fits[0]]
    for fit, name in zip(fits[1:], names[1:], strict=True):
        pair = f"{names[0]} and {name}"
        order = None if fit.design is first.design else order_of(first, fit, pair)
        fit = fit if order is None else reordered(fit, order)
        one, two = first.response, fit.response
        if not _same_weights(one.weights, two.weights):
            raise DataError(
                f"{pair} have different prior weights: their likelihoods cannot be compared"
            )
        if not _same_weights(one.size, two.size):
            raise DataError(
                f"{pair} have different numbers of trials: their likelihoods cannot be compared"
            )
        out.append(fit)
    return tuple(out)


def reordered(fit, order):
    """A fit whose rows stand in another order, as far as comparisons look at them.

    Takes order (n,) int array.
    """
    design = take_rows(fit.design, order)
    for name in design.predictors:
        design = design.changed(name, sources=None)
    return fit.with_design(design)


def order_of(first, other, pair):
    """Rows of one fit in the order of another's; None where it is the same.

    Returns (n,) int array or None.

    Parameters
    ----------
    pair : str
        Their names, for messages.

    Raises
    ------
    DataError
        They were not fitted to the same rows.
    """
    one, two = first.design, other.design
    if two.n != one.n:
        lost = {**two.missing.by_column, **one.missing.by_column}
        gaps = ", ".join(column for column, count in lost.items() if count)
        why = f" (values are missing in {gaps})" if gaps else ""
        raise DataError(
            f"{pair} were fitted to {one.n:,} and {two.n:,} rows{why}: their likelihoods "
            f"cannot be compared\n{NEXT}"
        )
    in_order = np.array_equal(one.y, two.y)
    if not in_order and not np.array_equal(np.sort(one.y), np.sort(two.y)):
        if one.spec.response != two.spec.response:
            raise DataError(
                f"{pair} have the responses '{one.spec.response}' and '{two.spec.response}', "
                "whose likelihoods are in different units\n"
                "compare models of one response, transformed the same way"
            )
        raise DataError(f"{pair} were not fitted to the same rows\n{NEXT}")
    gaps = _other_gaps(one.missing, two.missing)
    if in_order and not gaps and _agree(first, other):
        return None
    # rows left out of one table in other places: of the same table in other order, or other rows
    same_gaps = _counts(one.missing) == _counts(two.missing)
    order = None if gaps and not same_gaps else _matched(first, other)
    if order is None and (gaps or not in_order):
        raise DataError(f"{pair} were not fitted to the same rows\n{NEXT}")
    # with the response in one order, columns that disagree were changed between the fits
    return None if order is None or np.array_equal(order, np.arange(order.size)) else order


def _other_gaps(one, two):
    """Whether rows of tables of one length were left out in different places."""
    kept, other = one.kept, two.kept
    if one.n_rows != two.n_rows or kept is other:
        return False
    return kept is None or other is None or not np.array_equal(kept, other)


def _counts(missing):
    """Missing values of the columns that have some."""
    return {name: count for name, count in missing.by_column.items() if count}


def _factors(fit):
    return {block.factor.name: block.factor for block in fit.all_blocks}


def _columns(fit):
    """Columns behind the fixed effects of all parts."""
    parts = fit.design.predictors.values()
    found = {}
    for part in parts:
        if part.sources is not None:
            found.update(part.sources.columns)
    return found


def _agree(first, other):
    """Whether shared groups and numbers stand in the same rows; quick, as most do."""
    mine, theirs = _factors(first), _factors(other)
    for name in mine.keys() & theirs.keys():
        one, two = mine[name], theirs[name]
        if one is not two and one.n_levels == two.n_levels:
            if not np.array_equal(one.codes, two.codes):
                return False
    mine, theirs = _columns(first), _columns(other)
    for name in mine.keys() & theirs.keys():
        one, two = mine[name], theirs[name]
        if one.labels is None and two.labels is None and not _equal(one.values, two.values):
            return False
    return True


def _equal(one, other):
    return one is other or np.array_equal(one, other)


def _matched(first, other):
    """Rows of `other` that are those of `first`, by all that they share; None if there are none."""
    n = first.design.n
    keys = [_ranks(first.design.y, other.design.y)]
    pairs = [(first.response.weights, other.response.weights)]
    pairs.append((first.response.size, other.response.size))
    keys += [_ranks(*pair) for pair in pairs if None not in map(_kind, pair)]
    mine, theirs = _factors(first), _factors(other)
    for name in mine.keys() & theirs.keys():
        keys.append(_ranks(*(_texts(f.codes, f.labels) for f in (mine[name], theirs[name]))))
    mine, theirs = _columns(first), _columns(other)
    for name in mine.keys() & theirs.keys():
        one, two = mine[name], theirs[name]
        if (one.labels is None) == (two.labels is None):
            keys.append(_ranks(*(_values(column) for column in (one, two))))
    # a column that was changed between the fits has other values and tells nothing
    keys = [key for key in keys if np.array_equal(np.sort(key[:n]), np.sort(key[n:]))]
    mine, theirs = (np.array([key[half] for key in keys]) for half in (slice(n), slice(n, None)))
    here, there = np.lexsort(mine), np.lexsort(theirs)
    if not np.array_equal(mine[:, here], theirs[:, there]):
        return None
    order = np.empty(n, dtype=np.intp)
    order[here] = there
    return order


def _kind(values):
    return None if values is None else values.dtype.kind


def _texts(codes, labels):
    return np.array([str(label) for label in labels])[codes]


def _values(column):
    """Values that are the same for the same cells, whatever a column's codes are."""
    return column.values if column.labels is None else _texts(column.values, column.labels)


def _ranks(one, other):
    """(2 n,) integers, equal where values are."""
    return np.unique(np.concatenate([one, other]), return_inverse=True)[1].ravel()


def _same_weights(one, other):
    if one is None or other is None:
        given = other if one is None else one
        return given is None or bool((given == 1.0).all())
    return np.array_equal(one, other)
