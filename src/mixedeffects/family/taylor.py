"""Truncated Taylor arithmetic: exact derivatives of any log density written with NumPy ufuncs.

A :class:`Jet` is the Taylor polynomial of a row's quantity in the linear predictors, cut off at the
orders a fit needs. NumPy's and SciPy's ufuncs accept jets (``__array_ufunc__``), so that a function
of arrays becomes a function that carries its derivatives along: no formula is differentiated by
hand and no step size is chosen.

References
----------
Griewank & Walther (2008), *Evaluating Derivatives*, chapter 13, doi:10.1137/1.9780898717761.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from mixedeffects.family.rules import UNARY, VALUES_ONLY


class Space:
    """The multi-indices that are kept, and how they multiply.

    Parameters
    ----------
    n_variables : int
        Number of linear predictors.
    order : int
        Highest total order in the random predictors, at most 3.
    random : tuple of int
        Predictors with random effects. The others occur at most once, only for ``order=3``, and
        with a total order of at most 3.

    Attributes
    ----------
    keys : list of tuple
        Sorted tuples of variable indices; ``()`` first. The set is closed downwards.
    degree : int
        Highest total order of a key.

    Examples
    --------
    >>> Space(2, 3, (0,)).keys
    [(), (0,), (1,), (0, 0), (0, 1), (0, 0, 0), (0, 0, 1)]
    """

    def __init__(self, n_variables: int, order: int, random: tuple[int, ...]) -> None:
        keys = {
            key
            for r in range(order + 1)
            for key in combinations_with_replacement(sorted(random), r)
        }
        if order >= 3:
            fixed = [v for v in range(n_variables) if v not in random]
            keys |= {tuple(sorted((*k, e))) for k in keys if len(k) < order for e in fixed}
        self.keys = sorted(keys, key=lambda key: (len(key), key))
        self.degree = max(map(len, self.keys))
        self.position = {key: i for i, key in enumerate(self.keys)}
        self.factors = [prod(factorial(k.count(v)) for v in set(k)) for k in self.keys]
        # products[i]: the pairs (j, position of keys[i] + keys[j]) that are kept, constants apart
        self.products = [
            [
                (j, self.position[key])
                for j, b in enumerate(self.keys)
                if j and (key := tuple(sorted(a + b))) in self.position
            ]
            for a in self.keys
        ]

    def variables(self, values) -> list[Jet]:
        """One jet per predictor, each its own variable (plain arrays where nothing is kept)."""
        return [
            self.jet(np.asarray(x, dtype=float), {(v,): 1.0}) if (v,) in self.position else x
            for v, x in enumerate(values)
        ]

    def jet(self, value, parts) -> Jet:
        """The jet with this value and these Taylor coefficients (a dict by key)."""
        coefficients: list = [None] * len(self.keys)
        coefficients[0] = value
        for key, coefficient in parts.items():
            if key and key in self.position:
                coefficients[self.position[key]] = coefficient
        return Jet(self, coefficients)

    def from_derivatives(self, derivatives) -> Jet:
        """The jet with these derivatives (a dict by key, as families return it)."""
        return self.jet(
            derivatives[()],
            {
                key: d / f if f != 1 else d
                for key, d in derivatives.items()
                if key in self.position
                for f in (self.factors[self.position[key]],)
            },
        )


@lru_cache(maxsize=64)
def space(n_variables: int, order: int, random: tuple[int, ...]) -> Space:
    """The space of these variables, made once."""
    return Space(n_variables, order, random)


class Jet(NDArrayOperatorsMixin):
    """A Taylor polynomial per row; behaves like an array under ufuncs and ``np.where``.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = Space(2, 3, (0,)).variables([np.array([2.0]), np.array([3.0])])
    >>> derivatives = (x**3 * np.exp(y)).derivatives()
    >>> bool(np.isclose(derivatives[0, 0, 1], 6 * 2.0 * np.exp(3.0))[0])
    True
    """

    __slots__ = ("coefficients", "space")

    def __init__(self, space: Space, coefficients: list) -> None:
        self.space = space
        self.coefficients = coefficients

    @property
    def value(self):
        """The values without derivatives, an array of the rows."""
        return self.coefficients[0]

    @property
    def shape(self):
        return np.shape(self.value)

    def derivatives(self) -> dict:
        """Partial derivatives by key; keys that are identically zero are missing."""
        shape = np.shape(self.value)
        return {
            key: np.broadcast_to(c * f if f != 1 else c, shape)
            for key, c, f in zip(
                self.space.keys, self.coefficients, self.space.factors, strict=True
            )
            if c is not None
        }

    def compose(self, rule, *arguments) -> Jet:
        """``f(self)``, given ``rule(x, order, *arguments) -> [f, f′, f″, …]`` at arrays x."""
        degree = self.space.degree
        f = rule(self.value, degree, *arguments)
        out = [f[0]] + [None if c is None else f[1] * c for c in self.coefficients[1:]]
        if degree >= 2:
            inner = Jet(self.space, [None, *self.coefficients[1:]])
            power = inner
            for k in range(2, degree + 1):
                power = _multiply(power, inner)
                scale = f[k] / factorial(k)
                for i, c in enumerate(power.coefficients):
                    if c is not None:
                        out[i] = c * scale if out[i] is None else out[i] + c * scale
        return Jet(self.space, out)

    def __getitem__(self, rows) -> Jet:
        return Jet(
            self.space,
            [c if c is None or np.ndim(c) == 0 else c[rows] for c in self.coefficients],
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs:
            return NotImplemented
        name = ufunc.__name__
        if name in UNARY:
            return self.compose(UNARY[name])
        if name in _ARITHMETIC:
            return _ARITHMETIC[name](*inputs)
        if name in VALUES_ONLY:
            return ufunc(*[x.value if isinstance(x, Jet) else x for x in inputs])
        raise TypeError(
            f"{name} has no derivative rule, so a log density that uses it cannot be "
            "differentiated; write it with other functions or give the family its own derivatives"
        )

    def __array_function__(self, function, types, args, kwargs):
        if function is np.where and len(args) == 3 and not kwargs:
            return where(*args)
        return NotImplemented


def where(mask, x, y):
    """Rows of x where `mask` holds, else of y; either may be a jet, an array or a number."""
    if not isinstance(x, Jet) and not isinstance(y, Jet):
        return np.where(mask, x, y)
    of = x.space if isinstance(x, Jet) else y.space
    pairs = zip(_padded(x, of), _padded(y, of), strict=True)
    return Jet(
        of,
        [
            None
            if a is None and b is None
            else np.where(mask, 0.0 if a is None else a, 0.0 if b is None else b)
            for a, b in pairs
        ],
    )


def scatter(jet, rows, n):
    """A jet (or array) of some rows as one of n rows; the others are zero."""
    if not isinstance(jet, Jet):
        out = np.zeros(n)
        out[rows] = jet
        return out
    return Jet(jet.space, [None if c is None else scatter(c, rows, n) for c in jet.coefficients])


def _padded(x, of: Space) -> list:
    if isinstance(x, Jet):
        return x.coefficients
    return [x] + [None] * (len(of.keys) - 1)


def _multiply(x, y):
    if not isinstance(x, Jet):
        x, y = y, x
    if not isinstance(y, Jet):
        return Jet(x.space, [None if c is None else c * y for c in x.coefficients])
    a0, b0 = x.coefficients[0], y.coefficients[0]
    out: list = [None] * len(x.coefficients)
    if a0 is not None:  # None stands for the zero value of a nilpotent part
        out = [None if b is None else a0 * b for b in y.coefficients]
    if b0 is not None:
        for i, a in enumerate(x.coefficients):
            if a is not None and i:
                out[i] = a * b0 if out[i] is None else out[i] + a * b0
    for i, a in enumerate(x.coefficients):
        if a is None or i == 0:
            continue
        for j, k in x.space.products[i]:
            b = y.coefficients[j]
            if b is not None:
                out[k] = a * b if out[k] is None else out[k] + a * b
    return Jet(x.space, out)


def _add(x, y):
    of = x.space if isinstance(x, Jet) else y.space
    pairs = zip(_padded(x, of), _padded(y, of), strict=True)
    return Jet(of, [b if a is None else a if b is None else a + b for a, b in pairs])


def _subtract(x, y):
    of = x.space if isinstance(x, Jet) else y.space
    pairs = zip(_padded(x, of), _padded(y, of), strict=True)
    return Jet(
        of,
        [(None if b is None else -b) if a is None else a if b is None else a - b for a, b in pairs],
    )


def _divide(x, y):
    if not isinstance(y, Jet):
        return Jet(x.space, [None if c is None else c / y for c in x.coefficients])
    return _multiply(y.compose(UNARY["reciprocal"]), x)


def _power(x, y):
    if isinstance(y, Jet):
        return np.exp(_multiply(y, np.log(x)))
    if np.ndim(y) == 0 and y == 2:
        return _multiply(x, x)
    return x.compose(UNARY["_power"], y)


def _logaddexp(x, y):
    return _add(y, _subtract(x, y).compose(UNARY["_softplus"]))


def _xlogy(x, y):
    return where(np.asarray(getattr(x, "value", x)) == 0, 0.0, _multiply(np.log(y), x))


def _xlog1py(x, y):
    return where(np.asarray(getattr(x, "value", x)) == 0, 0.0, _multiply(np.log1p(y), x))


def _maximum(x, y):
    return where(np.greater_equal(getattr(x, "value", x), getattr(y, "value", y)), x, y)


def _minimum(x, y):
    return where(np.less_equal(getattr(x, "value", x), getattr(y, "value", y)), x, y)


def _negative(x):
    return Jet(x.space, [None if c is None else -c for c in x.coefficients])


def _absolute(x):
    return _multiply(x, np.sign(x.value))


_ARITHMETIC = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "power": _power,
    "float_power": _power,
    "square": lambda x: _multiply(x, x),
    "negative": _negative,
    "positive": lambda x: x,
    "absolute": _absolute,
    "fabs": _absolute,
    "logaddexp": _logaddexp,
    "xlogy": _xlogy,
    "xlog1py": _xlog1py,
    "maximum": _maximum,
    "minimum": _minimum,
}
