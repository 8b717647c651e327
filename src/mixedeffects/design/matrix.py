"""Terms + variables → model-matrix columns, by R's rule for contrasts."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.categorical import Coded
from mixedeffects.design.chunks import is_large
from mixedeffects.design.column_matrix import ColumnMatrix, Matrix, Recipe, expand
from mixedeffects.design.contrasts import coding, indicator_levels
from mixedeffects.design.contribution import ALL, Part
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.errors import DataError, ModelError
from mixedeffects.formula import TermList


def full_dummies(terms: TermList, is_factor: list[bool]) -> set[tuple[int, int]]:
    """(term, variable) pairs coded by one column per level.

    R's rule: a factor in a term is coded by contrasts iff the term without it is empty or
    contained in an earlier term; without intercept the first factor gets all its levels.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> sorted(full_dummies(parse("y ~ x + x:f").fixed, [False, True]))
    []
    >>> sorted(full_dummies(parse("y ~ x:f").fixed, [False, True]))
    [(0, 1)]
    """
    full: set[tuple[int, int]] = set()
    if not any(is_factor):
        return full
    sets = [frozenset(term) for term in terms.terms]
    for t, term in enumerate(terms.terms):
        for i in term:
            rest = sets[t] - {i}
            if rest and not any(rest <= earlier for earlier in sets[:t]):
                full.add((t, i))
    if not terms.intercept:
        for t, term in enumerate(terms.terms):
            first = next((i for i in term if is_factor[i]), None)
            if first is not None:
                full.add((t, first))
                break
    return {(t, i) for t, i in full if is_factor[i]}


def model_matrix(
    terms: TermList, values: Evaluator, *, limit: int | None = None
) -> tuple[Matrix, tuple[str, ...], tuple[int, ...]]:
    """Model matrix of a list of terms.

    Parameters
    ----------
    limit : int, optional
        Refuse more columns than this before anything of that size is made.

    Returns
    -------
    X : (n, p) C-contiguous float64 array, or ColumnMatrix
        The latter when the array would be large.
    names : tuple of str
        ``"(Intercept)"``, ``"x"``, ``"f[b]"``, ``"f[b]:x"``, ``"poly(x, 2)[1]"``.
    term : tuple of int
        Term of each column, -1 for the intercept.
    """
    if not terms.terms:
        p = int(terms.intercept)
        ones = ColumnMatrix(values.n, [()] * p) if is_large(8 * values.n * p) else None
        return np.ones((values.n, p)) if ones is None else ones, ("(Intercept)",) * p, (-1,) * p
    sources = [values.variable(variable) for variable in terms.variables]
    full = full_dummies(terms, [isinstance(source, Coded) for source in sources])
    layout = [
        [_part(terms.variables[i].text, sources[i], (t, i) in full) for i in term]
        for t, term in enumerate(terms.terms)
    ]
    widths = [_product(parts) for parts in layout]
    p = int(terms.intercept) + sum(widths)
    if limit is not None and p > limit:
        widest = terms.names[int(np.argmax(widths))]
        raise ModelError(
            f"the model has {p} columns for {values.n} rows; the term '{widest}' alone has "
            f"{max(widths)}\nmake it a grouping factor, (1 | {widest}), or merge levels"
        )
    names: list[str] = []
    owner: list[int] = []
    recipes: list[Recipe] = []
    if terms.intercept:
        names.append("(Intercept)")
        owner.append(-1)
        recipes.append(())
    for t, parts in enumerate(layout):
        labels = [""]
        combos: list[Recipe] = [()]
        for part in parts:
            combos = [(*c, (part, j)) for j in range(len(part.suffixes)) for c in combos]
            labels = [f"{a}:{b}" if a else b for b in part.suffixes for a in labels]
        names += labels
        recipes += combos
        owner += [t] * len(combos)
    if is_large(8 * values.n * p):
        return ColumnMatrix(values.n, recipes), tuple(names), tuple(owner)
    X = np.empty((values.n, p))
    expand(recipes, ALL, X)
    return X, tuple(names), tuple(owner)


def same_terms(one: TermList, other: TermList) -> bool:
    """Whether two lists of terms make the same model matrix."""
    return (
        one.intercept == other.intercept
        and len(one.terms) == len(other.terms)
        and one.names == other.names
    )


def _product(parts: list[Part]) -> int:
    width = 1
    for part in parts:
        width *= len(part.suffixes)
    return width


def _part(text: str, source: np.ndarray | Coded, full: bool) -> Part:
    if isinstance(source, Coded):
        labels = source.labels.as_text()
        if len(labels) < 2 and not full:
            raise DataError(
                f"'{text}' has one level in the rows used ({', '.join(labels)}), "
                "so its effect cannot be estimated; leave it out of the formula"
            )
        if len(labels) > 20_000:
            raise ModelError(
                f"'{text}' has {len(labels)} levels, too many for fixed effects\n"
                f"make it a grouping factor: (1 | {text})"
            )
        hot = indicator_levels(None if full else source.contrast, len(labels))
        if hot is not None:
            return Part(source, tuple(f"{text}[{labels[i]}]" for i in hot), hot)
        table, suffixes = coding(source.contrast, labels)
        return Part(source, tuple(f"{text}[{suffix}]" for suffix in suffixes), None, table)
    if source.ndim == 2 and source.shape[1] > 1:
        return Part(source, tuple(f"{text}[{j + 1}]" for j in range(source.shape[1])))
    return Part(source, (text,))
