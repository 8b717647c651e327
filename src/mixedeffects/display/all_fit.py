"""One model by several optimisers, as text, HTML and a frame."""

from __future__ import annotations

from html import escape

from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import significant

# states of a certificate that the table says in other words
STATE_WORDS = {"no maximum": "not converged", "singular": "certified, singular"}


class AllFit(Tabular):
    """The same model by every optimiser; prints as a table with a verdict.

    Parameters
    ----------
    facts : AllFitFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    fits : dict of str to LMM or GLMM
        By optimiser; those that were refused are not there.
    verdict : str
    """

    def __init__(self, facts, to_frame):
        self._facts, self._to_frame = facts, to_frame

    verdict = property(lambda self: self._facts.verdict)
    fits = property(
        lambda self: {run.optimizer: run.fit for run in self._facts.runs if run.fit is not None}
    )

    def tidy(self):
        """One row per optimiser."""
        return self._to_frame(self._facts.table.columns)

    def __str__(self):
        table = text_table(*rows_of(self._facts), left=1)
        return "\n".join([self.verdict, self._facts.formula, "", *table, *refusals(self._facts)])

    __repr__ = __str__

    def _repr_html_(self):
        return "\n".join(
            [
                '<div class="mixedeffects-all-fit">',
                f"<p><strong>{escape(self.verdict)}</strong><br>"
                f"<code>{escape(self._facts.formula)}</code></p>",
                html_table("Optimisers", *rows_of(self._facts), left=1),
                *(f"<p>{escape(line)}</p>" for line in refusals(self._facts)),
                "</div>",
            ]
        )


def rows_of(facts):
    """Header and rows of the table, strings only."""
    c = facts.table.columns
    header = [
        "optimizer", "loglik", "difference", "certificate", "evaluations", "seconds",
        "fixed (SE)", "theta",
    ]  # fmt: skip
    rows = []
    for i, run in enumerate(facts.runs):
        if run.fit is None:
            rows.append([run.optimizer, *([""] * (len(header) - 2)), ""])
            continue
        certificate = run.fit.certificate
        # a range of optima is the model's, whether or not one optimiser reached it
        state = "not identified" if certificate.flat else certificate.state
        rows.append([
            run.optimizer, f"{c['loglik'][i]:.6f}", f"{c['difference'][i]:.1e}",
            STATE_WORDS.get(state, state),
            f"{c['evaluations'][i]:,}", significant(c["seconds"][i], 2),
            f"{c['change_fixef'][i]:.1e}", f"{c['change_theta'][i]:.1e}",
        ])  # fmt: skip
    return header, rows


def refusals(facts):
    """Optimisers that were refused, and why."""
    return [f"{run.optimizer}: {run.refused}" for run in facts.runs if run.fit is None]
