"""A summary as text and as HTML, from the same rows."""

from __future__ import annotations

from html import escape

from mixedeffects.display.numbers import column, p_value
from mixedeffects.inference import summary_facts


class Summary:
    """What `print` and notebooks show of a fit.

    Parameters
    ----------
    fit : FitRecord
    level : float
        Coverage of the confidence intervals.

    Attributes
    ----------
    facts : SummaryFacts
        The same, unrounded.
    """

    def __init__(self, fit, *, level=0.95):
        self.facts = summary_facts(fit, level=level)

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


def random_rows(facts):
    """Rows of the table of variance components, strings only."""
    header = ["group", "term", "variance", "sd", "corr"]
    cells, variances, sds, correlations = [], [], [], []
    for t in facts.varcorr.terms:
        corr = t.corr
        for i, name in enumerate(t.names):
            first = i == 0
            cells.append([t.group if first else "", name])
            variances.append(float(t.covariance[i, i]))
            sds.append(float(t.sd[i]))
            lower = [corr[i, j] for j in range(i)] if t.correlated else []
            correlations.append("  ".join(f"{c:.2f}" if c == c else "–" for c in lower))
    cells.append(["Residual", ""])
    variances.append(facts.varcorr.sigma**2)
    sds.append(facts.varcorr.sigma)
    correlations.append("")
    columns = zip(cells, column(variances), column(sds), correlations, strict=True)
    return header, [[*cell, v, s, c] for cell, v, s, c in columns]


def fixed_rows(facts):
    """Rows of the coefficient table, strings only."""
    c = facts.coefficients.columns
    percent = f"{100 * facts.level:g}%"
    header = ["term", "estimate", "std. error", "z", "p", f"{percent} lower", "upper"]
    rows = zip(
        c["term"],
        column(c["estimate"]),
        column(c["std_error"]),
        [f"{v:.2f}" for v in c["statistic"]],
        [p_value(v) for v in c["p_value"]],
        column(c["lower"]),
        column(c["upper"]),
        strict=True,
    )
    return header, [list(row) for row in rows]


def remarks(facts):
    """ICC, dropped rows and columns, notes, convergence: one sentence each."""
    out = []
    share = facts.icc.columns
    for group, value in zip(share["group"][:-1], share["icc"][:-1], strict=True):
        out.append(f"{100 * value:.0f}% of the variance that the fixed effects leave is between levels of {group}.")
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


def as_text(facts):
    """The summary as plain text.

    Parameters
    ----------
    facts : SummaryFacts

    Returns
    -------
    str
    """
    random_header, random_body = random_rows(facts)
    fixed_header, fixed_body = fixed_rows(facts)
    lines = [
        title(facts),
        facts.formula,
        "",
        *size_line(facts),
        ", ".join(criteria(facts)),
        "",
        "Random effects",
        *_text_table(random_header, random_body, left=2),
        "",
        f"Fixed effects, {facts.df_method}",
        *_text_table(fixed_header, fixed_body, left=1),
        "",
        *remarks(facts),
    ]
    return "\n".join(lines)


def _text_table(header, rows, left):
    """Aligned lines; the first `left` columns and correlations flush left."""
    widths = [max(len(r[i]) for r in [header, *rows]) for i in range(len(header))]
    flush = [i < left or name == "corr" for i, name in enumerate(header)]
    return [
        ("  " + "  ".join(
            cell.ljust(w) if f else cell.rjust(w)
            for cell, w, f in zip(row, widths, flush, strict=True)
        )).rstrip()
        for row in [header, *rows]
    ]  # fmt: skip


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
        _html_table("Random effects", *random_rows(facts), left=2),
        _html_table(f"Fixed effects, {facts.df_method}", *fixed_rows(facts), left=1),
        "<p>" + "<br>".join(map(escape, remarks(facts))) + "</p>",
        "</div>",
    ]
    return "\n".join(parts)


def _html_table(caption, header, rows, left):
    def cell(tag, text, i):
        align = "left" if i < left else "right"
        return f'<{tag} style="text-align: {align}">{escape(text)}</{tag}>'

    head = "".join(cell("th", text, i) for i, text in enumerate(header))
    body = "".join(
        "<tr>" + "".join(cell("td", text, i) for i, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


__all__ = ["Summary", "as_html", "as_text"]
