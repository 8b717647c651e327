"""What an optimiser passed on its way: one small record for every iteration it accepted."""

from __future__ import annotations

from math import nan, sqrt
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np


# a tuple, because a fit of a small model takes a third of a millisecond and makes half a dozen
class Step(NamedTuple):
    """One accepted iteration of an optimiser.

    Attributes
    ----------
    iteration : int
        0 is the start. Where a search was taken up again from another point (a variance put at
        zero, a saddle left), that point stands in place of the one it left.
    evaluations : int
        Of the objective, so far.
    gradient : float
        Largest modulus in the engine's coordinates; nan where the optimiser did not compute it.
    theta : (n_theta,) array
        Covariance parameters, in the engine's coordinates.
    beta : (p,) array
        Coefficients, in the engine's coordinates.
    sigma : float
        Residual standard deviation; 1 for generalised models.
    seconds : float
        Since the search began.
    """

    iteration: int
    evaluations: int
    objective: float
    gradient: float
    theta: np.ndarray
    beta: np.ndarray
    sigma: float
    seconds: float


# a named tuple from a tuple takes half as long as from its fields
_make = Step._make
# numbers that a path may hold (32 MB); of a longer one every other step goes, but the last two
MOST_NUMBERS = 4_000_000
LOOK_EVERY = 128


class Watch:
    """Records the iterations of one fit, and asks the user's rule after each whether to stop.

    Parameters
    ----------
    look : callable
        From an evaluation to (theta, beta, sigma), the arrays not shared with anything.

    Attributes
    ----------
    steps : list of Step
    """

    __slots__ = ("_before", "_began", "_look", "_objective", "_rule", "steps")

    def __init__(self, objective, look, rule=None):
        self._objective, self._look, self._rule = objective, look, rule
        self._began = perf_counter()
        self.steps: list[Step] = []
        self._before = 0

    def begin(self):
        """Forget the iterations of another search."""
        self.steps, self._before = [], 0

    def resume(self, iterations):
        """Count on from a run of so many iterations."""
        self._before += iterations

    def __call__(self, iteration, evaluation, gradient=None):
        """Record an accepted iteration of the present run; whether the user's rule stops it.

        Parameters
        ----------
        iteration : int
            0 for the point that the run starts from: no rule is asked there.
        evaluation : Evaluation or LaplaceEvaluation
            With a finite value.
        gradient : (K,) array, optional
            If it is known.
        """
        self.note(iteration, evaluation, gradient)
        return self._rule is not None and iteration > 0 and self._rule(self.steps)

    def note(self, iteration, evaluation, gradient=None):
        """Record an iteration; in place of the last one where that has the same number."""
        at, steps = self._before + iteration, self.steps
        if steps and steps[-1][0] == at:
            steps.pop()
        size = nan if gradient is None else largest(gradient)
        seen = self._objective.evaluations, evaluation.value, size
        step = _make((at, *seen, *self._look(evaluation), perf_counter() - self._began))
        steps.append(step)
        if len(steps) % LOOK_EVERY == 0:
            if len(steps) * (step.theta.size + step.beta.size) > MOST_NUMBERS:
                del steps[1:-2:2]

    @property
    def words(self) -> str | None:
        """The user's rule in words."""
        return None if self._rule is None else self._rule.words


def largest(g) -> float:
    """The largest modulus of a vector; 0 of an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> largest(np.array([1.0, -3.0]))
    3.0
    """
    # for a few numbers Python is faster than three calls of NumPy
    return max(map(abs, g.tolist())) if 0 < g.size < 64 else float(np.abs(g).max(initial=0.0))


def linear_look(evaluation) -> tuple[Any, Any, float]:
    """theta, beta and sigma of an evaluation of a linear model."""
    return evaluation.theta.copy(), evaluation.factorisation.beta(), sqrt(evaluation.s2)


def generalised_look(evaluation) -> tuple[Any, Any, float]:
    """theta, all coefficients and 1, of an evaluation of a generalised model."""
    x = evaluation.estimates.copy()
    n = evaluation.objective.problem.n_fixed
    return x[n:], x[:n], 1.0


def stopped(words) -> str:
    """The message of an optimiser that a user's rule stopped.

    Examples
    --------
    >>> stopped("no effect moves by more than 0.1")
    'stopped by your rule (no effect moves by more than 0.1)'
    """
    return f"stopped by your rule ({words})"
