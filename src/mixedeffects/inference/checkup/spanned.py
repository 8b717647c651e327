"""Random effects that the fixed effects determine: ``(1 | f)`` beside a fixed ``f``.

Where every column that a random effect adds, one per level, is a combination of the fixed effects'
columns, REML does not depend on its variance and maximum likelihood puts it at zero, whatever the
response: the fixed effects have taken all that could tell it. That is linear algebra, and is
decided without the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import dense
from mixedeffects.inference.comparison.random_terms import owners

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# share of a column's squared length that may be outside of the fixed effects' columns
OUTSIDE = 1e-9
# columns of the fixed effects, and doubles of them, beyond which it is not looked at
MOST_COLUMNS, MOST_DOUBLES = 500, 50_000_000


def spanned_effects(fit: Fit):
    """Effects of random terms whose columns the fixed effects' columns span.

    Returns
    -------
    dict of str to tuple of str
        Text of the term to effects, ``"1"`` being the intercept.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> spanned_effects(me.lmm("Reaction ~ Days + (1 | Subject)", data))
    {}
    >>> fit = me.lmm("Reaction ~ Subject + (1 | Subject) + (1 | Days)", data, reml=False)
    >>> spanned_effects(fit)
    {'(1 | Subject)': ('1',)}
    """
    design = fit.design
    n, p = design.X.shape
    p += bool(design.spec.thresholds)  # which take the place of an intercept
    few = [block for block in design.blocks if block.factor.n_levels <= p]
    if not few or p > MOST_COLUMNS or n * p > MOST_DOUBLES:
        return {}
    X = np.asarray(dense(design.X), dtype=float)
    if design.spec.thresholds:
        X = np.column_stack([np.ones(n), X])
    Q = np.linalg.qr(X / np.maximum(np.abs(X).max(axis=0), 1e-300))[0]
    effects = {part.text: part.effects for part in design.spec.formula.random}
    out = {}
    for block in few:
        for term in block.terms:
            own = effects.get(term.text)
            if own is None:
                continue
            owner = owners([block.names[c] for c in term.columns], own)
            inside = {}
            for c, name in zip(term.columns, owner, strict=True):
                z = np.ones(n) if block.Z is None else np.asarray(block.Z[:, c], dtype=float)
                inside[name] = inside.get(name, True) and _inside(Q, block.factor, z)
            gone = tuple(name for name in dict.fromkeys(owner) if inside[name])
            if gone:
                out[term.text] = gone
    return out


def _inside(Q, factor, z):
    """Whether the columns of z by level lie in the space of the orthonormal Q."""
    lengths = np.bincount(factor.codes, z * z, factor.n_levels)
    found = np.zeros(factor.n_levels)
    for column in Q.T:
        found += np.bincount(factor.codes, column * z, factor.n_levels) ** 2
    return bool((lengths - found <= OUTSIDE * float(lengths.max(initial=0.0))).all())
