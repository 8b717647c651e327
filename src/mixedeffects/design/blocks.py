"""Random terms → blocks, one per grouping factor."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

from mixedeffects.design.column_matrix import Matrix, join_matrices
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.grouping import Grouping
from mixedeffects.design.matrix import model_matrix, same_terms
from mixedeffects.design.records import Block, Factor, RandomTerm
from mixedeffects.errors import ModelError
from mixedeffects.formula import CORRELATED, UNCORRELATED, RandomPart, TermList

#: Model matrices that were made before: their terms, columns and names.
Known: TypeAlias = list[tuple[TermList, Matrix, tuple[str, ...]]]


def effect_columns(
    effects: TermList, values: Evaluator, known: Known, limit: int | None = None
) -> tuple[Matrix | None, tuple[str, ...]]:
    """Model matrix of a random term, the known one of the same terms; None for a column of ones."""
    if effects.intercept and not effects.terms:
        return None, ("(Intercept)",)
    for terms, Z, names in known:
        if same_terms(terms, effects):
            return Z, names
    Z, names, _ = model_matrix(effects, values, limit=limit)
    known.append((effects, Z, names))
    return Z, names


def join_columns(parts: list[Matrix | None], n: int) -> Matrix | None:
    """Columns of several terms side by side; None when all there is is one column of ones."""
    return parts[0] if len(parts) == 1 else join_matrices(parts, n)


def build_blocks(
    random: tuple[RandomPart, ...],
    values: Evaluator,
    grouping: Grouping,
    known: Known,
    *,
    saturated: bool = False,
) -> tuple[Block, ...]:
    """Blocks in lme4's order of terms: by decreasing number of levels.

    Terms that are in that order already stay as written; otherwise lme4 sorts them, which
    reverses ties. Terms of one factor share a block; equal model matrices are one object.

    Raises
    ------
    ModelError
        A factor with one level, or a term with as many random effects as observations (allowed
        when `saturated`, and where a structure restricts their covariances).
    """
    factors: dict[str, Factor] = {}
    members: dict[str, list[tuple[RandomPart, Matrix | None, tuple[str, ...]]]] = {}
    keys = [":".join(sorted(variable.text for variable in part.group)) for part in random]
    for part, key in zip(random, keys, strict=True):
        if key not in factors:
            factors[key] = grouping.factor(part.group_name, part.group)
    terms = list(zip(random, keys, strict=True))
    sizes = [factors[key].n_levels for key in keys]
    if any(b > a for a, b in pairwise(sizes)):
        terms.reverse()
        terms.sort(key=lambda term: -factors[term[1]].n_levels)
    for part, key in terms:
        Z, names = effect_columns(part.effects, values, known, values.n)
        _check_size(part, factors[key].n_levels, len(names), values.n, saturated)
        members.setdefault(key, []).append((part, Z, names))
    return tuple(_block(factors[key], members[key], values.n) for key in members)


def _block(
    factor: Factor,
    members: list[tuple[RandomPart, Matrix | None, tuple[str, ...]]],
    n: int,
) -> Block:
    terms, start = [], 0
    for part, _, names in members:
        columns = tuple(range(start, start + len(names)))
        terms.append(RandomTerm(part.text, columns, part.covariance))
        start += len(names)
    names = tuple(name for _, _, names in members for name in names)
    return Block(factor, names, join_columns([Z for _, Z, _ in members], n), tuple(terms))


def _check_size(part: RandomPart, n_levels: int, k: int, n: int, saturated: bool) -> None:
    if k * n_levels < n or saturated:
        return
    if k == 1 and n_levels >= n:
        raise ModelError(
            f"the grouping factor '{part.group_name}' has {n_levels} levels for {n} observations: "
            "one row per level\nits variance and the residual variance cannot be told apart; "
            f"leave out {part.text} or use a factor with several rows per level"
        )
    if part.covariance not in (CORRELATED, UNCORRELATED):
        return  # what is in the data depends on the structure: identification says
    raise ModelError(
        f"number of observations (={n}) <= number of random effects (={k * n_levels}) for term "
        f"{part.text}; the random-effects parameters and the residual variance are probably "
        "unidentifiable\nsimplify the term, for instance "
        f"(1 | {part.group_name})"
    )


def overlap_notes(blocks: tuple[Block, ...]) -> list[str]:
    """Columns that a factor has in two terms: their variances cannot be told apart."""
    notes = []
    for block in blocks:
        for name in dict.fromkeys(block.names):
            if block.names.count(name) > 1:
                notes.append(
                    f"'{name}' varies by {block.factor.name} in "
                    f"{block.names.count(name)} random terms; only their sum can be estimated"
                )
    return notes
