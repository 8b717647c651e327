"""Simulate the two tables of 7-dimensional random effects in tests/golden/lmm/*.csv.

Usage: python tests/golden/make/seven_slopes.py
The predictors' scales differ by a factor of 1,000 in one table; in the other the random effects
have rank 2. The generator is seeded; the tables are stored because a generator may change.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent.parent / "lmm"


def simulate(seed, groups, size, rank, sd, shift, scale) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    slopes = len(scale)
    group = np.repeat(np.arange(groups), size)
    x = (rng.normal(size=(groups * size, slopes)) * scale + shift).round(3)
    factor = rng.normal(0, sd, (slopes + 1, rank))
    factor[1:] /= np.asarray(scale)[:, None]
    effects = rng.normal(size=(groups, rank)) @ factor.T
    z = np.c_[np.ones(groups * size), x]
    mean = z @ np.r_[1, np.linspace(-1, 1, slopes)] + (z * effects[group]).sum(1)
    y = (mean + rng.normal(size=groups * size)).round(4)
    frame = pd.DataFrame(x, columns=[f"x{k + 1}" for k in range(slopes)])
    frame.insert(0, "y", y)
    frame.insert(0, "g", [f"g{j + 1:02d}" for j in group])
    return frame


if __name__ == "__main__":
    scales = np.array([0.05, 0.2, 1.0, 3.0, 20.0, 50.0])
    simulate(1, 45, 10, 4, 0.5, 0.0, scales).to_csv(FOLDER / "seven_slopes.csv", index=False)
    simulate(1, 60, 8, 2, 0.4, 4.0, np.ones(6)).to_csv(
        FOLDER / "seven_slopes_singular.csv", index=False
    )
