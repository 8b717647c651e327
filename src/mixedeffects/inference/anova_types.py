"""Hypotheses of types I, II and III: one matrix of linear functions of beta per term.

They are statements about cells and slopes, so they do not depend on how factors are coded in the
fit (for types I and II: in a model with an intercept).
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from mixedeffects.design import term_codings, triangle
from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.estimable import Aliasing, aliasing

# singular values below this fraction of the largest are zero: codings are of order one
RANK = 1e-9
# a column of length one adds to others when more than this is left of it, as in the fit
COLLINEAR = 1e-7
# rows of the grid of cells that a term's coding is inverted on, and columns of X in cells
LARGEST_GRID = 4_000


def sequential(fit):
    """Type I: each term after those before it.

    The hypothesis of a term is that the part of its columns which the earlier terms do not
    explain, in the rows at hand, contributes nothing: rows of R in X = QR, scaled to a unit
    diagonal (the forward Doolittle rows).

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    list of (d, p) arrays
        One per term.

    References
    ----------
    Goodnight (1978), SAS Technical Report R-101; Searle (1971), Linear Models, ch. 5.
    """
    owner = np.array(fit.design.spec.x_terms, dtype=int)
    R = _scaled_triangle(fit)[: owner.size]
    R = R / np.diagonal(R)[:, None]
    return [R[owner == t] for t in range(len(fit.design.spec.terms))]


def marginal(fit):
    """Type II: each term after all those that do not contain it.

    A term that others contain has the rows that type I would have with it after the rest and
    before those (the forward Doolittle rows); one that none contains has its coefficients.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    list of (d, p) arrays
    """
    terms = _terms(fit)
    if len(terms) == 1:
        return sequential(fit)
    R = _scaled_triangle(fit)
    p = len(fit.design.x_names)
    kept = np.array(fit.design.spec.x_terms, dtype=int)
    # all columns, those included that the fit dropped: what a term adds must not depend on which
    # of several columns that determine each other was kept
    whole = R @ aliasing(fit).matrix()
    columns = whole / np.maximum(np.linalg.norm(whole, axis=0), 1e-300)
    owner = np.full(columns.shape[1], -1)
    for t, term in enumerate(terms):
        owner[term.columns.start : term.columns.stop] = t
    found = []
    for t, term in enumerate(terms):
        above = [s for s, other in enumerate(terms) if contains(other, term)]
        if not above and not fit.design.aliased:
            found.append(np.eye(p)[kept == t])  # after all others: its coefficients are zero
            continue
        before = _basis(columns[:, ~np.isin(owner, [t, *above])])
        own = columns[:, owner == t]
        basis, chosen = _in_order(own - before @ (before.T @ own))
        # one in its own column each, as for type I: Satterthwaite's denominators depend on the rows
        unit = np.sum(basis * whole[:, owner == t][:, chosen], axis=0)
        found.append((basis / unit).T @ R)
    return found


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


def _scaled_triangle(fit):
    """R of X with its columns' units; of a generalised model, of the information about beta.

    Types I and II ask what a term adds to others. In a linear model that is a question about X
    alone; in a generalised one the rows have weights, and X'WX is the inverse of the covariance
    (in an ordinal model with the thresholds adjusted for).
    """
    if not fit.linear:
        return _information_root(fit.vcov_beta)
    top, R = triangle(fit.design.X)
    return R * top


def _information_root(covariance):
    """Upper triangular R with R'R the inverse of a covariance matrix."""
    p = covariance.shape[0]
    if not np.isfinite(covariance).all():
        raise NotAvailableError(
            "the curvature of the likelihood is not positive, so the coefficients have no standard "
            "errors and cannot be tested"
        )
    se = np.sqrt(np.diagonal(covariance))
    # L L' = C with rows and columns reversed gives C = U U', U upper, and R = U^-1
    L = np.linalg.cholesky((covariance / np.outer(se, se))[::-1, ::-1]) if p else covariance
    return np.triu(np.linalg.inv(L[::-1, ::-1])) / se if p else covariance


