"""A summary as text and as HTML, from the same rows."""

from __future__ import annotations

from html import escape

import numpy as np

from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import at_precision, p_value
from mixedeffects.display.varcorr import random_rows
from mixedeffects.inference import summary_facts


class Summary:
    """What `print` and notebooks show of a fit.

    Parameters
    ----------
    fit : FitRecord
    ddf : str
        Degrees of freedom of the coefficient table; see `coefficient_table`.
    level : float
        Coverage of the confidence intervals.

    Attributes
    ----------
    facts : SummaryFacts
        The same, unrounded.
    """

    def __init__(self, fit, *, ddf="satterthwaite", level=0.95):
        self.facts = summary_facts(fit, ddf=ddf, level=level)

    def __str__(self):
        return as_text(self.facts)

    __repr__ = __str__

    def _repr_html_(self):
        return as_html(self.facts)


def title(facts):
    """One line: what was fitted and how."""
    method = "REML" if facts.reml else "maximum likelihood"
    return f"Linear mixed model fit by {method}"


def size_line(facts):
    """Rows and groups with their sizes."""
    parts = [f"{facts.nobs:,} rows"]
    for g in facts.groups:
        if g.smallest == g.largest:
            sizes = f"{g.smallest:,} rows each"
        else:
            sizes = f"rows per group min {g.smallest:,}, mean {g.mean:,.1f}, max {g.largest:,}"
        parts.append(f"{g.name}: {g.n_levels:,} groups, {sizes}")
    return parts


def criteria(facts):
    """Objective, log-likelihood and information criteria."""
    name = "REML criterion" if facts.reml else "-2 log-likelihood"
    values = (
        (name, facts.objective), ("logLik", facts.loglik), ("AIC", facts.aic), ("BIC", facts.bic)
    )  # fmt: skip
    return [f"{label} {value:.2f}" for label, value in values]


def fixed_rows(facts):
    """Header and rows of the coefficient table, strings only.

    A row has as many decimals as show its standard error with four digits.
    """
    c = facts.coefficients.columns
    percent = f"{100 * facts.level:g}%"
    normal = bool(np.isinf(c["df"]).all())
    header = ["term", "estimate", "std. error", *(["z"] if normal else ["df", "t"]), "p"]
    header += [f"{percent} lower", "upper"]
    names = ("term", "estimate", "std_error", "df", "statistic", "p_value", "lower", "upper")
    rows = []
    for term, estimate, se, df, t, p, lower, upper in zip(*(c[n] for n in names), strict=True):
        shown = [at_precision(v, se) for v in (estimate, se, lower, upper)]
        freedom = [] if normal else [f"{df:.1f}"]
        rows.append([term, *shown[:2], *freedom, f"{t:.2f}", p_value(p), *shown[2:]])
    return header, rows


def remarks(facts):
    """ICC, dropped rows and columns, notes, convergence: one sentence each."""
    out = []
    share = facts.icc.columns
    for group, value in zip(share["group"][:-1], share["icc"][:-1], strict=True):
        out.append(
            f"{100 * value:.0f}% of the variance that the fixed effects leave "
            f"is between levels of {group}."
        )
    missing = facts.missing
    left_out = missing.n_rows - missing.n_used
    if left_out:
        where = ", ".join(f"{name} {count:,}" for name, count in missing.by_column.items() if count)
        out.append(
            f"{left_out:,} of {missing.n_rows:,} rows were left out for missing values ({where})."
        )
    out += [f"Column {a.name} was dropped: {a.reason}." for a in facts.aliased]
    out += [note if note.endswith(".") else f"{note}." for note in facts.notes]
    certificate = facts.certificate
    if certificate.converged:
        out.append(
            f"Converged: certified optimum after {certificate.evaluations} evaluations "
            f"({certificate.optimizer}), |gradient| {certificate.gradient:.0e}."
        )
    else:
        out.append(
            f"NOT CONVERGED ({certificate.optimizer}, {certificate.evaluations} evaluations): "
            f"{certificate.message}. To try: {'; '.join(certificate.advice)}."
        )
    for words in facts.singular:
        proof = ", certified" if certificate.converged else ""
        out.append(f"Singular fit: zero variance in {words}{proof}.")
    return out


def indented(lines):
    return ["  " + line for line in lines]


def as_text(facts):
    """The summary as plain text.

    Parameters
    ----------
    facts : SummaryFacts

    Returns
    -------
    str
    """
    random_header, random_body = random_rows(facts.varcorr)
    fixed_header, fixed_body = fixed_rows(facts)
    lines = [
        title(facts),
        facts.formula,
        "",
        *size_line(facts),
        ", ".join(criteria(facts)),
        "",
        "Random effects",
        *indented(text_table(random_header, random_body, left=2)),
        "",
        f"Fixed effects, {facts.df_method}",
        *indented(text_table(fixed_header, fixed_body, left=1)),
        "",
        *remarks(facts),
    ]
    return "\n".join(lines)


def as_html(facts):
    """The summary as an HTML fragment without scripts or external resources.

    Parameters
    ----------
    facts : SummaryFacts

    Returns
    -------
    str
    """
    parts = [
        '<div class="mixedeffects-summary">',
        f"<p><strong>{escape(title(facts))}</strong><br><code>{escape(facts.formula)}</code></p>",
        "<p>" + "<br>".join(map(escape, [*size_line(facts), ", ".join(criteria(facts))])) + "</p>",
        html_table("Random effects", *random_rows(facts.varcorr), left=2),
        html_table(f"Fixed effects, {facts.df_method}", *fixed_rows(facts), left=1),
        "<p>" + "<br>".join(map(escape, remarks(facts))) + "</p>",
        "</div>",
    ]
    return "\n".join(parts)


__all__ = ["Summary", "as_html", "as_text"]
