"""The model matrix in the coding with one column per cell, in terms of the one that was fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import term_codings
from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation import null_space
from mixedeffects.inference.estimable import aliasing

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import HasColumns

# singular values below this fraction of the largest, or of one, are zero: codings are of order
# one, and a matrix without large entries is a matrix of rounding
RANK = 1e-9
# rows of the grid of cells that a term's coding is inverted on, and columns of X in cells
LARGEST_GRID = 4_000


def coded_terms(fit: HasColumns):
    """Codings of the terms, without the intercept."""
    design = fit.design
    if design.sources is None:
        raise NotAvailableError(
            "this fit was loaded from a file without its predictors, so cells cannot be told "
            "apart\nfit the model again, or use type=1"
        )
    return [term for term in codings_of(fit) if term.name != "(Intercept)" or term.factors]


def codings_of(fit: HasColumns):
    """Codings of all terms, made once."""
    if "term codings" not in fit.cache:
        fit.cache["term codings"] = term_codings(fit.design.spec, fit.design.sources)
    return fit.cache["term codings"]


def is_square(term):
    """Whether all factors of a term are coded by one column per level."""
    return all(term.tables[f].shape[0] == term.tables[f].shape[1] for f in term.factors)


def constant_columns(fit: HasColumns):
    """(p_all,) weights with which the columns of a formula without an intercept sum to ones.

    None for a formula with an intercept, and where no columns do.
    """
    if fit.design.spec.formula.fixed.intercept:
        return None
    aliased = aliasing(fit)
    for term in coded_terms(fit):
        if term.factors and not term.numerics and is_square(term):
            ones = np.zeros(aliased.kept.size + aliased.dropped.size)
            ones[term.columns.start : term.columns.stop] = 1.0
            return ones
    return None


class FactorCells:
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

    def __init__(self, fit: HasColumns, above):
        terms = coded_terms(fit)
        codings = codings_of(fit)
        aliased = aliasing(fit)
        p_all = aliased.kept.size + aliased.dropped.size
        constant = constant_columns(fit)
        parts, owner = [], []
        if fit.design.spec.formula.fixed.intercept:
            parts.append(np.eye(p_all)[:, :1])
            owner.append(-1)
        for t, term in enumerate(terms):
            parts.append(_cell_columns(term, codings, p_all, constant))
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
        return null_space(inner.T, RANK, 1.0).T @ own

    def _space(self, term):
        """Orthonormal rows a: functions of a term and those above it, of nothing else."""
        if term not in self._spaces:
            free = np.isin(self.owner, [term, *self.above[term]])
            self._spaces[term] = null_space(self.B[:, ~free].T, RANK, 1.0).T
        return self._spaces[term]


def _cell_columns(term, codings, p_all, constant):
    """(p_all, P_t) coefficients of a term's cell indicators on the columns of X.

    Found on a grid of the cells, on which indicators and codings are known. The term's own
    variables suffice unless the formula leaves out lower terms in an unusual way.

    Parameters
    ----------
    constant : (p_all,) array or None
        Columns that sum to ones, in a formula without an intercept.
    """
    family = [c for c in codings if set(c.numerics) == set(term.numerics)]
    members = dict.fromkeys([*term.factors, *term.numerics])
    everyone = dict.fromkeys(v for c in family for v in c.tables)
    for variables in (list(members), list(everyone)):
        sizes = {v: next(c.tables[v].shape[0] for c in family if v in c.tables) for v in variables}
        if np.prod(list(sizes.values())) > LARGEST_GRID:
            break
        inside = [c for c in family if set(c.tables) <= set(variables)]
        X = np.hstack([_on_grid(c.tables, sizes) for c in inside])
        places = np.eye(p_all)[:, np.concatenate([np.array(c.columns) for c in inside])]
        if constant is not None and not term.numerics:
            X = np.column_stack([X, np.ones(X.shape[0])])
            places = np.column_stack([places, constant])
        cells = _on_grid({v: np.eye(sizes[v]) for v in term.tables}, sizes)
        solved = np.linalg.lstsq(X, cells, rcond=None)[0]
        if np.allclose(X @ solved, cells, atol=1e-8):
            return places @ solved
    raise NotAvailableError(
        f"type III: the cells of '{term.name}' are too many or not spanned by the formula's terms\n"
        "add the lower-order terms, or use type=1 or type=2"
    )


def _on_grid(tables, sizes):
    """Products of codings on the grid of all variables, the first of each fastest.

    Rows run through the grid in the order of `sizes`, columns through the products in that of
    `tables`, which is the order of a term's columns.

    Examples
    --------
    >>> import numpy as np
    >>> _on_grid({"b": np.array([[1.0], [3.0]])}, {"a": 2, "b": 2}).ravel()
    array([1., 1., 3., 3.])
    """
    n = int(np.prod(list(sizes.values()), dtype=np.int64))
    places = np.unravel_index(np.arange(n), tuple(sizes.values()), order="F") if sizes else ()
    at = dict(zip(sizes, places, strict=True))
    out = np.ones((n, 1))
    for variable, table in tables.items():
        out = (table[at[variable]][:, :, None] * out[:, None, :]).reshape(n, -1)
    return out


def kron(A, B):
    """The Kronecker product of two matrices, without the generality of NumPy's."""
    rows, columns = A.shape[0] * B.shape[0], A.shape[1] * B.shape[1]
    return (A[:, None, :, None] * B[None, :, None, :]).reshape(rows, columns)
