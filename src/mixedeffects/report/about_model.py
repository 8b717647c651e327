"""The section about the model: formula, equation, what its parts mean."""

from __future__ import annotations

from mixedeffects.report.record import CodeBlock, EquationBlock, Paragraph, Section

PARTS = (
    "Fixed effects are the same for all levels: they describe the average. Group effects are "
    "deviations of the levels from that average, taken as draws from a normal distribution whose "
    "variance is estimated; each level's own is predicted and shrunk towards zero as far as its "
    "rows are few."
)
INDIVIDUAL = " What is left is individual: how rows differ from what their levels let expect."


def model_section(fit, facts, words, wishes):
    """Formula, labelled equation with letters and with numbers, the parts in words.

    Returns a `Section`.
    """
    blocks = [Paragraph(words["Model"]), CodeBlock(facts.summary.formula, "")]
    for name, part in fit.design.others.items():
        blocks.append(CodeBlock(f"{name}: {part.spec.text}", ""))
    blocks += [
        EquationBlock(fit.equation()),
        Paragraph(PARTS + (INDIVIDUAL if fit.kind.residual else "")),
        Paragraph("With the estimates in place of the letters:"),
        EquationBlock(fit.equation(estimates=True)),
    ]
    return Section("model", "Model", tuple(blocks))
