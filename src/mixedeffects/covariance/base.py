"""What a covariance structure is: the covariances Cov(b) = sigma^2 G that one random term may have.

A structure of k columns maps a vector theta to the relative factor Lambda, G = Lambda Lambda'. The
engine works with Lambda; everything that depends on which covariances are allowed asks the
structure. `mixedeffects.testing.check_structure` checks what is promised here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# part of a factor, of the largest, that is zero but for rounding
ROUNDING = 1e-15
# step of the differences that stand for the second derivatives of a nonlinear factor
STEP = 1e-5
# the same for those of G by its variances and correlations, relative to a variance
WIDER = 1e-4


class Invariance(Enum):
    """Which recombinations of a term's columns leave its set of covariances as it is.

    The columns Z T have the covariances T^-1 G T^-T. The engine may choose T as far as they are
    again covariances of the structure; a common factor for all columns is always allowed.

    Attributes
    ----------
    ANY
        Every invertible T: any covariance.
    SCALING
        Every diagonal T: the columns' standard deviations are free.
    NONE
        Only multiples of the identity: the standard deviations depend on each other.
    """

    ANY = "any"
    SCALING = "scaling"
    NONE = "none"


class Covariance(ABC):
    """The covariances of one random term of k columns.

    Parameters
    ----------
    k : int
        Number of columns.

    Attributes
    ----------
    name : str
        What ``name(1 + x | g)`` calls it.
    words : str
        How several columns vary, as in "an intercept and a slope of x (correlated)".
    invariance : Invariance
    n_theta : int
    singular : sequence of int
        Entries of theta that make the covariance singular where they are zero.
    pairs : sequence of (int, int)
        Columns (i, j), i < j, that may covary.
    basis : (m, k, k) array
        Symmetric matrices whose combinations are the covariances.
    natural : sequence of (int, int)
        Its natural parameters, n_theta of them: (i, i) is the standard deviation of column i and
        (i, j), i > j, the correlation of two columns. One that several columns share is listed
        once.
    correlations : (float, float)
        The least and the largest correlation that it allows, of all that are in `natural`.
    pieces : sequence of tuples of int, or None
        Sets of columns, if its covariances are all those without covariances between the sets;
        None where they are further restricted.
    positions : sequence of (int, int) or None
        (row, column) of each theta in Lambda; None where Lambda holds other numbers than theta.
    within : tuple of str
        Names of other restricted structures that have all its covariances.
    shares : bool
        Whether several columns share a parameter: it makes no sense of one column.
    ordered : bool
        Whether its covariances depend on the order of the columns.
    additive : bool
        Whether the matrices of `basis` are its derivatives by variances and covariances: every
        combination of them that is a covariance is one of its covariances.
    parts : sequence of (k, m) arrays
        Where `pieces` is None: orthonormal V, together (k, k), with G = sum of v_i V_i V_i' for any
        variances v_i >= 0. Empty if there is no such form; then no variance is put at zero.
    """

    name: ClassVar[str]
    words: str
    invariance: Invariance = Invariance.NONE
    shares: bool = False
    ordered: ClassVar[bool] = False
    within: tuple[str, ...] = ()
    additive: bool = True
    n_theta: int
    singular: Sequence[int] = ()
    pairs: Sequence[tuple[int, int]] = ()
    basis: np.ndarray
    natural: Sequence[tuple[int, int]] = ()
    correlations: tuple[float, float] = (-1.0, 1.0)
    pieces: Sequence[tuple[int, ...]] | None = None
    positions: Sequence[tuple[int, int]] | None = None
    parts: Sequence[np.ndarray] = ()

    def __init__(self, k: int) -> None:
        self.k = k

    @abstractmethod
    def factor(self, theta) -> np.ndarray:
        """(k, k) Lambda."""

    @abstractmethod
    def derivatives(self, theta) -> np.ndarray:
        """(n_theta, k, k) dLambda / dtheta_i."""

    @abstractmethod
    def theta_of(self, Lambda) -> np.ndarray:
        """theta of Lambda Lambda', of its possible signs the non-negative one.

        Where the structure does not allow that covariance, of the one that a normal sample with
        these second moments makes most likely (the M-step of EM).
        """

    def thetas_of(self, Lambdas) -> np.ndarray:
        """(R, n_theta) `theta_of` of a stack of factors (R, k, k)."""
        return np.array([self.theta_of(Lambda) for Lambda in Lambdas])

    @abstractmethod
    def from_natural(self, values) -> np.ndarray:
        """theta of given standard deviations and correlations, in the order of `natural`.

        nan where no covariance has them.
        """

    def factors(self, theta):
        """(R, k, k) factors of (R, n_theta) thetas."""
        if self.positions is None:
            return np.array([self.factor(one) for one in theta])
        rows, columns = np.array(self.positions).T
        out = np.zeros((theta.shape[0], self.k, self.k))
        out[:, rows, columns] = theta
        return out

    def changes(self, theta):
        """(n_theta, k, k) dG / dtheta_i."""
        half = self.derivatives(theta) @ self.factor(theta).T
        return half + half.transpose(0, 2, 1)

    def gradient(self, theta, S):
        """(n_theta,) <dLambda / dtheta_i, S> for a (k, k) matrix S."""
        return np.einsum("iab,ab->i", self.derivatives(theta), S)

    def curvature(self, theta, D):
        """(n_theta, n_theta) <D, d2G / dtheta_i dtheta_j> for a symmetric (k, k) matrix D."""
        d = self.derivatives(theta)
        half = D @ self.factor(theta)
        out = 2.0 * np.einsum("iac,ab,jbc->ij", d, D, d)
        for i in range(self.n_theta):
            up, down = theta.copy(), theta.copy()
            up[i], down[i] = theta[i] + STEP, theta[i] - STEP
            out[i] += (self.gradient(up, half) - self.gradient(down, half)) / STEP
        return 0.5 * (out + out.T)

    def tangent(self, theta):
        """(m, k, k) matrices whose combinations are the changes of G next to theta."""
        return self.basis

    def natural_slopes(self, theta):
        """First and second derivatives of G by its variances and correlations.

        Of a structure that is linear in variances and covariances: by those, `basis` and zeros.
        Takes theta off the boundary. Returns (m, k, k) and (m, m, k, k) arrays.
        """
        if self.additive:
            m = len(self.basis)
            return self.basis, np.zeros((m, m, self.k, self.k))
        values = self._variances(self.natural_values(theta))
        steps = WIDER * np.where(self._is_sd, values, 1.0)
        second = [
            (self._slopes_at(values + step) - self._slopes_at(values - step)) / (2.0 * step.sum())
            for step in np.diag(steps)
        ]
        second = np.array(second)
        return self._slopes_at(values), 0.5 * (second + second.swapaxes(0, 1))

    @property
    def _is_sd(self):
        rows, columns = np.array(self.natural).T
        return rows == columns

    def _variances(self, natural):
        """Natural parameters with variances in place of standard deviations."""
        return np.where(self._is_sd, natural**2, natural)

    def _slopes_at(self, values):
        """(m, k, k) derivatives of G by variances and correlations."""
        theta = self.from_natural(np.where(self._is_sd, np.sqrt(np.abs(values)), values))
        natural = self.natural_values(theta)
        J = np.where(self._is_sd, 2.0 * natural, 1.0)[:, None] * self.natural_jacobian(theta)
        size = np.linalg.norm(J, axis=1)
        return np.tensordot((np.linalg.inv(J / size[:, None]) / size).T, self.changes(theta), 1)

    def axes(self, Lambda):
        """Orthonormal directions, (k, m) each, that have one standard deviation, and those.

        A direction with none can be given some: G + v V V' is one of the structure's covariances.
        """
        sizes = np.array([np.linalg.norm(V.T @ Lambda) / V.shape[1] ** 0.5 for V in self.parts])
        sizes[sizes < ROUNDING * sizes.max(initial=0.0)] = 0.0
        return list(self.parts), sizes

    def regular(self, theta, threshold):
        """Whether no standard deviation is below a threshold, relative to the largest or to one."""
        _, s = self.axes(self.factor(theta))
        return bool(s.min(initial=np.inf) > threshold * max(1.0, s.max(initial=0.0)))

    @property
    def cones(self):
        """Sizes of the cones of positive semi-definite matrices that its covariances consist of.

        They say on which boundary a variance of zero lies.
        """
        return tuple(map(len, self.pieces)) if self.pieces else (1,) * max(len(self.parts), 1)

    @property
    def free(self):
        """Whether its covariances are all of k columns, or all of k uncorrelated ones."""
        return self.pieces is not None and (len(self.pieces) == 1 or not self.pairs)

    def shared(self, i, j):
        """Which of `natural` the standard deviation (i == j) or correlation (i > j) is, or None."""
        return (i, j) if (i, j) in self.natural else None

    def pair_words(self, i, j) -> str:
        """Which pairs of columns have the correlation (i, j) of `natural`; "" of one pair only."""
        return ""

    def natural_values(self, theta):
        """(n_theta,) standard deviations and correlations; nan for one with no deviation."""
        L = self.factor(theta)
        G = L @ L.T
        sd = np.sqrt(G.diagonal())
        rows, columns = np.array(self.natural).T
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations = G[rows, columns] / (sd[rows] * sd[columns])
        return np.where(rows == columns, sd[rows], correlations)

    def natural_jacobian(self, theta):
        """(n_theta, n_theta) derivatives of `natural_values` by theta, off the boundary."""
        L = self.factor(theta)
        G, dG = L @ L.T, self.changes(theta)
        sd = np.sqrt(G.diagonal())
        d_sd = 0.5 * np.diagonal(dG, axis1=1, axis2=2) / sd
        out = np.empty((len(self.natural), self.n_theta))
        for row, (i, j) in zip(out, self.natural, strict=True):
            row[:] = d_sd[:, i]
            if i != j:
                relative = d_sd[:, i] / sd[i] + d_sd[:, j] / sd[j]
                row[:] = (dG[:, i, j] - G[i, j] * relative) / (sd[i] * sd[j])
        return out
