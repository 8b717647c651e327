"""The columns of all linear predictors, on the rows of a fit or on new ones."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.design import MAIN, dense, rebuild_all
from mixedeffects.errors import DataWarning, depth_of_package
from mixedeffects.inference.coefficient_parts import place
from mixedeffects.inference.estimable import Lost
from mixedeffects.inference.prediction.uncertainty import effect_variance

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@dataclass(frozen=True, slots=True, eq=False)
class PredictorRows:
    """Rows to be predicted.

    Attributes
    ----------
    parts : dict of str to (X, offset)
        "conditional" and the other predictors with coefficients: (n, p) columns and (n,) offset
        or None.
    blocks : tuple of (codes (n,), Z (n, k) or None)
        Of all blocks of the fit; a code of -1 is a level that was not in the fit.
    kept : (n_rows,) bool array or None
        Rows of the table that are used; None when all are.
    own : bool
        Whether they are the rows of the fit.
    lost : dict of str to Lost
        Rows that a predictor cannot estimate, of predictors that have some.
    """

    n: int
    parts: dict[str, tuple[Any, np.ndarray | None]]
    blocks: tuple[tuple[np.ndarray, Any], ...]
    kept: np.ndarray | None
    own: bool
    lost: dict[str, Lost] = field(default_factory=dict)

    def lost_to(self, names, *, warn=False):
        """The rows that any of some predictors cannot estimate, or None; said in a warning."""
        lost = Lost.either(self.lost.get(name) for name in names)
        if warn and lost is not None:
            lost.warn()
        return lost

    def fixed(self, fit: Fit, name):
        """(n,) offset + X c of one predictor."""
        X, offset = self.parts[name]
        out = X @ (fit.beta if name == "conditional" else fit.extras[name])
        return out if offset is None else out + offset


def own_rows(fit: Fit, *, groups=True):
    """The `PredictorRows` of the fit; without `groups`, as if every level were new."""
    design = fit.design
    parts = {MAIN: (design.X, design.offset)}
    for name in coefficient_names(fit):
        part = design.others.get(name)
        parts[name] = (np.ones((design.n, 1)), None) if part is None else (part.X, part.offset)
    new = None if groups else np.full(design.n, -1)
    blocks = tuple((b.factor.codes if new is None else new, b.Z) for b in fit.all_blocks)
    return PredictorRows(design.n, parts, blocks, None, True)


def new_rows(fit: Fit, data, *, groups, missing_groups=False):
    """The complete `PredictorRows` of another table.

    Without `groups` grouping columns are not read, as if every level were new; with
    `missing_groups` those of rows without a group are.
    """
    rebuilt = rebuild_all(
        fit.design.specs, data, groups=groups, missing_groups=groups and missing_groups
    )
    main = rebuilt[MAIN]
    n = main.X.shape[0]
    parts = {MAIN: (main.X, main.offset)}
    lost = {MAIN: Lost.of(fit, main.X, main.dropped)}
    for name in coefficient_names(fit):
        part = rebuilt.get(name)
        parts[name] = (np.ones((n, 1)), None) if part is None else (part.X, part.offset)
        if part is not None:
            lost[name] = Lost.of(Read(fit.design.others[name]), part.X, part.dropped)
    blocks = tuple(block for part in rebuilt.values() for block in part.blocks)
    lost = {name: rows for name, rows in lost.items() if rows is not None}
    return PredictorRows(n, parts, blocks, main.kept, False, lost)


@dataclass(frozen=True, slots=True)
class Read:
    """A linear predictor of another part, as what `aliasing` reads."""

    design: Any
    cache: dict[str, Any] = field(default_factory=dict)


def coefficient_names(fit: Fit):
    """The predictors besides the first that have coefficients of their own columns."""
    return [name for name in fit.extras if name != "thresholds"]


def linear_predictors(fit: Fit, rows, *, conditional):
    """By name, the (n,) linear predictors of some rows, thresholds excepted.

    With the random effects of the groups that were in the fit, if `conditional`.
    """
    out = {name: rows.fixed(fit, name) for name in rows.parts}
    if conditional:
        names = fit.family.predictor_names
        for (_, owner, _, modes), row in zip(fit.random_effects, rows.blocks, strict=True):
            name = names[owner]
            out[name] = out[name] + random_part([row], [modes])
    return out


def row_limits(fit: Fit, rows):
    """Where the linear predictors of rows have no finite estimate (separation), by name.

    (n,) arrays: 0 where it is finite, inf, -inf, or nan where it is undetermined; only of
    predictors with a row that is not finite. A threshold that moves is not counted: see
    `at_category_limits`.
    """
    if fit.certificate.recession is None:
        return {}
    out = {}
    for name, (X, _) in rows.parts.items():
        found = fit.part_of_recession(place(fit, name))
        if found is None:
            continue
        X = dense(X)
        distinct, which = np.unique(X, axis=0, return_inverse=True)
        limits = found.limits(distinct)[which.reshape(-1)]
        if (limits != 0).any():
            out[name] = limits
    return out


def warn_of_rows(limits):
    """Say that some rows have no interval."""
    lost = np.any([values != 0 for values in limits.values()], axis=0)
    warnings.warn(
        f"no interval for {int(lost.sum()):,} of {lost.size:,} rows: their linear predictor has no "
        "finite estimate (separation), and so no standard error",
        DataWarning,
        stacklevel=depth_of_package(),
    )


def new_group_variance(fit: Fit, rows):
    """(n,) variance z'Gz that levels not seen add, of each predictor with random effects."""
    names = fit.family.predictor_names
    variance: dict[str, np.ndarray] = {}
    for (_, owner, factor, _), (codes, Z) in zip(fit.random_effects, rows.blocks, strict=True):
        part = variance.setdefault(names[owner], np.zeros(rows.n))
        new = np.flatnonzero(np.asarray(codes) < 0)
        part[new] += effect_variance(Z, factor, new)
    return variance


def placed(values, rows, lost, missing: float | None = np.nan):
    """One value per row of the table, `missing` for rows left out or not to be estimated."""
    if lost is not None:
        values = np.array(values, dtype=np.result_type(values, type(missing)))
        values[lost.rows] = missing
    if rows.kept is None:
        return values
    full = np.full(rows.kept.size, missing, dtype=np.result_type(values, type(missing)))
    full[rows.kept] = values
    return full


def random_part(blocks, b):
    """(n,) sum of Z b over blocks (codes, Z), a level of -1 contributing nothing."""
    total = 0.0
    for (codes, Z), modes in zip(blocks, b, strict=True):
        rows = modes[codes, 0] if Z is None else np.einsum("nk,nk->n", Z, modes[codes])
        if codes.size and codes.min() < 0:
            rows = np.where(codes < 0, 0.0, rows)
        total = total + rows
    return total