def general(fit):
    """Type III: estimable functions of a term and those that contain it, orthogonal to the latter.

    In the coding with one column per level, the functions of a term involve no other terms than
    those containing it and are orthogonal to all functions of these. With every cell filled
    they compare equally weighted cell means.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    list of (d, p) arrays

    References
    ----------
    Goodnight (1978), "Tests of hypotheses in fixed effects linear models", SAS Technical Report
    R-101; SAS/STAT user's guide, "The four types of estimable functions".
    """
    spec = fit.design.spec
    owner = np.array(spec.x_terms, dtype=int)
    terms = _terms(fit)
    p = owner.size
    if len(terms) == 1:
        return sequential(fit)
    if spec.thresholds:  # they are an intercept that is not among the columns
        return [rows[:, 1:] for rows in general(_WithIntercept(fit))]
    above = {
        t: [s for s, other in enumerate(terms) if contains(other, term)]
        for t, term in enumerate(terms)
    }
    heir = _heir(fit)
    if heir is None and not any(above.values()) and not fit.design.aliased:
        return [np.eye(p)[owner == t] for t in range(len(terms))]
    above[-1] = [t for t, term in enumerate(terms) if not term.numerics]
    cells = Cells(fit, above)
    found = [cells.functions(t) for t in range(len(terms))]
    if heir is not None:
        # without an intercept this term's levels are means, and the hypothesis is that all are 0
        found[heir] = np.vstack([found[heir], cells.functions(-1)])
    return found


class _WithIntercept:
    """An ordinal fit whose thresholds count as one column of ones, put before the others.

    A type III function of cells has no part in the intercept, so its column is zero in what is
    found, and leaving it out again changes nothing; nor does how much of the ones a dropped
    column has, which an ordinal fit does not know.
    """

    linear = False

    def __init__(self, fit):
        given, old = fit.design, aliasing(fit)
        kept = given.spec.kept_columns
        spec = replace(
            given.spec,
            thresholds=False,
            x_terms=(-1, *given.spec.x_terms),
            kept_columns=None if kept is None else (0, *(k + 1 for k in kept)),
        )
        self.design = SimpleNamespace(
            spec=spec,
            predictors=given.predictors,
            aliased=given.aliased,
            x_names=("(Intercept)", *given.x_names),
        )
        self.cache = {
            "aliasing": Aliasing(
                np.concatenate([[0], old.kept + 1]),
                old.dropped + 1,
                np.vstack([np.zeros((1, len(given.aliased))), old.coefficients]),
                old.names,
            )
        }


def contains(outer, inner):
    """Whether a term contains another: more factors, the same numeric variables.

    Parameters
    ----------
    outer, inner : TermCoding
    """
    return set(outer.numerics) == set(inner.numerics) and set(outer.factors) > set(inner.factors)


def _terms(fit):
    """Codings of the terms, without the intercept."""
    design = fit.design
    if design.predictors is None:
        raise NotAvailableError(
            "this fit was loaded from a file without its predictors, so cells cannot be told "
            "apart\nfit the model again, or use type=1"
        )
    codings = term_codings(design.spec, design.predictors)
    return [term for term in codings if term.name != "(Intercept)" or term.factors]


def _heir(fit):
    """The term that has taken the intercept's place, if any."""
    if fit.design.spec.formula.fixed.intercept:
        return None
    for t, term in enumerate(_terms(fit)):
        if term.factors:
            whole = not term.numerics and all(
                term.tables[f].shape[0] == term.tables[f].shape[1] for f in term.factors
            )
            return t if whole else None
    return None


