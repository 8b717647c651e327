"""The linear predictors of a fit, linear or generalised, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class ModelPart:
    """One linear predictor.

    Attributes
    ----------
    X : (n, p) array or ColumnMatrix
    T : (p, p) array
        X T has nearly orthonormal columns.
    offset : (n,) array or None
    T_blocks : sequence of (k, k) arrays
    """

    X: Any
    T: np.ndarray
    names: tuple[str, ...]
    offset: np.ndarray | None
    blocks: tuple[Any, ...]
    T_blocks: Any

    @property
    def is_constant(self):
        """Whether it has nothing but an intercept."""
        return self.names == ("(Intercept)",) and not self.blocks and self.offset is None


def model_parts(fit):
    """Every linear predictor by name: "conditional", and what the family has besides.

    Thresholds, which the response alone decides on, are left out. Returns dict of str to ModelPart.
    """
    design, blocks = fit.design, fit.design.blocks
    T = {group.name: group.T for group in fit.coefficients}
    T_blocks = fit.covariance_parameters.T_blocks
    at = len(blocks)
    out = {
        "conditional": ModelPart(
            design.X, T["conditional"], design.x_names, design.offset, blocks, T_blocks[:at]
        )
    }
    placed = {}
    for name, part in fit.design.others.items():
        placed[name] = T_blocks[at : at + len(part.blocks)]
        at += len(part.blocks)
    for name in fit.family.extras:
        if name in ("upper", "lower"):
            continue
        part = fit.design.others.get(name)
        if part is None:
            ones = np.ones((design.n, 1))
            out[name] = ModelPart(ones, np.eye(1), ("(Intercept)",), None, (), ())
        else:
            out[name] = ModelPart(
                part.X, T[name], part.x_names, part.offset, part.blocks, placed[name]
            )
    return out
