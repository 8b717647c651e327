"""Proof, or refutation, that a point is a local optimum on the cone of covariances.

The objective is even in every column of Lambda, so a zero column has zero gradient
whether or not it should be zero: the gradient alone proves nothing at the boundary
(MixedModels.jl issue 705). The condition that does is on D = dd/dG: at an optimum D Lambda = 0
and D is positive semi-definite on the null space of G.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from mixedeffects.covariance import Invariance
from mixedeffects.estimation.newton import decrement_at
from mixedeffects.estimation.recession import Recession
from mixedeffects.estimation.watching import Step

SINGULAR = 1e-4
EXACT = 1e-10
WORTHWHILE = 1e-8
# a decrement of this is a few thousandths of a standard error
CERTAIN = 1e-5


@dataclass(frozen=True, slots=True)
class Direction:
    """A combination of random effects whose variance is exactly zero.

    Attributes
    ----------
    term : int
        Position among the terms.
    weights : (k,) array
        Over the term's columns, in the formula's units; largest modulus 1.
    slope : float
        Directional derivative of the objective per unit of relative variance, divided by
        the term's information scale; non-negative at an optimum.
    """

    term: int
    weights: np.ndarray
    slope: float


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why the estimate is, or is not, a proved local optimum.

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


@dataclass(frozen=True, slots=True)
class Escape:
    """A way off the boundary: variance for directions that have none.

    Attributes
    ----------
    term : int
    V : (k, m) array
        Orthonormal, in engine coordinates; they are given the same variance.
    slope : float
        Of the objective, per unit of relative variance, relative to the information.
    gain : float
        What the objective would fall by, roughly; 0 where the slope is not negative.
    """

    term: int
    V: np.ndarray
    slope: float
    gain: float


def singular_directions(evaluation, parameters):
    """Directions of zero variance, with the slope of the objective along them.

    Parameters
    ----------
    evaluation : Evaluation
    parameters : Parameters

    Returns
    -------
    list of Escape
    """
    out = []
    D, W = [], []
    for i, term in enumerate(parameters.terms):
        if clearly_regular(evaluation, term):
            continue
        null = null_axes(evaluation, term)
        if not null:
            continue
        if not D:
            D, W = evaluation.D, evaluation.factorisation.traces(False)
        place = np.ix_(term.columns, term.columns)
        Dt, Wt = D[term.block][place], W[term.block][place]
        if len(null) > 1 and term.structure.invariance is Invariance.ANY:
            N = np.concatenate(null, axis=1)
            projected = N.T @ Dt @ N
            _, vectors = np.linalg.eigh(0.5 * (projected + projected.T))
            null = np.hsplit(N @ vectors, len(null))
        q = evaluation.factorisation.scores()[term.block].shape[0]
        for V in null:
            d, scale = float(np.sum(V * (Dt @ V))), max(float(np.sum(V * (Wt @ V))), 1e-300)
            gain = q * V.shape[1] * (d / scale) ** 2 / 2.0 if d < 0 else 0.0
            out.append(Escape(i, V, d / scale, gain))
    return out


def factor_of(evaluation, term):
    """One term's Lambda~."""
    Lam = evaluation.lambdas[term.block]
    return Lam if term.whole else Lam[term.place]


def null_axes(evaluation, term):
    """Orthonormal directions, (k, m) each, to which one term's structure could give a variance."""
    axes, s = term.structure.axes(factor_of(evaluation, term))
    zero = s <= EXACT * max(1.0, s.max(initial=0.0))
    return [V for V, none in zip(axes, zero.tolist(), strict=True) if none]


def clearly_regular(evaluation, term, threshold=SINGULAR):
    """Whether no standard deviation of a term is below a threshold; a bound may be too careful."""
    return term.structure.regular(evaluation.theta[term.part], threshold)


def without_small(evaluation, term, threshold):
    """One term's theta with its negligible standard deviations exactly zero; None if it has none.

    Parameters
    ----------
    evaluation : Evaluation or LaplaceEvaluation
    term : TermParameters
    threshold : float
        Relative to the largest standard deviation, or to one if that is smaller.
    """
    if clearly_regular(evaluation, term, threshold):
        return None
    axes, s = term.structure.axes(factor_of(evaluation, term))
    small = (s > 0) & (s < threshold * max(1.0, s.max(initial=0.0)))
    if not small.any():
        return None
    kept = zip(axes, np.where(small, 0.0, s), strict=True)
    return term.structure.theta_of(np.concatenate([V * sd for V, sd in kept], axis=1))


def with_variance(evaluation, term, V, variance):
    """One term's theta with a variance added along the directions V (k, m), orthonormal."""
    Lam = factor_of(evaluation, term)
    eigenvalues, vectors = np.linalg.eigh(Lam @ Lam.T + variance * (V @ V.T))
    return term.structure.theta_of(vectors * np.sqrt(np.maximum(eigenvalues, 0.0)))


def combinations(parameters, i, V):
    """The directions V of a term as weights of the user's columns, largest modulus 1 each.

    b = T b~: the combination c'b with c = T^-T v has zero variance where v'b~ has.
    """
    term = parameters.terms[i]
    T = parameters.T_blocks[term.block][np.ix_(term.columns, term.columns)]
    out = []
    for v in V.T:
        weights = np.linalg.solve(T.T, v)
        weights = weights / weights[np.argmax(np.abs(weights))]
        weights[np.abs(weights) < 1e-12] = 0.0
        out.append(weights)
    return out


def snap(objective, evaluation):
    """Set negligible singular values of Lambda to exactly zero where nothing is lost.

    Returns
    -------
    Evaluation
        The same, or a point on the boundary whose objective is not higher.
    """
    best = evaluation
    for term in objective.parameters.terms:
        part = without_small(best, term, SINGULAR)
        if part is None:
            continue
        theta = best.theta.copy()
        theta[term.part] = part
        trial = objective.evaluate(theta)
        if trial.value <= best.value + 1e-9 * max(1.0, abs(best.value) * 1e-3):
            best = trial
    return best


def leave_saddle(objective, evaluation):
    """A lower point off the boundary, or None when the boundary is optimal.

    Steps along the direction of zero variance whose slope promises most.
    """
    found = singular_directions(evaluation, objective.parameters)
    best = max(found, key=lambda escape: escape.gain, default=None)
    if best is None or not best.gain > WORTHWHILE:
        return None
    term, V = objective.parameters.terms[best.term], best.V
    columns = np.ix_(term.columns, term.columns)
    W = evaluation.factorisation.traces(False)[term.block][columns]
    q = evaluation.factorisation.scores()[term.block].shape[0] * V.shape[1]
    variance = -best.slope * q / max(float(np.sum(V * (W @ V))), 1e-300)
    for _ in range(30):
        theta = evaluation.theta.copy()
        theta[term.part] = with_variance(evaluation, term, V, variance)
        trial = objective.evaluate(theta)
        if trial.value < evaluation.value:
            return trial
        variance *= 0.25
    return None


def certify(objective, result, optimizer):
    """The certificate of an optimiser's result.

    Parameters
    ----------
    objective : LMMObjective
    result : OptimizerResult
    optimizer : str

    Returns
    -------
    Certificate
    """
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
    stationary = finite and decrement < 1e-5
    optimal = all(escape.gain <= 1e-6 for escape in escapes)
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
