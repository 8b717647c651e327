"""Checks of the predictors: scale, collinearity, columns that were dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.design import dense, triangle
from mixedeffects.formula import column_names
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed

# ratio of standard deviations, and of a mean to its standard deviation, that ask for scaling
WIDE, FAR = 1e3, 1e3
# the same where random effects are uncorrelated at zero, `(x || g)`
FAR_UNCORRELATED = 3.0
# variance inflation that is worth knowing, and that leaves a coefficient undetermined
INFLATED, UNDETERMINED = 10.0, 1e3
# a term takes part in a near dependency if the factor is less than this share of it without it
HALF = 0.5
# columns beyond which the factors are not worth their time
MOST_COLUMNS = 400


@dataclass(frozen=True, slots=True)
class ColumnSize:
    """Where a predictor's values lie.

    Attributes
    ----------
    name : str
    mean, sd : float
    """

    name: str
    mean: float
    sd: float

    @property
    def distance(self) -> float:
        """Standard deviations between zero and the mean."""
        return abs(self.mean) / self.sd if self.sd > 0 else np.inf


@dataclass(frozen=True, slots=True)
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


def column_sizes(fit):
    """Means and standard deviations of the numeric columns, of the fixed and the random effects.

    Returns
    -------
    list of ColumnSize
        Indicators of categories and constants are left out.
    """
    design, out = fit.design, {}
    matrices = [(design.x_names, design.X)]
    matrices += [(block.names, block.Z) for block in design.blocks if block.Z is not None]
    for names, matrix in matrices:
        for j, name in enumerate(names):
            if name == "(Intercept)" or "[" in name or name in out:
                continue
            column = matrix[:, j]
            mean = float(column.mean())
            sd = float((column - mean).std())
            if sd > 0:
                out[name] = ColumnSize(name, mean, sd)
    return list(out.values())


def lost_columns(fit):
    """Names of fixed-effect columns dropped only because they lie so far from zero."""
    return [a.name for a in fit.design.aliased if a.distant]


def uncorrelated_columns(fit):
    """Names of slopes in ``(x || g)``, whose model depends on where x has its zero."""
    return {
        block.names[c]
        for block in fit.design.blocks
        for term in block.terms
        if term.covariance == "diag" and len(term.columns) > 1
        for c in term.columns
    }


def scale(fit):
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
            f"{worst.distance:,.3g} standard deviations from its mean. Centre it: "
            f"center({worst.name})"
        )
        return Check("scale", ratio, LOOK, words)
    distant = max(sizes, key=lambda s: s.distance)
    if distant.distance > FAR:
        words = (
            f"'{distant.name}' lies {distant.distance:,.3g} standard deviations from zero, so that "
            "the intercept is an extrapolation; center() makes it readable"
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


def collinear(fit):
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
        X, shift = np.column_stack([np.ones(X.shape[0]), dense(X)]), 0
    else:
        shift = 0 if centred is None else 1
    _, R = triangle(X)
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


def _columns(own, *without):
    """Columns of all terms but some."""
    return [c for t, columns in own.items() if t not in without for c in columns]


def inflation(R, own, others):
    """Generalised variance inflation factor of some columns, per column.

    Parameters
    ----------
    R : (p, p) array
        Triangular factor of the centred columns.
    own, others : list of int

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


def collinearity(fit):
    """Predictors that others nearly determine."""
    found = collinear(fit)
    if found is None:
        many = f"{len(fit.design.x_names):,} columns, too many to look at in pairs"
        words = "fewer than two predictors" if len(fit.design.x_names) <= MOST_COLUMNS else many
        return Check("collinearity", float("nan"), FINE, words)
    worst = int(np.argmax(found.vif))
    vif, name = float(found.vif[worst]), found.terms[worst]
    numbers = f"condition number {found.condition:,.3g}"
    if vif < INFLATED:
        words = f"no predictor is nearly determined by others: VIF at most {vif:.2f}, {numbers}"
        return Check("collinearity", vif, FINE, words)
    verdict = PROBLEM if vif >= UNDETERMINED else LOOK
    shared = shared_columns(fit, found.together)
    words = (
        f"{listed(found.together)} nearly determine each other: the standard error of '{name}' is "
        f"{np.sqrt(vif):,.3g} times what it would be without the others (VIF {vif:,.3g}, {numbers})"
    )
    if shared:
        inside = " and ".join(f"center({column})" for column in shared)
        words += (
            f". Part of that comes from where {listed(shared)} "
            f"{'has its' if len(shared) == 1 else 'have their'} zero: {inside}, or poly() for "
            "powers, leaves less of it and the fitted values as they are"
        )
    return Check("collinearity", vif, verdict, words)


def shared_columns(fit, terms):
    """Numeric columns, their zero outside the bulk of the data, that some and other terms read.

    Parameters
    ----------
    fit : FitRecord
    terms : sequence of str
        Of the fixed effects.

    Returns
    -------
    list of str
    """
    off = {s.name for s in column_sizes(fit) if s.distance > 1.0}
    fixed = fit.design.spec.formula.fixed
    read = {
        name: {used.name for i in term for used in column_names(fixed.variables[i].node)}
        for name, term in zip(fixed.names, fixed.terms, strict=True)
    }
    return sorted(
        column for column in off
        if sum(column in columns for columns in read.values()) > 1
        and any(column in read[term] for term in terms if term in read)
    )  # fmt: skip


def aliased(fit):
    """Columns that were dropped because others determine them."""
    found = list(fit.design.aliased)
    if not fit.linear:
        found += [a for part in fit.data.parts.values() for a in part.aliased]
    found = [a for a in found if not a.distant]
    if not found:
        return Check("aliased", 0.0, FINE, "no column was dropped")
    words = "dropped, determined by others: " + "; ".join(a.reason for a in found[:5])
    if len(found) > 5:
        words += f"; and {len(found) - 5} more"
    return Check("aliased", float(len(found)), LOOK, words)
