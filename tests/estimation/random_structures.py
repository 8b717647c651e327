"""Random models, most of them identified, and models built so that they are not."""

import numpy as np


def table(rng, rows=2):
    """A small table with factors of all kinds, `rows` or more a level."""
    q, m = int(rng.integers(4, 9)), int(rng.integers(rows, rows + 4))
    n = q * m
    g = np.repeat(np.arange(q), m)
    arm = (np.arange(q) % int(rng.integers(2, 4)))[g]
    out = {
        "g": g,
        "again": np.array([f"p{(7 * v) % 31}" for v in g]),
        "h": rng.permutation(np.arange(n) % int(rng.integers(3, 6))),
        "sub": g * 10 + np.tile(np.arange(m) // 2, q),
        "arm": arm.astype(float),
        "f": np.array(["a", "b", "c"])[np.arange(n) % 3],
        "fg": np.array(["u", "v", "w"])[arm],
        "t": np.tile(np.arange(m, dtype=float), q),
        "x": rng.normal(size=n).round(2),
        "z": rng.normal(size=q).round(2)[g],
        "w": rng.choice([0.5, 1.0, 2.0], size=n),
    }
    b = rng.normal(size=(q, 3))
    out["y"] = (
        b[g, 0] + b[g, 1] * out["t"] * 0.5 + rng.normal(size=5)[out["h"]] + rng.normal(size=n)
    ).round(4)
    return out


FIXED = ["1", "t", "x", "arm", "x + t", "f", "fg", "z", "f + x"]
RANDOM = [
    "(1 | g)", "(1 | h)", "(1 | sub)", "(1 + x | g)", "(1 + t | g)", "(x || g)", "(0 + x | h)",
    "(1 + arm | g)", "(0 + fg || g)", "(1 + fg | g)", "(1 | again)", "(1 + z | g)", "(1 + x | h)",
    "(1 + f | g)", "(0 + f || g)", "(1 | g:f)", "(1 + x + t | g)", "(1 | f)", "(0 + t | again)",
    "(0 + fg | g)", "(0 + x:fg | g)",
]  # fmt: skip
# formula and the number of directions that are not in the data, by construction (REML)
UNIDENTIFIED = [
    ("y ~ x + (1 + arm2 | g)", 1),
    ("y ~ 1 + (1 | g) + (1 | again)", 1),
    ("y ~ t + (1 + x | g) + (0 + x | again)", 1),
    ("y ~ x + (1 + arm2 + t | g)", 1),
    ("y ~ x + (1 + arm2 | g) + (1 | again)", 2),
    # no level has both columns: their covariance is in no row of V
    ("y ~ x + (0 + factor(arm2) | g)", 1),
    ("y ~ x + (0 + x:factor(arm2) | g)", 1),
]


def formula(rng):
    """A formula of one or two random terms."""
    fixed = rng.choice(FIXED)
    terms = rng.choice(RANDOM, size=int(rng.integers(1, 3)), replace=False)
    return f"y ~ {fixed} + {' + '.join(terms)}"
