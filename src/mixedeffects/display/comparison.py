"""A comparison of models as text, HTML and a frame in the user's flavour."""

from __future__ import annotations

from html import escape

import numpy as np

from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import p_value, significant


class ModelComparison(Tabular):
    """Fits side by side, in order of size; prints as a table.

    Parameters
    ----------
    facts : ComparisonFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.
    bootstrap : BootstrapTest, optional
        Of the likelihood ratio, where it was asked for.

    Attributes
    ----------
    tests : tuple of LikelihoodRatio or None
        Each model but the first, against the one that the column `against` names.
    notes : tuple of str
        What was refitted, what was not tested and why.
    statistic, df, p_value, p_naive
        Of the last test; nan without one.
    bootstrap : BootstrapTest or None

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> one = me.lmm("Reaction ~ Days + (Days || Subject)", data)
    >>> two = me.lmm("Reaction ~ Days + (Days | Subject)", data)
    >>> print(me.compare(one, two, names=["zero", "free"]))
    model  npar  loglik     AIC     BIC  weight  against    chisq  df      p
    zero      5  -871.8  1753.7  1769.6   0.727
    free      6  -871.8  1755.6  1774.8   0.273  zero     0.04102   1  0.839
    <BLANKLINE>
    model  reference
    zero
    free   chi2(1)
    <BLANKLINE>
    zero: Reaction ~ Days + (Days || Subject)
    free: Reaction ~ Days + (Days | Subject)
    REML likelihoods: the fixed effects are the same.
    """

    def __init__(self, facts, to_frame, bootstrap=None):
        self._facts, self._to_frame, self.bootstrap = facts, to_frame, bootstrap

    tests = property(lambda self: self._facts.tests)
    notes = property(lambda self: self._facts.notes)
    statistic = property(lambda self: self._last("statistic"))
    df = property(lambda self: self._last("df"))
    p_value = property(lambda self: self._last("p_value"))
    p_naive = property(lambda self: self._last("p_naive"))

    def _last(self, name):
        test = self._facts.tests[-1]
        return float("nan") if test is None else getattr(test, name)

    def tidy(self):
        """One row per model: criteria, weights, and the test against a smaller one."""
        return self._to_frame(self._facts.table.columns)

    def nesting(self):
        """One row per pair of models: smaller, larger, nested, direct, df, reason.

        `direct` pairs have no other model between them; `reason` says why a pair is not nested.
        """
        return self._to_frame(self._facts.nesting.columns)

    def __str__(self):
        formulas, notes = remarks(self._facts)
        table = text_table(*comparison_rows(self._facts), left=1)
        return "\n".join([*table, "", *formulas, *notes])

    __repr__ = __str__

    def _repr_html_(self):
        formulas, notes = remarks(self._facts)
        return "\n".join(
            [
                '<div class="mixedeffects-comparison">',
                html_table("Comparison of models", *comparison_rows(self._facts), left=1),
                "<p>" + "<br>".join(map(escape, [*formulas, *notes])) + "</p>",
                "</div>",
            ]
        )


def comparison_rows(facts):
    """Header and rows of the table, strings only."""
    c = facts.table.columns
    header = ["model", "npar", "loglik", "AIC", "BIC", "weight"]
    columns = [
        list(c["model"]),
        [str(n) for n in c["npar"]],
        *([f"{v:.1f}" for v in c[name]] for name in ("loglik", "aic", "bic")),
        [f"{v:.3f}" for v in c["weight_aic"]],
    ]
    if any(test is not None for test in facts.tests):
        header += ["against", "chisq", "df", "p", "reference"]
        columns += [
            ["" if v is None else v for v in c["against"]],
            [significant(v) for v in c["chisq"]],
            ["" if np.isnan(v) else f"{v:.0f}" for v in c["df"]],
            [p_value(v) for v in c["p_value"]],
            ["" if v is None else v for v in c["reference"]],
        ]
    return header, [list(row) for row in zip(*columns, strict=True)]


def remarks(facts):
    """The formulas, and the notes as sentences."""
    c = facts.table.columns
    formulas = [f"{m}: {f}" for m, f in zip(c["model"], c["formula"], strict=True)]
    notes = [note if note.endswith(".") else f"{note}." for note in facts.notes]
    return formulas, notes
