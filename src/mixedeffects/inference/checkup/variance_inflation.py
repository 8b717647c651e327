"""Whether the fixed effects nearly determine each other: variance inflation factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import dense, triangle
from mixedeffects.formula import column_names
from mixedeffects.inference.checkup.fixed import column_sizes
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed, plain
from mixedeffects.inference.row_sums import column_moments, fixed_triangle

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# variance inflation that is worth knowing, and that leaves a coefficient undetermined
INFLATED, UNDETERMINED = 10.0, 1e3
# a term takes part in a near dependency if the factor is less than this share of it without it
HALF = 0.5
# share of the rows' number that a constant may lie outside of the columns that hold it
SPANNED = 1e-9
# columns beyond which the factors are not worth their time
MOST_COLUMNS = 400


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
