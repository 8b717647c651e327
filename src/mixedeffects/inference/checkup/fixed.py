"""Checks of the predictors: scale, collinearity, columns that were dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import Invariance, structure_of
from mixedeffects.formula import Name
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed, plain
from mixedeffects.inference.comparison.random_terms import owners
from mixedeffects.inference.row_sums import column_moments

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

INTERCEPT = "(Intercept)"
# ratio of standard deviations, and of a mean to its standard deviation, that ask for scaling
WIDE, FAR = 1e3, 1e3
# the same where random effects are uncorrelated at zero, `(x || g)`
FAR_UNCORRELATED = 3.0


@dataclass(frozen=True, slots=True)
class ColumnSize:
    """Where a predictor's values lie.

    Attributes
    ----------
    mean, sd : float
    """

    name: str
    mean: float
    sd: float

    @property
    def distance(self) -> float:
        """Standard deviations between zero and the mean."""
        return abs(self.mean) / self.sd if self.sd > 0 else np.inf


def column_sizes(fit: Fit):
    """Means and standard deviations of the numeric columns, of the fixed and the random effects.

    Returns
    -------
    list of ColumnSize
        Indicators of categories and constants are left out; a number that stands in interactions
        only is one of its own.
    """
    design, out = fit.design, {}
    matrices = [(design.x_names, None)]
    matrices += [(b.names, f) for f, b in enumerate(design.blocks) if b.Z is not None]
    for names, f in matrices:
        for j, name in enumerate(names):
            if name == "(Intercept)" or "[" in name or name in out:
                continue
            mean, sd, _ = column_moments(fit, j, f)
            out[name] = ColumnSize(name, mean, sd)
    for name, values in inner_columns(fit).items():
        if name not in out:
            out[name] = _size(name, values)
    return [size for size in out.values() if size.sd > 0]


def _size(name, column):
    mean = float(column.mean())
    return ColumnSize(name, mean, float((column - mean).std()))


def inner_columns(fit: Fit):
    """Numeric columns of the table that have no column of their own: ``x`` of ``f:x``.

    Those of the fixed effects as the design kept them; of random effects as the sum of the columns
    of an interaction with categories, one of which is 1 in every row. Returns dict of str to (n,)
    array.
    """
    design, out = fit.design, {}
    if design.sources is not None:
        for variable in design.spec.formula.fixed.variables:
            node = variable.node
            if not isinstance(node, Name) or node.name in design.sources.categorical:
                continue
            column = design.sources.columns.get(node.name)
            if column is not None and column.kind == "number":
                out[variable.text] = np.asarray(column.values, dtype=float)
    for block, term, effects, owner in random_columns(fit):
        alone = {variable.text for variable in effects.variables} & set(owner)
        for i, variable in enumerate(effects.variables):
            text = variable.text
            if text in out or text in alone or not isinstance(variable.node, Name):
                continue
            if text in design.spec.levels:
                continue
            inside = [t for t in effects.terms if i in t]
            smallest = min(inside, key=len)
            others = [effects.variables[k].text for k in smallest if k != i]
            if not others or any(other not in design.spec.levels for other in others):
                continue
            name = effects.names[effects.terms.index(smallest)]
            at = [c for c, own in zip(term.columns, owner, strict=True) if own == name]
            out[text] = sum(np.asarray(np.asarray(block.Z)[:, c], dtype=float) for c in at)
    return {name: values for name, values in out.items() if np.ndim(values)}


def random_columns(fit: Fit):
    """Per random term with columns: its block, itself, its effects, the owner of each column."""
    for block in fit.design.blocks:
        if block.Z is None:
            continue
        effects = {part.text: part.effects for part in fit.design.spec.formula.random}
        for term in block.terms:
            own = effects.get(term.text)
            if own is not None:
                names = [block.names[c] for c in term.columns]
                yield block, term, own, owners(names, own)


def lost_columns(fit: Fit):
    """Fixed-effect numbers dropped only because they lie so far from zero.

    Returns
    -------
    list of str
        The column itself where it stands in interactions only.
    """
    fixed = {v.text for v in fit.design.spec.formula.fixed.variables}
    out = []
    for column in fit.design.aliased:
        if column.distant:
            far = column.reason.split(" is constant to ")[0]
            out.append(far if far in fixed else column.name)
    return list(dict.fromkeys(out))


def depends_on_zero(term):
    """Whether a random term is another model where its columns are shifted or combined."""
    form = structure_of(term)
    return form.k > 1 and form.invariance is not Invariance.ANY


def uncorrelated_columns(fit: Fit):
    """Names of slopes, as in ``(x || g)``, whose model depends on where x has its zero.

    Of an interaction ``(f:x || g)`` both the columns and the number in it.
    """
    out = {
        block.names[c]
        for block in fit.design.blocks
        for term in block.terms
        if depends_on_zero(term)
        for c in term.columns
    }
    for _, term, effects, owner in random_columns(fit):
        if depends_on_zero(term):
            used = {i for name, t in zip(effects.names, effects.terms, strict=True)
                    if name in owner for i in t}  # fmt: skip
            out |= {effects.variables[i].text for i in used} - set(fit.design.spec.levels)
    return out


def scale(fit: Fit):
    """Sizes of the predictors, next to each other and to their means."""
    sizes = column_sizes(fit)
    far = lost_columns(fit)
    if far:
        words = (
            f"{listed(far)} {'was' if len(far) == 1 else 'were'} dropped: so far from zero that "
            f"nothing of it varies within 7 digits. Centre it: center({far[0]})"
        )
        return Check("scale", np.inf, PROBLEM, words)
    if not sizes:
        return Check("scale", 1.0, FINE, "no numeric predictors")
    small, large = min(sizes, key=lambda s: s.sd), max(sizes, key=lambda s: s.sd)
    ratio = large.sd / small.sd
    diag = uncorrelated_columns(fit)
    off = [s for s in sizes if s.name in diag and s.distance > FAR_UNCORRELATED]
    if off:
        worst = max(off, key=lambda s: s.distance)
        words = (
            f"'||' says that intercept and slope are uncorrelated where {worst.name} = 0, which is "
            f"{plain(worst.distance)} standard deviations from its mean. Centre it: "
            f"center({worst.name})"
        )
        return Check("scale", ratio, LOOK, words)
    distant = max(sizes, key=lambda s: s.distance)
    if distant.distance > FAR:
        what = "the intercept is" if INTERCEPT in fit.design.x_names else "what is said there is"
        words = (
            f"'{distant.name}' lies {plain(distant.distance)} standard deviations from zero, so "
            f"that {what} an extrapolation; center() makes it readable"
        )
        return Check("scale", ratio, LOOK, words)
    if ratio > WIDE:
        words = (
            f"standard deviations of '{large.name}' and '{small.name}' differ by a factor "
            f"{ratio:,.0f}; the program scales columns itself, scale() makes the table readable"
        )
        return Check("scale", ratio, LOOK, words)
    words = f"standard deviations of the predictors are within a factor {ratio:.3g}"
    if len(sizes) == 1:
        words = f"'{large.name}' is the only predictor, and not far from zero"
    return Check("scale", ratio, FINE, words)


def aliased(fit: Fit):
    """Columns that were dropped because others determine them."""
    found = [
        a for part in fit.design.predictors.values() for a in part.aliased if not a.distant
    ]  # fmt: skip
    if not found:
        return Check("aliased", 0.0, FINE, "no column was dropped")
    words = "dropped, determined by others: " + "; ".join(a.reason for a in found[:5])
    if len(found) > 5:
        words += f"; and {len(found) - 5} more"
    return Check("aliased", float(len(found)), LOOK, words)
