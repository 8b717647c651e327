"""Remedy 1, simplify the random effects: correlations first, then the smallest slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.formula import CORRELATED, UNCORRELATED, Name
from mixedeffects.inference import aic
from mixedeffects.inference.checkup import FAR_UNCORRELATED, column_sizes, spanned_effects
from mixedeffects.inference.comparison.random_terms import owners
from mixedeffects.inference.random_pca import ABSENT, contributions
from mixedeffects.remedies.formulas import (
    bars_of,
    contains,
    formula_of,
    wrapped_names,
    written,
)
from mixedeffects.remedies.record import BY_RULE, Trial

NAME = "simplify random effects"
# models along the path, at most
MOST_STEPS = 12


@dataclass(frozen=True, slots=True)
class Spot:
    """One random term of a fit: its text and how much each of its effects adds.

    Attributes
    ----------
    zi : bool
        Whether it is of the extra zeros.
    sizes : dict of str to float
        Formula term ("1" is the intercept) to the largest contribution of its columns, in
        residual standard deviations.
    troubled : bool
        Whether it has a direction of zero variance; where nothing is certified, whether it
        has more than one effect.
    factors : bool
        Whether a slope is of a category, for which ``||`` depends on the coding.
    """

    zi: bool
    text: str
    sizes: dict[str, float]
    troubled: bool
    factors: bool


def spots(fit):
    """Every random term of a fit; see `Spot`."""
    main = len(fit.design.blocks)
    singular = {direction.term for direction in fit.certificate.singular}
    specs = [part.spec for part in fit.design.predictors.values() for _ in part.blocks]
    out, place = [], 0
    zipped = zip(fit.all_blocks, contributions(fit), specs, strict=True)
    for f, (block, sizes, spec) in enumerate(zipped):
        effects = {part.text: part.effects for part in spec.formula.random}
        for term in block.terms:
            names = [block.names[c] for c in term.columns]
            found: dict[str, float] = {}
            for owner, c in zip(owners(names, effects[term.text]), term.columns, strict=True):
                size = float(np.nan_to_num(sizes[c]))
                found[owner] = max(found.get(owner, 0.0), size)
            troubled = place in singular or (not singular and len(found) > 1)
            factors = any("[" in name for name in names)
            out.append(Spot(f >= main, term.text, found, troubled, factors))
            place += 1
    return out


def simplify(bench):
    """Drop correlations, then the smallest effects, until a certified fit is not singular.

    Returns
    -------
    list of Trial
        The whole path.

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), arXiv 1506.04967; Matuschek, Kliegl, Vasishth,
    Baayen & Bates (2017), doi:10.1016/j.jml.2017.01.001.
    """
    fit = bench.asked
    certificate = fit.certificate
    if certificate.short:
        return [Trial.needless(NAME, BY_RULE)]
    if bench.spanned:
        return without_spanned(bench)
    if certificate.converged and not certificate.is_singular:
        return [Trial.needless(NAME, "the fit is certified and not singular")]
    path = walk(bench, fit, split=True)
    if path and path[-1].fit is not None:
        path += with_correlations(bench, path[-1].fit)
        best = min(aic(t.fit) for t in path if t.fit is not None)
        if "correlations" in path[0].what and best > aic(fit):
            seen = {(t.formula, t.options.get("zi")) for t in path}
            path += [
                t for t in walk(bench, fit, split=False)
                if (t.formula, t.options.get("zi")) not in seen
            ]  # fmt: skip
    if not path:
        return [Trial.needless(NAME, "there is no correlation, slope or further term to drop")]
    return path


def without_spanned(bench):
    """Without the random effects that the fixed effects determine; simpler where still singular.

    Returns list of Trial.
    """
    fit, gone = bench.asked, bench.spanned
    new = [bar.without(gone.get(bar.part.text, ())) for bar in bars(fit, False)]
    named = tuple(
        bar.part.text if small.empty else f"{name_of(effect)} in {bar.part.text}"
        for bar, small in zip(bars(fit, False), new, strict=True)
        for effect in (gone.get(bar.part.text, ())[: 1 if small.empty else None])
    )
    if all(bar.empty for bar in new):
        why = (
            f"without {' and '.join(named)}, which the fixed effects determine, no random effect "
            "is left"
        )
        return [Trial.needless(NAME, why)]
    formula, zi = rewritten(fit, False, new)
    what = f"{' and '.join(named)} left out (the fixed effects determine it)"
    first = replace(bench.attempt(NAME, what, formula=formula, zi=zi), spanned=named)
    path = [first]
    if first.fit is not None and not first.regular and not spanned_effects(first.fit):
        certificate = first.fit.certificate
        if not certificate.converged or certificate.is_singular:
            path += walk(bench, first.fit, split=True)
    return path


def name_of(effect):
    """An effect of a random term in words."""
    return "the intercept" if effect == "1" else f"'{effect}'"


def walk(bench, fit, *, split):
    """One model smaller after another, until a certified one is not singular.

    Returns list of Trial.

    Parameters
    ----------
    split : bool
        Whether to begin with dropping correlations; else they stay, and effects go.
    """
    path = []
    while len(path) < MOST_STEPS:
        step = smaller(fit, split=split)
        if step is None:
            break
        what, formula, zi = step
        path.append(bench.attempt(NAME, what, formula=formula, zi=zi))
        fit = path[-1].fit
        if fit is None or (fit.certificate.converged and not fit.certificate.is_singular):
            break
    return path


def smaller(fit, *, split=True):
    """The next model on the path.

    Parameters
    ----------
    split : bool
        Drop correlations first.

    Returns
    -------
    what : str
    formula : str or None
    zi : str or None
        The formula that changes, of the main predictor or of the extra zeros.

    None where there is no smaller model.
    """
    found = spots(fit)
    troubled = [s for s in found if s.troubled]
    texts = {s.text for s in troubled if split and len(s.sizes) > 1 and not s.factors}
    for zi in (False, True):
        correlated = [
            bar for bar in bars(fit, zi)
            if str(bar.part.text) in texts and bar.covariance == CORRELATED
            and any(s.zi == zi and s.text == bar.part.text for s in troubled)
        ]  # fmt: skip
        if correlated:
            parted = {b: centred(fit, replace(b, covariance=UNCORRELATED), zi) for b in correlated}
            words = ", ".join(b.group for b in correlated)
            said = dict.fromkeys(name for b, new in parted.items() for name in news(b, new))
            about = f", about the mean: {', '.join(said)}" if said else ""
            new = [parted.get(b, b) for b in bars(fit, zi)]
            return f"correlations of {words} dropped{about}", *rewritten(fit, zi, new)
    choices = [c for spot in troubled for c in droppable(fit, spot, len(found))]
    if not choices:
        return None
    none = [c for c in choices if c[0] <= ABSENT]
    chosen = none or [min(choices, key=lambda c: c[0])]
    zi = chosen[0][2].zi
    chosen = [c for c in chosen if c[2].zi == zi]
    gone: dict[str, list[str]] = {}
    for _, name, spot in chosen:
        gone.setdefault(spot.text, []).append(name)
    new = [bar.without(gone.get(bar.part.text, ())) for bar in bars(fit, zi)]
    if not zi and all(bar.empty for bar in new):  # something must be left
        new = [replace(new[-1], intercept=True), *new[:-1]]
    shown = ", ".join(f"'{n}' by {group_of(fit, s)}" for _, n, s in chosen)
    why = f"smallest effect, {chosen[0][0]:.2g}{fit.kind.short_unit}"
    why = "no variance" if none else why
    return f"{shown} dropped ({why})", *rewritten(fit, zi, new)


def centred(fit, bar, zi=False):
    """A bar whose slopes lie about their means, where those are far from zero.

    ``(x || g)`` means that intercept and slope are uncorrelated where x is zero. Far from the data
    that is nothing that anybody believes; with the intercept beside it, center(x) spans the same.
    """
    if zi or not bar.intercept:
        return bar
    far = {s.name for s in column_sizes(fit) if s.distance > FAR_UNCORRELATED}
    functions = {
        v.node.name: "center" for v in bar.part.effects.variables
        if isinstance(v.node, Name) and v.text in far
    }  # fmt: skip
    new = wrapped_names(bar.part.effects, functions)
    known = dict(zip(bar.part.effects.names, new, strict=True))
    return replace(bar, slopes=tuple(known[name] for name in bar.slopes))


def news(old, new):
    """Slopes of a bar that another does not have."""
    return [name for name in new.slopes if name not in old.slopes]


def droppable(fit, spot, n_terms):
    """Effects of a term that can go: slopes that no interaction needs; the rest when alone.

    Returns list of (size, formula term, Spot).
    """
    terms = next(b.part.effects for b in bars(fit, spot.zi) if b.part.text == spot.text)
    slopes = [name for name in spot.sizes if name != "1"]
    free = [
        name for name in slopes
        if not any(other != name and contains(terms, other, name) for other in slopes)
    ]  # fmt: skip
    if "1" not in spot.sizes and len(slopes) == 1:
        free = slopes if n_terms > 1 or spot.factors else []
    out = [(spot.sizes[name], name, spot) for name in free]
    alone = not slopes
    zero = spot.sizes.get("1", np.inf) <= ABSENT
    if "1" in spot.sizes and n_terms > 1 and alone and zero:
        out.append((spot.sizes["1"], "1", spot))
    return out


def bars(fit, zi):
    """Random terms of the main predictor or of the extra zeros."""
    if not zi:
        return bars_of(formula_of(fit.design.spec))
    if "zi" not in fit.design.others:
        return ()
    return bars_of(formula_of(fit.design.others["zi"].spec))


def rewritten(fit, zi, new):
    """(formula, zi formula) as texts; None for the one that does not change from the asked."""
    spec = fit.design.spec
    main = spec.text if spec.dot is None else written(formula_of(spec))
    other = None if "zi" not in fit.design.others else fit.design.others["zi"].spec.text
    if zi:
        return main, written(formula_of(fit.design.others["zi"].spec), bars=new)
    return written(formula_of(fit.design.spec), bars=new), other


def group_of(fit, spot):
    """Group of a term, for words."""
    group = next(b.group for b in bars(fit, spot.zi) if b.part.text == spot.text)
    return f"zi: {group}" if spot.zi else group


def with_correlations(bench, fit):
    """The reduced model with its correlations back, if there are any to put back."""
    out = bars(fit, False)
    if not any(b.covariance == UNCORRELATED and b.n_effects > 1 for b in out):
        return []
    correlated = {b.group for b in bars(bench.asked, False) if b.covariance == CORRELATED}
    new = [replace(b, covariance=CORRELATED) if b.group in correlated else b for b in out]
    formula, zi = rewritten(fit, False, new)
    if formula == written(formula_of(fit.design.spec), bars=out):
        return []
    asked = bars(bench.asked, False)
    tried = {
        written(bench.formula),
        written(bench.formula, bars=[centred(bench.asked, bar) for bar in asked]),
    }
    if formula in tried:
        return []
    return [bench.attempt(NAME, "correlations put back", formula=formula, zi=zi)]
