"""Small simulated tables for the likelihood tests."""

import numpy as np


def crossed_table(seed=1, n=240):
    """Two crossed factors, one nested in nothing, a covariate and weights."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 24, n)
    h = rng.integers(0, 7, n)
    i = rng.integers(0, 4, n)
    x = rng.normal(size=n)
    z = rng.normal(size=n)
    y = (
        1.0
        + 2.0 * x
        + rng.normal(size=24)[g]
        + 0.7 * rng.normal(size=24)[g] * x
        + rng.normal(size=7)[h]
        + rng.normal(size=n)
    )
    w = rng.uniform(0.5, 2.0, n)
    return {"y": y, "x": x, "z": z, "g": g, "h": h, "i": i, "w": w}


FORMULAS = [
    "y ~ x + (1 | g)",
    "y ~ x + z + (1 + x | g)",
    "y ~ x + (x || g)",
    "y ~ x + (1 | g) + (1 | h)",
    "y ~ 0 + x + (0 + z | g) + (1 + z | h) + (1 | i)",
    "y ~ x + (1 | g) + (x + z || h) + (1 + x | i)",
    "y ~ 1 + (1 | h/g)",
]
