"""One random term at the boundary: which of its variances are zero, and how to move them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.covariance import Invariance

# standard deviations relative to the term's largest, or to one if that is smaller: below the first
# the data cannot tell one from zero, below the second it is zero but for rounding
NEGLIGIBLE, ZERO = 1e-4, 1e-10
# predicted fall of the objective for which a variance of zero is left
WORTHWHILE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
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


def factor_of(evaluation, term):
    """One term's Lambda~."""
    Lam = evaluation.lambdas[term.block]
    return Lam if term.whole else Lam[term.place]


def null_axes(evaluation, term):
    """Orthonormal directions, (k, m) each, to which one term's structure could give a variance."""
    axes, s = term.structure.axes(factor_of(evaluation, term))
    zero = s <= ZERO * max(1.0, s.max(initial=0.0))
    return [V for V, none in zip(axes, zero.tolist(), strict=True) if none]


def mixed(structure, null, D):
    """Null directions in which the objective changes least and most.

    The slope along v is v'Dv. Where every combination of the directions is allowed, D's
    eigenvectors are those to look in; else only the structure's own directions are.

    Parameters
    ----------
    structure : Covariance
        Of the term.
    null : list of (k, m) arrays
        As from `null_axes`.
    D : callable
        Gives the slopes <D, v w'> of all pairs of the directions.
    """
    if len(null) < 2 or structure.invariance is not Invariance.ANY:
        return null
    slopes = D()
    if not np.isfinite(slopes).all():
        return null
    return np.hsplit(np.concatenate(null, axis=1) @ np.linalg.eigh(slopes)[1], len(null))


def clearly_regular(evaluation, term, threshold=NEGLIGIBLE):
    """Whether no standard deviation of a term is below a threshold; a bound may be too careful."""
    return term.structure.regular(evaluation.theta[term.part], threshold)


def without_small(evaluation, term, threshold):
    """One term's theta with its negligible standard deviations exactly zero; None if it has none.

    Parameters
    ----------
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


def without_negligible(terms, point, threshold, accepted):
    """The same point, or one on the boundary: negligible standard deviations of every term zero.

    Parameters
    ----------
    terms : sequence of TermParameters
        Whose variances are looked at.
    point : Evaluation or LaplaceEvaluation
        Where a search ended.
    threshold : float
        What is negligible.
    accepted : callable
        From the new point and the old one to the one to keep.
    """
    for term in terms:
        theta = without_small(point, term, threshold)
        if theta is not None:
            point = accepted(point.with_term(term, theta), point)
    return point


def with_variance(evaluation, term, V, variance):
    """The point with a variance added to one term along the directions V (k, m), orthonormal."""
    Lam = factor_of(evaluation, term)
    eigenvalues, vectors = np.linalg.eigh(Lam @ Lam.T + variance * (V @ V.T))
    half = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return evaluation.with_term(term, term.structure.theta_of(half))


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