class Cells:
    """The model matrix in the coding with one column per level, as a combination of X.

    Attributes
    ----------
    B : (p, P) array
        X_cells = X B; so a'beta is the function B'a of the cells' parameters.
    owner : (P,) int array
        Term of each column of X_cells; -1 is the intercept.
    above : dict of int to list of int
        The terms that contain a term.
    """

    def __init__(self, fit, above):
        heir, terms = _heir(fit), _terms(fit)
        codings = term_codings(fit.design.spec, fit.design.predictors)
        aliased = aliasing(fit)
        p_all = aliased.kept.size + aliased.dropped.size
        parts, owner = [], []
        if fit.design.spec.formula.fixed.intercept or heir is not None:
            ones = np.zeros((p_all, 1))
            ones[0 if heir is None else terms[heir].columns] = 1.0
            parts.append(ones)
            owner.append(-1)
        for t, term in enumerate(terms):
            parts.append(_cell_columns(term, codings, p_all))
            owner += [t] * parts[-1].shape[1]
        self.owner, self.above = np.array(owner), above
        self.B = aliased.matrix() @ np.hstack(parts)
        # what is left of cancelled codings would count as an effect
        self.B[np.abs(self.B) < RANK * np.abs(self.B).max(initial=0.0)] = 0.0
        self._spaces = {}

    def functions(self, term):
        """Rows a (d, p) of the type III functions a'beta of a term."""
        own = self._space(term)
        higher = [self._space(s) for s in self.above[term]]
        if not higher or own.shape[0] == 0:
            return own
        inner = (own @ self.B) @ (np.vstack(higher) @ self.B).T
        return null_space(inner.T).T @ own

    def _space(self, term):
        """Orthonormal rows a: functions of a term and those above it, of nothing else."""
        if term not in self._spaces:
            free = np.isin(self.owner, [term, *self.above[term]])
            self._spaces[term] = null_space(self.B[:, ~free].T).T
        return self._spaces[term]


def null_space(A):
    """Orthonormal columns v with A v = 0, of a (m, p) array.

    Examples
    --------
    >>> import numpy as np
    >>> np.abs(null_space(np.array([[1.0, 0.0]])))
    array([[0.],
           [1.]])
    """
    if A.shape[0] == 0:
        return np.eye(A.shape[1])
    _, d, V = np.linalg.svd(A)
    # codings are of order one, so a matrix without large entries is a matrix of rounding
    rank = int((d > RANK * max(1.0, d.max(initial=0.0))).sum())
    return V[rank:].T


def _cell_columns(term, codings, p_all):
    """(p_all, P_t) coefficients of a term's cell indicators on the columns of X.

    Found on a grid of the cells, on which indicators and codings are known. The term's own
    variables suffice unless the formula leaves out lower terms in an unusual way.
    """
    family = [c for c in codings if set(c.numerics) == set(term.numerics)]
    members = dict.fromkeys([*term.factors, *term.numerics])
    everyone = dict.fromkeys(v for c in family for v in c.tables)
    for variables in (list(members), list(everyone)):
        sizes = {v: next(c.tables[v].shape[0] for c in family if v in c.tables) for v in variables}
        if np.prod(list(sizes.values())) > LARGEST_GRID:
            break
        inside = [c for c in family if set(c.tables) <= set(variables)]
        columns = np.concatenate([np.arange(c.columns.start, c.columns.stop) for c in inside])
        X = np.hstack([_on_grid(c.tables, sizes) for c in inside])
        cells = _on_grid({v: np.eye(sizes[v]) for v in term.tables}, sizes)
        solved = np.linalg.lstsq(X, cells, rcond=None)[0]
        if np.allclose(X @ solved, cells, atol=1e-8):
            B = np.zeros((p_all, cells.shape[1]))
            B[columns] = solved
            return B
    raise NotAvailableError(
        f"type III: the cells of '{term.name}' are too many or not spanned by the formula's terms\n"
        "add the lower-order terms, or use type=1 or type=2"
    )


def _on_grid(tables, sizes):
    """Products of codings on the grid of all variables, the first variable fastest."""
    out = np.ones((1, 1))
    for variable, size in sizes.items():
        out = np.kron(tables.get(variable, np.ones((size, 1))), out)
    return out
