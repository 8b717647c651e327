"""Remedy 2, scale the predictors.

The program works in columns of its own, nearly orthonormal, so that units alone never keep an
optimiser from its optimum here. Two things do depend on scale: a column so far from zero that it
is constant to 7 digits is dropped, and ``(x || g)`` means that intercept and slope are
uncorrelated where x is zero. Those are looked for in every fit; units, in one without certificate.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation import BY_EVALUATIONS
from mixedeffects.formula import Name
from mixedeffects.inference.checkup import (
    FAR,
    FAR_UNCORRELATED,
    WIDE,
    column_sizes,
    lost_columns,
    uncorrelated_columns,
)
from mixedeffects.remedies.formulas import wrapped
from mixedeffects.remedies.record import Trial

NAME = "scale predictors"


def scale_predictors(bench):
    """Centre columns far from zero; bring columns of very different sizes to one.

    Returns list of Trial.
    """
    fit = bench.asked
    plain = {
        v.text: v.node.name
        for terms in (bench.formula.fixed, *(p.effects for p in bench.formula.random))
        for v in terms.variables
        if isinstance(v.node, Name)
    }
    sizes = {s.name: s for s in column_sizes(fit) if s.name in plain}
    diag = uncorrelated_columns(fit)
    functions = {}
    sound = fit.certificate.converged
    if sizes:
        largest = max(s.sd for s in sizes.values())
        smallest = min(s.sd for s in sizes.values())
        wide = largest / smallest > WIDE and not sound
        for s in sizes.values():
            if wide:
                functions[plain[s.name]] = "scale"
            elif s.distance > (FAR_UNCORRELATED if s.name in diag else np.inf if sound else FAR):
                functions[plain[s.name]] = "center"
    dropped = [name for name in lost_columns(fit) if name in plain]
    functions |= {plain[name]: functions.get(plain[name], "center") for name in dropped}
    if not functions:
        words = bench.checks["scale"].words
        if sound and bench.verdict("scale") != "fine" and not lost_columns(fit):
            words = "the program scales columns itself while it fits"
        return [Trial.needless(NAME, words)]
    moved = [name for name in functions if name in diag]
    same = not moved and not dropped
    what = what_is_scaled(functions)
    if moved:
        what += " (moves the zero where || means uncorrelated)"
    if dropped:
        what += f" (brings back {', '.join(dropped)})"
    return [
        bench.attempt(NAME, what, formula=wrapped(bench.formula, functions), zi=zi_text(bench),
            same_model=same, back=tuple(dropped), **(as_asked(fit.certificate) if same else {}))
    ]  # fmt: skip


def what_is_scaled(functions, most=3):
    """In words, not more than a few names.

    Examples
    --------
    >>> what_is_scaled({"x": "center", "z": "scale"})
    'center(x), scale(z)'
    """
    shown = [f"{function}({name})" for name, function in functions.items()]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def as_asked(certificate):
    """The optimiser and the limit of a fit, so that nothing but the scale is another."""
    options = {}
    if certificate.optimizer != "newton":
        options["optimizer"] = certificate.optimizer
    if certificate.ran_out:
        counted = certificate.optimizer in BY_EVALUATIONS
        options["max_iterations"] = max(
            1, certificate.evaluations if counted else certificate.iterations
        )
    return options


def zi_text(bench):
    """The formula of the extra zeros, which a call must repeat."""
    return None if bench.zi is None else bench.zi.spec.text
