"""Texts as a column."""

from __future__ import annotations

import numpy as np


def as_texts(values):
    """An object array of texts, whatever their number.

    Examples
    --------
    >>> import numpy as np
    >>> as_texts(["a", "b"])[np.array([1, 1, 0])].tolist()
    ['b', 'b', 'a']
    """
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
