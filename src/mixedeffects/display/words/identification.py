"""Which variances are not in the data, which combinations of them are, and why."""

from __future__ import annotations

from mixedeffects.display.words.phrases import listed, size


def flat_sentences(found):
    """What the data do not say of a fit's variances, and what they do. Returns list of str."""
    out = [f"Not in the data: {listed(unknown_words(found))}. {why(found)}"]
    known = combination_words(found.combinations())
    if known:
        out.append(f"In the data: {known}.")
    return out


def unknown_words(found):
    """What is not in the data: standard deviations by group, then correlations.

    Returns list of str.
    """
    deviations: dict[str, list[str]] = {}
    related: dict[str, list[str]] = {}
    unknown = {(e.block, e.a) for e in found.entries if e.is_variance and not e.known}
    for e in found.entries:
        if e.is_variance and not e.known:
            deviations.setdefault(e.group, []).append(e.first)
        elif not e.is_variance and (
            not e.known or (e.block, e.a) in unknown or (e.block, e.b) in unknown
        ):
            related.setdefault(e.group, []).append(f"{e.first} with {e.second}")
    out = [f"the SD of {listed(names)} between levels of {g}" for g, names in deviations.items()]
    for group, pairs in related.items():
        several = "correlations" if len(pairs) > 1 else "correlation"
        out.append(f"the {several} of {listed(pairs)} between levels of {group}")
    if not found.residual_known:
        out.append("the residual SD")
    return out


def why(found):
    """Why, as one or more sentences that end in a full stop."""
    reasons = found.reasons()
    text = "; ".join(reasons) if reasons else "other combinations of effects give the same"
    return f"The likelihood is the same for a range of their values, whatever the response: {text}."


def combination_words(combinations):
    """Combinations with their values: ``"SD of sid where tr = 0 is 0.960"``."""
    parts = []
    for c in combinations:
        if c.is_variance:
            parts.append(f"the SD of {c.words} ({size(c.sd, 4)})")
        else:
            parts.append(f"{c.words} ({size(c.value, 4)})")
    return listed(parts)
