"""Polynomials through the values of smooth functions of a few parameters."""

from __future__ import annotations

from itertools import product
from operator import truediv
from typing import Any

import numpy as np

# points among which those of Leja's sequence are chosen
FINE = 2001


class Box:
    """A parallelepiped about a centre: theta = centre + B x with x between -1 and 1.

    Takes centre (m,) and B (m, m) arrays.
    """

    def __init__(self, centre, B):
        self.centre, self.B, self.inverse = centre, B, np.linalg.inv(B)

    def inside(self, theta):
        """Coordinates x of (R, m) points."""
        return (theta - self.centre) @ self.inverse.T

    def theta(self, x):
        """Points with coordinates x."""
        return self.centre + x @ self.B.T


class Interpolant:
    """Polynomials in a box, through their values at as many nodes.

    With degree d_j in coordinate j they have the monomials x^a with sum_j a_j / d_j <= 1.

    The nodes are (l_a1, l_a2, …) of these exponents a, with l the points of Leja's sequence
    (Chkifa, Cohen & Schwab 2014, doi:10.1007/s10208-013-9154-z).

    Parameters
    ----------
    degrees : sequence of int
        One per coordinate.

    Attributes
    ----------
    nodes : (N, m) array
        In coordinates between -1 and 1.
    inverse : (N, N) array
        From values at the nodes to coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> found = Interpolant([8, 8])
    >>> found.nodes.shape
    (45, 2)
    >>> values = np.log(3.0 + found.nodes.sum(axis=1))
    >>> value, gradient, _ = found.through(values[:, None]).at(np.array([[0.3, -0.1]]))
    >>> bool(abs(value[0, 0] - np.log(3.2)) < 1e-4), gradient.round(2)
    (True, array([[0.31, 0.31]]))
    """

    def __init__(self, degrees):
        self.degree = max(degrees)
        self.powers = powers(degrees)
        self.nodes = leja(self.degree + 1)[self.powers]
        self.inverse = np.linalg.inv(self.basis(self.nodes)[0])
        self.coefficients = np.empty((len(self.powers), 0))

    def through(self, values):
        """The polynomials with values (N, c) at the nodes."""
        self.coefficients = self.inverse @ values
        return self

    def basis(self, x, order=0) -> Any:
        """Products of Chebyshev's polynomials (R, N); gradients and second derivatives by order.

        Returns a tuple of 1 + order arrays: (R, N), (R, N, m), (R, N, m, m).
        """
        R, m = x.shape
        one = np.polynomial.chebyshev.chebvander(x, self.degree)  # (R, m, d + 1)
        tables = [one[:, np.arange(m), self.powers]]  # (R, N, m)
        for k in range(1, order + 1):
            slopes = np.polynomial.chebyshev.chebder(np.eye(self.degree + 1), k)
            part = one[:, :, : slopes.shape[0]] @ slopes
            tables.append(part[:, np.arange(m), self.powers])
        value = tables[0].prod(axis=2)
        if not order:
            return (value,)
        first, second = np.empty((R, value.shape[1], m)), np.empty((R, value.shape[1], m, m))
        for i in range(m):
            for j in range(i + 1):
                at = [tables[0][:, :, c] for c in range(m)]
                if i == j:
                    at[i] = tables[1][:, :, i]
                    first[:, :, i] = np.prod(at, axis=0)
                    at[i] = tables[2][:, :, i]
                else:
                    at[i], at[j] = tables[1][:, :, i], tables[1][:, :, j]
                second[:, :, i, j] = second[:, :, j, i] = np.prod(at, axis=0)
        return value, first, second

    def at(self, x):
        """Values (R, c) of all, gradients (R, m) and second derivatives (R, m, m) of the first."""
        value, first, second = self.basis(x, 2)
        c = self.coefficients[:, 0]
        return (
            value @ self.coefficients,
            np.einsum("rnm,n->rm", first, c),
            np.einsum("rnij,n->rij", second, c),
        )

    def values(self, x):
        """Values (R, c)."""
        return self.basis(x)[0] @ self.coefficients


class Polynomials:
    """Polynomials of some degree in z about zero, for coefficients that differ from set to set.

    Takes m, degree, radius: of z, how far away its coordinates are at the nodes.

    Attributes
    ----------
    nodes, beyond : (c, m) and (b, m) arrays
        Where values are wanted; the nodes that another degree would add, moved to |z| <= radius.
    fit : (c, c) array
        From values at the nodes to coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> found = Polynomials(1, 3, 0.5)
    >>> _, first, _ = found.derivatives(np.array([[0.2]]))
    >>> (first[0] @ found.fit @ np.exp(found.nodes)).round(2), found.beyond.round(2)
    (array([[1.22]]), array([[-0.33]]))
    """

    def __init__(self, m, degree, radius):
        self.m, self.radius, self.degree = m, radius, degree
        self._of = Interpolant([degree] * m)
        more = powers([degree + 1] * m)
        beyond = leja(degree + 2)[more[more.sum(axis=1) > degree]]
        length = np.sqrt((beyond**2).sum(axis=1, keepdims=True))
        self.beyond = radius * beyond / np.maximum(length, 1.0)
        self.nodes, self.fit = radius * self._of.nodes, self._of.inverse

    def values(self, z):
        """(J, c) of z (J, m)."""
        return self._of.basis(z / self.radius)[0]

    def derivatives(self, z):
        """Of z (J, m): values (J, c), first (J, m, c) and second derivatives (J, m, m, c)."""
        value, first, second = self._of.basis(z / self.radius, 2)
        return (
            value, first.transpose(0, 2, 1) / self.radius,
            second.transpose(0, 2, 3, 1) / self.radius**2,
        )  # fmt: skip


def powers(degrees):
    """(N, m) exponents of the monomials of degree d_j in each coordinate.

    Examples
    --------
    >>> powers([1, 2]).tolist()
    [[0, 0], [0, 1], [0, 2], [1, 0]]
    """
    whole = product(*(range(d + 1) for d in degrees))
    return np.array([a for a in whole if sum(map(truediv, a, degrees)) <= 1.0 + 1e-9])


def leja(n):
    """The first n points of Leja's sequence: each as far from those before as can be.

    Examples
    --------
    >>> leja(4).round(3).tolist()
    [0.0, 1.0, -1.0, 0.578]
    """
    fine = np.cos(np.pi * np.linspace(0.5, 0.0, FINE // 2 + 1))
    fine = np.concatenate([fine, -fine[1:]])
    out, distance = [0.0], np.abs(fine)
    while len(out) < n:
        out.append(fine[int(np.argmax(distance))])
        distance = distance * np.abs(fine - out[-1])
    return np.array(out)
