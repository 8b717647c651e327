"""A summary as text and as HTML, from the same rows."""

from __future__ import annotations

from html import escape

import numpy as np

from mixedeffects.answers import Answering
from mixedeffects.display.folding import folded_terms
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import at_precision, degree, p_value, share_words, significant
from mixedeffects.display.varcorr import known_rows, random_rows
from mixedeffects.inference import summary_facts
from mixedeffects.inference.group_names import read_names

# names of summaries of statsmodels, R and of data frames
ANSWERS = {
    "tables": "fit.test(), fit.varcorr and fit.glance()",
    "coefficients": "fit.test()",
    "coef": "fit.test()",
    "params": "fit.test()",
    "pvalues": 'fit.test()["p_value"]',
    "varcor": "fit.varcorr",
    "sigma": "fit.sigma",
    "AICtab": "fit.glance()",
    "as_text": "str(fit.summary())",
    "as_html": "fit.summary()._repr_html_(), or a page: fit.report(path)",
    "as_latex": "fit.tidy().to_pandas().to_latex()",
    "as_csv": "fit.tidy().to_pandas().to_csv()",
    "to_pandas": "fit.tidy()",
    "to_polars": "fit.tidy()",
    "tidy": "fit.tidy()",
}
# dropped columns whose reasons are given one by one
FEW = 3


class Summary(Answering):
    """What `print` and notebooks show of a fit.

    Parameters
    ----------
    ddf : str, optional
        Degrees of freedom of the coefficient table; see `coefficient_table`.
    level : float
        Coverage of the confidence intervals.

    Attributes
    ----------
    facts : SummaryFacts
        The same, unrounded.
    """

    answers = ANSWERS

    def __init__(self, fit, *, ddf=None, level=0.95):
        self.facts = summary_facts(fit, ddf=ddf, level=level)

    def __str__(self):
        return as_text(self.facts)

    __repr__ = __str__

    def _repr_html_(self):
        return as_html(self.facts)


def title(facts):
    """One line: what was fitted and how."""
    method = "REML" if facts.reml else "maximum likelihood"
    if facts.family is not None:
        return f"Generalised linear mixed model fit by {method} ({facts.approximation})"
    return f"Linear mixed model fit by {method}"


def family_line(facts):
    """Distribution and link of a generalised model, as a list of no or one line."""
    return [] if facts.family is None else [f"family: {facts.family}"]


def parameter_lines(facts):
    """Constant parameters of the distribution, with standard errors where there are any."""
    out = []
    for label, value, error in facts.parameters:
        known = f" (std. error {significant(error, 3)})" if np.isfinite(error) else ""
        out.append(f"{label[0].upper()}{label[1:]} {significant(value, 4)}{known}")
    return out


PARTS = {
    "dispersion": "Dispersion, log scale",
    "df": "Degrees of freedom, log scale",
    "thresholds": "Thresholds",
    "power": "Power of the variance less one, logit scale",
    "ones": "Probability of a one, logit scale",
    "cut": "Cutpoint of zero, logit scale",
    "gap": "Distance from the cutpoint of zero to that of one, log scale",
}


def part_caption(facts, name):
    """What the table of another predictor's coefficients is called."""
    if name != "zi":
        return PARTS.get(name, name)
    if facts.zeros == "all":
        return "Probability of a zero (hurdle), logit scale"
    return "Probability of an extra zero (zero-inflation), logit scale"


def part_tables(facts, *, fold=True):
    """Caption, header and rows of the coefficients of every other predictor; see `fixed_rows`."""
    out = []
    for name, table in facts.parts.items():
        header, rows = fixed_rows(facts, table, fold=fold)
        if name == "thresholds":  # whether one is zero is no question
            keep = [i for i, text in enumerate(header) if text not in ("z", "p")]
            header = [header[i] for i in keep]
            rows = [[row[i] for i in keep] for row in rows]
        out.append((part_caption(facts, name), header, rows))
    return out


def size_line(facts):
    """Rows and groups with their sizes."""
    parts = [f"{facts.nobs:,} rows"]
    read = read_names(g.name for g in facts.groups)
    for g in facts.groups:
        if g.smallest == g.largest:
            sizes = f"{g.smallest:,} row{'s' * (g.smallest != 1)} each"
        else:
            sizes = f"rows per group min {g.smallest:,}, mean {g.mean:,.1f}, max {g.largest:,}"
        parts.append(f"{read[g.name]}: {g.n_levels:,} groups, {sizes}")
    return parts


