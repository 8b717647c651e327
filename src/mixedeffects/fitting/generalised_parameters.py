"""All parameters of a generalised model, with their joint covariance."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.estimation import Recession, complement, known_directions
from mixedeffects.estimation.laplace import finite_space, hessian, quick_hessian
from mixedeffects.fitting.parameters import FitParameters

UNKNOWN = "the curvature of the likelihood is not positive: no standard error"
# relative step for the Jacobian of theta's change of coordinates
STEP = 1e-6


class GeneralisedParameters(FitParameters):
    """The parameters of a `GLMMFit`: those of all predictors have one covariance.

    A fit without rows knows its `half`.
    """

    def __init__(self, fit, **known):
        super().__init__(fit)
        self._coefficients = fit.coefficients
        self._n_fixed = sum(group.T.shape[0] for group in fit.coefficients)
        self._curvature, self._nagq, self._columns = fit.curvature, fit.nagq, fit.plan.columns
        self._names = list(fit.design.x_names)
        for name, values in fit.extras.items():
            self._names += [f"{name}: {column}" for column in fit.extra_names(name, values.size)]
        self.__dict__.update(known)

    def at(self, x):
        """Coefficients of all predictors, and theta, in the user's columns of the engine's x."""
        coefficients = [group.of(x) for group in self._coefficients]
        return np.concatenate(coefficients), self._covariance_parameters.to_user(x[self._n_fixed :])

    @cached_property
    def hessian(self):
        """(P, P) second derivatives of the objective in the engine's coordinates."""
        with threads_for(self._columns):
            form = hessian if self._nagq else quick_hessian
            return form(self._evaluation, self._curvature)

    @cached_property
    def half(self):
        """(P, m) half with half half' the covariance of the engine's parameters.

        None where the observed information is not positive definite. Where coefficients have no
        finite estimate, the covariance of what stays finite, half is (P, P - m).
        """
        if self._curvature is None:  # parameters that are taken as given
            return np.zeros((self.values.size, 0))
        basis = self._known_directions
        if self._certificate.recession is not None:
            finite = finite_space(self._evaluation.objective.problem, self.recession)
            # what stays finite lies in both spaces: neither the one's nor the other's complement
            basis = complement(np.hstack([complement(finite), complement(basis)]))
        H = basis.T @ self.hessian @ basis
        scale = np.sqrt(np.maximum(H.diagonal(), 1e-300))
        try:
            L = np.linalg.cholesky(H / np.outer(scale, scale))
        except np.linalg.LinAlgError:
            return None
        # the objective is twice the negative log likelihood
        return basis @ (np.sqrt(2.0) * np.linalg.solve(L, np.diag(1.0 / scale)).T)

    @property
    def _known_directions(self):
        """(P, m) directions of the engine's parameters without those that nothing is known of."""
        evaluation = self._evaluation
        theta = known_directions(
            self._covariance_parameters, evaluation.theta, evaluation.lambdas, 1.0,
            self._certificate.flat,
        )  # fmt: skip
        fixed = self._n_fixed
        Q = np.zeros((fixed + self._theta.size, fixed + theta.shape[1]))
        Q[:fixed, :fixed] = np.eye(fixed)
        Q[fixed:, fixed:] = theta
        return Q

    @property
    def recession(self):
        """The certificate's recession in the engine's coordinates of the fixed coefficients."""
        found = self._certificate.recession
        assert found is not None  # asked for where there is one
        directions = np.zeros((found.directions.shape[0], self._n_fixed))
        at = 0
        for group in self._coefficients:
            p = group.T.shape[0]
            own = found.directions[:, at : at + p]
            directions[:, group.part] = np.linalg.solve(group.T, own.T).T
            at += p
        return Recession(directions, found.pulls)

    @cached_property
    def _half(self):
        """`half` with the coefficients in the user's columns, in the order of `names`."""
        if self.half is None:
            return np.full((self.values.size,) * 2, np.nan)
        n_fixed = self._n_fixed
        fixed = [group.T @ self.half[group.part] for group in self._coefficients]
        return np.concatenate([*fixed, self.half[n_fixed:]])

    @cached_property
    def variance_covariance(self) -> np.ndarray:
        """(V, V) covariance of the variance parameters, theta~; nan where it is not known."""
        half = self._half[self._n_fixed :]
        return half @ half.T

    @cached_property
    def covariance_without_beta(self) -> np.ndarray:
        """Covariance of the other predictors' coefficients and the variance parameters."""
        half = self._half[self._beta.size :]
        return half @ half.T

    @property
    def determined(self) -> bool:
        return self.half is not None

    @property
    def doubt(self) -> str:
        return "" if self.determined else UNKNOWN

    @cached_property
    def covariance(self):
        """(P, P) covariance of `values`: the inverse of the observed information.

        The objective is even in a standard deviation of zero, so that such a parameter has no
        covariance with the others; its own rows are nan. All is nan where the observed
        information is not positive definite. Of coefficients without a finite estimate it has
        numbers that only combinations with a finite one may use; see `recession`.
        """
        theta, half, first = self._theta, self._half, self._n_fixed
        half = np.concatenate([half[:first], self._theta_jacobian() @ half[first:]])
        out = half @ half.T
        for term in self._covariance_parameters.terms:
            own = theta[term.part]
            at = [first + term.part.start + i for i in term.structure.singular if own[i] == 0.0]
            out[at], out[:, at] = np.nan, np.nan
        return out

    def _theta_jacobian(self):
        """(K, K) derivative of theta in the user's columns by theta~."""
        to_user, theta = self._covariance_parameters.to_user, self._evaluation.theta
        J = np.empty((theta.size, theta.size))
        for i, value in enumerate(theta):
            size = STEP * max(1.0, abs(value))
            up, down = theta.copy(), theta.copy()
            up[i] += size
            down[i] -= size
            J[:, i] = (to_user(up) - to_user(down)) / (2.0 * size)
        return J
