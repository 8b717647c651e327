"""The functions a formula can call, on arrays.

Plain functions see each row alone.  Stateful ones (center, scale, poly, bs, ns) store what
they learnt from the training rows, so new data are transformed the same way; means, knots
and polynomials are computed on the rows the model uses (after rows with missing values are
left out).

==========================  =================================================================
log, log2, log10, log1p     logarithms; ``log(x, base)``
exp, expm1, sqrt, abs       as their names say
sin, cos, tan               x in radians
floor, ceil, round          ``round(x, digits)``
pmin, pmax, ifelse          row by row
I                           arithmetic as written
center, scale, standardize  ``scale(x, center=True, scale=True)``; sample standard deviation
poly                        ``poly(x, degree)`` orthonormal; ``raw=True`` gives powers
bs, ns                      ``df=``, ``knots=``, ``intercept=``, ``boundary=``; ``degree=`` (bs)
factor, C                   categories; see `mixedeffects.design.contrasts`
==========================  =================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mixedeffects.design import splines

State = dict[str, Any]
Array = np.ndarray


def log(x: Array, base: float | None = None) -> Array:
    """Natural logarithm, or to `base`."""
    return np.log(x) if base is None else np.log(x) / np.log(base)


def round_(x: Array, digits: float = 0) -> Array:
    """Nearest number with `digits` decimals; halves go to the even one."""
    if np.ndim(digits) or not -100 <= digits <= 100 or digits != int(digits):
        raise ValueError("digits must be one whole number between -100 and 100")
    return np.round(x, int(digits))


def ifelse(condition: Array, yes: Array, no: Array) -> Array:
    """`yes` where the condition holds, else `no`."""
    return np.where(condition, yes, no)


def pmin(*args: Array) -> Array:
    """Smallest of the arguments in each row."""
    if not args:
        raise TypeError("no arguments")
    return np.minimum.reduce(np.broadcast_arrays(*args))


def pmax(*args: Array) -> Array:
    """Largest of the arguments in each row."""
    if not args:
        raise TypeError("no arguments")
    return np.maximum.reduce(np.broadcast_arrays(*args))


def _unary(function: Callable[..., Array]) -> Callable[[Array], Array]:
    """A NumPy function of one array: its second argument would be written to."""
    return lambda x: function(x)


PLAIN: dict[str, Callable[..., Array]] = {
    "I": lambda x: x,
    "log": log,
    "log2": _unary(np.log2),
    "log10": _unary(np.log10),
    "log1p": _unary(np.log1p),
    "exp": _unary(np.exp),
    "expm1": _unary(np.expm1),
    "sqrt": _unary(np.sqrt),
    "abs": _unary(np.abs),
    "sin": _unary(np.sin),
    "cos": _unary(np.cos),
    "tan": _unary(np.tan),
    "floor": _unary(np.floor),
    "ceil": _unary(np.ceil),
    "ceiling": _unary(np.ceil),
    "round": round_,
    "pmin": pmin,
    "pmax": pmax,
    "ifelse": ifelse,
}

#: Where a plain function is undefined, in words that follow "3 rows are …".
DOMAIN = {
    "log": "not positive",
    "log2": "not positive",
    "log10": "not positive",
    "log1p": "not above -1",
    "sqrt": "negative",
    "exp": "too large",
}


def center(x: Array, state: State) -> Array:
    """Minus the training mean."""
    if not state:
        state["mean"] = float(x.mean())
    return x - state["mean"]


def scale(x: Array, state: State, center: Any = True, scale: Any = True) -> Array:
    """As R: without centring, the divisor is the root mean square with n - 1."""
    if not state:
        if isinstance(center, bool):
            mean = float(x.mean()) if center else 0.0
        else:
            mean = _number("center", center)
        if isinstance(scale, bool):
            rest = x - mean
            spread = float(np.sqrt((rest @ rest) / max(x.shape[0] - 1, 1))) if scale else 1.0
        else:
            spread = _number("scale", scale)
        if not spread > 0:
            raise ValueError("the column is constant, so it has no standard deviation to divide by")
        state.update(mean=mean, sd=spread)
    return (x - state["mean"]) / state["sd"]


def poly(x: Array, state: State, degree: Any = 1, raw: Any = False) -> Array:
    """Orthonormal polynomials of degree 1 … `degree`; plain powers when `raw`."""
    degree = _whole("degree", degree)
    if raw:
        return x[:, None] ** np.arange(1, degree + 1)
    if not state:
        if degree >= np.unique(x).shape[0]:
            raise ValueError(f"degree {degree} needs more than {degree} distinct values")
        state.update(splines.poly_state(x, degree))
    return splines.poly_basis(x, state)


def bs(
    x: Array,
    state: State,
    df: Any = None,
    knots: Any = None,
    degree: Any = 3,
    intercept: Any = False,
    boundary: Any = None,
) -> Array:
    """B-splines with `df` columns (inner knots at quantiles) or with the inner knots given."""
    if not state:
        df = None if df is None else _whole("df", df)
        state.update(
            splines.bs_state(
                x, df, _numbers(knots), _whole("degree", degree), bool(intercept),
                _numbers(boundary),
            )
        )  # fmt: skip
    return splines.bs_basis(x, state)


def ns(
    x: Array,
    state: State,
    df: Any = None,
    knots: Any = None,
    intercept: Any = False,
    boundary: Any = None,
) -> Array:
    """Natural cubic splines: straight lines beyond the boundary."""
    if not state:
        df = None if df is None else _whole("df", df)
        state.update(splines.ns_state(x, df, _numbers(knots), bool(intercept), _numbers(boundary)))
    return splines.ns_basis(x, state)


def _whole(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or int(value) != value:
        raise ValueError(f"{what} must be a whole number")
    if not 1 <= value <= 200:
        raise ValueError(f"{what} must be between 1 and 200")
    return int(value)


def _numbers(value: Any) -> list[float] | None:
    if value is None:
        return None
    return [_number("knots", item) for item in (value if isinstance(value, list) else [value])]


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} must be a number, not {value!r}")
    return float(value)


STATEFUL: dict[str, Callable[..., Array]] = {
    "center": center,
    "scale": scale,
    "standardize": scale,
    "poly": poly,
    "bs": bs,
    "ns": ns,
}

#: R's names of arguments → ours.
ARGUMENT_ALIASES = {"Boundary.knots": "boundary", "include_intercept": "intercept"}