def criteria(facts):
    """Objective, log-likelihood and information criteria."""
    name = "REML criterion" if facts.reml else "-2 log-likelihood"
    values = (
        (name, facts.objective), ("logLik", facts.loglik), ("AIC", facts.aic), ("BIC", facts.bic)
    )  # fmt: skip
    return [f"{label} {value:.2f}" for label, value in values]


def fixed_rows(facts, table=None, *, fold=True):
    """Header and rows of the coefficient table, strings only.

    A row has as many decimals as show its standard error with four digits.

    Parameters
    ----------
    table : Table, optional
        Of the coefficients of another predictor.
    fold : bool
        Show the first and last only of a factor with very many coefficients.
    """
    c = (facts.coefficients if table is None else table).columns
    percent = f"{100 * facts.level:g}%"
    normal = bool(np.isinf(c["df"]).all())
    header = ["term", "estimate", "std. error", *(["z"] if normal else ["df", "t"]), "p"]
    header += [f"{percent} lower", "upper"]
    names = ("term", "estimate", "std_error", "df", "statistic", "p_value", "lower", "upper")
    rows = []
    for place in folded_terms(c["term"]) if fold else range(len(c["term"])):
        if isinstance(place, str):
            rows.append([place, *[""] * (len(header) - 1)])
            continue
        term, estimate, se, df, t, p, lower, upper = (c[n][place] for n in names)
        shown = [at_precision(v, se) for v in (estimate, se, lower, upper)]
        freedom = [] if normal else [degree(df)]
        rows.append(
            [term, *shown[:2], *freedom, "" if np.isnan(t) else f"{t:.2f}", p_value(p), *shown[2:]]
        )
    return header, rows


def remarks(facts):
    """ICC, dropped rows and columns, notes, convergence: one sentence each."""
    out = []
    share = facts.icc.columns
    scale = "" if facts.family is None else ", on the scale of the linear predictor"
    read = read_names(g.name for g in facts.groups)
    for group, value in zip(share["group"][:-1], share["icc"][:-1], strict=True):
        if np.isnan(value):
            continue
        out.append(
            f"{share_words(value)} of the variance that the fixed effects leave "
            f"is between levels of {read[group]}{scale} (ICC)."
        )
    tables = (facts.coefficients, *facts.parts.values())
    without = any(np.isnan(table.columns["std_error"]).any() for table in tables)
    if without and facts.certificate.flat:
        out.append(
            "Coefficients without a standard error: theirs would depend on a variance that is not "
            "in the data."
        )
    elif without and facts.certificate.recession is None:
        out.append(
            "Coefficients without a standard error: the curvature of the likelihood is not "
            "positive where the optimiser stopped."
        )
    out += row_remarks(facts.missing, facts.aliased, facts.notes)
    certificate = facts.certificate
    if certificate.flat:
        out += flat_remarks(facts)
    if certificate.rule is not None:
        out.append(stopped_line(certificate))
    elif certificate.converged and certificate.flat:
        out.append(
            f"Converged, but not to a single optimum: after {evaluations(certificate)} "
            f"({certificate.optimizer}) the likelihood is at its maximum, along a range of "
            "variances. What is shown is the same along all of it. fit.diagnose() looks for a "
            "formula without them."
        )
    elif certificate.converged:
        out.append(
            f"Converged: certified optimum after {evaluations(certificate)} "
            f"({certificate.optimizer}), |gradient| {certificate.gradient:.0e}."
        )
    elif certificate.limit:
        out.append(
            f"NO MAXIMUM ({certificate.optimizer}, {evaluations(certificate)}): "
            f"{certificate.message.rstrip('.')}. All other numbers are those of the limit, the "
            f"log-likelihood is the supremum. To do: {'; '.join(certificate.advice)}."
        )
    else:
        out.append(
            f"NOT CONVERGED ({certificate.optimizer}, {evaluations(certificate)}): "
            f"{certificate.message.rstrip('.')}. To try: {'; '.join(certificate.advice)}."
        )
    if facts.accuracy:
        out.append(facts.accuracy)
    if facts.alike:
        proof = ", certified" if certificate.at_maximum else ""
        out.append(f"Singular fit{proof}: {'; '.join(facts.alike)}.")
    return out


