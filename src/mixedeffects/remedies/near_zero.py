"""Remedy 6, drop slopes with next to no variance."""

from __future__ import annotations

from mixedeffects.inference.checkup import NEAR_ZERO
from mixedeffects.remedies.formulas import contains
from mixedeffects.remedies.record import Trial
from mixedeffects.remedies.simplify import bars, rewritten, spots

NAME = "drop near-zero slopes"


def small_slopes(fit):
    """Random slopes that add next to nothing to the response, and that can be left out.

    Returns
    -------
    dict of (bool, str) to list of str
        Whether of the extra zeros, and the text of the random term, to formula terms.
    """
    found = spots(fit)
    gone: dict[tuple[bool, str], list[str]] = {}
    for spot in found:
        terms = next(b.part.effects for b in bars(fit, spot.zi) if b.part.text == spot.text)
        small = [n for n, size in spot.sizes.items() if n != "1" and size < NEAR_ZERO]
        kept = [n for n in spot.sizes if n != "1" and n not in small]
        small = [n for n in small if not any(contains(terms, other, n) for other in kept)]
        if small and (len(small) < len(spot.sizes) or len(found) > 1):
            gone[spot.zi, spot.text] = small
    return gone


def drop_near_zero(bench):
    """Leave out, at once, every random slope that adds next to nothing to the response.

    Returns list of Trial.
    """
    fit = bench.asked
    gone = small_slopes(fit)
    if not gone:
        slopes = [s for spot in spots(fit) for n, s in spot.sizes.items() if n != "1"]
        smallest = min(slopes, default=None)
        words = (
            "there are no random slopes" if smallest is None
            else f"the smallest slope adds {smallest:.2g} {fit.kind.unit}"
        )  # fmt: skip
        return [Trial.needless(NAME, words)]
    texts = {}
    for zi in {zi for zi, _ in gone}:
        new = [bar.without(gone.get((zi, bar.part.text), ())) for bar in bars(fit, zi)]
        texts[zi] = rewritten(fit, zi, new)[zi]
    shown = ", ".join(f"'{name}'" for names in gone.values() for name in names)
    what = f"{shown} dropped"
    return [bench.attempt(NAME, what, formula=texts.get(False), zi=texts.get(True))]
