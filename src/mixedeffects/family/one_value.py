"""A dispersion without covariates is the same number in all rows: computed once."""

from __future__ import annotations

import numpy as np


def one_value(x) -> bool:
    """Whether an array holds one number throughout.

    Examples
    --------
    >>> import numpy as np
    >>> one_value(np.array([2.0, 2.0])), one_value(np.array([2.0, 3.0]))
    (True, False)
    """
    return x.ndim == 0 or bool(len(x) > 0 and x[0] == x[-1] and (x == x[0]).all())


def by_distinct(rule, x, order):
    """``rule(x, order)`` of an array, evaluated once where all rows are the same.

    Returns
    -------
    list of array
        Of length one (to be broadcast) where all rows are the same.
    """
    x = np.asarray(x)
    return rule(x[:1], order) if x.ndim and one_value(x) else rule(x, order)
