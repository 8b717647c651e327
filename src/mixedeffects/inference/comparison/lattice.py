"""Which of several models are special cases of which, and what each is best tested against."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.comparison.nesting import Nesting, nesting
from mixedeffects.inference.information import loglik, n_parameters
from mixedeffects.inference.table import Table

# loss of twice the log-likelihood, by the larger of two nested models, that is rounding
SLACK = 1e-4
# chains and pairs that are written out
MOST_SHOWN = 6


class Lattice:
    """The order of models by nesting.

    A model is tested against the nested one of which it must show to be better: among those that
    lie directly below it, with no other model between, the one with the highest likelihood. In a
    chain that is the model before it.

    Parameters
    ----------
    fits : sequence of Fit
        On the same rows, smallest first.

    Attributes
    ----------
    pairs : dict of (int, int) to Nesting
        Of pairs (smaller, larger) whose columns were looked at; what follows from others is left
        out.
    direct : list of list of int
        Models directly below each.
    below : list of set of int
        All models nested in each.
    """

    def __init__(self, fits, names):
        self.fits, self.names = fits, names
        self.pairs: dict[tuple[int, int], Nesting] = {}
        self.direct: list[list[int]] = [[] for _ in fits]
        self.below: list[set[int]] = [set() for _ in fits]
        for i in range(len(fits)):
            for j in range(i - 1, -1, -1):
                if j in self.below[i]:
                    continue  # within a model that is within this one
                found = self.pairs[j, i] = nesting(fits[j], fits[i])
                if found.nested and found.df > 0:
                    self.direct[i].append(j)
                    self.below[i] |= {j} | self.below[j]

    def best(self, i):
        """The model that model i is tested against, or None."""
        if not self.direct[i]:
            return None
        top = max(loglik(self.fits[j]) for j in self.direct[i])
        return max(j for j in self.direct[i] if 2.0 * (top - loglik(self.fits[j])) <= SLACK)

    def nothing_within(self, i):
        """The pairs of a model without nested ones, and why they are none."""
        whys = {j: self._why(j, i) for j in range(i - 1, -1, -1)}
        if len(set(whys.values())) == 1 or i == 1:
            others = ", ".join(self.names[j] for j in sorted(whys))
            return f"{others} and {self.names[i]}", whys[i - 1]
        each = "; ".join(f"{self.names[j]}: {whys[j]}" for j in sorted(whys))
        return f"{self.names[i]} and smaller models", each

    def _why(self, j, i):
        found = self.pairs[j, i]
        return f"they are not nested: {found.reason}" if found.reason else "they are the same model"

    def words(self):
        """The order of three models or more, in words."""
        if len(self.fits) < 3:
            return []
        out = []
        chains = self._chains()
        if chains:
            shown = [" ⊂ ".join(self.names[j] for j in chain) for chain in chains[:MOST_SHOWN]]
            out.append(f"Nested: {_listed(shown, len(chains))}")
        apart = [
            f"{self.names[j]} and {self.names[i]}"
            for i in range(len(self.fits))
            for j in range(i)
            if j not in self.below[i] and self.pairs[j, i].reason
        ]
        if apart:
            out.append(
                f"Not nested, so compared by AIC and BIC only: "
                f"{_listed(apart[:MOST_SHOWN], len(apart))}"
            )
        return out

    def _chains(self):
        """Ways up from models that contain none to models that none contains."""
        tops = [i for i in range(len(self.fits)) if not any(i in b for b in self.below)]
        found, open_ = [], [[i] for i in tops if self.direct[i]]
        while open_:
            chain = open_.pop()
            lower = self.direct[chain[0]]
            if not lower:
                found.append(chain)
            open_ += [[j, *chain] for j in lower]
        return sorted(found)

    def table(self):
        """Every pair: smaller, larger, nested, direct, df, reason."""
        rows = []
        for i in range(len(self.fits)):
            for j in range(i):
                nested = j in self.below[i]
                found = self.pairs.get((j, i))
                why = "" if nested or found is None else found.reason or "the same model"
                df = n_parameters(self.fits[i]) - n_parameters(self.fits[j])
                rows.append((self.names[j], self.names[i], nested, j in self.direct[i], df, why))
        columns = list(zip(*rows, strict=True)) if rows else [()] * 6
        smaller, larger, nested, direct, df, reason = columns
        return Table(
            {
                "smaller": list(smaller),
                "larger": list(larger),
                "nested": np.array(nested, dtype=bool),
                "direct": np.array(direct, dtype=bool),
                "df": np.array(df, dtype=int),
                "reason": list(reason),
            }
        )


def _listed(shown, n):
    more = n - len(shown)
    return "; ".join(shown) + (f"; … and {more} more" if more > 0 else "")
