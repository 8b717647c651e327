"""What a covariance structure asks of the columns of its term."""

from __future__ import annotations

import re
import warnings
from itertools import pairwise

from mixedeffects.covariance import structure, structure_of
from mixedeffects.errors import DataWarning, ModelError, depth_of_package

# the level in a column's name, and the number at the end of a label
LEVEL = re.compile(r"\[(?:[ST]\.)?(.*)\]$")
NUMBER = re.compile(r"^(.*?)(-?\d+(?:\.\d+)?)$")
# difference of two steps, of their size, that is rounding
EVEN = 1e-9


def check_structures(design):
    """Refuse a correlation of one column; warn where the order of visits may not be meant.

    Raises ModelError. Warns DataWarning.
    """
    for block in design.all_blocks:
        for term in block.terms:
            form = structure_of(term)
            if form.k == 1 and form.shares and structure(form.name, 2).pairs:
                _refuse_one_column(block.names[term.columns[0]], term, block.factor.name)
            elif form.ordered:
                levels = [LEVEL.search(block.names[c]) for c in term.columns]
                if all(levels):
                    check_order([level.group(1) for level in levels if level], term.text)


def _refuse_one_column(column, term, group):
    inside = "1" if column == "(Intercept)" else f"0 + {column}"
    visits = (
        f"name the visits: {term.covariance}(0 + visit | {group}), or use (1 | {group})"
        if column == "(Intercept)"
        else f"write {term.covariance}(0 + factor({column}) | {group}) for an effect of each value "
        f"of {column}, or ({inside} | {group}) for a slope"
    )
    raise ModelError(f"{term.text} has one column, and nothing for it to correlate with\n{visits}")


def check_order(labels, text):
    """Warn of numbered visits that are not in the order of their numbers, or not evenly spaced.

    Warns DataWarning.
    """
    if len(labels) < 3:
        return
    parts = [NUMBER.match(label) for label in labels]
    if not all(parts) or len({part.group(1) for part in parts if part}) != 1:
        return
    numbers = [float(part.group(2)) for part in parts if part]
    steps = [b - a for a, b in pairwise(numbers)]
    if min(steps) <= 0:
        problem = f"takes the levels in this order: {', '.join(labels)}"
        advice = "make the column categorical, with its levels in the order of time"
    elif max(steps) - min(steps) > EVEN * max(steps):
        problem = f"takes the levels {', '.join(labels)} as evenly spaced"
        advice = "csh and us do not depend on the spacing"
    else:
        return
    warnings.warn(f"{text} {problem}\n{advice}", DataWarning, stacklevel=depth_of_package())
