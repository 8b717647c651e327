"""The covariance of random effects across the levels of their factor.

Given the relative factor Lambda of a block with k columns, its q levels have b = (I x Lambda) u and

    u ~ N(0, sigma^2 (Q x I_k)^-1),

so that Lambda says how the effects of one level go together, and Q, the prior precision, how those
of one column do across levels. Levels are independent and alike unless something else is known of
them (a pedigree, neighbours, an order in time).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np


class Prior(ABC):
    """A sparse (q, q) precision Q; the defaults are those of any Q but the identity.

    Attributes
    ----------
    unit : bool
        Whether Q is the identity.
    own : float or (q,) array
        The diagonal of Q.
    pairs : (level, other, value) arrays, or None
        Its entries below the diagonal, other < level; None where levels are independent, so that
        they can be eliminated one at a time.
    """

    unit: ClassVar[bool] = False
    own: Any
    pairs: Any = None

    @property
    def independent(self) -> bool:
        """Whether Q is diagonal."""
        return self.pairs is None

    @abstractmethod
    def log_determinant(self, q) -> float:
        """log|Q| of q levels."""

    @abstractmethod
    def solve(self, h) -> Any:
        """Q^-1 h for h of shape (q, ...)."""

    def times(self, h) -> Any:
        """Q h for h of shape (q, ...)."""
        out = (np.broadcast_to(self.own, h.shape[0]) * h.T).T
        if self.pairs is not None:
            level, other, value = self.pairs
            np.add.at(out, level, (value * h[other].T).T)
            np.add.at(out, other, (value * h[level].T).T)
        return out

    def entries(self, q):
        """Row, column and value of the lower triangle of Q, the diagonal first."""
        levels = np.arange(q)
        own = levels, levels, np.broadcast_to(self.own, q)
        if self.pairs is None:
            return own
        return tuple(np.concatenate(parts) for parts in zip(own, self.pairs, strict=True))


class IdentityPrior(Prior):
    """Levels that are independent and alike."""

    unit = True
    own = 1.0

    def log_determinant(self, q):
        return 0.0

    def solve(self, h):
        return h

    def times(self, h):
        return h


IDENTITY = IdentityPrior()
