"""Checks of the predictors: scale, collinearity, columns that were dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import Invariance, structure_of
from mixedeffects.design import dense, triangle
from mixedeffects.formula import Name, column_names
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed, plain
from mixedeffects.inference.comparison.random_terms import owners
from mixedeffects.inference.row_sums import column_moments, fixed_triangle

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

INTERCEPT = "(Intercept)"
# ratio of standard deviations, and of a mean to its standard deviation, that ask for scaling
WIDE, FAR = 1e3, 1e3
# the same where random effects are uncorrelated at zero, `(x || g)`
FAR_UNCORRELATED = 3.0
# variance inflation that is worth knowing, and that leaves a coefficient undetermined
INFLATED, UNDETERMINED = 10.0, 1e3
# a term takes part in a near dependency if the factor is less than this share of it without it
HALF = 0.5
# share of the rows' number that a constant may lie outside of the columns that hold it
SPANNED = 1e-9
# columns beyond which the factors are not worth their time
MOST_COLUMNS = 400


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


@dataclass(frozen=True, slots=True, eq=False)
class Collinearity:
    """How nearly the fixed-effect terms determine each other.

    Attributes
    ----------
    terms : tuple of str
        Of the formula.
    vif : (m,) array
        Variance inflation factor of each term; of one with several columns the generalised one,
        per column, which does not depend on the coding.
    condition : float
        Condition number of the columns, centred and of unit length.
    together : tuple of str
        The term with the largest factor, and the terms that make it large.
    """

    terms: tuple[str, ...]
    vif: np.ndarray
    condition: float
    together: tuple[str, ...]


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


def collinear(fit: Fit):
    """Variance inflation factors of the fixed effects, and which of them cause the largest.

    Returns
    -------
    Collinearity or None
        None with fewer than two terms, or with very many columns.

    References
    ----------
    Fox & Monette (1992), doi:10.1080/01621459.1992.10475190 (generalised factors).
    """
    spec = fit.design.spec
    members: dict[int, list[int]] = {}
    for column, term in enumerate(spec.x_terms):
        members.setdefault(term, []).append(column)
    centred = members.pop(-1, None)
    if len(members) < 2 or len(spec.x_terms) > MOST_COLUMNS:
        return None
    X = fit.design.X
    if spec.thresholds:  # they take the place of an intercept
        _, R = triangle(np.column_stack([np.ones(X.shape[0]), dense(X)]))
        shift = 0
    else:
        R, shift = fixed_triangle(fit), 0 if centred is None else 1
    if not spec.thresholds and centred is None:  # levels of a factor may hold the intercept
        found = _constant_held(fit, R, members)
        if found is not None:
            R, members = found
            if len(members) < 2:
                return None
    if spec.thresholds or centred is not None:  # below its first row, that of centred columns
        R = R[1:, 1:]
    lengths = np.linalg.norm(R, axis=0)
    if not lengths.min(initial=1.0) > 0:
        return None
    R = R / lengths
    own = {t: [c - shift for c in columns] for t, columns in members.items()}
    vif = {t: inflation(R, own[t], _columns(own, t)) for t in own}
    worst = max(vif, key=lambda t: vif[t])
    partners = [
        t for t in own
        if t != worst and inflation(R, own[worst], _columns(own, worst, t)) < HALF * vif[worst]
    ]  # fmt: skip
    together = tuple(spec.terms[t] for t in sorted([worst, *partners]))
    names = tuple(spec.terms[t] for t in own)
    return Collinearity(names, np.array(list(vif.values())), float(np.linalg.cond(R)), together)


def _constant_held(fit: Fit, R, members):
    """The columns as with an intercept, in place of which a factor has all of its levels.

    Returns
    -------
    R : (p - 1, p - 1) array
        Triangular factor of the columns, but one level, about their means.
    members : dict
        Term to its columns.

    None where no term holds an intercept.
    """
    from scipy.linalg import solve_triangular

    n, p = fit.design.n, R.shape[1]
    means = np.array([column_moments(fit, j)[0] for j in range(p)])
    u = solve_triangular(R, n * means, trans=1)
    for columns in members.values():
        own = R[:, columns]
        rest = u - own @ np.linalg.lstsq(own, u, rcond=None)[0]
        if len(columns) < 2 or float(rest @ rest) > SPANNED * n:
            continue
        gone = columns[0]
        kept = [j for j in range(p) if j != gone]
        whole = np.asarray(np.linalg.qr(np.column_stack([u, R[:, kept]]), mode="r"))
        places = {t: [kept.index(j) for j in own if j != gone] for t, own in members.items()}
        return whole[1:, 1:], {t: own for t, own in places.items() if own}
    return None


def _columns(own, *without):
    """Columns of all terms but some."""
    return [c for t, columns in own.items() if t not in without for c in columns]


def inflation(R, own, others):
    """Generalised variance inflation factor of some columns, per column.

    Parameters
    ----------
    R : (p, p) array
        Triangular factor of the centred columns.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.linalg.cholesky(np.array([[1.0, 0.6], [0.6, 1.0]])).T
    >>> round(inflation(R, [1], [0]), 4)  # 1 / (1 - 0.6^2)
    1.5625
    """
    alone = np.abs(np.diagonal(np.linalg.qr(R[:, own], mode="r")))
    rest = np.diagonal(np.linalg.qr(R[:, [*others, *own]], mode="r"))[len(others) :]
    if not np.abs(rest).min() > 0:
        return np.inf
    return float(np.exp(2.0 * (np.log(alone) - np.log(np.abs(rest))).sum() / len(own)))


def collinearity(fit: Fit):
    """Predictors that others nearly determine."""
    found = collinear(fit)
    if found is None:
        many = f"{len(fit.design.x_names):,} columns, too many to look at in pairs"
        words = "fewer than two predictors" if len(fit.design.x_names) <= MOST_COLUMNS else many
        return Check("collinearity", float("nan"), FINE, words)
    worst = int(np.argmax(found.vif))
    vif, name = float(found.vif[worst]), found.terms[worst]
    numbers = f"condition number {plain(found.condition)}"
    if vif < INFLATED:
        words = f"no predictor is nearly determined by others: VIF at most {vif:.2f}, {numbers}"
        return Check("collinearity", vif, FINE, words)
    verdict = PROBLEM if vif >= UNDETERMINED else LOOK
    shared = shared_columns(fit, found.together)
    words = (
        f"{listed(found.together)} nearly determine each other: the standard error of '{name}' is "
        f"{plain(np.sqrt(vif))} times what it would be without the others (VIF {plain(vif)}, "
        f"{numbers})"
    )
    if shared:
        inside = " and ".join(f"center({column})" for column in shared)
        words += (
            f". Part of that comes from where {listed(shared)} "
            f"{'has its' if len(shared) == 1 else 'have their'} zero: {inside}, or poly() for "
            "powers, leaves less of it; the fitted values, and what the highest powers and "
            "interactions say, stay as they are"
        )
    return Check("collinearity", vif, verdict, words)


def shared_columns(fit: Fit, terms):
    """Numeric columns, their zero outside the bulk of the data, that some and other terms read.

    Returns list of str.

    Parameters
    ----------
    terms : sequence of str
        Of the fixed effects.
    """
    off = {s.name for s in column_sizes(fit) if s.distance > 1.0}
    fixed = fit.design.spec.formula.fixed
    read = {
        name: {used.name for i in term for used in column_names(fixed.variables[i].node)}
        for name, term in zip(fixed.names, fixed.terms, strict=True)
    }
    inside = {name: set(term) for name, term in zip(fixed.names, fixed.terms, strict=True)}

    def met(column, term):
        """Whether some other term reads the column, or is what the column is crossed with."""
        return any(
            other != term and (column in read[other] or inside[other] < inside[term])
            for other in read
        )

    return sorted(
        column for column in off
        if any(column in read[term] and met(column, term) for term in terms if term in read)
    )  # fmt: skip


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
