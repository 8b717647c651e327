"""Proof, or refutation, that a point is a local optimum on the cone of covariances.

It is one if the gradient is zero and `mixedeffects.estimation.boundary` finds no variance of zero
that had better be positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from mixedeffects.estimation.boundary import Direction, combinations, singular_directions
from mixedeffects.estimation.certificate_text import certificate_text
from mixedeffects.estimation.newton import decrement_at
from mixedeffects.estimation.recession import Recession
from mixedeffects.estimation.search_log import Step

# gain of a variance of zero, and decrement, that leave an optimum proved; such a decrement is a few
# thousandths of a standard error
OPTIMAL_GAIN = 1e-6
CERTAIN = 1e-5

CertificateState = Literal[
    "no maximum", "not converged", "not identified", "ended by rule", "singular", "certified"
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class FlatDirection:
    """A change of the variances and covariances that no likelihood notices, at any response.

    Attributes
    ----------
    blocks : tuple of (k, k) arrays
        Per block, the change of the covariance matrix of its random effects, in the columns of
        the formula.
    residual : float
        The change of the residual variance.
    """

    blocks: tuple[np.ndarray, ...]
    residual: float


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Certificate:
    """Why the estimate is, or is not, a proved local optimum; prints as a few lines.

    Attributes
    ----------
    converged : bool
        Stationary, and optimal in every singular direction; or stopped by the user's rule.
    gradient : float
        Largest modulus of the gradient in the engine's coordinates.
    decrement : float
        Newton decrement: twice the objective that a further step could still win.
    singular : tuple of Direction
        Directions of zero variance, with their slopes.
    evaluations, gradients, iterations : int
    optimizer : str
    message : str
        The optimiser's reason for stopping.
    advice : tuple of str
        What to try, in words, when not converged.
    infinite : tuple of str
        Coefficients that have no finite estimate (separation).
    path : tuple of Step
        What the optimiser passed on its way: every iteration it accepted.
    rule : str or None
        The user's rule (``converged=``), in words, where that stopped the search.
    short : bool
        Whether the rule stopped the search short of a proved optimum.
    ran_out : bool
        Whether, unproved, the optimiser stopped because it was allowed no more steps.
    flat : tuple of FlatDirection
        Directions of the variances and covariances that are not in the data: the maximum is
        reached, by a whole range of them alike. Empty where every one of them is in the data.
    recession : Recession or None
        Which combinations of the coefficients (of all linear predictors) stay finite, where some
        do not.
    limits : tuple of str
        What the likelihood rises towards without reaching it, each in a clause: a simpler
        distribution, an infinite standard deviation, an exact fit.
    separation : bool
        Whether coefficients are infinite because predictors tell responses apart, not (only)
        because the family has such a limit.
    supremum : float or None
        What the log-likelihood cannot exceed, where its approximation does.
    """

    converged: bool
    gradient: float
    decrement: float
    singular: tuple[Direction, ...]
    evaluations: int
    gradients: int
    iterations: int
    optimizer: str
    message: str
    advice: tuple[str, ...]
    infinite: tuple[str, ...] = ()
    path: tuple[Step, ...] = ()
    rule: str | None = None
    short: bool = False
    ran_out: bool = False
    flat: tuple[FlatDirection, ...] = ()
    recession: Recession | None = None
    limits: tuple[str, ...] = ()
    separation: bool = False
    supremum: float | None = None

    def __repr__(self) -> str:
        return certificate_text(self)

    @property
    def identified(self) -> bool:
        """Whether every variance and covariance is in the data."""
        return not self.flat

    @property
    def limit(self) -> bool:
        """Whether there is no maximum, but what stays finite is at its optimum (separation)."""
        return self.recession is not None and bool(self.decrement < CERTAIN)

    @property
    def no_maximum(self) -> bool:
        """Whether there is none to find: coefficients or a standard deviation are infinite."""
        return bool(self.infinite or self.limits)

    @property
    def hopeless(self) -> bool:
        """Whether no optimiser can help."""
        return self.no_maximum or self.supremum is not None

    @property
    def at_maximum(self) -> bool:
        """Whether the likelihood is proved to be at a local maximum, be it along a whole range."""
        return self.converged and not self.short

    @property
    def proved(self) -> bool:
        """Whether the estimate is a proved local optimum and the only one in its neighbourhood."""
        return self.at_maximum and not self.flat

    @property
    def remaining(self) -> float:
        """What the objective can still fall by, roughly: half the Newton decrement."""
        return 0.5 * self.decrement

    @property
    def is_singular(self) -> bool:
        return bool(self.singular)

    @property
    def state(self) -> CertificateState:
        """What was found, in a word or two: the first of these that holds.

        "no maximum", "not converged", "not identified" (a maximum along a whole range),
        "ended by rule" (short of a proved optimum), "singular" (proved, with variances of zero),
        "certified".
        """
        if self.no_maximum:
            return "no maximum"
        if not self.converged:
            return "not converged"
        if self.flat:
            return "not identified"
        if self.short:
            return "ended by rule"
        return "singular" if self.singular else "certified"


def certify(objective, result, optimizer):
    """The certificate of an optimiser's result."""
    evaluation = result.evaluation
    parameters = objective.parameters
    if not np.isfinite(evaluation.value):
        return Certificate(
            False, np.nan, np.nan, (), objective.evaluations, objective.gradients,
            result.iterations, optimizer, result.message, advice_for(optimizer), path=result.path,
            ran_out=result.ran_out,
        )  # fmt: skip
    escapes = singular_directions(evaluation, parameters)
    g = evaluation.gradient
    decrement = result.decrement
    if decrement is None:
        decrement = decrement_at(evaluation)
    moduli = np.abs(g).tolist()  # for the few numbers of a small fit Python is faster than NumPy
    finite = all(map(isfinite, moduli))
    stationary = finite and decrement < CERTAIN
    optimal = all(escape.gain <= OPTIMAL_GAIN for escape in escapes)
    singular = [
        Direction(escape.term, weights, escape.slope)
        for escape in escapes
        for weights in combinations(parameters, escape.term, escape.V)
    ]
    proved = stationary and optimal
    converged = proved or result.rule is not None
    return Certificate(
        converged=converged,
        gradient=max(moduli, default=0.0) if finite else np.nan,
        decrement=decrement,
        singular=tuple(singular),
        evaluations=objective.evaluations,
        gradients=objective.gradients,
        iterations=result.iterations,
        optimizer=optimizer,
        message=result.message,
        advice=() if converged else advice_for(optimizer),
        path=result.path,
        rule=result.rule,
        short=converged and not proved,
        ran_out=result.ran_out and not converged,
    )


def advice_for(optimizer, predictors="check collinear fixed effects"):
    """What to try after a fit that did not converge; one piece of it is about the predictors."""
    other = "L-BFGS-B" if optimizer == "newton" else "newton"
    return (
        "simplify the random effects: drop the term with the smallest variance, or use (x || g)",
        "centre and scale numeric predictors: center(x), scale(x)",
        predictors,
        "allow more iterations: max_iterations=",
        f'try another optimiser: optimizer="{other}"',
    )
