"""What a fit says about its groups: spread, association, levels that stand out, clustering."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.icc import icc
from mixedeffects.inference.identification import NOT_IN_DATA, identification
from mixedeffects.inference.interpretation.columns import nested_in
from mixedeffects.inference.interpretation.effects import held_by, not_arithmetic
from mixedeffects.inference.interpretation.limits import stated_components
from mixedeffects.inference.interpretation.record import (
    Association,
    Clustering,
    StandOut,
    Variation,
)
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.pooling import complete_pooling, rows_of_a_row
from mixedeffects.inference.ranef import named_ranef
from mixedeffects.inference.row_sums import summed
from mixedeffects.inference.separated import fixed_estimates

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# share of the levels whose range is said
SHARE = 0.95
MAIN = "conditional"
# norm of what is left of a column, as a share of the column's, that is rounding
SPANNED = 1e-8
PROJECTIONS = 3
# smallest eigenvalue of the fixed columns' correlations, as a share of the largest, below which
# cross-products have lost them
COLLINEAR = 1e-10
# families whose mean is the inverse link of the linear predictor
SIMPLE = (
    "binomial", "betabinomial", "poisson", "nbinom1", "nbinom2", "gamma", "inverse_gaussian",
    "beta", "gaussian", "t",
)  # fmt: skip


def variations(fit: Fit, level, fixed):
    """Standard deviations of all random effects with limits, and correlations.

    Returns variations (tuple of Variation), associations (tuple of Association).

    Parameters
    ----------
    fixed : dict
        Of `averages`.
    """
    c = stated_components(fit, level).columns
    half = z_quantile(SHARE)
    spreads, links = [], []
    alike, pairs, repeated = shared_parameters(fit)
    slopes = {}
    n = len(c["group"])
    owner = c.get("component", [MAIN] * n)
    names = [block.factor.name for block in fit.design.blocks]
    nested = nested_in(fit)
    parents = {names[f]: [names[g] for g in others] for f, others in nested.items()}
    inner = {
        names[f]: tuple(names[g] for g in others if not any(g in nested[h] for h in others))
        for f, others in nested.items()
    }
    variance = {
        (c["group"][i], c["term1"][i]): float(c["sdcor"][i]) ** 2
        for i in range(n)
        if owner[i] == MAIN and c["term1"][i] is not None and c["term2"][i] is None
        and c["reason"][i] != NOT_IN_DATA and c["sdcor"][i] > 0.0
    }  # fmt: skip
    for i in range(n):
        if c["term1"][i] is None:
            continue
        group, first, second = c["group"][i], c["term1"][i], c["term2"][i]
        average, about_zero = fixed.get((group, first), (None, False))
        if owner[i] != MAIN:
            average, about_zero = None, False
        sd = float(c["sdcor"][i])
        if c["reason"][i] == NOT_IN_DATA:
            continue
        key = owner[i], group, first, second
        if second is None:
            within = parents[group] if owner[i] == MAIN else ()
            spread = math.sqrt(sd**2 + sum(variance.get((g, first), 0.0) for g in within))
            low, high = (average or 0.0) - half * spread, (average or 0.0) + half * spread
            slopes[owner[i], group, first] = (
                "both" if average is None or low < 0 < high else "positive" if low > 0
                else "negative"
            )  # fmt: skip
            if key in repeated:
                continue
            shown = None
            if first == "(Intercept)" and average is not None:
                shown = _on_response(fit, low, high)
            spreads.append(
                Variation(
                    group, owner[i], first, sd, float(c["lower"][i]), float(c["upper"][i]),
                    c["reason"][i], average, low, high, about_zero, shown,
                    tuple(g for g in within if (g, first) in variance),
                    inner[group] if owner[i] == MAIN else (),
                    tuple(
                        g for g in within if first == "(Intercept)" and (g, first) not in variance
                        and any(known[0] == g for known in variance)
                    ),
                    alike.get(key, ()),
                )
            )  # fmt: skip
        elif key not in repeated:
            links.append(
                Association(
                    group, owner[i], first, second, sd, float(c["lower"][i]),
                    float(c["upper"][i]), c["reason"][i], slopes[owner[i], group, second],
                    pairs.get(key, ""),
                )
            )  # fmt: skip
    return tuple(spreads), tuple(links)


def shared_parameters(fit: Fit):
    """Standard deviations and correlations that are one parameter by the structure of their term.

    Returns
    -------
    alike : dict of key to tuple of str
        Of the first standard deviation of several: the columns that have it. A key is the
        component, the group and the columns of an entry, the second None for a deviation.
    pairs : dict of key to str
        Of the first correlation of several: whose it is, in words.
    repeated : set of key
        The others.
    """
    alike: dict[tuple, tuple[str, ...]] = {}
    pairs: dict[tuple, str] = {}
    repeated: set[tuple] = set()
    for f, block in enumerate(fit.all_blocks):
        owner = MAIN if f < len(fit.design.blocks) else "zi"
        for term in block.terms:
            form = structure_of(term)
            if not form.shares:
                continue
            names = [block.names[c] for c in term.columns]
            start = owner, block.factor.name
            for i in range(form.k):
                key = (*start, names[i], None)
                if form.shared(i, i) != (i, i):
                    repeated.add(key)
                    continue
                same = [names[j] for j in range(form.k) if form.shared(j, j) == (i, i)]
                if len(same) > 1:
                    alike[key] = tuple(same)
            for i, j in form.pairs:
                key = (*start, names[i], names[j])
                if form.shared(j, i) != (j, i):
                    repeated.add(key)
                elif form.k > 2:
                    pairs[key] = form.pair_words(j, i)
    return alike, pairs, repeated


def averages(fit: Fit):
    """What the random effects of the main linear predictor deviate from.

    Returns
    -------
    dict of (str, str) to (float or None, bool)
        Per group and column the fixed effect of the same column, None where there is none or
        where it means something else: of ``y ~ f + (0 + f | g)`` f[b] is a difference among the
        fixed effects and a level's own intercept among the random ones, and a coefficient of
        which dropped columns are part is no average. And whether the fixed
        effects have no average for it at all, as of ``y ~ 0 + x + (1 | g)``.
    """
    names = fit.design.x_names
    fixed = {
        name: value if math.isfinite(value) else None
        for name, value in zip(names, fixed_estimates(fit).tolist(), strict=True)
    }
    aliased = not_arithmetic(fit.design.spec, names, fit.design.aliased)
    for name, dropped in zip(names, held_by(names, aliased), strict=True):
        if dropped:
            del fixed[name]
    own = cells(fit)
    found, without = {}, {}
    for block in fit.design.blocks:
        for j, name in enumerate(block.names):
            key = block.factor.name, name
            same = key not in own or all(n in fixed for g, n in own if g == key[0])
            found[key] = fixed.get(name) if same else None
            if found[key] is None:
                without[key] = block, j
    spanned = summed(fit, "spanned columns", lambda: _spanned(fit, list(without.values())))
    none = dict(zip(without, ~spanned, strict=True))
    return {key: (average, bool(none.get(key, False))) for key, average in found.items()}


def cells(fit: Fit):
    """Group and column of random effects that are intercepts at each level of a factor."""
    return frozenset(
        (block.factor.name, name)
        for block in fit.all_blocks
        if "(Intercept)" not in block.names
        for name in block.names
        if "[" in name and ":" not in name
    )


def _spanned(fit: Fit, places):
    """Per column of a block, whether the fixed effects, or thresholds, can have an average for it.

    By the cross-products of the fixed columns, once for all columns; what a projection leaves is
    projected again, which takes away what rounding left of it. Where the fixed columns are too
    nearly collinear for cross-products, by least squares.
    """
    ordinal = fit.family.ordinal
    columns = [
        np.ones(fit.design.n) if block.Z is None else np.asarray(block.Z)[:, j]
        for block, j in places
    ]
    if not columns or not (fit.beta.size or ordinal):
        return np.zeros(len(columns), dtype=bool)
    X = np.asarray(fit.design.X)
    if ordinal:
        X = np.column_stack([np.ones(fit.design.n), X])
    gram = X.T @ X
    scale = 1.0 / np.sqrt(gram.diagonal())
    values, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    if values[0] < COLLINEAR * values[-1]:
        C = np.column_stack(columns)
        rests = C - X @ np.linalg.lstsq(X, C, rcond=None)[0]
        return np.linalg.norm(rests, axis=0) <= SPANNED * np.linalg.norm(C, axis=0)
    root = scale[:, None] * vectors / np.sqrt(values)
    out = []
    for column in columns:
        rest = column
        for _ in range(PROJECTIONS):
            rest = rest - X @ (root @ (root.T @ (X.T @ rest)))
        out.append(float(np.linalg.norm(rest)) <= SPANNED * float(np.linalg.norm(column)))
    return np.array(out)


def _on_response(fit: Fit, low, high):
    """Two linear predictors as means of the response, where the family makes that simple."""
    if fit.family.name not in SIMPLE or fit.family.link.name == "identity":
        return None
    ends = np.asarray(fit.family.link.inverse(np.array([low, high])), dtype=float)
    return (float(ends.min()), float(ends.max())) if np.isfinite(ends).all() else None


def standouts(fit: Fit, level, known):
    """Levels of every random effect whose conditional interval leaves out zero.

    Returns tuple of StandOut.

    Parameters
    ----------
    known : dict
        Of `averages`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> found = standouts(fit, 0.95, averages(fit))[1]
    >>> found.term, found.above[0], len(found.below)
    ('Days', '308', 3)
    """
    if not fit.design.blocks:  # random effects of the extra zeros only
        return ()
    c = named_ranef(fit, level=level).columns
    out = []
    for block in fit.design.blocks:
        for name in dict.fromkeys(block.names):
            rows = (c["group"] == block.factor.name) & (c["term"] == name)
            if not np.any(c["sd"][rows] > 0.0) and not np.any(c["estimate"][rows]):
                continue
            estimate, levels = c["estimate"][rows], c["level"][rows]
            unknown = int(np.isnan(c["sd"][rows]).sum())  # not in the data
            if unknown == estimate.size:
                continue
            order = np.argsort(-estimate, kind="stable")
            up = levels[order[c["lower"][rows][order] > 0.0]]
            down = levels[order[c["upper"][rows][order] < 0.0]][::-1]
            out.append(
                StandOut(
                    block.factor.name, name, block.factor.n_levels,
                    tuple(up.tolist()), tuple(down.tolist()),
                    known[block.factor.name, name][1], unknown,
                )
            )  # fmt: skip
    return tuple(out)


def clustering(fit: Fit):
    """What ignoring the groups would have done to the standard errors; None where unknown.

    Returns Clustering or None.
    """
    if not fit.kind.residual or not fit.beta.size:
        return None
    single = len(fit.design.blocks) == 1 and fit.design.blocks[0].Z is None
    found = identification(fit)
    if found is not None and found.moves_errors(np.eye(fit.beta.size)).any():
        return None
    error = np.sqrt(np.diagonal(fit.vcov_beta))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = error / complete_pooling(fit).std_error
    if not np.isfinite(ratio).all():
        return None
    more = {}
    if single and fit.design.weights is None:
        block = fit.design.blocks[0]
        rows, share = rows_of_a_row(fit), float(icc(fit).columns["icc"][-1])
        effect = 1.0 + (rows - 1.0) * share
        more = {
            "group": block.factor.name, "rows": rows, "icc": share, "design_effect": effect,
            "effective": fit.design.n / effect,
        }  # fmt: skip
    return Clustering(fit.design.x_names, tuple(ratio.tolist()), **more)
