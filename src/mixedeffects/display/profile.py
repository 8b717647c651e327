"""Profile likelihoods as text and as frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.display.layout import TitledTable
from mixedeffects.display.numbers import significant
from mixedeffects.inference.profiling import fixed_first


class Profile(TitledTable):
    """Profile likelihoods of a model's parameters; prints as 95% confidence intervals.

    Parameters
    ----------
    facts : ProfileFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    facts : ProfileFacts
        The numbers as arrays.
    names : tuple of str
        The parameters that were profiled.
    criterion : str
        "ml" or "reml".
    notes : tuple of str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(fit.profile("random"))
    Profile of the ML deviance, estimates by maximum likelihood, 95% intervals
    term                   group     estimate    lower   upper
    sd__(Intercept)        Subject      23.78    14.38   37.72
    cor__(Intercept).Days  Subject    0.08132  -0.4815  0.6850
    sd__Days               Subject      5.717    3.801   8.753
    sd__Observation        Residual     25.59    22.90   28.86
    >>> fit.profile("Days").table().columns.tolist()[:3]
    ['parameter', 'value', 'zeta']
    """

    _left = 2
    names = property(lambda self: tuple(p.name for p in self.facts.parameters))
    criterion = property(lambda self: self.facts.criterion)
    notes = property(lambda self: self.facts.notes)
    _below = notes
    _shown = property(lambda self: min(0.95, self.facts.level))

    def table(self):
        """One row per point: parameter, value, zeta, and all parameters' values there."""
        return self._to_frame(self.facts.table().columns)

    def tidy(self, level=0.95):
        """One row per parameter: `confint` under the name that other results use."""
        return self.confint(level)

    def confint(self, level=0.95):
        """Profile confidence intervals: term, group, estimate, lower, upper."""
        return self._to_frame(fixed_first(self.facts.confint(level)).columns)

    def _title(self):
        ml = self.facts.criterion == "ml"
        what = "ML deviance" if ml else "REML criterion"
        by = "maximum likelihood" if ml else "REML"
        return f"Profile of the {what}, estimates by {by}, {100 * self._shown:g}% intervals"

    def _rows(self):
        columns = fixed_first(self.facts.confint(self._shown)).columns
        numbers = [columns[name].tolist() for name in ("estimate", "lower", "upper")]
        rows = [
            [term, group or "", *(significant(v) if v == v else "–" for v in values)]
            for term, group, *values in zip(
                columns["term"], columns["group"], *numbers, strict=True
            )
        ]
        return list(columns), rows
