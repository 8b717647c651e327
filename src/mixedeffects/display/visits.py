"""A mixed model for repeated measures as text and HTML: visits, covariances, coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import TitledTable, html_table, text_table
from mixedeffects.display.numbers import p_value, significant
from mixedeffects.display.summary import evaluations, fixed_rows, row_remarks
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method
from mixedeffects.inference.visits import covariance_table, visit_covariance, visits_criteria


class VisitCovariance(Tabular):
    """Standard deviations of the visits and their correlations; prints as a table.

    Parameters
    ----------
    facts : VisitFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    covariance, correlation : (T, T) arrays
        In the order of `visits`.
    sd : (T,) array
    visits : tuple of str
    """

    def __init__(self, facts, to_frame):
        self.facts, self._to_frame = facts, to_frame

    covariance = property(lambda self: self.facts.covariance)
    correlation = property(lambda self: self.facts.correlation)
    sd = property(lambda self: self.facts.sd)
    visits = property(lambda self: self.facts.visits)

    def tidy(self):
        """One row per variance and covariance.

        visit, with (None for a variance), vcov, sdcor (standard deviation or correlation) and its
        std_error.
        """
        return self._to_frame(covariance_table(self.facts).columns)

    def __str__(self):
        return "\n".join([_covariance_title(self.facts), *_covariance_text(self.facts)])

    __repr__ = __str__

    def _repr_html_(self):
        return html_table(
            _covariance_title(self.facts), *covariance_rows(self.facts), left=_labels(self.facts)
        )


@dataclass(frozen=True, slots=True)
class VisitsSummaryFacts:
    """What the summary of such a model shows, unrounded: see `SummaryFacts` and `VisitFacts`."""

    formula: str
    reml: bool
    nobs: int
    objective: float
    loglik: float
    aic: float
    bic: float
    visits: Any
    coefficients: Any
    df_method: str
    level: float
    missing: Any
    aliased: tuple
    notes: tuple[str, ...]
    certificate: Any


class VisitsSummary:
    """What `print` and notebooks show of a mixed model for repeated measures.

    Parameters
    ----------
    fit : MMRM
        The fitted model.
    ddf : str, optional
        Degrees of freedom of the coefficient table.
    level : float
        Coverage of the confidence intervals.

    Attributes
    ----------
    facts : VisitsSummaryFacts
        The same, unrounded.
    """

    def __init__(self, fit, *, ddf=None, level=0.95):
        design = fit.design
        self.facts = VisitsSummaryFacts(
            formula=design.spec.text,
            reml=fit.reml,
            nobs=design.n,
            objective=fit.objective,
            loglik=-0.5 * fit.objective,
            visits=visit_covariance(fit),
            coefficients=coefficient_table(fit, ddf=ddf, level=level),
            df_method=df_method(fit, ddf).label,
            level=level,
            missing=design.missing,
            aliased=design.aliased,
            notes=design.notes,
            certificate=fit.certificate,
            **visits_criteria(fit),
        )

    def __str__(self):
        f = self.facts
        lines = [
            _title(f), f.formula, "", *_sizes(f), "",
            _covariance_title(f.visits), *_covariance_text(f.visits), "",
            f"Fixed effects, {f.df_method}",
            *text_table(*fixed_rows(f), left=1, indent="  "), "",
            *_remarks(f),
        ]  # fmt: skip
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        f = self.facts
        sizes = "<br>".join(map(escape, _sizes(f)))
        return "\n".join(
            [
                '<div class="mixedeffects-summary">',
                f"<p><strong>{escape(_title(f))}</strong><br><code>{escape(f.formula)}</code></p>",
                f"<p>{sizes}</p>",
                html_table(
                    _covariance_title(f.visits), *covariance_rows(f.visits), left=_labels(f.visits)
                ),
                html_table(f"Fixed effects, {f.df_method}", *fixed_rows(f), left=1),
                f"<p>{'<br>'.join(map(escape, _remarks(f)))}</p>",
                "</div>",
            ]
        )


class VisitComparison(TitledTable):
    """Covariances of visits compared; prints as a table.

    Parameters
    ----------
    facts : Table
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.
    """

    _left = 2

    def tidy(self):
        """One row per model: see `mixedeffects.compare`."""
        return self._to_frame(self.facts.columns)

    def _title(self):
        return "Covariances of visits compared"

    def _rows(self):
        header = ["model", "covariance", "npar", "objective", "AIC", "BIC", "weight"]
        c = self.facts.columns
        tested = any(name is not None for name in c["against"])
        header += ["against", "chisq", "df", "p"] if tested else []
        rows = []
        for i, model in enumerate(c["model"]):
            row = [model, c["covariance"][i], str(c["npar"][i])]
            row += [f"{c[name][i]:.2f}" for name in ("objective", "aic", "bic")]
            row.append(f"{c['weight_aic'][i]:.3f}")
            if tested and c["against"][i] is None:
                row += [""] * 4
            elif tested:
                row += [
                    c["against"][i], significant(c["chisq"][i]), f"{c['df'][i]:.0f}",
                    p_value(c["p_value"][i]),
                ]  # fmt: skip
            rows.append(row)
        return header, rows


def covariance_rows(facts):
    """Header and rows of the visits: rows, standard deviation with error, correlations."""
    rows = []
    group = facts.groups or ("",) * len(facts.visits)
    for t, visit in enumerate(facts.visits):
        before = [s for s in range(t) if group[s] == group[t]]
        correlations = "  ".join(f"{facts.correlation[t, s]:.2f}" for s in before)
        first = [group[t] if not before else ""] if facts.groups else []
        rows.append(
            [
                *first, visit, f"{facts.counts[t]:,}", significant(facts.sd[t], 5),
                significant(facts.sd_error[t], 3), correlations,
            ]
        )  # fmt: skip
    header = [facts.group] if facts.groups else []
    return [*header, "visit", "rows", "sd", "std. error", "corr"], rows


def _covariance_text(facts):
    return text_table(*covariance_rows(facts), left=_labels(facts), indent="  ")


def _labels(facts):
    """How many columns of the table are labels."""
    return 2 if facts.groups else 1


def _covariance_title(facts):
    n = facts.n_parameters
    each = f", for each level of {facts.group}" if facts.groups else ""
    return (
        f"Covariance of the visits of {facts.subject}{each}: {facts.structure} ({facts.words}), "
        f"{n} parameter{'s' * (n != 1)}"
    )


def _title(facts):
    method = "REML" if facts.reml else "maximum likelihood"
    return f"Mixed model for repeated measures fit by {method}"


def _sizes(facts):
    v = facts.visits
    name = "REML criterion" if facts.reml else "-2 log-likelihood"
    patterns = "1 pattern" if v.patterns == 1 else f"{v.patterns:,} patterns"
    return [
        f"{facts.nobs:,} rows of {v.n_subjects:,} levels of {v.subject}, {patterns} of visits",
        f"{name} {facts.objective:.2f}, logLik {facts.loglik:.2f}, AIC {facts.aic:.2f}, "
        f"BIC {facts.bic:.2f}",
    ]


def _remarks(facts):
    out = row_remarks(facts.missing, facts.aliased, facts.notes)
    if facts.reml:
        out.append(
            "AIC and BIC count the covariance parameters only, and subjects as the sample, as SAS "
            "does."
        )
    c = facts.certificate
    if c.converged:
        out.append(
            f"Converged: certified optimum after {evaluations(c)} ({c.optimizer}), |gradient| "
            f"{c.gradient:.0e}."
        )
    else:
        out.append(
            f"NOT CONVERGED ({c.optimizer}, {evaluations(c)}): {c.message.rstrip('.')}. To try: "
            f"{'; '.join(c.advice)}."
        )
    return out
