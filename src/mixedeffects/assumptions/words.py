"""Parts of sentences that several checks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import label_text, row_labels
from mixedeffects.formula import Call, strip

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

LOGARITHMS = ("log", "log2", "log10", "log1p")
ALREADY = "The response is a logarithm already"
TOO_FAR = "The logarithm draws large values in too far"


def lifted(fit: Fit, to_the_right):
    """What to try where a response is skewed."""
    if fit.family.name != "gaussian":
        return "Try another family or link"
    if is_logarithm(fit):
        if to_the_right:
            return f"{ALREADY}: try a stronger transformation, such as the inverse"
        return f"{TOO_FAR}: try a weaker transformation, such as the square root"
    if to_the_right and fit.design.y.min() > 0:
        response = fit.design.spec.response
        return f'Try log({response}) as the response, or glmm(…, family="gamma", link="log")'
    if to_the_right:
        return "Try a transformation of the response that draws large values in"
    return "Try a transformation of the response that draws small values in"


def is_logarithm(fit: Fit):
    """Whether the response is the logarithm of something."""
    node = fit.design.spec.formula.response
    node = None if node is None else strip(node)
    return isinstance(node, Call) and node.function in LOGARITHMS


def row_name(fit: Fit, row):
    """A row of the table as given: ``"row 56 (counted from 0)"``, or by its own label."""
    kept = fit.design.missing.kept
    at = int(row) if kept is None else int(np.flatnonzero(kept)[row])
    label = row_labels(fit.design)[row]
    if isinstance(label, int | np.integer) and label == at:
        return f"row {at} (counted from 0)"
    return f"the row labelled {label_text(label)}"
