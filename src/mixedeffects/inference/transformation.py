"""The scale of means, and the way back from a transformed response: ``log(y)``, ``sqrt(y)``, …"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.formula import Call, Chain, Literal, Name, strip, unparse

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

SCALES = ("link", "response")


@dataclass(frozen=True, slots=True)
class Transformation:
    """A function of the response that the model is linear in.

    Attributes
    ----------
    name : str
        "log", "log2", "log10", "log1p", "sqrt", "exp" or "expm1".
    text : str
        "log(y + 1)".
    response : str
        What the inverse gives: "y".
    shift : float
        Subtracted after the inverse: 1 for ``log(y + 1)``.
    of_name : bool
        Whether the response is a column and nothing made of columns, as ``p / (1 - p)`` is.
    """

    name: str
    text: str
    response: str
    shift: float = 0.0
    of_name: bool = True

    is_transformation = True

    @property
    def ratio_name(self):
        """What a difference becomes; empty unless this is a logarithm."""
        if self.name not in _BASES:
            return ""
        return "ratio" if self.of_name and not self.added else f"ratio of {self.logged}"

    @property
    def ratio_names(self):
        """The plural of `ratio_name`."""
        return self.ratio_name.replace("ratio", "ratios", 1)

    @property
    def added(self):
        """What the logarithm is of more than the response: "" or " + 1"."""
        shift = self.shift + (1.0 if self.name == "log1p" else 0.0)
        return f" {'-' if shift < 0 else '+'} {abs(shift):.6g}" if shift else ""

    @property
    def logged(self):
        """What a logarithm is of: "y + 1"."""
        return f"{self.response}{self.added}"

    def term(self, label):
        """A mean's name in a ratio, with what is added to it.

        Examples
        --------
        >>> (
        ...     Transformation("log1p", "log1p(y)", "y").term("a"),
        ...     Transformation("log", "", "y").term("a"),
        ... )
        ('(a + 1)', 'a')
        """
        return f"({label}{self.added})" if self.added else label

    def inverse(self, eta):
        """From the model's scale to the response's."""
        return _INVERSES[self.name][0](eta) - self.shift

    def derivative(self, eta):
        """Of the inverse."""
        return _INVERSES[self.name][1](eta)

    def ratio(self, difference):
        """exp of a difference of logarithms, in their base."""
        return np.exp(np.asarray(difference) * _BASES[self.name])


_BASES = {"log": 1.0, "log1p": 1.0, "log2": log(2.0), "log10": log(10.0)}
_INVERSES = {
    "log": (np.exp, np.exp),
    "log1p": (np.expm1, np.exp),
    "log2": (np.exp2, lambda x: log(2.0) * np.exp2(x)),
    "log10": (lambda x: np.power(10.0, x), lambda x: log(10.0) * np.power(10.0, x)),
    "sqrt": (np.square, lambda x: 2.0 * x),
    "exp": (np.log, lambda x: 1.0 / x),
    "expm1": (np.log1p, lambda x: 1.0 / (1.0 + x)),
}


def transformation(fit: Fit):
    """How the response was transformed in the formula, or None.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("log(Reaction) ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> transformation(fit).response, float(transformation(fit).inverse(0.0))
    ('Reaction', 1.0)
    """
    if fit.family.link.name != "identity":
        return None
    node = strip(cast(Any, fit.design.spec.formula.response))
    if not isinstance(node, Call) or node.function not in _INVERSES:
        return None
    if len(node.args) != 1 or node.kwargs:
        return None
    inner, shift = strip(node.args[0]), 0.0
    if isinstance(inner, Chain) and len(inner.operands) == 2 and inner.ops[0] in ("+", "-"):
        first, second = (strip(operand) for operand in inner.operands)
        if isinstance(second, Literal) and isinstance(second.value, int | float):
            shift = float(second.value) * (1.0 if inner.ops[0] == "+" else -1.0)
            inner = first
        elif (
            inner.ops[0] == "+"
            and isinstance(first, Literal)
            and isinstance(first.value, int | float)
        ):
            shift, inner = float(first.value), second
    named = isinstance(inner, Name)
    return Transformation(node.function, unparse(node), unparse(inner), shift, named)


def one_scale(scale, type):
    """The scale asked for by either name, or None. Raises OptionError."""
    for name, value in (("scale", scale), ("type", type)):
        if value is not None and value not in SCALES:
            raise OptionError(f"{name}={value!r} is not one of {', '.join(SCALES)}")
    if None not in (scale, type) and scale != type:
        raise OptionError(f"scale={scale!r} and type={type!r} are two names of one option")
    return type if scale is None else scale


def unknown_inverse(fit: Fit):
    """Whether the response of a fit was changed in a way that cannot be undone here.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("1 / Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> unknown_inverse(fit)
    True
    """
    if fit.family.link.name != "identity" or fit.family.has_size:
        return False
    node = fit.design.spec.formula.response
    return not isinstance(strip(cast(Any, node)), Name) and transformation(fit) is None


def refuse_unknown_inverse(fit: Fit, option, value):
    """Refuse the response's scale where there is no way back to it. Raises OptionError."""
    if value == "response" and unknown_inverse(fit):
        raise OptionError(
            f"{option}='response': no inverse is known for '{fit.design.spec.response}'\n"
            f"use {option}='link'"
        )
