"""After `warmup` nothing is left to compile."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mixedeffects.model import warmup

# Fits of every layout, by every kind of table, in a process whose kernels start uncompiled.
PROGRAM = """
import json, os, sys, warnings
from pathlib import Path
import numpy as np, pandas as pd, polars as pl, pyarrow as pa
import mixedeffects as me

cache = Path(os.environ["NUMBA_CACHE_DIR"])
kernels = lambda: sorted(p.name for p in cache.rglob("*.nbc"))
me.warmup()
before = kernels()
rng = np.random.default_rng(1)
n = 2000
columns = {
    "y": rng.normal(size=n), "x": rng.normal(size=n), "i": rng.integers(0, 9, n),
    "w": rng.uniform(0.5, 2.0, n), "g": rng.integers(0, 300, n), "h": rng.integers(0, 40, n),
    "k": rng.integers(0, 5, n),
}
columns["c"] = columns["g"] // 10
columns["s"] = np.array([f"s{v}" for v in columns["g"]], dtype=object)
tables = [columns, pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)]
formulas = [
    "y ~ x + (1 | g)", "y ~ x + (x || g)", "y ~ x + offset(i) + (x | s)", "y ~ 1 + (1 | g:h)",
    "y ~ x + (x | g) + (1 | h)", "y ~ x + (1 | g) + (x | h) + (1 | k)", "y ~ i + (0 + x | g)",
    "y ~ x + (1 | c/g)", "y ~ x + (x | c/g) + (1 | h)",
]
warnings.simplefilter("ignore")
for table in tables:
    for formula in formulas:
        for weights in (None, "w"):
            me.lmm(formula, table, weights=weights, max_iterations=3).ranef()
n = 4000  # a remainder of more than 500 columns, whose pattern is analysed
many = {"y": rng.normal(size=n), "g": rng.integers(0, 900, n), "h": rng.integers(0, 700, n)}
for engine in ("auto", "dense", "sparse"):
    me.lmm("y ~ 1 + (1 | g) + (1 | h)", many, engine=engine, max_iterations=3).ranef()
many["h"] = many["g"] // 30 * 20 + many["h"] % 20
me.lmm("y ~ 1 + (1 | g) + (1 | h)", many, max_iterations=3).ranef()
print(json.dumps([before, kernels()]))
"""


def test_warmup_reports_its_progress():
    seen = []
    warmup(report=lambda done, total, shape: seen.append((done, total)))
    total = seen[-1][1]
    assert seen == [(done, total) for done in range(total + 1)]


@pytest.mark.slow
def test_nothing_is_compiled_after_warmup(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    before, after = json.loads(done.stdout.splitlines()[-1])
    assert before
    assert after == before
