"""What a covariance structure promises, checked by numbers that it did not compute itself."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import Invariance, structure
from mixedeffects.options import generator
from mixedeffects.testing.numbers import close, covariance, difference, draw, require
from mixedeffects.testing.structure_models import check_generalised_models, check_linear_models

_WIDTHS = (1, 2, 3, 5)
_DRAWS = 3
# covariance, of the largest, that is none but for rounding
_ZERO = 1e-13


def check_structure(form, *, rng=0, rtol=1e-6, generalised=True) -> None:
    """Check that a covariance structure keeps its contract.

    Derivatives against finite differences, the inverse maps, the stated invariance, zero patterns
    and boundaries, then models with it: the likelihood against dense matrices, every optimiser
    against every other, and that the certificate, intervals, refits and words can be had.

    Parameters
    ----------
    form : subclass of Covariance
        Registered: see `mixedeffects.covariance.register`.
    rng : numpy.random.Generator or int
        Where parameters and responses come from.
    rtol : float
        Tolerance of derivatives and covariances, relative to one plus their size.
    generalised : bool
        Whether to fit generalised models too, which takes longer.

    Raises
    ------
    AssertionError
        What is wrong, and by how much.

    Examples
    --------
    >>> from mixedeffects.covariance import Diagonal
    >>> check_structure(Diagonal, generalised=False)
    """
    rng = generator(rng)
    require(
        isinstance(structure(form.name, 1), form),
        f"'{form.name}' is another structure: register this one",
    )
    require(
        bool(form.words) and isinstance(form.invariance, Invariance),
        "words and invariance say what the structure is",
    )
    for k in _WIDTHS:
        one = form(k)
        for _ in range(_DRAWS):
            theta = draw(one, rng)
            _check_derivatives(one, theta, rng, rtol)
            _check_inverse(one, theta, rng, rtol)
            _check_likeliest(one, rng, rtol)
            _check_invariance(one, theta, rng, rtol)
            _check_pattern(one, theta, rng, rtol)
            _check_natural(one, theta, rtol)
        _check_boundary(one, rng, rtol)
    check_linear_models(form, rng)
    if generalised:
        check_generalised_models(form, rng)


def _check_derivatives(one, theta, rng, rtol) -> None:
    S = rng.normal(size=(one.k, one.k))
    D = S + S.T
    d = one.derivatives(theta)
    close(d, difference(one.factor, theta), rtol, "derivatives")
    close(one.gradient(theta, S), np.einsum("iab,ab->i", d, S), rtol, "gradient")
    close(
        one.factors(np.array([theta, 2.0 * theta])),
        [one.factor(theta), one.factor(2.0 * theta)],
        rtol,
        "factors",
    )

    def slope(at):
        return 2.0 * np.einsum("iab,ab->i", one.derivatives(at), D @ one.factor(at))

    close(one.curvature(theta, D), difference(slope, theta), 10 * rtol, "curvature")


def _check_inverse(one, theta, rng, rtol) -> None:
    G, Lam = covariance(one, theta), one.factor(theta)
    rotation = np.linalg.qr(rng.normal(size=(one.k, one.k)))[0]
    again = one.theta_of(Lam)
    close(covariance(one, again), G, rtol, "the covariance of theta_of(factor(theta))")
    close(one.theta_of(Lam @ rotation), again, rtol, "theta_of another factor of a covariance")
    stack = np.array([Lam, Lam @ rotation])
    close(one.thetas_of(stack), [again, again], rtol, "thetas_of")
    larger = covariance(one, one.theta_of(3.0 * Lam))
    close(larger, 9.0 * G, rtol, "a multiple of a covariance")


def _check_likeliest(one, rng, rtol) -> None:
    """theta_of any moments maximises the likelihood of a normal sample that has them."""
    A = rng.normal(size=(one.k, one.k + 3))
    S = A @ A.T + 0.5 * np.eye(one.k)

    def minus_log_likelihood(theta):
        G = covariance(one, theta)
        return np.linalg.slogdet(G)[1] + np.trace(np.linalg.solve(G, S))

    slope = difference(minus_log_likelihood, one.theta_of(np.linalg.cholesky(S)))
    close(slope, np.zeros(one.n_theta), 100 * rtol, "theta_of is not the likeliest: slope")


def _check_invariance(one, theta, rng, rtol) -> None:
    k = one.k
    if one.invariance is Invariance.NONE:
        return
    T = np.diag(rng.uniform(0.5, 2.0, k))
    if one.invariance is Invariance.ANY:
        T = T + 0.5 * rng.normal(size=(k, k))
    Lam = T @ one.factor(theta)
    close(
        covariance(one, one.theta_of(Lam)), Lam @ Lam.T, rtol,
        f"invariance '{one.invariance.value}': the covariance in other columns",
    )  # fmt: skip


def _check_pattern(one, theta, rng, rtol) -> None:
    G, k = covariance(one, theta), one.k
    for i in range(k):
        for j in range(i + 1, k):
            covary = abs(G[i, j]) > _ZERO * np.abs(G).max()
            require(covary == ((i, j) in one.pairs), f"pairs: columns {i} and {j}")
    units = one.basis.reshape(len(one.basis), -1).T
    left = G.ravel() - units @ np.linalg.lstsq(units, G.ravel(), rcond=None)[0]
    close(left, np.zeros(k * k), rtol, "basis: what it leaves of a covariance")
    if one.positions is not None:
        rows, columns = np.array(one.positions).T
        close(one.factor(theta)[rows, columns], theta, rtol, "positions: entries of the factor")
    wide = np.zeros((k, k))
    if one.pieces is not None:
        for piece in one.pieces:
            A = rng.normal(size=(len(piece), len(piece) + 1))
            wide[np.ix_(piece, piece)] = A @ A.T
    else:
        for V in one.parts:
            wide = wide + rng.uniform(0.2, 2.0) * V @ V.T
    if wide.any():
        found = covariance(one, one.theta_of(np.linalg.cholesky(wide)))
        close(found, wide, rtol, "pieces or parts: a covariance made of them")


def _check_natural(one, theta, rtol) -> None:
    require(
        len(one.natural) == one.n_theta,
        f"{len(one.natural)} natural parameters for {one.n_theta} entries of theta",
    )
    values = one.natural_values(theta)
    close(
        covariance(one, one.from_natural(values)), covariance(one, theta), rtol,
        "the covariance of from_natural(natural_values(theta))",
    )  # fmt: skip
    sd = np.sqrt(covariance(one, theta).diagonal())
    correlations = covariance(one, theta) / np.outer(sd, sd)
    for i in range(one.k):
        for j in range(i + 1):
            where = one.shared(i, j)
            if where is not None:
                own = sd[i] if i == j else correlations[i, j]
                close(values[list(one.natural).index(where)], own, rtol, f"shared({i}, {j})")
    low, high = one.correlations
    inside = [low <= r <= high for r, (i, j) in zip(values, one.natural, strict=True) if i != j]
    require(all(inside), f"correlations: {values} are not all between {low} and {high}")
    if len(inside) == 1:
        for end in (low, high):
            at = [v if i == j else end for v, (i, j) in zip(values, one.natural, strict=True)]
            finite = np.isfinite(one.from_natural(np.array(at))).all()
            require(bool(finite), f"from_natural: a correlation of {end}, the end of its range")
    J = one.natural_jacobian(theta)
    close(J, difference(one.natural_values, theta).T, 10 * rtol, "natural_jacobian")
    require(
        np.linalg.matrix_rank(J, 1e-8) == one.n_theta,
        "the natural parameters do not tell all covariances apart",
    )


def _check_boundary(one, rng, rtol) -> None:
    theta = draw(one, rng)
    for i in one.singular:
        zero = theta.copy()
        zero[i] = 0.0
        smallest = np.linalg.svd(one.factor(zero))[1][-1]
        close(smallest, 0.0, rtol, f"singular: standard deviation where theta[{i}] is zero")
        require(not one.regular(zero, 1e-4), f"regular says that theta[{i}] = 0 is no boundary")
    Lam = one.factor(theta)
    axes, sizes = one.axes(Lam)
    for V, sd in zip(axes, sizes, strict=True):
        close(V.T @ V, np.eye(V.shape[1]), rtol, "axes: inner products")
        close(np.linalg.norm(V.T @ Lam) / V.shape[1] ** 0.5, sd, rtol, "axes: sd along them")
        wider = Lam @ Lam.T + 0.7 * V @ V.T
        found = covariance(one, one.theta_of(np.linalg.cholesky(wider)))
        close(found, wider, rtol, "axes: a covariance with more variance along one")
