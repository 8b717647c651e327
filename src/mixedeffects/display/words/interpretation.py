"""`fit.interpret()`: a fitted model in sentences."""

from __future__ import annotations

import re
from html import escape
from textwrap import fill

from mixedeffects.display.words.convergence import convergence_sentences
from mixedeffects.display.words.effects import effect_sentences
from mixedeffects.display.words.fitted import missing_sentences, model_sentences
from mixedeffects.display.words.parts import other_sentences
from mixedeffects.display.words.standouts import standout_sentences
from mixedeffects.display.words.variation import (
    clustering_sentences,
    explained_sentences,
    icc_sentences,
    random_sentences,
)
from mixedeffects.inference.interpretation.facts import interpretation_facts

WIDTH = 88
# topic -> sentences from facts; a new topic is one line
TOPICS = {
    "Model": model_sentences,
    "Missing values": missing_sentences,
    "Fixed effects": effect_sentences,
    "Other parts": other_sentences,
    "Variance between groups": icc_sentences,
    "Random effects": random_sentences,
    "Levels that stand out": standout_sentences,
    "Explained variance": explained_sentences,
    "Cost of ignoring the groups": clustering_sentences,
    "Convergence": convergence_sentences,
}


class Interpretation:
    """A fit in words; prints as paragraphs.

    Parameters
    ----------
    facts : InterpretationFacts
        What is shown, unrounded.

    Attributes
    ----------
    facts : InterpretationFacts
        The numbers, unrounded.
    sentences : list of (str, str)
        Topic and sentence, in order.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> words = fit.interpret()
    >>> dict(words.sentences)["Variance between groups"][:71]
    '59% of the variance that the fixed effects leave lies between levels of'
    """

    def __init__(self, facts):
        self.facts = facts
        self.sentences = [
            (topic, sentence) for topic, write in TOPICS.items() for sentence in write(facts)
        ]

    @property
    def paragraphs(self):
        """Topic to its sentences, joined."""
        out: dict[str, str] = {}
        for topic, sentence in self.sentences:
            out[topic] = f"{out[topic]} {sentence}" if topic in out else sentence
        return out

    @property
    def text(self):
        """All sentences, a paragraph per topic, without headings."""
        return "\n\n".join(self.paragraphs.values())

    def markdown(self, *, heading=3):
        """The paragraphs as Markdown, a heading above each.

        Parameters
        ----------
        heading : int
            Level of the headings, 1 to 6.

        Returns
        -------
        str
        """
        parts = [
            f"{'#' * heading} {topic}\n\n{markdown_text(paragraph)}"
            for topic, paragraph in self.paragraphs.items()
        ]
        return "\n\n".join(parts) + "\n"

    def __str__(self):
        return "\n\n".join(
            f"{topic}\n" + fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ",
                                break_long_words=False, break_on_hyphens=False)
            for topic, text in self.paragraphs.items()
        )  # fmt: skip

    __repr__ = __str__

    def _repr_html_(self):
        parts = [
            f"<p><strong>{escape(topic)}.</strong> {escape(text)}</p>"
            for topic, text in self.paragraphs.items()
        ]
        return '<div class="mixedeffects-words">' + "\n".join(parts) + "</div>"


def markdown_text(text):
    """Text with the characters escaped that Markdown would read.

    Examples
    --------
    >>> markdown_text("a*b [c] <d>")
    'a\\\\*b \\\\[c\\\\] \\\\<d\\\\>'
    """
    return re.sub(r"([\\`*_\[\]<>#|$])", r"\\\1", text)


def interpret(fit, *, ddf=None, level=0.95):
    """The fit in sentences a reader of a report needs, computed from its tables.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    ddf : str, optional
        Degrees of freedom of the coefficients, as in `test`.
    level : float
        Coverage of all intervals.

    Returns
    -------
    Interpretation
        Prints as paragraphs; `sentences` has (topic, sentence), `facts` the numbers unrounded,
        `text` and `markdown()` the whole.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> words = fit.interpret(ddf="kenward-roger")
    >>> print([s for topic, s in words.sentences if topic == "Fixed effects"][1])
    Per unit of Days, the expected Reaction is 10.47 higher (95% CI 7.21 to 13.73; t = 6.77,
    df = 17.0, p < 0.001).
    """
    return Interpretation(interpretation_facts(fit, ddf=ddf, level=level))
