"""How each fixed-effect term codes its variables: what turns its columns into cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.design.categorical import Coded
from mixedeffects.design.contrasts import coding
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.matrix import full_dummies
from mixedeffects.design.sources import SourceColumns
from mixedeffects.design.spec import ModelSpec


@dataclass(frozen=True, slots=True, eq=False)
class TermCoding:
    """One fixed-effect term.

    Attributes
    ----------
    name : str
        "recipe:temp"; "(Intercept)" for the column of ones.
    factors, numerics : tuple of str
        Its variables, by their text in the formula.
    tables : dict of str to (L, k) array
        Numbers of each level of a factor in this term's columns; the identity for a numeric
        variable of k columns.
    columns : range
        Its columns in the model matrix before any was dropped (and after the intercept, where
        thresholds take its place). They run through all products
        of its variables' columns, the first variable's fastest.
    """

    name: str
    factors: tuple[str, ...]
    numerics: tuple[str, ...]
    tables: dict[str, np.ndarray]
    columns: range


def term_codings(spec: ModelSpec, sources: SourceColumns) -> list[TermCoding]:
    """The terms of the fixed effects, the intercept first if there is one.

    Examples
    --------
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "f": list("abcabc"), "g": list("aaabbb")}
    >>> design = build_design("y ~ f + (1 | g)", table)
    >>> [(term.name, term.columns) for term in term_codings(design.spec, design.sources)]
    [('(Intercept)', range(0, 1)), ('f', range(1, 3))]
    """
    terms = spec.formula.fixed
    values = Evaluator(
        spec.text, sources.first_row(), 1, states=spec.states, levels=spec.levels, training=False
    )
    read = [values.variable(variable) for variable in terms.variables]
    full = full_dummies(terms, [isinstance(source, Coded) for source in read])
    found, start = [], 0
    if terms.intercept and not spec.thresholds:
        found.append(TermCoding("(Intercept)", (), (), {}, range(1)))
        start = 1
    for t, (members, name) in enumerate(zip(terms.terms, terms.names, strict=True)):
        tables: dict[str, np.ndarray] = {}
        factors, numerics = [], []
        for i in members:
            text, source = terms.variables[i].text, read[i]
            if isinstance(source, Coded):
                factors.append(text)
                n_levels = len(source.labels)
                tables[text] = (
                    np.eye(n_levels)
                    if (t, i) in full
                    else coding(source.contrast, source.labels.as_text())[0]
                )
            else:
                numerics.append(text)
                tables[text] = np.eye(1 if source.ndim == 1 else source.shape[1])
        width = int(np.prod([table.shape[1] for table in tables.values()]))
        columns = range(start, start + width)
        found.append(TermCoding(name, tuple(factors), tuple(numerics), tables, columns))
        start += width
    return found
