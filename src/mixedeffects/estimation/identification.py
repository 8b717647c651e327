"""Which variances and covariances are in the data, and which combinations of them only.

V = sigma^2 W^-1 + Z G Z' is linear in its variances and covariances phi, and the likelihood knows
of them only V (REML: V with the fixed effects projected out). A direction of phi that leaves it as
it is changes no likelihood, for any response: along it the data say nothing, wherever the optimum
is. Those directions are the null space of the Gram matrix of
`mixedeffects.engine.variance_products`; linear functions of phi that are constant along all of
them can be said.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg.lapack import dpotrf  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.engine import level_products, products_of_rows, variance_gram
from mixedeffects.estimation.boundary import clearly_regular
from mixedeffects.estimation.certificate import FlatDirection
from mixedeffects.estimation.recession import complement

# curvature by the logarithms of the relative standard deviations below which a look is worth it:
# regular optima have the number of groups times a share of the variance there
DOUBTFUL = 1e-4
# share of a direction of the covariances that no step of theta~ makes, from which on it leads off a
# boundary
TANGENT = 1e-6
# eigenvalue of the Gram matrix, scaled to a unit diagonal, that is zero but for rounding
ZERO_EIGENVALUE = 1e-10
# smallest eigenvalue of the same above which there is surely no such direction
REGULAR_GRAM = 1e-6
# sum, relative to its terms, that is zero but for rounding
CONSTANT = 1e-6
# entries of a null vector that are zero but for rounding, next to its others
ROUNDING = 1e-7
# difference of the objective, relative, between two points that have the same V
SAME = 1e-8
# factor between two points at which a structure's changes are looked at
ELSEWHERE = 1.25
# how far apart those are, as a share of the variances
APART = 0.5


def perhaps_flat(evaluation, information):
    """Whether some variance parameter may be flat: cheap, and never False where one is.

    The average information is f'Pf with f = (dV/dtheta) Py, and so zero in a flat direction.

    Parameters
    ----------
    information : (K, K) array or None
        The average information of theta~, profiled over sigma, near the optimum, where an
        optimiser has it.
    """
    if information is None:
        information = evaluation.information
    terms = evaluation.objective.parameters.terms
    if not all(clearly_regular(evaluation, term) for term in terms):
        return True
    theta = evaluation.theta.tolist()
    if len(theta) == 1:
        return not theta[0] * theta[0] * float(information[0, 0]) > DOUBTFUL
    least = []
    for term in terms:
        part = theta[term.part]
        least += [DOUBTFUL / sum([v * v for v in part])] * len(part)
    information = information.copy()
    information.flat[:: len(theta) + 1] -= least
    return dpotrf(information, lower=1, overwrite_a=1)[1] != 0


def flat_directions(objective, theta):
    """Directions of the variances of a linear model that the data say nothing about.

    Takes theta (K,) array, the optimum. Of a structure that is not linear in its variances and
    covariances the directions are those of its changes there.

    Returns
    -------
    tuple of FlatDirection
        A basis; empty where every variance and covariance is in the data.
    """
    parameters = objective.parameters
    products = level_products(objective.stats, objective.reml)
    bases = parameters.bases(theta)
    gram, scale = variance_gram(products, bases)
    null = null_of_gram(gram, scale)
    if null.shape[1] == 0:
        return ()
    if parameters.additive:
        null = np.array([v for v in null.T if _leaves_objective(objective, bases, v)]).T
    else:
        elsewhere = parameters.bases(_elsewhere(theta))
        null = null if null_of_gram(*variance_gram(products, elsewhere)).size else null[:, :0]
    return directions(null, bases, parameters.T_blocks, scale) if null.size else ()


def with_flat(certificate, flat, terms):
    """A certificate that says which directions of the variances are not in the data.

    A direction of zero variance along which they say nothing is one of many: it is not named.
    """
    if not flat:
        return certificate

    def known(direction):
        term = terms[direction.term]
        place = np.ix_(term.columns, term.columns)
        w = direction.weights
        return all(constant_along([(np.outer(w, w), f.blocks[term.block][place])]) for f in flat)

    singular = tuple(d for d in certificate.singular if known(d))
    return replace(certificate, flat=flat, singular=singular)


def constant_along(pairs, residual=0.0):
    """Whether a weighted sum does not change along a direction, but for rounding.

    Parameters
    ----------
    pairs : sequence of (weights, change)
        Arrays of one shape each.
    residual : float
        What the residual variance adds to the change.

    Examples
    --------
    >>> import numpy as np
    >>> constant_along([(np.array([1.0, 1.0]), np.array([0.3, -0.3]))])
    True
    """
    terms = np.concatenate([*((W * change).ravel() for W, change in pairs), [residual]])
    # entries that rounding alone moved are measured against all that the direction moves
    largest = max(
        [abs(residual), *(float(abs(W).max() * abs(change).max()) for W, change in pairs)]
    )
    return bool(abs(terms.sum()) <= CONSTANT * max(np.abs(terms).sum(), CONSTANT * largest))


def _elsewhere(theta):
    """Another point, where a direction that is flat at the first only by chance is not."""
    return ELSEWHERE * theta + ELSEWHERE - 1.0


def flat_directions_of_rows(groups, parameters, theta, *, residual=False, single=None):
    """The same of a generalised model: of the covariance of its linear predictors' random parts.

    Returns tuple of FlatDirection.

    Parameters
    ----------
    groups : sequence of sequences of Block
        Per linear predictor with random effects.
    parameters : Parameters
        Of the blocks of all of them, in order.
    theta : (n_theta,) array
        The optimum.
    residual : bool
        Whether the distribution has a variance of its own on the scale of the predictor.
    single : sequence of (n,) bool arrays, optional
        Per linear predictor, rows whose own variance does not show in the response: a single yes
        or no has no distribution but its mean.
    """
    out, at = [], 0
    everything = parameters.bases(theta)
    for i, blocks in enumerate(groups):
        mine = slice(at, at + len(blocks))
        bases, T_blocks = everything[mine], parameters.T_blocks[mine]
        n = blocks[0].factor.codes.size
        if plainly_in_the_data(blocks):
            at += len(blocks)
            continue
        gram, scale = variance_gram(products_of_rows(blocks, T_blocks, n), bases, residual)
        alone = None if single is None else single[i]
        if alone is not None and alone.any():
            pairs = zip(blocks, T_blocks, bases, strict=True)
            own = np.concatenate([_own_variances(*pair) for pair in pairs])
            own = own if alone.all() else own[:, alone]
            gram = gram - own @ own.T
        null = null_of_gram(gram, scale)
        for direction in directions(null, bases, T_blocks, scale, residual):
            changes = [np.zeros((k, k)) for k in parameters.k]
            changes[mine] = direction.blocks
            out.append(FlatDirection(tuple(changes), direction.residual))
        at += len(blocks)
    return tuple(out)


def plainly_in_the_data(blocks):
    """Whether the covariance of some blocks is in the data, as it can be seen without the rows.

    True of none, and of an intercept alone with rows that share a level.
    """
    if len(blocks) == 1 and blocks[0].Z is None:
        return blocks[0].factor.codes.size > blocks[0].factor.n_levels
    return not blocks


def _own_variances(block, T, basis):
    """z'E_k z of every row, (m, n)."""
    if block.Z is None:
        return np.ones((1, block.factor.codes.size)) * (basis[:, :1, 0] * T[0, 0] ** 2)
    Z, flat = np.asarray(block.Z @ T), basis.reshape(basis.shape[0], -1)
    return flat @ np.concatenate([z * Z.T for z in Z.T])


