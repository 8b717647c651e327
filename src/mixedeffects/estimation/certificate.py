"""Proof, or refutation, that a point is a local optimum on the cone of covariances.

The objective is even in every column of Lambda, so a zero column has zero gradient
whether or not it should be zero: the gradient alone proves nothing at the boundary
(MixedModels.jl issue 705). The condition that does is on D = dd/dG: at an optimum D Lambda = 0
and D is positive semi-definite on the null space of G.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod

import numpy as np

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


def singular_directions(evaluation, parameters):
    """Null directions of every term's covariance with the slope of the objective along them.

    Parameters
    ----------
    evaluation : Evaluation
    parameters : Parameters

    Returns
    -------
    list of (term index, direction in engine coordinates (k,), slope, gain)
        `slope` is relative to the information; `gain` estimates the objective that a
        step along the direction would win, 0 where the slope is non-negative.
    """
    out = []
    D, W = [], []
    for i, term in enumerate(parameters.terms):
        if clearly_regular(evaluation, term):
            continue
        U, s, _ = term_svd(evaluation, term)
        null = U[:, s <= EXACT * max(1.0, s[0])]
        if null.shape[1] == 0:
            continue
        if not D:
            D, W = evaluation.D, evaluation.factorisation.traces(False)
        Dt = D[term.block][np.ix_(term.columns, term.columns)]
        Wt = W[term.block][np.ix_(term.columns, term.columns)]
        projected = null.T @ Dt @ null
        if term.structure.rotates:
            _, vectors = np.linalg.eigh(0.5 * (projected + projected.T))
        else:
            vectors = np.eye(null.shape[1])
        q = evaluation.factorisation.scores()[term.block].shape[0]
        for v in (null @ vectors).T:
            d, scale = float(v @ Dt @ v), max(float(v @ Wt @ v), 1e-300)
            gain = q * (d / scale) ** 2 / 2.0 if d < 0 else 0.0
            out.append((i, v, d / scale, gain))
    return out


def term_svd(evaluation, term):
    """U, singular values (largest first) and V' of one term's Lambda~.

    A diagonal structure keeps its columns apart: U is then a permutation.
    """
    Lam = evaluation.lambdas[term.block]
    if len(term.columns) != Lam.shape[0]:
        Lam = Lam[np.ix_(term.columns, term.columns)]
    if Lam.shape[0] == 1:
        return np.ones((1, 1)), np.abs(Lam[0]), np.ones((1, 1))
    if term.structure.rotates:
        return np.linalg.svd(Lam)
    d = np.abs(Lam.diagonal())
    order = np.argsort(-d)
    U = np.eye(d.size)[:, order]
    return U, d[order], U.T


def clearly_regular(evaluation, term, threshold=SINGULAR):
    """Whether a bound shows, without an SVD, that no singular value is below a threshold.

    sigma_min >= |det| ((k - 1) / |Lambda|_F^2)^((k - 1) / 2) (Yu & Gu 1997,
    doi:10.1016/S0024-3795(96)00055-8).
    """
    theta = evaluation.theta[term.part].tolist()
    k = len(term.columns)
    if k == 1:
        return abs(theta[0]) > threshold
    size = sum(v * v for v in theta)
    determinant = abs(prod(theta[i] for i in term.structure.diagonal))
    bound = determinant * ((k - 1) / size) ** (0.5 * (k - 1)) if size > 0 else 0.0
    return bound > threshold * max(1.0, size**0.5)


def without_small(evaluation, term, threshold):
    """One term's theta with its negligible singular values exactly zero; None if it has none.

    Parameters
    ----------
    evaluation : Evaluation or LaplaceEvaluation
    term : TermParameters
    threshold : float
        Relative to the largest singular value, or to one if that is smaller.
    """
    if clearly_regular(evaluation, term, threshold):
        return None
    U, s, Vt = term_svd(evaluation, term)
    small = (s > 0) & (s < threshold * max(1.0, s[0]))
    if not small.any():
        return None
    return term.structure.theta_of((U * np.where(small, 0.0, s)) @ Vt)


def with_variance(evaluation, term, v, variance):
    """One term's theta with a variance added along the direction v, in engine coordinates."""
    Lam = evaluation.lambdas[term.block][np.ix_(term.columns, term.columns)]
    eigenvalues, vectors = np.linalg.eigh(Lam @ Lam.T + variance * np.outer(v, v))
    return term.structure.theta_of(vectors * np.sqrt(np.maximum(eigenvalues, 0.0)))


def combination(term, T_blocks, v):
    """The direction v as weights of the user's columns, largest modulus 1.

    b = T b~: the combination c'b with c = T^-T v has zero variance where v'b~ has.
    """
    T = T_blocks[term.block][np.ix_(term.columns, term.columns)]
    weights = np.linalg.solve(T.T, v)
    weights = weights / weights[np.argmax(np.abs(weights))]
    weights[np.abs(weights) < 1e-12] = 0.0
    return weights


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
    candidates = [
        c for c in singular_directions(evaluation, objective.parameters) if c[3] > WORTHWHILE
    ]
    if not candidates:
        return None
    i, v, slope, _ = max(candidates, key=lambda c: c[3])
    term = objective.parameters.terms[i]
    columns = np.ix_(term.columns, term.columns)
    W = evaluation.factorisation.traces(False)[term.block][columns]
    q = evaluation.factorisation.scores()[term.block].shape[0]
    variance = -slope * q / max(float(v @ W @ v), 1e-300)
    for _ in range(30):
        theta = evaluation.theta.copy()
        theta[term.part] = with_variance(evaluation, term, v, variance)
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
    directions = singular_directions(evaluation, parameters)
    g = evaluation.gradient
    decrement = result.decrement
    if decrement is None:
        decrement = decrement_at(evaluation)
    moduli = np.abs(g).tolist()  # for the few numbers of a small fit Python is faster than NumPy
    finite = all(map(isfinite, moduli))
    stationary = finite and decrement < 1e-5
    optimal = all(gain <= 1e-6 for *_, gain in directions)
    singular = []
    for i, v, slope, _ in directions:
        term = parameters.terms[i]
        singular.append(Direction(i, combination(term, parameters.T_blocks, v), slope))
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
