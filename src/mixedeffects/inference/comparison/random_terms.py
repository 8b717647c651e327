"""The models that lack one random term, or one column group of it.

As in lmerTest's ranova: a correlated term loses one of its formula terms at a time, never the
intercept, ``(x | g)`` → ``(1 | g)``; a term without intercept whose columns add up to one (cell
means, ``0 + f``) is reduced to the intercept; what cannot be reduced is left out altogether, and
so is each uncorrelated column (``||``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.covariance import Invariance, structure_of
from mixedeffects.inference.comparison.spaces import combinations


@dataclass(frozen=True, slots=True)
class Reduction:
    """A model with less randomness.

    Attributes
    ----------
    words : str
        What is left out: ``"Days in (1 + Days | Subject)"``.
    blocks : tuple of Block
        What remains; may be empty.
    """

    words: str
    blocks: tuple


def reductions(design):
    """Every model that lacks one random term or one column group. Returns list of Reduction."""
    effects = {part.text: part.effects for part in design.spec.formula.random}
    out = []
    for f, block in enumerate(design.blocks):
        for t, term in enumerate(block.terms):
            names = [block.names[c] for c in term.columns]
            owner = owners(names, effects[term.text])
            form = structure_of(term)
            reducible = _column_by_column(form)
            for gone in _droppable(owner, form, effects[term.text]):
                columns = [c for c, o in zip(term.columns, owner, strict=True) if o in gone]
                whole = len(columns) == len(term.columns)
                only = block.factor.name, f, t
                if whole and reducible and _is_cell_means(block, columns):
                    words = f"{' + '.join(gone)} in {term.text}"
                    out.append(Reduction(words, _with_intercept(design, *only[1:])))
                    continue
                words = term.text if whole else f"{' + '.join(gone)} in {term.text}"
                out.append(Reduction(words, _without(design, f, columns)))
    return out


def owners(names, effects):
    """The formula term of each column; "1" for the intercept.

    Parameters
    ----------
    names : sequence of str
        Column names, ``"f[b]:x"``.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> effects = parse("y ~ 1 + (x * f | g)").random[0].effects
    >>> owners(["(Intercept)", "x", "f[b]", "x:f[b]"], effects)
    ['1', 'x', 'f', 'x:f']
    """
    patterns = []
    for term, name in zip(effects.terms, effects.names, strict=True):
        parts = [re.escape(effects.variables[i].text) + r"(\[.*?\])?" for i in term]
        patterns.append((len(term), re.compile(":".join(parts)), name))
    patterns.sort(key=lambda p: -p[0])
    out = []
    for name in names:
        if name == "(Intercept)":
            out.append("1")
            continue
        out.append(next(term for _, pattern, term in patterns if pattern.fullmatch(name)))
    return out


def _droppable(owner, structure, effects):
    """Sets of formula terms that are left out together, one model each."""
    present = list(dict.fromkeys(owner))
    if not _column_by_column(structure):
        return [tuple(present)]
    if not structure.pairs:
        return [(name,) for name in present]
    inside = {name: set(term) for name, term in zip(effects.names, effects.terms, strict=True)}
    slopes = [name for name in present if name != "1"]
    # a main effect stays as long as an interaction with it does
    free = [a for a in slopes if not any(inside[a] < inside[b] for b in slopes)]
    if len(present) == 1 or not free:
        return [tuple(present)]
    return [(name,) for name in free]


def _column_by_column(structure):
    """Whether a column can go and the others keep the covariances they may have.

    Not where one that is left has the variance or the correlation of others.
    """
    return structure.additive and structure.invariance is not Invariance.NONE


def _is_cell_means(block, columns):
    """Whether several columns, which are all of the term's, span a column of ones."""
    if len(columns) < 2 or block.Z is None:
        return False
    Z = np.asarray(block.Z[:, list(columns)])
    _, inside = combinations(None, Z, np.eye(Z.shape[1]), Z.shape[0])
    return bool(inside[0])


def _with_intercept(design, f, t):
    """Blocks with one term replaced by a random intercept."""
    block = design.blocks[f]
    term = block.terms[t]
    kept = [c for c in range(block.k) if c not in term.columns]
    columns = [np.ones(block.factor.codes.size)] + [np.asarray(block.Z[:, c]) for c in kept]
    names = ("(Intercept)", *(block.names[c] for c in kept))
    place = {c: i + 1 for i, c in enumerate(kept)}
    terms = [replace(term, columns=(0,))]
    terms += [
        replace(other, columns=tuple(place[c] for c in other.columns))
        for other in block.terms
        if other is not term
    ]
    Z = None if not kept else np.column_stack(columns)
    new = replace(block, Z=Z, names=names, terms=tuple(terms))
    return (*design.blocks[:f], new, *design.blocks[f + 1 :])


def _without(design, f, columns):
    """Blocks without some columns of one of them."""
    block = design.blocks[f]
    kept = [c for c in range(block.k) if c not in columns]
    if not kept:
        return (*design.blocks[:f], *design.blocks[f + 1 :])
    place = {c: i for i, c in enumerate(kept)}
    terms = []
    for term in block.terms:
        left = tuple(place[c] for c in term.columns if c in place)
        if left:
            terms.append(replace(term, columns=left))
    names = tuple(block.names[c] for c in kept)
    if names == ("(Intercept)",):
        Z = None
    else:
        Z = np.ascontiguousarray(np.asarray(block.Z[:, kept]))
    new = replace(block, Z=Z, names=names, terms=tuple(terms))
    return (*design.blocks[:f], new, *design.blocks[f + 1 :])
