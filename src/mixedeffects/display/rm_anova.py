"""A repeated-measures ANOVA beside the mixed model, as text, HTML and frames."""

from __future__ import annotations

from html import escape

from mixedeffects.design import to_frame
from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import p_value, significant
from mixedeffects.display.results import Printing


class RMAnova(Tabular):
    """Tests of a repeated-measures ANOVA; prints them with what listwise deletion cost.

    Parameters
    ----------
    facts : RMAnovaFacts
        What is shown, unrounded.
    fit : LMM or None
        The mixed model on all rows.
    flavour : str
        Library of the tables that are given out.

    Attributes
    ----------
    facts : RMAnovaFacts
    fit : LMM or None
    notes : tuple of str
    n_subjects, n_complete, n_rows, n_rows_used : int
        Subjects in the table and complete ones; observed rows and those used.
    """

    def __init__(self, facts, fit, flavour):
        self.facts, self.fit, self._flavour = facts, fit, flavour

    notes = property(lambda self: self.facts.notes)
    n_subjects = property(lambda self: self.facts.n_subjects)
    n_complete = property(lambda self: self.facts.n_complete)
    n_rows = property(lambda self: self.facts.n_rows)
    n_rows_used = property(lambda self: self.facts.n_rows_used)

    def tidy(self):
        """One row per effect of the ANOVA, with sphericity and its corrections."""
        return Printing(to_frame)(self.facts.table.columns, self._flavour)

    def compare(self):
        """One row per effect: the ANOVA's F and p, and the mixed model's on all rows."""
        ours, lmm = self.facts.table.columns, self.facts.lmm
        columns = {
            "term": ours["term"],
            "anova_den_df": ours["den_df"],
            "anova_statistic": ours["statistic"],
            "anova_p_value": ours["p_value"],
        }
        if lmm is not None:
            order = [lmm.columns["term"].index(term) for term in ours["term"]]
            for name in ("den_df", "statistic", "p_value"):
                columns[f"lmm_{name}"] = lmm.columns[name][order]
        return Printing(to_frame)(columns, self._flavour)

    def __str__(self):
        f = self.facts
        lines = [_title(f), *_losses(f), "", *text_table(*_rows(f), left=1)]
        sphericity = _sphericity_rows(f)
        if sphericity[1]:
            lines += ["", "Sphericity", *text_table(*sphericity, left=1)]
        if f.lmm is not None:
            lines += ["", f"Mixed model on all {f.n_rows:,} rows: {f.lmm_formula}"]
            lines += text_table(*_lmm_rows(f), left=1)
        return "\n".join([*lines, *f.notes])

    __repr__ = __str__

    def _repr_html_(self):
        f = self.facts
        parts = [
            '<div class="mixedeffects-rm-anova">',
            "<p>" + "<br>".join(map(escape, [_title(f), *_losses(f), *f.notes])) + "</p>",
            html_table("Tests", *_rows(f), left=1),
        ]
        sphericity = _sphericity_rows(f)
        if sphericity[1]:
            parts.append(html_table("Sphericity", *sphericity, left=1))
        if f.lmm is not None:
            title = f"Mixed model on all {f.n_rows:,} rows: {f.lmm_formula}"
            parts.append(html_table(title, *_lmm_rows(f), left=1))
        return "\n".join([*parts, "</div>"])


def _title(f):
    between = f" and {', '.join(f.between)} between" if f.between else ""
    return (
        f"Repeated-measures ANOVA of {f.outcome}: {', '.join(f.within)} within {f.subject}{between}"
    )


def _losses(f):
    lost = f.n_subjects - f.n_complete
    lines = [f"{f.n_complete:,} complete subjects, {f.n_rows_used:,} rows"]
    if lost:
        rows = f.n_rows - f.n_rows_used
        lines.append(
            f"Listwise deletion lost {lost:,} of {f.n_subjects:,} subjects and {rows:,} of "
            f"{f.n_rows:,} observed rows; the mixed model uses them all."
        )
    if f.n_averaged:
        lines.append(f"{f.n_averaged:,} repeated measurements of a cell were averaged.")
    return lines


def _df(value):
    return f"{value:.0f}" if abs(value - round(value)) < 1e-6 else f"{value:.1f}"


def _rows(f):
    c = f.table.columns
    header = ["term", "df", "error df", "F", "p", "p (GG)", "p (HF)", "partial eta²"]
    names = (
        "term", "num_df", "den_df", "statistic", "p_value", "gg_p_value", "hf_p_value",
        "partial_eta_squared",
    )  # fmt: skip
    rows = []
    for term, num, den, F, p, gg, hf, eta in zip(*(c[n] for n in names), strict=True):
        rows.append(
            [
                term, _df(num), _df(den), significant(float(F)), p_value(float(p)),
                p_value(float(gg)), p_value(float(hf)), significant(float(eta), 3),
            ]
        )  # fmt: skip
    return header, rows


def _sphericity_rows(f):
    """One row per within effect: the error of effects that share it is the same."""
    c = f.table.columns
    rows = []
    for i, term in enumerate(c["term"]):
        if c["gg_epsilon"][i] == c["gg_epsilon"][i] and not set(term.split(":")) & set(f.between):
            rows.append(
                [
                    term,
                    significant(float(c["mauchly_w"][i])),
                    p_value(float(c["mauchly_p"][i])),
                    significant(float(c["gg_epsilon"][i])),
                    significant(float(c["hf_epsilon"][i])),
                ]
            )
    return ["term", "Mauchly W", "p", "epsilon (GG)", "epsilon (HF)"], rows


def _lmm_rows(f):
    c = f.lmm.columns
    names = ("term", "num_df", "den_df", "statistic", "p_value")
    rows = [
        [term, _df(num), _df(den), significant(float(F)), p_value(float(p))]
        for term, num, den, F, p in zip(*(c[n] for n in names), strict=True)
    ]
    return ["term", "df", "error df", "F", "p"], rows
