"""A small table that the design tests share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def columns():
    """24 rows: numbers y, x, w, count; text g, t, f; boolean flag; integer id."""
    rng = np.random.default_rng(7)
    n = 24
    return {
        "y": rng.normal(size=n),
        "x": rng.normal(size=n),
        "w": rng.uniform(0.5, 2, size=n),
        "count": np.arange(n),
        "id": np.repeat([30, 4, 100, 7], 6),
        "g": np.repeat(["d", "b", "a", "c"], 6).tolist(),
        "t": ["u", "v"] * 12,
        "f": ["c", "a", "b"] * 8,
        "flag": np.arange(n) % 5 < 2,
    }
