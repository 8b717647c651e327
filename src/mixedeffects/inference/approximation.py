"""How far Laplace's approximation is from the integral, judged at the estimate.

The difference of the two log-likelihoods says little: a constant moves no estimate. What counts is
the difference of their gradients, and what it would do: with V the covariance of the estimates, the
Newton step from them towards the optimum by quadrature is -V g / 2, g the gradient by quadrature
there. Where that is a fair part of a standard error, the optimum by quadrature is searched, with
ever more points until more of them change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import ModelError
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.inference.identification import unknown_components

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit

# what is called material: a move of an estimate in standard errors; or of a standard deviation by
# a share of it, unless that is next to nothing in standard errors
MOVED, SHARE, NOTHING = 0.2, 0.05, 0.1
# the same of two numbers of points that agree; half as many standard errors are next to nothing
SETTLED, SETTLED_SHARE = 0.05, 0.01
# points that are tried, in turn
POINTS = (5, 9, 15, 25, 41, 61, 99)
# the most that a search starts with
FEWEST = 25
# step of differences, in standard errors; a standard deviation that counts as none
STEP, GONE = 1e-4, 1e-6
# evaluations of row densities that one look may take, and a search
LOOK, SEARCH = 2e7, 3e7
# evaluations of a search, roughly, with their gradients
EVALUATIONS = 40
EXACT, FINE, OFF, LOST, UNSETTLED, DEAR, CROSSED, UNKNOWN, MOST = (
    "exact", "fine", "off", "lost", "unsettled", "dear", "crossed", "unknown", "most",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Approximation:
    """A comparison of the fit's approximation with quadrature.

    Attributes
    ----------
    status : str
        "exact": the likelihood is no approximation. "fine": quadrature would move no estimate to
        speak of. "off": it would. "lost": its gradient says that it would, but the search for its
        optimum did not get there. "unsettled": it would, and with the most points that can be
        computed it still changes. "dear": too costly to look at. "crossed": quadrature is for one
        grouping factor. "unknown": the estimates have no standard errors, or a standard deviation
        is infinite. "most": the fit has as many points as are offered.
    points : int
        That suffice, where it is off; that were compared with, where it is fine.
    name : str
        The parameter that moves most.
    estimate, moved : float
        The fit's value of it, and that by quadrature.
    errors : float
        The move in standard errors.
    """

    status: str
    points: int = 0
    name: str = ""
    estimate: float = np.nan
    moved: float = np.nan
    errors: float = np.nan


def approximation(fit: Fit, *, search=True):
    """Compare a fit's likelihood with quadrature; kept with the fit.

    Returns an `Approximation`.

    Parameters
    ----------
    search : bool
        Whether the optimum by quadrature may be searched where the estimate is not it, which
        takes about as long as the fit.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> approximation(fit).status
    'fine'
    """
    if fit.family.name == "gaussian" and fit.family.link.name == "identity":
        return Approximation(EXACT)
    if len(fit.all_blocks) != 1 or not fit.design.blocks:
        return Approximation(CROSSED)
    key = "approximation", search
    if key not in fit.cache:
        with threads_for(fit.plan.columns), np.errstate(over="ignore", invalid="ignore"):
            fit.cache[key] = _compared(cast("GeneralisedFit", fit), search)
    return fit.cache[key]


class _Ruler:
    """Moves of the parameters from the estimates, in their own units and in standard errors.

    Attributes
    ----------
    names : list of str
        Of coefficients and standard deviations, as a sentence has them.
    """

    def __init__(self, fit: GeneralisedFit):
        self.fit, self.half = fit, fit.parameters.half
        self.x = fit.evaluation.estimates
        components = fit.parameters.components
        self._variances = np.array([c.is_variance for c in components])
        p = fit.estimates.size - fit.theta.size
        self.names = [f"'{name}'" for name in fit.parameters.coefficient_names]
        self.names += [
            f"the standard deviation of {c.first} between levels of {c.group}"
            for c in components
            if c.is_variance
        ]
        self.values = self.at(self.x)
        self.is_sd = np.arange(self.values.size) >= p
        self.errors = self._errors(p)

    def at(self, x):
        """(K,) coefficients and standard deviations."""
        coefficients, theta = self.fit.parameters.at(x)
        values = self.fit.parameters.components_at(theta[None], np.ones(1))[0]
        return np.concatenate([coefficients, values[self._variances]])

    def _errors(self, p):
        """(K,) standard errors; nan of what has none.

        At a boundary, at infinity, not in the data.
        """
        total = np.zeros(self.values.size)
        for column in self.half.T:  # by differences along each
            ends = [self.at(self.x + sign * STEP * column) for sign in (1.0, -1.0)]
            move = (ends[0] - ends[1]) / (2.0 * STEP)
            total += move * move
        out = np.sqrt(total)
        out[(self.is_sd & (self.values < GONE)) | (total == 0.0)] = np.nan
        unknown = unknown_components(self.fit, correlations=False)
        out[p:][unknown[self._variances]] = np.nan
        if self.fit.certificate.recession is not None:
            out[:p][self.fit.certificate.recession.limits(np.eye(p)) != 0] = np.nan
        return out

    def step(self, evaluation):
        """The Newton step from a point to the optimum of its objective."""
        return -0.5 * (self.half @ (self.half.T @ evaluation.gradient))

    def move(self, x, to):
        """(K,) moves in standard errors, and as shares of standard deviations (else 0)."""
        a, b = self.at(x), self.at(to)
        errors = np.nan_to_num(np.abs(b - a) / self.errors)
        share = np.zeros(errors.size)
        known = self.is_sd & np.isfinite(self.errors)
        share[known] = np.abs(b - a)[known] / np.maximum(a[known], 1e-300)
        return errors, share


def _material(errors, share):
    return bool(((errors > MOVED) | ((share > SHARE) & (errors > NOTHING))).any())


def _agree(errors, share):
    """Whether two numbers of points say the same."""
    return not ((errors > SETTLED) | ((share > SETTLED_SHARE) & (errors > 0.5 * SETTLED))).any()


def _compared(fit: GeneralisedFit, search):
    # with separation alone what stays finite can be compared
    if fit.parameters.half is None or (fit.certificate.no_maximum and fit.recession is None):
        return Approximation(UNKNOWN)
    ruler = _Ruler(fit)
    x, last, points = ruler.x, None, 0
    for count in POINTS:
        if count <= max(fit.nagq, 1):
            continue
        objective = _objective(fit, count)
        if objective is None or objective.row_densities > LOOK:
            break
        at = objective.evaluate(x, near=fit.evaluation)
        if not np.isfinite(at.value):
            return Approximation(UNKNOWN)
        step, points = ruler.step(at), count
        settled = last is not None and _agree(*ruler.move(x + last, x + step))
        last = step
        errors, share = ruler.move(x, x + step)
        if settled or (not _material(2.0 * errors, 2.0 * share) and count > POINTS[0]):
            break
    if last is None:
        return Approximation(MOST if fit.nagq >= POINTS[-1] else DEAR, fit.nagq)
    errors, share = ruler.move(x, x + last)
    if not _material(errors, share):
        return _named(ruler, FINE, points, x + last)
    if not search:
        return _named(ruler, OFF, points, x + last)
    return _searched(fit, ruler, points)


def _searched(fit: GeneralisedFit, ruler, points):
    """The optimum by quadrature with as many points as it takes."""
    at, B, x = fit.evaluation, fit.parameters.hessian, ruler.x
    if fit.certificate.recession is not None:  # what is at infinity stays where it is
        B = B + _stiff(fit)
    found = 0
    # that many at the fit's own estimates; elsewhere fewer may do
    start = max(min(points, FEWEST), min(p for p in POINTS if p > max(fit.nagq, 1)))
    for count in (p for p in POINTS if p >= start):
        objective = _objective(fit, count)
        if objective is None or objective.row_densities * EVALUATIONS > SEARCH:
            break
        first = objective.evaluate(x, near=at)
        if not np.isfinite(first.value):
            break
        result, B = quasi_newton(objective, first, B, tolerance=1e-4, max_iterations=60)
        before, x, at = x, result.evaluation.x, result.evaluation
        if found and _agree(*ruler.move(before, x)):
            if _material(*ruler.move(ruler.x, x)):
                return _named(ruler, OFF, found, x)
            return _named(ruler, FINE if result.converged else LOST, found, x)
        found = count
    if not found:
        return _named(ruler, DEAR, points, x)
    return _named(ruler, UNSETTLED, found, x)


def _stiff(fit: Fit):
    """Curvature that keeps the directions of a recession where they are."""
    V = fit.parameters.recession.directions
    out = np.zeros(fit.parameters.hessian.shape)
    F = V.shape[1]
    out[:F, :F] = 1e6 * V.T @ np.linalg.pinv(V @ V.T) @ V
    return out


def _objective(fit: GeneralisedFit, count):
    """The objective by quadrature, None where it has too many nodes."""
    try:
        return fit.by_quadrature(count)
    except ModelError:
        return None


def _named(ruler, status, points, x):
    """The comparison, with the parameter that moves most."""
    errors, share = ruler.move(ruler.x, x)
    # a standard deviation's share counts as the errors that are as much
    weight = np.maximum(errors / MOVED, np.where(errors > NOTHING, share / SHARE, 0.0))
    i = int(np.argmax(weight))
    name = ruler.names[i]
    return Approximation(
        status, points, name, float(ruler.values[i]), float(ruler.at(x)[i]), float(errors[i])
    )
