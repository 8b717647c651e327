"""Marginal means, slopes and contrasts as text, HTML, and frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.answers import Answering
from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import at_precision, p_value, significant

TITLES = {"mean": "Estimated marginal means", "slope": "Estimated slopes", "contrast": "Contrasts"}


# of emmeans and marginaleffects
ANSWERS = {
    "pairs": "means.contrasts()",
    "contrast": "means.contrasts()",
    "comparisons": "means.contrasts()",
    "cld": "means.letters()",
    "summary": "print(means), and means.tidy() for the frame",
    "as_data_frame": "means.tidy()",
    "emmeans": "means itself; means.contrasts() has the differences",
    "plot": "fit.plot.means()",
    "confint": 'means["lower"] and means["upper"]',
}


class EstimatedMeans(Answering, Tabular):
    """Marginal means, slopes, or contrasts of them; prints as a table.

    Parameters
    ----------
    facts : MarginalMeans
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    notes : tuple of str
        What was averaged over and held fixed, how p-values are adjusted, what cannot be estimated.
    L : (m, p) array
        Coefficients of each row on the fixed effects.
    vcov : (m, m) array
        Covariance of the rows, on the model's scale.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    >>> print(fit.emmeans("Days", at={"Days": [0, 9]}))
    Estimated marginal means, t (Satterthwaite), 95% intervals
    Days  estimate  std_error     df   lower   upper
    0       256.65      11.46  41.98  233.53  279.77
    9       350.85      11.46  41.98  327.73  373.97
    """

    answers = ANSWERS

    def __init__(self, facts, to_frame):
        self._facts, self._to_frame = facts, to_frame

    notes = property(lambda self: self._facts.notes)
    L = property(lambda self: self._facts.L)
    vcov = property(lambda self: self._facts.vcov)

    def tidy(self, *, level=None):
        """The labels, estimate, std_error, df, lower, upper; for contrasts also their tests."""
        return self._to_frame(self._facts.table(level=level).columns)

    def test(self, *, null=0.0):
        """Each row tested against a value: estimate, std_error, df, statistic, p_value."""
        return self._to_frame(self._facts.test(null=null).columns)

    def joint(self, *, by=None):
        """An F test, within each family, that all rows are zero."""
        return self._to_frame(self._facts.joint(by=by).columns)

    def contrasts(
        self,
        method="pairwise",
        *,
        ref=None,
        by=None,
        adjust=None,
        level=None,
        scale=None,
        type=None,
    ):
        """Contrasts among the rows; see `MarginalMeans.contrasts`."""
        options = {"adjust": adjust, "level": level, "scale": scale, "type": type}
        facts = self._facts.contrasts(method, ref=ref, by=by, **options)
        return EstimatedMeans(facts, self._to_frame)

    def letters(self, *, alpha=0.05, adjust="tukey", by=None, reverse=False):
        """The means with compact letters: those that share one are not shown to differ.

        See `MarginalMeans.letters`.

        Examples
        --------
        >>> import mixedeffects as me
        >>> fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
        >>> table = fit.emmeans("Days", at={"Days": [0, 4, 9]}).letters()
        >>> list(table["letters"])
        ['a', ' b', '  c']
        """
        facts = self._facts.letters(alpha=alpha, adjust=adjust, by=by, reverse=reverse)
        return self._to_frame(facts.columns)

    def _cells(self):
        columns = self._facts.table().columns
        names = list(columns)
        left = names.index("estimate")
        rows = []
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(names, values, strict=True))
            rows.append([_cell(name, value, row["std_error"]) for name, value in row.items()])
        return names, rows, left

    def _title(self):
        facts = self._facts
        return f"{TITLES[facts.kind]}, {facts.label}, {100 * facts.level:g}% intervals"

    def __str__(self):
        header, rows, left = self._cells()
        return "\n".join([self._title(), *text_table(header, rows, left), *self.notes])

    __repr__ = __str__

    def _repr_html_(self):
        header, rows, left = self._cells()
        return html_table(self._title(), header, rows, left) + _paragraphs(self.notes)


def _paragraphs(notes):
    from html import escape

    return "".join(f"<p>{escape(note)}</p>" for note in notes)


def _cell(name, value, error):
    if name in ("estimate", "lower", "upper"):
        return at_precision(float(value), float(error))
    if name == "p_value":
        return p_value(float(value))
    if name in ("std_error", "df", "statistic"):
        return significant(float(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
