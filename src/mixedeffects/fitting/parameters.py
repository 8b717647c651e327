"""All parameters of a fit in the user's columns: what they are called, and how well they are known.

`values` are the coefficients of all linear predictors, then theta in lme4's order. The *variance
parameters* are the coordinates of derivatives and covariances: theta~ in the optimiser's columns
and, of a linear model, log sigma^2. The variance components, which users see, are functions of
them, whose covariance follows by the delta method.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mixedeffects.inference.component_names import component_values, components_of

FLAT = "the data say nothing about some direction of the variance parameters"


class FitParameters:
    """The parameters of a linear model; `GeneralisedParameters` has those of a generalised one."""

    def __init__(self, fit):
        # not the fit itself: the two would hold each other when nobody else does
        self._beta, self._extras, self._theta = fit.beta, fit.extras, fit.theta
        self._sigma, self._lambdas, self._blocks = fit.sigma, fit.lambdas, fit.all_blocks
        self._names, self._n_main = fit.design.x_names, len(fit.design.blocks)
        self._evaluation, self._certificate = fit.evaluation, fit.certificate
        self._covariance_parameters = fit.covariance_parameters
        # whether log sigma^2 is a variance parameter besides theta~
        self.has_residual = fit.kind.residual

    @property
    def coefficient_names(self):
        """Of the coefficients of all predictors: "x" of the main one, "zi: x" of the others."""
        return tuple(self._names)

    @cached_property
    def names(self):
        """Of all coefficients, then of theta."""
        theta = (f"theta{i + 1}" for i in range(self._theta.size))
        return (*self.coefficient_names, *theta)

    @cached_property
    def values(self):
        """(P,) beta, the other predictors' coefficients, theta in lme4's order."""
        return np.concatenate([self._beta, *self._extras.values(), self._theta])

    # variance components --------------------------------------------------------------------

    @cached_property
    def groups(self):
        """Per block, its grouping factor; ``"zi: site"`` in the part of the zeros."""
        return tuple(
            "zi: " * (f >= self._n_main) + block.factor.name for f, block in enumerate(self._blocks)
        )

    @cached_property
    def components(self):
        """The variances and covariances, a linear model's residual variance last."""
        return components_of(self._blocks, self._n_main, residual=self.has_residual)

    def components_at(self, theta, sigma, *, scale="sdcor"):
        """Values of `components` at other estimates, as `component_values`."""
        return component_values(self._blocks, theta, sigma, residual=self.has_residual, scale=scale)

    @cached_property
    def covariances(self):
        """Per block, the (k, k) covariance G of its random effects."""
        return [self._sigma**2 * (Lam @ Lam.T) for Lam in self._lambdas]

    @cached_property
    def variances(self):
        """(c,) values of `components`."""
        G = self.covariances
        residual = self._sigma**2
        return np.array(
            [residual if c.block < 0 else G[c.block][c.row, c.column] for c in self.components]
        )

    @cached_property
    def dG(self):
        """Per block, the (K_f, k, k) derivatives of its G by its own theta~.

        Relative to sigma^2 and in the optimiser's columns, in which sums over rows keep digits.
        """
        return self._covariance_parameters.dG(self._evaluation.theta, self._evaluation.lambdas)

    @cached_property
    def slopes(self):
        """Per block, the (V, k, k) derivatives of G by the variance parameters."""
        V, out, at = self.residual_slopes.size, [], 0
        parts = zip(self.dG, self._covariance_parameters.T_blocks, self.covariances, strict=True)
        for dG, T, G in parts:
            slopes = np.zeros((V, *G.shape))
            slopes[at : at + len(dG)] = self._sigma**2 * (T @ dG @ T.T)
            if self.has_residual:
                slopes[-1] = G
            out.append(slopes)
            at += len(dG)
        return out

    @cached_property
    def residual_slopes(self):
        """(V,) derivatives of the residual variance by the variance parameters."""
        out = np.zeros(self._theta.size + int(self.has_residual))
        if self.has_residual:
            out[-1] = self._sigma**2
        return out

    @cached_property
    def variances_covariance(self):
        """(c, c) covariance of the estimates `variances`."""
        gradient = np.array(
            [
                self.residual_slopes if c.block < 0 else self.slopes[c.block][:, c.row, c.column]
                for c in self.components
            ]
        ).reshape(len(self.components), -1)
        return gradient @ self.variance_covariance @ gradient.T

    # how well they are known ----------------------------------------------------------------

    @cached_property
    def _information(self):
        from mixedeffects.estimation.variance_information import variance_information

        return variance_information(self._evaluation, self._certificate.flat)

    @cached_property
    def variance_covariance(self) -> np.ndarray:
        """(V, V) covariance of the variance parameters; zero where one is on its boundary."""
        return self._information[0]

    @cached_property
    def covariance_without_beta(self) -> np.ndarray:
        """Covariance of the other predictors' coefficients and the variance parameters."""
        return self.variance_covariance

    @property
    def determined(self) -> bool:
        """Whether the information is positive in all directions but those known to be flat."""
        return self._information[1]

    @property
    def doubt(self) -> str:
        """Why no component has a standard error; "" where they have."""
        certificate = self._certificate
        if self.determined or certificate.is_singular or certificate.flat:
            return ""
        return FLAT
