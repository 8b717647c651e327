"""Predictions along one variable for single levels of a grouping factor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.prediction.rows import linear_predictors, new_rows
from mixedeffects.inference.transformation import transformation
from mixedeffects.views.covariates import held_values, predictors_of, sloping_columns


@dataclass(frozen=True, slots=True, eq=False)
class LevelRows:
    """The rows of some levels of a factor.

    Attributes
    ----------
    rows : (m,) int array
        Their numbers among the rows used.
    codes : (m,) int array
        Position of each row's level among those wanted.
    n : int
        Levels wanted.
    """

    rows: np.ndarray
    codes: np.ndarray
    n: int

    @classmethod
    def of(cls, factor, levels):
        """Rows of the levels with these codes."""
        place = np.full(factor.n_levels, -1, dtype=np.intp)
        place[levels] = np.arange(levels.size)
        rows = np.flatnonzero(place[factor.codes] >= 0)
        return cls(rows, place[factor.codes[rows]], levels.size)

    def constant(self, values):
        """First value of each level, and where it is the level's only one.

        Parameters
        ----------
        values : (n,) array
            Of all rows used.
        """
        own = np.asarray(values)[self.rows]
        first = np.empty(self.n, dtype=own.dtype)
        first[self.codes[::-1]] = own[::-1]
        other = np.bincount(self.codes, own != first[self.codes], self.n)
        return first, other == 0


def level_columns(fit, found, moving):
    """Values of the columns that stand still, for each level.

    A level's own value where it has only one, that of `held_values` elsewhere.

    Parameters
    ----------
    moving : sequence of str
        Columns left out.

    Returns
    -------
    columns : dict of str to (n,) array
    own : list of str
        Columns in which every level has one value of its own.
    """
    predictors = predictors_of(fit)
    columns, own = {}, []
    for name, held in held_values(fit, moving).items():
        if name in predictors.categorical:
            codes, labels = predictors.levels(name)
            first, same = found.constant(codes)
            code = np.where(same, first, list(labels).index(held))
            values = [labels[int(c)] for c in code]
        else:
            first, same = found.constant(predictors.numbers(name))
            values = np.where(same, first, held)
        columns[name] = values
        if same.all():
            own.append(name)
    return columns, own


def extra_columns(fit, known):
    """Held values of columns that only random effects or other parts of the model read.

    Raises
    ------
    NotAvailableError
        Where they are not known any more.
    """
    needed = dict.fromkeys(sloping_columns(fit))
    parts = fit.design.others.values()
    out = {}
    for part in parts:
        if part.sources is None:
            continue
        for name in part.sources.columns:
            if name not in known and name not in out:
                if name in part.sources.categorical:
                    out[name] = part.sources.levels(name)[1][0]
                else:
                    out[name] = part.sources.summary(name).mean
    for name in needed:
        if name in known or name in out:
            continue
        for block in fit.design.blocks:
            if name in block.names and block.Z is not None:
                out[name] = float(np.asarray(block.Z[:, block.names.index(name)]).mean())
                break
        else:
            raise NotAvailableError(
                f"the random effects read '{name}', which the fixed effects do not, and a fit does "
                f"not keep such a column\nadd '{name}' to the fixed effects"
            )
    return out


def line_predictions(fit, table, level_of, codes, scale):
    """Predictions with the random effects of given levels, and without.

    Takes scale {"response", "link"}.

    Parameters
    ----------
    table : dict of str to sequence
        The columns that the right-hand side reads, grouping factors left out.
    level_of : (m,) int array
        Which of the levels each row of the table belongs to.
    codes : list of (n,) int array
        Per block of the fit, the code that each of the levels has; -1 for no effect.

    Returns
    -------
    with_effects, without : (m,) arrays
        nan in rows that cannot be estimated.
    lost : Lost or None
        Those rows.
    """
    rows = new_rows(fit, table, groups=False)
    blocks = [(c[level_of], Z) for c, (_, Z) in zip(codes, rows.blocks, strict=True)]
    out = []
    for conditional in (True, False):
        found = linear_predictors(fit, replace(rows, blocks=tuple(blocks)), conditional=conditional)
        out.append(found["conditional"] if scale == "link" else _means(fit, found))
    lost = rows.lost_to(("conditional",) if scale == "link" else fit.family.predictor_names)
    if lost is not None:
        out = [np.where(lost.rows, np.nan, line) for line in out]
    return *out, lost


def _means(fit, predictors):
    """(m,) means on the response's own scale, a linear model's transformation undone."""
    if fit.kind.residual:
        eta, change = predictors["conditional"], transformation(fit)
        return eta if change is None else change.inverse(eta)
    names = fit.family.predictor_names
    return np.asarray(fit.family.mean(*(predictors[name] for name in names)), dtype=float)


def block_codes(fit, found):
    """Per block of the fit, the code of each level; -1 where it has several.

    Returns
    -------
    codes : list of (n,) int array
    lost : list of str
        Grouping factors that vary within a level.
    """
    codes, lost = [], []
    for block in fit.all_blocks:
        first, same = found.constant(block.factor.codes)
        codes.append(np.where(same, first, -1).astype(np.intp))
        if not same.all():
            lost.append(block.factor.name)
    return codes, list(dict.fromkeys(lost))
