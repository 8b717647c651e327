"""Where an optimiser stands, in the units of the user: what stopping rules are asked of."""

from __future__ import annotations

from math import isnan

import numpy as np


class State:
    """Where the optimiser stands after an iteration, in the user's units.

    Everything is computed when it is first asked for.

    Parameters
    ----------
    steps : list of Step
        All iterations so far.
    at : int
        Which of them it is about.
    coordinates : UserCoordinates
        Of the model.

    Attributes
    ----------
    iteration, evaluations : int
    seconds : float
        Since the search began.
    objective : float
        -2 log-likelihood or REML criterion.
    gradient : float or None
        Largest modulus, in the engine's coordinates; None where the optimiser does not compute it.
    sigma : float
        Residual standard deviation; 1 for generalised models.
    previous : State or None
        After the iteration before; None at the start.
    """

    __slots__ = ("_at", "_components", "_coordinates", "_fixef", "_previous", "_step", "_steps")

    def __init__(self, steps, at, coordinates):
        self._steps, self._at, self._step, self._coordinates = steps, at, steps[at], coordinates
        self._fixef = self._components = self._previous = None

    @property
    def iteration(self) -> int:
        return self._step.iteration

    @property
    def evaluations(self) -> int:
        return self._step.evaluations

    @property
    def seconds(self) -> float:
        return self._step.seconds

    @property
    def objective(self) -> float:
        return self._step.objective

    @property
    def gradient(self) -> float | None:
        return None if isnan(self._step.gradient) else self._step.gradient

    @property
    def sigma(self) -> float:
        return self._step.sigma

    @property
    def fixef(self) -> dict[str, float]:
        """Fixed effects, name to estimate; of a generalised model those of all predictors."""
        if self._fixef is None:
            self._fixef = self._coordinates.fixef(self._step)
        return self._fixef

    @property
    def theta(self) -> np.ndarray:
        """(n_theta,) covariance parameters in lme4's order."""
        return self._coordinates.theta(self._step)

    @property
    def sd(self) -> dict[str, float]:
        """Standard deviations of the random effects and the residual, named as in `fit.trace()`."""
        if self._components is None:
            found = self._coordinates.components([self._step])
            self._components = {name: float(values[0]) for name, values in found.items()}
        return {k: v for k, v in self._components.items() if k.startswith("sd__")}

    @property
    def previous(self) -> State | None:
        if self._previous is None and self._at > 0:
            self._previous = State(self._steps, self._at - 1, self._coordinates)
        return self._previous

    def __repr__(self):
        return f"<State: iteration {self.iteration}, objective {self.objective:.6f}>"
