"""`warmup`: compile the numerical kernels ahead of the first fit.

Numba compiles a kernel when it is first called and keeps the machine code on disk. A model of
each shape below calls every kernel, with the array types every real fit has, so that nothing is
left to compile afterwards.
"""

from __future__ import annotations

import warnings

SHAPES = (
    ("one intercept per group", "y ~ x + (1 | g)", "auto"),
    ("intercept and slope per group", "y ~ x + (1 + x | g)", "auto"),
    ("several slopes per group", "y ~ x + (1 + x + z | c)", "auto"),
    ("groups within groups", "y ~ x + (1 | c / g)", "auto"),
    ("crossed intercepts, dense", "y ~ x + (1 | g) + (1 | h)", "dense"),
    ("crossed intercepts, sparse", "y ~ x + (1 | g) + (1 | h)", "sparse"),
    ("crossed slopes, dense", "y ~ x + (1 + x | g) + (1 + x | h) + (1 | k)", "dense"),
    ("crossed slopes, many levels", "y ~ x + (1 + x | g) + (1 + x | l)", "dense"),
    ("crossed slopes, sparse", "y ~ x + (1 + x | g) + (1 + x | h) + (1 | k)", "sparse"),
)
LEVELS, ROWS_PER_LEVEL = 120, 4


def warmup(*, report=None):
    """Compile every kernel and store it in Numba's cache; later fits find it there.

    It takes some seconds once per machine and version, and next to nothing when the cache is
    filled. The cache lies beside the package, or in ``NUMBA_CACHE_DIR``.

    Parameters
    ----------
    report : callable, optional
        Called as ``report(done, total, shape)`` before each model, and once at the end with
        ``done == total`` and an empty `shape`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> me.warmup(report=lambda done, total, shape: print(done, "of", total))
    0 of 9
    ...
    9 of 9
    """
    from mixedeffects.model.generalised import glmm
    from mixedeffects.model.lmm import lmm

    table = _table()
    for done, (shape, formula, engine) in enumerate(SHAPES):
        if report is not None:
            report(done, len(SHAPES), shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = lmm(formula, table, engine=engine)
            fit.conditional_covariances()
            fit.bootstrap(2, rng=0)
            glmm(
                formula.replace("y ~", "count ~"), table, family="poisson", engine=engine,
                max_iterations=1,
            ).conditional_covariances()  # fmt: skip
    if report is not None:
        report(len(SHAPES), len(SHAPES), "")


def _table():
    """More levels than the small-model path takes, and effects that are really there."""
    import numpy as np

    rng = np.random.default_rng(0)
    n = LEVELS * ROWS_PER_LEVEL
    g = np.repeat(np.arange(LEVELS), ROWS_PER_LEVEL)
    h, k = rng.integers(0, 12, n), rng.integers(0, 7, n)
    many = rng.integers(0, 100, n)
    x = rng.standard_normal(n)
    y = rng.standard_normal(n) + 0.5 * x
    for codes in (g, h, k):
        effects = rng.standard_normal((codes.max() + 1, 2))
        y += effects[codes, 0] + effects[codes, 1] * x
    return {
        "y": y,
        "count": rng.poisson(np.exp(0.2 * y)),
        "x": x,
        "z": rng.standard_normal(n),
        "g": g,
        "c": g // 3,
        "h": h,
        "k": k,
        "l": many,
    }
