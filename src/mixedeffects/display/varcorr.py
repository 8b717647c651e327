"""Variance components as text, and as a frame in the user's flavour."""

from __future__ import annotations

from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import significant
from mixedeffects.inference.group_names import read_names


class VarianceComponents(Tabular):
    """Standard deviations and correlations of the random effects; prints as a table.

    Parameters
    ----------
    to_frame : callable
        From named columns to the user's kind of data frame.
    errors : callable
        `variance_errors` of the fit, by coverage.

    Attributes
    ----------
    terms : tuple of TermCovariance
        One per random-effects term, with its `covariance`, `sd` and `corr`.
    sd : dict of str to array
        Group to standard deviations; "Residual" last, except in a generalised model. A group of
        the extra zeros is called "zi: group".
    corr : dict of str to array
        Group to correlation matrix, for terms of several correlated columns.
    sigma : float or None
        None for a generalised model.
    known : tuple of Combination
        Where some variances are not in the data, and nan here, the combinations that are: each
        with its `words`, `value` and `sd`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> print(fit.varcorr)
    group     term         variance      sd  corr
    Subject   (Intercept)    612.09  24.740
              Days           35.072  5.9221  0.07
    Residual                 654.94  25.592
    >>> fit.varcorr.tidy()["sdcor"].round(2).tolist()
    [24.74, 5.92, 0.07, 25.59]
    """

    def __init__(self, facts, to_frame, errors):
        self._facts, self._to_frame, self._errors = facts, to_frame, errors

    terms = property(lambda self: self._facts.terms)
    sigma = property(lambda self: self._facts.sigma)
    sd = property(lambda self: self._facts.sd)
    corr = property(lambda self: self._facts.corr)
    known = property(lambda self: self._facts.known)

    def tidy(self, *, level=0.95):
        """One row per variance and covariance, with standard errors and limits.

        group, term1, term2; vcov (variance or covariance) with vcov_std_error, vcov_lower,
        vcov_upper; sdcor (standard deviation or correlation) with std_error, lower, upper;
        reason, which says why a row has no standard error. A generalised model's has component
        first, the linear predictor.
        """
        return self._to_frame(self._errors(level=level).columns)

    def __str__(self):
        lines = text_table(*random_rows(self._facts), left=2)
        if self._facts.known:
            lines += ["", *text_table(*known_rows(self._facts), left=1)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        table = html_table("Random effects", *random_rows(self._facts), left=2)
        if self._facts.known:
            table += html_table("In the data", *known_rows(self._facts), left=1)
        return table


def random_rows(varcorr):
    """Header and rows of the table of variance components, strings only."""
    header = ["group", "term", "variance", "sd", "corr"]
    rows = []
    read = read_names(t.group for t in varcorr.terms)
    for t in varcorr.terms:
        corr = t.corr
        label = t.label.removesuffix(t.group) + read[t.group]
        for i, name in enumerate(t.names):
            lower = [corr[i, j] for j in range(i)] if t.correlated else []
            rows.append(
                [
                    label if i == 0 else "",
                    name,
                    known_number(float(t.covariance[i, i])),
                    known_number(float(t.sd[i])),
                    "  ".join(f"{c:.2f}" if c == c else "–" for c in lower),
                ]
            )
    sigma = varcorr.sigma
    if sigma is not None:
        rows.append(["Residual", "", known_number(sigma**2), known_number(sigma), ""])
    return header, rows


def known_number(value):
    """A number of the table; a dash for one that is not in the data."""
    return significant(value, 5) if value == value else "–"


def known_rows(varcorr):
    """What is in the data where single variances are not: header and rows, strings only."""
    rows = [
        [c.words, known_number(c.value), known_number(c.sd) if c.is_variance else ""]
        for c in varcorr.known
    ]
    return ["in the data", "variance", "sd"], rows
