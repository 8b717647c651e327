"""The checks of a fit, in order, and their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.checkup.approximation import accuracy
from mixedeffects.inference.checkup.fixed import aliased, scale
from mixedeffects.inference.checkup.optimum import (
    edge,
    identified,
    iterations,
    optimum,
    separation,
)
from mixedeffects.inference.checkup.random import (
    correlations,
    dimensions,
    levels,
    rows,
    singular,
    variances,
)
from mixedeffects.inference.checkup.variance_inflation import collinearity
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

#: In the order in which they are shown; each gives one `Check`, or a list of them.
CHECKS = (
    optimum, identified, iterations, separation, edge, accuracy, singular, dimensions, variances,
    correlations,
    levels, rows, scale, collinearity, aliased,
)  # fmt: skip
#: Of models whose likelihood a family says, which have no residual of their own.
OF_FAMILIES = (separation, edge, accuracy)


def checkup(fit: Fit):
    """Every check of a fit.

    Returns tuple of Check.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> {check.verdict for check in checkup(fit)}
    {'fine'}
    """
    out = []
    for check in CHECKS:
        if fit.kind.residual and check in OF_FAMILIES:
            continue
        found = check(fit)
        out += found if isinstance(found, list) else [found]
    return tuple(out)


def checkup_table(checks):
    """The checks as columns: check, value, verdict, words, about."""
    names = ("name", "value", "verdict", "words", "about")
    columns = {name: [getattr(check, name) for check in checks] for name in names}
    return Table({"check": columns.pop("name"), **columns})
