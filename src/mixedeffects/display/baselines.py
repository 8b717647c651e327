"""Complete, no and partial pooling side by side, as text, HTML and frames."""

from __future__ import annotations

from html import escape

from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import at_precision, significant
from mixedeffects.display.results import Printing
from mixedeffects.display.summary import row_remarks

# above this, a matrix of doubles has no smaller singular value than rounding gives it
LARGEST_CONDITION = 1e14


class Baselines(Tabular):
    """The same formula with complete, no and partial pooling.

    Parameters
    ----------
    facts : BaselineFacts
        What is shown, unrounded.
    fit : LMM
        Partial pooling.

    Attributes
    ----------
    facts : BaselineFacts
    fit : LMM
    condition_number : float
        Of the matrix with all dummies; nan when not computed.
    aliased : dict of str to str
        Columns that the dummies determine, and how.
    notes : tuple of str
    """

    def __init__(self, facts, fit):
        self.facts, self.fit = facts, fit

    condition_number = property(lambda self: self.facts.condition_number)
    aliased = property(lambda self: dict(self.facts.aliased))
    notes = property(lambda self: self.facts.notes)

    def tidy(self):
        """One row per model and coefficient: model, term, estimate, std_error."""
        return Printing(self.fit.design.spec.to_frame)(self.facts.table().columns)

    def glance(self):
        """One row per model: model, sigma, n_parameters."""
        return Printing(self.fit.design.spec.to_frame)(self.facts.summary().columns)

    def __str__(self):
        lines = [self.fit.design.spec.text, ""]
        lines += text_table(*_rows(self.facts), left=1)
        return "\n".join([*lines, "", *self._remarks()])

    __repr__ = __str__

    def _repr_html_(self):
        remarks = "<br>".join(map(escape, self._remarks()))
        table = html_table(self.fit.design.spec.text, *_rows(self.facts), left=1)
        return f'<div class="mixedeffects-baselines">{table}<p>{remarks}</p></div>'

    def _remarks(self):
        design = self.fit.design
        return _remarks(self.facts) + row_remarks(design.missing, design.aliased, design.notes)


def _rows(facts):
    header = ["term"]
    for model in facts.models:
        header += [model.name, "std. error"]
    rows = []
    for j, term in enumerate(facts.terms):
        row = [term]
        for model in facts.models:
            estimate, error = float(model.estimate[j]), float(model.std_error[j])
            if estimate != estimate:
                row += ["aliased", ""]
            else:
                row += [at_precision(estimate, error), at_precision(error, error)]
        rows.append(row)
    for name, values in (
        ("residual sd", [significant(m.sigma) for m in facts.models]),
        ("parameters", [f"{m.n_parameters:,}" for m in facts.models]),
    ):
        rows.append([name, *(cell for value in values for cell in (value, ""))])
    return header, rows


def _remarks(facts):
    out = [f"{_sentence(m.name)}: {m.what}." for m in facts.models]
    condition = facts.condition_number
    if condition == condition:
        words = f"The matrix with all dummies has condition number {condition:.1e}"
        out.append(f"{words}: it is singular." if condition > LARGEST_CONDITION else f"{words}.")
    out += [f"{reason}: no estimate without pooling." for _, reason in facts.aliased]
    return out + [f"{_sentence(note)}." for note in facts.notes]


def _sentence(text):
    return text[0].upper() + text[1:]
