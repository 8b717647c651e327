"""The section of checks: the certificate, the doctor's findings, charts of residuals."""

from __future__ import annotations

from mixedeffects.report.charts import REFUSALS, drawn_figures
from mixedeffects.report.record import DisplayBlock, Grid, Paragraph, Section

# seconds that remedies may take where a check finds a problem
BUDGET = 10.0


def checks_section(fit, facts, words, wishes):
    """Whether the optimum is one, and whether the model suits the data. Returns a `Section`."""
    figures, left_out = drawn_figures(fit, facts, wishes, "checks")
    blocks = [Paragraph(words["Convergence"]), _certificate(facts), *_diagnosis(fit)]
    blocks += figures
    if left_out:
        blocks.append(Paragraph("; ".join(left_out) + ".", "Charts left out:"))
    return Section("checks", "Diagnostics", tuple(blocks))


def _certificate(facts):
    c = facts.summary.certificate
    rows = (
        ("certified", "yes" if c.proved else "no"),
        *([("ended by the rule", c.rule)] if c.rule else []),
        ("optimiser", c.optimizer),
        ("evaluations", f"{c.evaluations:,}"),
        ("iterations", f"{c.iterations:,}"),
        ("largest component of the gradient", f"{c.gradient:.1e}"),
        ("Newton decrement", f"{c.decrement:.1e}"),
        ("directions of zero variance", f"{len(c.singular)}"),
        ("message", c.message),
    )
    return Grid("Certificate of the optimum", ("what", "value"), rows, left=2)


def _diagnosis(fit):
    try:
        return [DisplayBlock(fit.diagnose(budget=BUDGET))]
    except REFUSALS as reason:
        return [Paragraph(str(reason).splitlines()[0] + ".", "Diagnosis left out:")]