def null_of_gram(gram, scale):
    """Directions in which a Gram matrix is zero but for rounding.

    Takes gram (K, K) array. Returns (K, d) array.

    Parameters
    ----------
    scale : (K,) array
        Norms against which its entries are small; a zero, but for rounding, is a direction by
        itself: the covariance of two columns that no level has both of.

    Examples
    --------
    >>> import numpy as np
    >>> null_of_gram(np.ones((2, 2)), np.ones(2)).round(2)
    array([[-0.71],
           [ 0.71]])
    """
    safe = _norms(scale)
    scaled = gram / (safe[:, None] * safe)
    if dpotrf(scaled - REGULAR_GRAM * np.eye(safe.size), lower=1)[1] == 0:
        return np.empty((safe.size, 0))
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    return vectors[:, values < ZERO_EIGENVALUE] / safe[:, None]


def _norms(scale):
    """The same norms without those that are zero but for rounding, next to the largest."""
    largest = scale.max(initial=0.0)
    return np.where(scale > ROUNDING * largest, scale, largest or 1.0)


def directions(null, bases, T_blocks, scale, residual=True):
    """Null vectors as changes of the covariances, in the columns of the formula.

    Entries that are rounding next to what they are sums of are exactly zero.
    """
    out = []
    for v in null.T:
        share = v * _norms(scale)
        v = np.where(np.abs(share) > ROUNDING * np.abs(share).max(), v, 0.0)
        changes = []
        for T, change in zip(T_blocks, changes_of(v[int(residual) :], bases), strict=True):
            size = np.abs(T) @ np.abs(change) @ np.abs(T).T
            change = T @ change @ T.T
            changes.append(np.where(np.abs(change) > ROUNDING * size, change, 0.0))
        out.append(FlatDirection(tuple(changes), float(v[0]) if residual else 0.0))
    return tuple(out)


