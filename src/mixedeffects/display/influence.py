"""Deletion diagnostics as text and as frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.design import label_text
from mixedeffects.display.layout import TitledTable
from mixedeffects.display.numbers import significant

SHOWN = 10


class Influence(TitledTable):
    """What each row, or each group, does to a fit; prints the units that matter most.

    Parameters
    ----------
    facts : InfluenceFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    facts : InfluenceFacts
        The numbers as arrays.
    notes : tuple of str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print("\\n".join(str(fit.influence("Subject")).splitlines()[:4]))
    Leaving out one Subject at a time, variances estimated anew
    Subject  Cook's distance  MDFFITS  COVRATIO  leverage  sigma
    309               0.1485   0.1878    0.8897     1.612  26.25
    335               0.1295   0.1553    0.9379     1.612  26.19
    """

    notes = property(lambda self: self.facts.notes)
    _below = notes

    def tidy(self):
        """One row per unit: measures, leverage, sigma and DFBETAS."""
        return self._to_frame(self.facts.table().columns)

    def dfbetas(self):
        """One row per unit and coefficient: unit, term, estimate, std_error, dfbeta, dfbetas."""
        return self._to_frame(self.facts.coefficients().columns)

    def variances(self):
        """One row per unit and variance component: value without the unit, and the change."""
        return self._to_frame(self.facts.variances().columns)

    def _title(self):
        how = "variances estimated anew" if self.facts.refit else "theta held"
        return f"Leaving out one {self.facts.groups} at a time, {how}"

    def _rows(self):
        f = self.facts
        header = [f.groups, "Cook's distance", "MDFFITS", "COVRATIO"]
        columns = [f.cooks_distance, f.mdffits, f.covratio]
        if f.sigma_without is not None:  # neither is known of a generalised model
            header += ["leverage", "sigma"]
            columns += [f.leverage_fixed + f.leverage_random, f.sigma_without]
        known = [j for j in range(len(f.unit)) if f.cooks_distance[j] == f.cooks_distance[j]]
        order = sorted(known or range(len(f.unit)), key=lambda j: -f.cooks_distance[j])[:SHOWN]
        rows = [
            [label_text(f.unit[j]), *(significant(float(c[j])) for c in columns)] for j in order
        ]
        if len(f.unit) > len(order):
            rows.append([f"… {len(f.unit) - len(order):,} more"] + [""] * len(columns))
        return header, rows