def row_remarks(missing, aliased, notes):
    """Rows that were left out, columns that were dropped, notes: one sentence each."""
    out = []
    left_out = missing.n_rows - missing.n_used
    if left_out:
        was = "was" if left_out == 1 else "were"
        where = ", ".join(f"{name} {count:,}" for name, count in missing.by_column.items() if count)
        out.append(
            f"{left_out:,} of {missing.n_rows:,} rows {was} left out for missing values ({where})."
        )
    out += dropped_lines(aliased)
    return out + [note if note.endswith(".") else f"{note}." for note in notes]


def evaluations(certificate):
    """How often the optimiser asked for the objective."""
    n = certificate.evaluations
    return f"{n:,} evaluation{'s' * (n != 1)}"


def dropped_lines(aliased):
    """Which columns were dropped: of a few the reasons, of many one line.

    Parameters
    ----------
    aliased : sequence of AliasedColumn
        Of the summary's facts.
    """
    if len(aliased) <= FEW:
        return [f"Column {a.name} was dropped: {a.reason}." for a in aliased]
    names = ", ".join(a.name for a in aliased[:FEW])
    return [
        f"{len(aliased):,} columns were dropped because they cannot be estimated: {names} and "
        f"{len(aliased) - FEW:,} more. fit.design.aliased has the reason of each."
    ]


def stopped_line(certificate):
    """What became of a fit that the user's own rule stopped."""
    count = certificate.iterations
    start = (
        f"Stopped by your rule ({certificate.rule}) after {count} iteration{'s' * (count != 1)} "
        f"({certificate.optimizer})"
    )
    if certificate.infinite or not certificate.converged:
        return f"{start}; {certificate.message}. To try: {'; '.join(certificate.advice)}."
    if certificate.at_maximum:
        return f"{start}, at a certified optimum, |gradient| {certificate.gradient:.0e}."
    left = certificate.remaining
    fall = f"about {significant(left, 2)}" if np.isfinite(left) else "an unknown amount"
    return f"{start}; not a certified optimum: the objective can still fall by {fall}."


def known_lines(facts):
    """What is in the data where single variances are not, as a table of its own."""
    if not facts.varcorr.known:
        return []
    return ["", *text_table(*known_rows(facts.varcorr), left=1, indent="  ")]


def flat_remarks(facts):
    """What of the variances is not in the data, and why."""
    from mixedeffects.display.words.identification import unknown_words, why
    from mixedeffects.display.words.phrases import listed

    found = facts.identification
    return [f"Not in the data: {listed(unknown_words(found))}. {why(found)}"]


def as_text(facts):
    """The summary as plain text."""
    random_header, random_body = random_rows(facts.varcorr)
    fixed_header, fixed_body = fixed_rows(facts)
    more = []
    for caption, header, body in part_tables(facts):
        more += ["", caption, *text_table(header, body, left=1, indent="  ")]
    lines = [
        title(facts),
        *family_line(facts),
        facts.formula,
        "",
        *size_line(facts),
        ", ".join(criteria(facts)),
        "",
        "Random effects",
        *text_table(random_header, random_body, left=2, indent="  "),
        *known_lines(facts),
        *parameter_lines(facts),
        "",
        f"Fixed effects, {facts.df_method}",
        *text_table(fixed_header, fixed_body, left=1, indent="  "),
        *more,
        "",
        *remarks(facts),
    ]
    return "\n".join(lines)


def known_html(facts):
    """`known_lines` as HTML."""
    if not facts.varcorr.known:
        return []
    return [html_table("In the data", *known_rows(facts.varcorr), left=1)]


def as_html(facts):
    """The summary as an HTML fragment without scripts or external resources."""
    parts = [
        '<div class="mixedeffects-summary">',
        f"<p><strong>{escape(title(facts))}</strong><br>"
        + "".join(f"{escape(line)}<br>" for line in family_line(facts))
        + f"<code>{escape(facts.formula)}</code></p>",
        "<p>" + "<br>".join(map(escape, [*size_line(facts), ", ".join(criteria(facts))])) + "</p>",
        html_table("Random effects", *random_rows(facts.varcorr), left=2),
        *known_html(facts),
        *(f"<p>{escape(line)}</p>" for line in parameter_lines(facts)),
        html_table(f"Fixed effects, {facts.df_method}", *fixed_rows(facts), left=1),
        *(html_table(*table, left=1) for table in part_tables(facts)),
        "<p>" + "<br>".join(map(escape, remarks(facts))) + "</p>",
        "</div>",
    ]
    return "\n".join(parts)


__all__ = ["Summary", "as_html", "as_text"]
