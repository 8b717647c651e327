"""The parameters of a model in the user's coordinates, wherever an optimiser stood."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.component_names import component_name, places_of


def component_columns(blocks, n_main):
    """Standard deviations and correlations of the random effects: names and places.

    Named as `tidy` names its terms; where there are several grouping factors each name has its
    own after a bar: ``"sd__Days|Subject"``.

    Parameters
    ----------
    blocks : sequence of Block
    n_main : int
        How many of them belong to the main formula; the others are those of extra zeros.

    Returns
    -------
    dict of str to (block, row, column)
        row == column for a standard deviation.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> list(component_columns(fit.all_blocks, 1))
    ['sd__(Intercept)', 'sd__Days', 'cor__(Intercept).Days']
    """
    groups = [("" if f < n_main else "zi: ") + b.factor.name for f, b in enumerate(blocks)]
    several = len(set(groups)) > 1
    out = {}
    for f, _, row, column in places_of(blocks):
        names = blocks[f].names
        label = component_name(names[row], None if row == column else names[column])
        label += f"|{groups[f]}" if several else ""
        while label in out:  # the same term twice
            label += "'"
        out[label] = f, row, column
    return out


def component_values(columns, lambdas, sigma):
    """Values of `component_columns` from the user's relative factors of all blocks.

    Returns
    -------
    dict of str to float
        A correlation with a standard deviation of zero is nan.
    """
    covariances = [Lam @ Lam.T for Lam in lambdas]
    sds = [np.sqrt(G.diagonal()) for G in covariances]
    out = {}
    for label, (f, row, column) in columns.items():
        if row == column:
            out[label] = sigma * float(sds[f][row])
        else:
            size = float(sds[f][row] * sds[f][column])
            r = float(covariances[f][row, column]) / size if size > 0 else np.nan
            out[label] = min(max(r, -1.0), 1.0) if r == r else r
    return out


class LinearCoordinates:
    """What a `Step` of a linear mixed model says in the user's coordinates.

    Parameters
    ----------
    design : Design
    objective : LMMObjective
    """

    def __init__(self, design, objective):
        self._names = design.x_names
        self._parameters = objective.parameters
        self._T, self._p = objective.stats.reference.T, objective.p
        self._columns = component_columns(design.blocks, len(design.blocks))

    def fixef(self, step):
        """Fixed effects, name to estimate."""
        T, p = self._T, self._p
        beta = T[:p, :p] @ step.beta - T[:p, p]
        return dict(zip(self._names, beta.tolist(), strict=True))

    def theta(self, step):
        """(n_theta,) in lme4's order."""
        return self._parameters.to_user(step.theta)

    def components(self, step):
        """Standard deviations and correlations, and the residual's, by name."""
        lambdas = self._parameters.lambdas(self.theta(step))
        out = component_values(self._columns, lambdas, step.sigma)
        return out | {component_name(): step.sigma}


class GeneralisedCoordinates:
    """The same of a generalised linear mixed model.

    Parameters
    ----------
    problem : Problem
    groups : tuple of Coefficients
    names : dict of str to sequence of str
        Per group of coefficients, what they are called.
    blocks : sequence of Block
        Of all predictors.
    n_main : int
        How many of the blocks are the main formula's.
    """

    def __init__(self, problem, groups, names, blocks, n_main):
        self._covariance, self._groups, self._names = problem.covariance, groups, names
        self._columns = component_columns(blocks, n_main)

    def fixef(self, step):
        """Coefficients of all predictors, name to estimate."""
        out = {}
        for group in self._groups:
            prefix = "" if group.name == "conditional" else f"{group.name}: "
            values = (group.T @ step.beta[group.part]).tolist()
            names = (prefix + name for name in self._names[group.name])
            out |= zip(names, values, strict=True)
        return out

    def theta(self, step):
        """(n_theta,) in lme4's order."""
        return self._covariance.to_user(step.theta)

    def components(self, step):
        """Standard deviations and correlations by name."""
        lambdas = self._covariance.lambdas(self.theta(step))
        return component_values(self._columns, lambdas, step.sigma)


def coordinates_of(fit):
    """The coordinates of a fit's own path.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    LinearCoordinates or GeneralisedCoordinates
    """
    objective = fit.evaluation.objective
    if fit.linear:
        return LinearCoordinates(fit.design, objective)
    names = {"conditional": fit.design.x_names}
    for name, values in fit.extras.items():
        names[name] = fit.extra_names(name, values.size)
    return GeneralisedCoordinates(
        objective.problem, fit.coefficients, names, fit.all_blocks, len(fit.design.blocks)
    )
