"""Hypotheses of types I, II and III: one matrix of linear functions of beta per term.

They are statements about cells and slopes, so they do not depend on how factors are coded in the
fit. A formula without an intercept is read as SAS reads NOINT: a term's cells include the constant
where nothing else in the formula has it, so the one factor of ``0 + f`` is asked whether all its
means are zero, while in ``0 + a * b`` the cells of b hold the constant and a has its differences.

Which rows span a hypothesis does not change F, but Satterthwaite's denominator depends a little
on it; the rows are those that treatment coding with the first level as reference would have, as
in lmerTest.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.design.contrasts import Contrast
from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation import complement
from mixedeffects.inference.estimable import Aliasing, aliasing
from mixedeffects.inference.factor_cells import (
    FactorCells,
    coded_terms,
    constant_columns,
    is_square,
    kron,
)
from mixedeffects.inference.kinds import GENERALISED
from mixedeffects.inference.row_sums import fixed_triangle

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, HasColumns

# a column of length one adds to others when more than this is left of it, as in the fit
COLLINEAR = 1e-7


def sequential(fit: HasColumns):
    """Type I: each term after those before it.

    The hypothesis of a term is that the part of its columns which the earlier terms do not
    explain, in the rows at hand, contributes nothing: rows of R in X = QR, scaled to a unit
    diagonal (the forward Doolittle rows).

    Returns
    -------
    list of (d, p) arrays
        One per term.

    References
    ----------
    Goodnight (1978), SAS Technical Report R-101; Searle (1971), Linear Models, ch. 5.
    """
    n_terms = len(fit.design.spec.terms)
    coded_so = all(f.contrast == Contrast() for f in fit.design.spec.levels.values())
    if fit.design.sources is None or (coded_so and not fit.design.aliased):
        # nothing to change; or levels are not told apart, and the rows are those of the fit
        owner = np.array(fit.design.spec.x_terms, dtype=int)
        R = _scaled_triangle(fit)[: owner.size]
        first = np.diagonal(R)
        R = R / np.where(first == 0.0, 1.0, first)[:, None]
        return [R[owner == t] for t in range(n_terms)]
    coded = _Treatment(fit)
    if not fit.design.aliased:
        R = np.linalg.qr(coded.whole, mode="r")[: coded.owner.size]
        rows = np.linalg.solve(coded.M.T, (R / np.diagonal(R)[:, None]).T).T
        return [rows[coded.owner == t] for t in range(n_terms)]
    return [coded.doolittle(*coded.after(t, coded.owner < t)) for t in range(n_terms)]


def marginal(fit: HasColumns):
    """Type II: each term after all those that do not contain it.

    A term that others contain has the rows that type I would have with it after the rest and before
    those (the forward Doolittle rows); one that none contains has its coefficients. The rest of a
    formula without an intercept has all cells of its factors, and so the constant. Returns list of
    (d, p) arrays.
    """
    terms = coded_terms(fit)
    if len(terms) == 1:
        return sequential(fit)
    coded = _Treatment(fit)
    found = []
    for t, term in enumerate(terms):
        above = [s for s, other in enumerate(terms) if contains(other, term)]
        if coded.plain and not above:
            found.append(coded.coefficients(t))
            continue
        basis, chosen = coded.after(t, ~np.isin(coded.owner, [t, *above]))
        rows = coded.doolittle(basis, chosen)
        found.append(rows if above else coded.in_coefficients(rows, chosen))
    return found


class _Treatment:
    """All columns of the fixed effects in treatment coding, those included that the fit dropped.

    What a term adds must depend neither on the coding of the fit nor on which of several columns
    that determine each other was kept.

    Attributes
    ----------
    M : (p, p_all) array
        The columns are X M, up to columns of terms that a term contains.
    owner : (p_all,) int array
        Term of each column; -1 is the intercept.
    """

    def __init__(self, fit: HasColumns):
        self._fit, self.terms = fit, coded_terms(fit)
        aliased = aliasing(fit)
        p_all = aliased.kept.size + aliased.dropped.size
        self.owner = np.full(p_all, -1)
        change = np.eye(p_all)
        for t, term in enumerate(self.terms):
            own = slice(term.columns.start, term.columns.stop)
            self.owner[own] = t
            change[own, own] = _to_treatment(term)
        self.M = aliased.matrix() @ change

    @cached_property
    def R(self):
        """X = QR with orthonormal columns in Q; of a generalised model, of the information."""
        return _scaled_triangle(self._fit)

    @cached_property
    def whole(self):
        """The columns, as R M."""
        return self.R @ self.M

    @cached_property
    def _unit(self):
        """The columns, of length one."""
        return self.whole / np.maximum(np.linalg.norm(self.whole, axis=0), 1e-300)

    @cached_property
    def _ones(self):
        """(p, 1) the constant of a formula without an intercept, or nothing."""
        weights = constant_columns(self._fit)
        if weights is None:
            return np.empty((self.R.shape[0], 0))
        column = self.R @ (aliasing(self._fit).matrix() @ weights)
        return column[:, None] / max(np.linalg.norm(column), 1e-300)

    def order(self, t):
        """Columns of a term, the reference level of a factor coded in full at the end."""
        term = self.terms[t]
        own = np.flatnonzero(self.owner == t)
        alone = len(term.factors) == 1 and not term.numerics
        return np.roll(own, -1) if alone and is_square(term) else own

    def after(self, t, before):
        """What a term's columns add to others: an orthonormal basis, and which columns have it.

        Parameters
        ----------
        before : (p_all,) bool array
            Columns that come before it.
        """
        rest, own = self._unit[:, before], self.order(t)
        if any(s >= 0 and not self.terms[s].numerics for s in np.unique(self.owner[before])):
            rest = np.column_stack([self._ones, rest])
        rest = _basis(rest)
        basis, chosen = _in_order(self._unit[:, own] - rest @ (rest.T @ self._unit[:, own]))
        return basis, own[chosen]

    def doolittle(self, basis, chosen):
        """Rows of a hypothesis, one in its own column each."""
        unit = np.sum(basis * self.whole[:, chosen], axis=0)
        return (basis / unit).T @ self.R

    @property
    def plain(self):
        """Whether a term that no other contains has its own coefficients as hypothesis."""
        return not self._fit.design.aliased and constant_columns(self._fit) is None

    def coefficients(self, t):
        """Rows that are the coefficients of a term, where no column was dropped."""
        own = self.owner == t
        return self.in_coefficients(np.eye(own.size)[own], own)

    def in_coefficients(self, rows, chosen):
        """The rows with the same span that are one chosen coefficient each."""
        return np.linalg.solve(rows @ self.M[:, chosen], rows)

    def own_rows(self, rows, t, above):
        """The rows with the same span that have one of the term's own coefficients each.

        Parameters
        ----------
        rows : (d, p) array
            Independent.
        above : list of int
            Terms that contain it, whose coefficients count where its own do not suffice.
        """
        if rows.shape[0] == 0:
            return rows
        columns = np.concatenate([self.order(s) for s in (t, *above)])
        _, chosen = _in_order(rows @ self.M[:, columns])
        return self.in_coefficients(rows, columns[chosen])


def _to_treatment(term):
    """What the columns of a term are multiplied by to be in treatment coding.

    Up to columns of the terms that it contains.
    """
    change = np.ones((1, 1))
    for table in term.tables.values():
        n, k = table.shape
        if k == n:
            own = np.linalg.inv(table)
        else:
            own = np.linalg.solve(np.column_stack([table, np.ones(n)]), np.eye(n)[:, 1:])[:k]
        change = kron(own, change)
    return change


def _basis(A):
    """Orthonormal columns that span those of A, which are of length one or less."""
    U, d, _ = np.linalg.svd(A, full_matrices=False)
    return U[:, d > COLLINEAR]


def _in_order(A):
    """Orthonormal columns that span those of A, and which columns of A add to those before them."""
    Q, chosen = np.empty((A.shape[0], 0)), []
    for j in range(A.shape[1]):
        rest = A[:, j]
        for _ in range(2):  # once more for what rounding leaves
            rest = rest - Q @ (Q.T @ rest)
        size = np.linalg.norm(rest)
        if size > COLLINEAR:
            Q, chosen = np.column_stack([Q, rest / size]), [*chosen, j]
    return Q, chosen


def _scaled_triangle(fit: HasColumns):
    """R of X with its columns' units; of a generalised model, of the information about beta.

    Types I and II ask what a term adds to others. In a linear model that is a question about X
    alone; in a generalised one the rows have weights, and X'WX is the inverse of the covariance
    (in an ordinal model with the thresholds adjusted for).
    """
    return fixed_triangle(cast("Fit", fit)) if fit.kind.residual else _information_root(fit)


def _information_root(fit: HasColumns):
    """Upper triangular R with R'R the inverse of the covariance of beta.

    Where coefficients have no finite estimate (separation) the information about them is zero,
    and a column that adds none to those before it has a row of zeros.
    """
    covariance = fit.vcov_beta
    p = covariance.shape[0]
    if not np.isfinite(covariance).all():
        raise NotAvailableError(
            "the curvature of the likelihood is not positive, so the coefficients have no standard "
            "errors and cannot be tested"
        )
    if fit.recession is not None:
        scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
        V = fit.recession.directions.T / scale[:, None]
        basis = complement(V)
        inner = basis.T @ (covariance / np.outer(scale, scale)) @ basis
        half = np.linalg.inv(np.linalg.cholesky(inner)) @ basis.T
        Q, chosen = _in_order(half / np.maximum(np.linalg.norm(half, axis=0), 1e-300))
        R = np.zeros((p, p))
        R[chosen] = Q.T @ half
        return R / scale
    se = np.sqrt(np.diagonal(covariance))
    # L L' = C with rows and columns reversed gives C = U U', U upper, and R = U^-1
    L = np.linalg.cholesky((covariance / np.outer(se, se))[::-1, ::-1]) if p else covariance
    return np.triu(np.linalg.inv(L[::-1, ::-1])) / se if p else covariance


def general(fit: HasColumns):
    """Type III: estimable functions of a term and those that contain it, orthogonal to the latter.

    In the coding with one column per level, the functions of a term involve no other terms than
    those containing it and are orthogonal to all functions of these. With every cell filled they
    compare equally weighted cell means. Returns list of (d, p) arrays.

    References
    ----------
    Goodnight (1978), "Tests of hypotheses in fixed effects linear models", SAS Technical Report
    R-101; SAS/STAT user's guide, "The four types of estimable functions".
    """
    spec = fit.design.spec
    terms = coded_terms(fit)
    if len(terms) == 1:
        return sequential(fit)
    if spec.thresholds:  # they are an intercept that is not among the columns
        return [rows[:, 1:] for rows in general(cast("HasColumns", _WithIntercept(fit)))]
    above = {
        t: [s for s, other in enumerate(terms) if contains(other, term)]
        for t, term in enumerate(terms)
    }
    coded = _Treatment(fit)
    if coded.plain and not any(above.values()):
        return [coded.coefficients(t) for t in range(len(terms))]
    cells = FactorCells(fit, above)
    return [coded.own_rows(cells.functions(t), t, above[t]) for t in range(len(terms))]


class _WithIntercept:
    """An ordinal fit whose thresholds count as one column of ones, put before the others.

    A type III function of cells has no part in the intercept, so its column is zero in what is
    found, and leaving it out again changes nothing.
    """

    kind = GENERALISED

    def __init__(self, fit: HasColumns):
        given, old = fit.design, aliasing(fit)
        kept = given.spec.kept_columns
        spec = replace(
            given.spec,
            thresholds=False,
            x_names=("(Intercept)", *given.spec.x_names),
            x_terms=(-1, *given.spec.x_terms),
            kept_columns=None if kept is None else (0, *(k + 1 for k in kept)),
        )
        self.design = replace(given.mean, spec=spec)
        self.cache = {
            "aliasing": Aliasing(
                np.concatenate([[0], old.kept + 1]),
                old.dropped + 1,
                np.vstack([old.constants[None, :], old.coefficients]),
                old.names,
                np.zeros(len(given.aliased)),
            )
        }


def contains(outer, inner):
    """Whether a term contains another: more factors, the same numeric variables."""
    return set(outer.numerics) == set(inner.numerics) and set(outer.factors) > set(inner.factors)
