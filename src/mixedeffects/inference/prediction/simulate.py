"""New responses from a fitted model."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.prediction.new_observations import new_size, new_weights
from mixedeffects.inference.prediction.rows import new_rows, random_part
from mixedeffects.options import check_count, generator

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Rows that responses are drawn for.

    Attributes
    ----------
    fixed : list of (n,) arrays
        Per argument of the family's log density, its linear predictor without random effects.
    response : Response
        With the trials and weights of the rows.
    blocks : list of (codes, Z, n_levels, known)
        Per block, the groups of the rows, its columns, and for `known` groups their codes in the
        fit, -1 for others; None where the groups are those of the fit.
    kept : (n_rows,) bool array or None
        Rows of the table that are used; None when all are.
    lost : (n,) bool array or None
        Rows whose predictor the fit cannot tell.
    """

    fixed: list[np.ndarray]
    response: Any
    blocks: list[Any]
    kept: np.ndarray | None = None
    lost: np.ndarray | None = None


def simulate(fit: Fit, n=1, rng=None, *, data=None, groups="new", size=None, weights=None):
    """Draw responses for the rows of the fit, or of another table.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    n : int
        Number of data sets.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from, or a seed for it.
    data : table, optional
        Rows to draw responses for, in place of those of the fit: its predictors, grouping factors
        and offsets; the response may be absent. Rows of one level share its random effects.
    groups : {"new", "conditional"}
        Draw new random effects for every data set (the model's own distribution), or keep the
        modes of those of the fit. Levels of `data` that the fit does not have are drawn anew in
        either case.
    size : str, float or array, optional
        With `data`: trials of each row, a column of it, a number or one per row; one by default,
        unless the fit had others.
    weights : str, float or array, optional
        With `data`: prior weights, which divide the dispersion of each row; needed when the fit
        has some.

    Returns
    -------
    (n_rows, n) array
        Successes among the row's trials, codes 0, 1, … of ordered categories, or the response
        itself: what `refit` takes. nan for rows of `data` with a missing predictor, and for those
        that cannot be estimated.

    Raises
    ------
    OptionError, FormulaError, DataError

    Warns
    -----
    DataWarning
        For rows that cannot be estimated.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.simulate(3, rng=1).shape
    (180, 3)
    >>> planned = {"Days": [0, 5, 10] * 40, "Subject": [i // 3 for i in range(120)]}
    >>> fit.simulate(2, rng=1, data=planned).shape
    (120, 2)
    """
    if groups not in ("new", "conditional"):
        raise OptionError(f"groups={groups!r} is not one of new, conditional")
    n, rng = check_count(n), generator(rng)
    if data is None:
        if size is not None or weights is not None:
            raise OptionError("size= and weights= are of other rows: give them with data=")
        source = own_source(fit)
    else:
        source = new_source(fit, data, size, weights)
    out = np.empty((n, source.fixed[0].shape[0]))
    for i, y in enumerate(simulated(fit, n, rng, groups=groups, source=source)):
        out[i] = y
    if source.lost is not None:
        out[:, source.lost] = np.nan
    if source.kept is not None:
        whole = np.full((n, source.kept.size), np.nan)
        whole[:, source.kept] = out
        out = whole
    return out.T


def own_source(fit: Any) -> Source:
    """The rows of the fit."""
    blocks = [(b.factor.codes, b.Z, b.factor.n_levels, None) for b, _, _, _ in fit.random_effects]
    return Source(list(fit.fixed_predictors), fit.response, blocks)


def new_source(fit: Any, data, size, weights) -> Source:
    """The rows of another table."""
    from mixedeffects.design import group_codes, open_table
    from mixedeffects.family import Response

    table = open_table(data)
    rows = new_rows(fit, table, groups=True)
    lost = rows.lost_to(rows.parts, warn=True)
    by_name = {name: rows.fixed(fit, name) for name in rows.parts}
    family = fit.family
    if fit.kind.residual:
        by_name["dispersion"] = np.full(rows.n, np.log(fit.sigma))
    none = np.zeros(rows.n)  # thresholds: categories are drawn from them and the main predictor
    fixed = [by_name.get(name, none) for name in family.predictor_names]
    trials = new_size(fit, rows, size, table)
    response = Response(none, trials, new_weights(fit, rows, weights, table))
    groups = group_codes(fit.design.specs, table, rows.kept)
    blocks = [
        (own, Z, int(own.max(initial=-1)) + 1, np.asarray(known))
        for own, (known, Z) in zip(groups, rows.blocks, strict=True)
    ]
    left = None
    if lost is not None:
        left = np.zeros(rows.n, dtype=bool)
        left[lost.rows] = True
    return Source(fixed, response, blocks, rows.kept, left)


def simulated(fit: Any, n, rng, *, groups="new", source=None):
    """Yield n new responses, one (n_rows,) array at a time."""
    from mixedeffects.family import require_means

    source = own_source(fit) if source is None else source
    family, fixed = fit.family, list(source.fixed)
    effects = list(zip(source.blocks, fit.random_effects, strict=True))
    if groups == "conditional":
        for (codes, Z, _, known), (_, owner, _, modes) in effects:
            at = codes if known is None else known
            fixed[owner] = fixed[owner] + random_part([(at, Z)], [modes])
    for _ in range(n):
        predictors = list(fixed)
        for (codes, Z, n_levels, known), (_, owner, factor, _) in effects:
            fresh = np.ones(codes.shape, dtype=bool)
            if groups == "conditional":
                fresh = np.zeros_like(fresh) if known is None else known < 0
            if not fresh.any():
                continue
            drawn = rng.standard_normal((n_levels, factor.shape[0])) @ factor.T
            part = random_part([(codes, Z)], [drawn])
            if not fresh.all():
                part = np.where(fresh, part, 0.0)
            predictors[owner] = predictors[owner] + part
        with np.errstate(over="ignore"):  # means that are too large for a number
            require_means(family, predictors[0])
            if family.ordinal:
                yield family.sample_categories(rng, predictors[0], fit.extras["thresholds"])
                continue
            y = family.sample(rng, predictors, source.response)
        yield finite_responses(y, family)


def finite_responses(y, family):
    """Simulated responses, refused where they are too large for a number."""
    if isfinite(y.sum()):
        return y
    bad = int((~np.isfinite(y)).sum())
    if not bad:  # only their sum is too large
        return y
    raise NotAvailableError(
        f"{bad:,} of {y.size:,} simulated responses are too large for a number: the {family.name} "
        "distribution's mean is next to infinite there\nlook at the standard deviations and at "
        "predictors far from the data, and at fit.certificate"
    )
