"""Functions of one argument that know their derivatives, for arrays and for Taylor jets alike."""

from __future__ import annotations

import numpy as np

from mixedeffects.family.taylor import Jet, space


class Smooth:
    """A function with a derivative rule, callable on arrays and jets.

    Parameters
    ----------
    rule : callable
        ``rule(x, order, *arguments) -> [f, f′, …]`` at an array x, `order` + 1 arrays.

    Examples
    --------
    >>> import numpy as np
    >>> cube = Smooth(lambda x, order: [x**3, 3 * x**2, 6 * x][: order + 1])
    >>> cube(np.array([2.0]))
    array([8.])
    """

    __slots__ = ("rule",)

    def __init__(self, rule) -> None:
        self.rule = rule

    def __call__(self, x, *arguments):
        if isinstance(x, Jet):
            return x.compose(self.rule, *arguments)
        value = self.rule(np.atleast_1d(np.asarray(x, dtype=float)), 0, *arguments)[0]
        return value[0] if np.ndim(x) == 0 and len(value) == 1 else value


def derivatives_of(function, x, order):
    """The first derivatives of a function of one array argument.

    Takes x (n,) array.

    Parameters
    ----------
    function : Smooth or callable
        A callable must accept jets; its derivatives come by Taylor arithmetic.
    order : int
        At most 3.

    Returns
    -------
    list of (n,) array
        Value, first derivative, …; `order` + 1 of them.

    Examples
    --------
    >>> import numpy as np
    >>> [float(d[0]) for d in derivatives_of(np.log, np.array([2.0]), 2)]
    [0.693147..., 0.5, -0.25]
    """
    if isinstance(function, Smooth):
        return function.rule(x, order)
    if order == 0:
        return [function(x)]
    (jet,) = space(1, order, (0,)).variables([x])
    result = function(jet)
    if not isinstance(result, Jet):
        return [result] + [np.zeros_like(x)] * order
    found = result.derivatives()
    return [found.get((0,) * k, np.zeros_like(x)) for k in range(order + 1)]
