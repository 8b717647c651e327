"""Simulated quantile residuals and their tests, as text and frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.display.layout import TitledTable
from mixedeffects.display.numbers import significant


class QuantileResiduals(TitledTable):
    """Simulated quantile residuals; prints as tests of the model's distribution.

    Parameters
    ----------
    facts : QuantileFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    facts : QuantileFacts
        The numbers as arrays.
    residuals : (n,) array
        Between 0 and 1, uniform if the model is right.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> found = fit.quantile_residuals(rng=1)
    >>> found.by("Subject").residuals.shape
    (18,)
    >>> str(found).splitlines()[0]
    'Quantile residuals of 180 rows among 250 simulations, new random effects'
    """

    residuals = property(lambda self: self.facts.residuals)

    def tests(self):
        """One row per test: test, statistic, expected, p_value, meaning.

        "uniformity" is the Kolmogorov-Smirnov distance of the residuals from uniform,
        "dispersion" the mean squared deviation from the simulations' means in their standard
        deviations, "outliers" the number of responses outside of all simulations, "zeros" the
        number of zeros of counts. All p-values come from the rank of the statistic among those
        of the simulations, each taken as the response in its turn; they are not below 1 / (n + 1),
        or twice that where both directions count. What the model has fitted it cannot contradict:
        the dispersion of a family that estimates it, the zeros of a zero part. "expected" is what
        half of the simulations exceed that agree with the response in the moments that were
        fitted, so that its distance from "statistic" is the one that is tested. 0 / 1 responses
        have no test of dispersion: their squares follow from their means (their sums over groups,
        `by`, have one).
        """
        return self._to_frame(self.facts.tests().columns)

    def tidy(self):
        """`tests` under the name that other results use."""
        return self.tests()

    def table(self):
        """One row per row of the fit (with its index) or group: observed, expected, residual."""
        table = self.facts.table()
        return self._to_frame(table.columns, table.index)

    def by(self, group, rng=None):
        """The same for sums of responses over the levels of a grouping factor or other values."""
        return QuantileResiduals(self.facts.by(group, rng), self._to_frame)

    def _title(self):
        facts = self.facts
        what = "rows" if facts.labels is None else "groups"
        effects = "new random effects" if facts.groups == "new" else "the fit's random effects"
        return (
            f"Quantile residuals of {facts.residuals.size:,} {what} among {facts.n_simulations} "
            f"simulations, {effects}"
        )

    def _rows(self):
        columns = self.facts.tests().columns
        rows = [
            [test, significant(a), significant(b), f"{p:.3f}", meaning]
            for test, a, b, p, meaning in zip(*columns.values(), strict=True)
        ]
        return ["test", "observed", "expected", "p", "meaning"], rows
