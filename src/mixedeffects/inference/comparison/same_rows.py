"""Refuse to compare models that were not fitted to the same observations."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError

NEXT = "compare models fitted to the same rows (leave out incomplete rows before fitting)"


def refuse_other_rows(fits, names):
    """Check responses, rows and weights of all fits against the first.

    Parameters
    ----------
    fits : sequence of FitRecord
    names : sequence of str

    Raises
    ------
    DataError
        With what differs.
    """
    first = fits[0].design
    for fit, name in zip(fits[1:], names[1:], strict=True):
        other = fit.design
        if other is first:
            continue
        pair = f"{names[0]} and {name}"
        if other.n != first.n:
            lost = {**other.missing.by_column, **first.missing.by_column}
            gaps = ", ".join(column for column, count in lost.items() if count)
            why = f" (values are missing in {gaps})" if gaps else ""
            raise DataError(
                f"{pair} were fitted to {first.n:,} and {other.n:,} rows{why}: their likelihoods "
                f"cannot be compared\n{NEXT}"
            )
        if first.spec.response != other.spec.response and not np.array_equal(first.y, other.y):
            raise DataError(
                f"{pair} have the responses '{first.spec.response}' and '{other.spec.response}', "
                "whose likelihoods are in different units\n"
                "compare models of one response, transformed the same way"
            )
        one, two = first.missing.kept, other.missing.kept
        masks = first.missing.n_rows == other.missing.n_rows and (
            (one is None) != (two is None)
            or (one is not None and two is not None and not np.array_equal(one, two))
        )
        if masks or not np.array_equal(first.y, other.y):
            raise DataError(f"{pair} were not fitted to the same rows\n{NEXT}")
        one, two = fits[0].response, fit.response
        if not _same_weights(one.weights, two.weights):
            raise DataError(
                f"{pair} have different prior weights: their likelihoods cannot be compared"
            )
        if not _same_weights(one.size, two.size):
            raise DataError(
                f"{pair} have different numbers of trials: their likelihoods cannot be compared"
            )


def _same_weights(one, other):
    if one is None or other is None:
        given = other if one is None else one
        return given is None or bool((given == 1.0).all())
    return np.array_equal(one, other)
