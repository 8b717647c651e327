"""Which variances are zero, as directions and in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.row_sums import column_moments

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

INTERCEPT = "(Intercept)"
# weight of a column in a direction that is rounding, and one that is the whole of it
NO_WEIGHT, WHOLE = 1e-8, 5e-4
# how near its end a correlation is there but for the optimiser's tolerance
AT_END = 1e-6


def _terms(fit: Fit):
    """Group, block and term of every random term, in the order of the certificate's places."""
    groups = fit.parameters.groups
    return [(group, b, t) for group, b in zip(groups, fit.all_blocks, strict=True) for t in b.terms]


def _matters(fit: Fit, direction):
    """Which columns of a term are part of a direction, whatever their units. Returns list of bool.

    A weight is that of an effect per unit of its column: what the effect adds to the response is
    of the size of the effect times the column's root mean square.
    """
    places = [(f, t) for f, block in enumerate(fit.all_blocks) for t in block.terms]
    f, term = places[direction.term]
    rms = [
        1.0 if fit.all_blocks[f].Z is None else column_moments(fit, c, f)[2] for c in term.columns
    ]
    sizes = [abs(w) / size if size > 0 else 0.0
             for w, size in zip(direction.weights, rms, strict=True)]  # fmt: skip
    return [size >= NO_WEIGHT * max(sizes) for size in sizes]


def singular_words(fit: Fit):
    """Each direction of zero variance: ``"Subject: (Intercept) - 0.2 Days"``.

    A group of the extra zeros is called ``"zi: Subject"``, as in the table of variances.
    """
    terms, out = _terms(fit), []
    for direction in fit.certificate.singular:
        group, block, term = terms[direction.term]
        text = ""
        parts = zip(direction.weights, term.columns, _matters(fit, direction), strict=True)
        for weight, column, matters in parts:
            if not matters:
                continue
            sign = (" + " if weight > 0 else " - ") if text else ("" if weight > 0 else "-")
            size = "" if abs(abs(weight) - 1.0) < WHOLE else f"{abs(weight):.3g}·"
            text += f"{sign}{size}{block.names[column]}"
        out.append(f"{group}: {text}")
    return (*out, *(f"{group}: correlation {end}" for group, _, end in _ends(fit)))


def _ends(fit: Fit):
    """Correlations that share a parameter and are at the end of its range: group, term, value."""
    out = []
    for (group, _, term), place in zip(_terms(fit), fit.covariance_parameters.terms, strict=True):
        form = place.structure
        if form.additive:  # then a direction has no variance
            continue
        values = form.natural_values(fit.theta[place.part])
        shared = [v for v, (i, j) in zip(values, form.natural, strict=True) if i != j]
        for end in form.correlations:
            if any(abs(value - end) < AT_END for value in shared):
                out.append((group, term, f"{end:.3g}".replace("-", "\u2212")))
    return out


def singular_sentences(fit: Fit):
    """What the zero variances mean, one clause per random term, without a full stop.

    Returns tuple of str.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> rng = np.random.default_rng(1)
    >>> g, x = np.repeat(np.arange(30), 4), np.tile(np.arange(4.0), 30)
    >>> y = (1.0 + 0.5 * x) * rng.normal(size=30)[g] + 0.1 * rng.normal(size=120)
    >>> fit = me.lmm("y ~ x + (x | g)", {"y": y - 2 * x, "x": x, "g": g})
    >>> print(singular_sentences(fit)[0])
    levels of g differ in one direction only: their intercepts and slopes of x cannot be told apart
    """
    terms, zero = _terms(fit), {}
    for direction in fit.certificate.singular:
        zero.setdefault(direction.term, []).append(direction)
    every = [place for place, found in zero.items() if len(found) == len(terms[place][2].columns)]
    flat: dict[str, list[int]] = {}
    for place in every:
        flat.setdefault(terms[place][0], []).append(place)
    out, said = [], set()
    for place, directions in zero.items():
        group, block, term = terms[place]
        own = [at for at, other in enumerate(terms) if other[0] == group]
        names = [block.names[c] for c in term.columns]
        if set(own) <= set(flat.get(group, ())):
            if group not in said:
                said.add(group)
                out.append(f"levels of {_plain(group)} show no variance at all")
        elif place in every:
            out.append(f"{_each(names)} of all levels of {_plain(group)} are alike")
        else:
            out.append(_fewer(fit, names, directions, group))
    out += [
        f"effects of levels of {_plain(group)} in {term.text} correlate {end}, the end of the range"
        for group, term, end in _ends(fit)
    ]
    return tuple(out)


def _fewer(fit, names, directions, group):
    """A term with fewer directions of variance than columns."""
    moved = {
        names[i]
        for direction in directions
        for i, matters in enumerate(_matters(fit, direction))
        if matters
    }
    if len(moved) == len(directions):  # columns by themselves
        alike = _each([n for n in names if n in moved])
        return f"{alike} of all levels of {_plain(group)} are alike"
    left = len(names) - len(directions)
    where = "one direction" if left == 1 else f"{left} of {len(names)} directions"
    involved = _each([n for n in names if n in moved], "")
    levels = f"levels of {_plain(group)}"
    return f"{levels} differ in {where} only: their {involved} cannot be told apart"


def _each(names, article="the "):
    """As in "the intercepts and slopes of x"."""
    words = [
        "intercepts" if name == INTERCEPT
        else f"effects of {name}" if "[" in name
        else f"slopes of {name}"
        for name in names
    ]  # fmt: skip
    head, last = words[:-1], words[-1]
    return article + (f"{', '.join(head)} and {last}" if head else last)


def _plain(group):
    return f"{group.removeprefix('zi: ')} (of the zeros)" if group.startswith("zi: ") else group