def changes_of(v, bases):
    """Per block, the sum of its natural parameters' matrices with some weights."""
    out, at = [], 0
    for basis in bases:
        out.append(np.tensordot(v[at : at + basis.shape[0]], basis, axes=1))
        at += basis.shape[0]
    return out


def _leaves_objective(objective, bases, v):
    """Whether the objective really is the same at two points that differ by the direction.

    The Gram matrix may be singular but for rounding where a direction is only nearly flat.
    """
    changes = changes_of(v[1:], bases)
    largest = max([abs(v[0]), *(np.abs(np.linalg.eigvalsh(c)).max() for c in changes)])
    values = []
    for size in (0.0, APART / largest):
        residual = 1.0 + size * v[0]
        lambdas = [np.linalg.cholesky((np.eye(c.shape[0]) + size * c) / residual) for c in changes]
        values.append(objective.value(objective.parameters.theta_from_lambdas(lambdas)))
    here, there = values
    if not np.isfinite(values).all():
        return True
    return abs(there - here) < SAME * max(1.0, abs(here))


def known_directions(parameters, theta, lambdas, s2, flat):
    """Directions of theta~ without those that the data say nothing about.

    A flat direction changes G by dG and sigma^2 by d; relative to sigma^2 that is dG - G d. Takes
    theta (K,) array; lambdas sequence of (k, k) arrays. Returns (K, m) array with orthonormal
    columns; the identity where nothing is flat..

    Parameters
    ----------
    s2 : float
        Residual variance; 1 where the covariances are relative to nothing.
    """
    if not flat:
        return np.eye(theta.size)
    steps, left = [], []
    blocks = zip(
        parameters.T_blocks, lambdas, parameters.dG(theta, lambdas),
        zip(*(direction.blocks for direction in flat), strict=True), strict=True,
    )  # fmt: skip
    for T, Lam, D, changes in blocks:
        relative = [
            inner(T, change) / s2 - (Lam @ Lam.T) * (direction.residual / s2)
            for change, direction in zip(changes, flat, strict=True)
        ]
        wanted, M = np.array(relative).reshape(len(flat), -1).T, D.reshape(len(D), -1).T
        steps.append(np.linalg.lstsq(M, wanted, rcond=1e-10)[0])
        left.append((wanted - M @ steps[-1]) / max(np.abs(wanted).max(), 1e-300))
    # where a variance is zero theta~ stays on that boundary: a direction that leads off it is none
    # of those of theta~, and what is left on the boundary is in the data
    _, s, V = np.linalg.svd(np.concatenate(left))
    null = np.concatenate(steps) @ V[int((s > TANGENT).sum()) :].T
    return complement(null, 1e-9)


def inner(T, change):
    """A change of a covariance matrix in the engine's columns: T^-1 dG T^-T."""
    return np.linalg.solve(T, np.linalg.solve(T, change).T)
