"""The parameters of a model in the user's coordinates, wherever an optimiser stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.component_names import component_values, components_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


class UserCoordinates:
    """What a `Step` of the search says in the user's coordinates.

    Parameters
    ----------
    coefficients : tuple of Coefficients
        Of all linear predictors.
    names : dict of str to sequence of str
        Per group of coefficients, what they are called.
    covariance_parameters : CovarianceParameters
        theta of all blocks.
    blocks : sequence of Block
        Of all predictors.
    n_main : int
        How many of the blocks are the main formula's.
    residual : bool
        Whether the model has a residual variance besides theta.
    """

    def __init__(self, coefficients, names, covariance_parameters, blocks, n_main, *, residual):
        self._coefficients, self._blocks = coefficients, blocks
        self._covariance_parameters = covariance_parameters
        self._names = []
        for group in coefficients:
            prefix = "" if group.name == "conditional" else f"{group.name}: "
            self._names += [prefix + name for name in names[group.name]]
        self._labels = labels_of(components_of(blocks, n_main, residual=residual))
        self._residual = residual

    def fixef(self, step):
        """Coefficients of all predictors, name to estimate."""
        values = [value for group in self._coefficients for value in group.of(step.beta).tolist()]
        return dict(zip(self._names, values, strict=True))

    def theta(self, step):
        """(n_theta,) in lme4's order."""
        return self._covariance_parameters.to_user(step.theta)

    def components(self, steps):
        """Standard deviations and correlations by name, the residual's last: one of each step."""
        theta = np.array([self.theta(step) for step in steps])
        sigma = np.array([step.sigma for step in steps])
        values = component_values(self._blocks, theta, sigma, residual=self._residual)
        return dict(zip(self._labels, values.T, strict=True))


def labels_of(components):
    """Names of variance components that differ from each other.

    Named as `tidy` names its terms; where there are several grouping factors each name has its own
    after a bar: ``"sd__Days|Subject"``. Returns list of str.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> labels_of(fit.parameters.components)
    ['sd__(Intercept)', 'sd__Days', 'cor__(Intercept).Days', 'sd__Observation']
    """
    several = len({c.label for c in components if c.block >= 0}) > 1
    out = {}
    for c in components:
        label = c.name() + (f"|{c.label}" if several and c.block >= 0 else "")
        while label in out:  # the same term twice
            label += "'"
        out[label] = c
    return list(out)


def coordinates_of(fit: Fit):
    """The coordinates of a fit's own path."""
    names = {"conditional": fit.design.x_names}
    for name, values in fit.extras.items():
        names[name] = fit.extra_names(name, values.size)
    return UserCoordinates(
        fit.coefficients, names, fit.covariance_parameters, fit.all_blocks,
        len(fit.design.blocks), residual=fit.parameters.has_residual,
    )  # fmt: skip
