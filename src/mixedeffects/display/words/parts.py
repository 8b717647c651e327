"""Coefficients of the other linear predictors: zeros, dispersion, thresholds."""

from __future__ import annotations

from mixedeffects.display.words import outcome
from mixedeffects.display.words.effects import part_sentences
from mixedeffects.display.words.phrases import number


def other_sentences(facts):
    """What is said of the zeros, the dispersion and the thresholds. Returns list of str."""
    out = []
    words = {"zi": outcome.extra_zeros, "dispersion": outcome.dispersion}
    for name, effects in facts.others.items():
        if name in words:
            out += part_sentences(facts, effects, words[name](facts))
    thresholds = facts.summary.parts.get("thresholds")
    if thresholds is not None:
        c = thresholds.columns
        shown = "; ".join(
            f"{term}: {number(float(value), float(error))}"
            for term, value, error in zip(c["term"], c["estimate"], c["std_error"], strict=True)
        )
        out.append(
            f"The thresholds between the categories, on the {facts.link} scale, are {shown}."
        )
    return out
