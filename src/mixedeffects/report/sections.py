"""From a fit to the sections of its report."""

from __future__ import annotations

from datetime import date

from mixedeffects.display.words import Interpretation
from mixedeffects.inference.interpretation.facts import interpretation_facts
from mixedeffects.report.about_checks import checks_section
from mixedeffects.report.about_code import code_section
from mixedeffects.report.about_data import data_section
from mixedeffects.report.about_model import model_section
from mixedeffects.report.about_results import results_section
from mixedeffects.report.record import Document, Paragraph, Section
from mixedeffects.report.references import references_section

# topics that sections of their own have
ELSEWHERE = ("Missing values", "Convergence")


def words_section(fit, facts, words, wishes):
    """The interpretation, a paragraph per topic."""
    blocks = tuple(
        Paragraph(text, f"{topic}.") for topic, text in words.items() if topic not in ELSEWHERE
    )
    return Section("words", "In words", blocks)


# in this order, the answer first; a new section is one line
SECTIONS = (
    words_section, results_section, checks_section, data_section, model_section, code_section,
    references_section,
)  # fmt: skip


def document(fit, title, wishes):
    """All sections of a report. Returns a `Document`."""
    facts = interpretation_facts(fit, ddf=wishes.ddf, level=wishes.level)
    words = Interpretation(facts).paragraphs
    sections = tuple(section(fit, facts, words, wishes) for section in SECTIONS)
    made = f"Made with mixedeffects {facts.version} on {date.today().isoformat()}."
    name = f"{facts.response}: a {fit.kind.title}" if title is None else " ".join(title.split())
    return Document(name, facts.summary.formula, made, sections)
