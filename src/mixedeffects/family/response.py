"""The response of a generalised linear mixed model, on its family's scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Response, trials and prior weights of the rows of a model.

    Parameters
    ----------
    y : (n,) array
        On the scale of the family: successes (binomial, betabinomial), the code 0..K-1 of the
        category (ordinal), else the response itself.
    size : (n,) array, optional
        Trials of each row (binomial, betabinomial); None means one.
    weights : (n,) array, optional
        Prior weights. Families with a free dispersion (gaussian, gamma, inverse_gaussian) divide
        their dispersion by them; for all others they multiply the log density.
    constants : dict
        What families remember about these rows, such as log binomial coefficients, so that it is
        computed once and not at every step; see :meth:`remember`.

    row_of : callable, optional
        From the number of a row to that of the table it came from, for messages.

    Examples
    --------
    >>> Response([1.0, 4.0], size=[2, 4]).take([1]).size
    array([4.])
    """

    y: np.ndarray
    size: np.ndarray | None = None
    weights: np.ndarray | None = None
    constants: dict = field(default_factory=dict, repr=False)
    row_of: Callable[[int], int] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("y", "size", "weights"):
            value = getattr(self, name)
            if value is not None and not getattr(value, "left_out", False):
                object.__setattr__(self, name, np.ascontiguousarray(value, dtype=np.float64))

    @classmethod
    def of(cls, design: Any) -> Response:
        """The response of a design."""
        return cls(design.y, design.size, design.weights, row_of=design.table_row)

    def __len__(self) -> int:
        return len(self.y)

    def remember(self, key, compute) -> Any:
        """``compute()``, called the first time only; `key` names the result.

        Examples
        --------
        >>> response = Response([1.0, 2.0])
        >>> response.remember("total", lambda: response.y.sum())
        np.float64(3.0)
        """
        if key not in self.constants:
            self.constants[key] = compute()
        return self.constants[key]

    def take(self, rows) -> Response:
        """The response of some rows (indices or a mask), with nothing remembered."""
        return Response(
            self.y[rows],
            None if self.size is None else self.size[rows],
            None if self.weights is None else self.weights[rows],
        )

    def unweighted(self) -> Response:
        """The same rows with weights of one; what is remembered is kept apart."""
        if self.weights is None:
            return self
        return self.remember("unweighted", lambda: Response(self.y, self.size))
