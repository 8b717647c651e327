"""Which block is eliminated first, how the remainder is factored, and what that will cost.

Nothing here runs the model: the plan is made from counts and patterns, so that a user can
read it, and a machine can refuse it, before anything is computed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import inf
from typing import Any

from mixedeffects.covariance import Prior
from mixedeffects.crossprod import Layout
from mixedeffects.crossprod.parallel import BLAS_RATE, LOOP_RATE
from mixedeffects.engine.describe import describe
from mixedeffects.engine.priors import identities
from mixedeffects.errors import OptionError, PlanTooLargeError

SMALL_COLUMNS = 100
SMALL_WORK = 2e7
# of the memory that is free, the share a plan may take
SHARE = 0.8
# below this, asking how much is free costs more than it tells
ALWAYS_FREE = 1e8
# a remainder of fewer columns is factored densely faster than its pattern is analysed
ANALYSE_COLUMNS = 500
# a sparse factor is not looked for when one evaluation would take longer than this
LONGEST_SECONDS = 600.0
# floating-point operations of one evaluation above which it counts as costly
COSTLY = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """An elimination order with its predicted cost.

    Attributes
    ----------
    layout : Layout
        Which block is the leaf, and which are the remainder.
    names : tuple of str
        Grouping factors, in the design's order.
    remainder : str
        ``"none"``, ``"dense"`` or ``"sparse"``: how what elimination leaves is factored.
    words : str
        The same as `describe` says it.
    priors : tuple of Prior
        Of every block, in the design's order.
    symbolic : Symbolic or None
        Order and pattern of a sparse remainder.
    columns : int
        Columns of the largest dense matrix, which is square.
    flops, seconds : float
        Floating-point operations, and time on one core of today, of one evaluation of the
        objective with its gradient.
    bytes : float
        Memory at the peak, beyond the design's own arrays.
    """

    layout: Layout
    names: tuple[str, ...]
    remainder: str
    words: str
    priors: tuple[Prior, ...]
    symbolic: object
    columns: int
    flops: float
    seconds: float
    bytes: float

    @property
    def costly(self) -> bool:
        """Whether an evaluation is so expensive that one start, and a looser optimum, must do."""
        return self.flops > COSTLY

    def describe(self) -> str:
        """The plan in words, one step a line."""
        return describe(self)


def choose_layout(n, q, k, independent=None):
    """The block with most columns is eliminated level by level; the others remain.

    A factor nested in another has more levels than it, so the finest nested factor is eliminated
    first, which fills nothing in. Returns a `Layout`.

    Parameters
    ----------
    n : int
        Rows.
    q, k : sequences of int
        Levels and columns per level of every block.
    independent : sequence of bool, optional
        Whether the levels of a block are independent a priori; where not, it must remain.

    Examples
    --------
    >>> choose_layout(73421, (2972, 1128, 14), (1, 1, 1)).leaf
    0
    >>> choose_layout(180, (18,), (2,)).small
    True
    """
    q, k = tuple(int(v) for v in q), tuple(int(v) for v in k)
    widths = [a * b for a, b in zip(q, k, strict=True)]
    total = sum(widths)
    if total <= SMALL_COLUMNS and n * total**2 <= SMALL_WORK:
        return Layout(q, k, None, tuple(range(len(q))), small=True)
    may = [f for f in range(len(q)) if independent is None or independent[f]]
    leaf = max(may, key=lambda f: widths[f], default=None)
    return Layout(q, k, leaf, tuple(f for f in range(len(q)) if f != leaf))


def make_plan(design, engine="auto", available=None, *, priors=None):
    """Plan the factorisation of a design's model; see `plan_blocks`."""
    columns = design.X.shape[1]
    return plan_blocks(design.blocks, design.n, columns, engine, available, priors=priors)


def plan_blocks(
    blocks,
    n,
    columns,
    engine="auto",
    available=None,
    *,
    analysed_from=ANALYSE_COLUMNS,
    priors=None,
):
    """Plan the factorisation of a model.

    Parameters
    ----------
    n, columns : int
        Rows, and columns of the fixed effects.
    engine : {"auto", "dense", "sparse"}
        How the remainder is factored; by predicted cost when "auto".
    available : float, optional
        Bytes that are free; asked of the operating system if not given.
    analysed_from : int
        Columns of a remainder from which on its pattern is analysed; fewer than the default
        pay where many matrices of one pattern will be factored.
    priors : sequence of Prior, optional
        Of the blocks; levels are independent and alike if not given.

    Raises
    ------
    OptionError
        For an engine that does not exist.
    """
    if engine != "auto":
        check_engine(engine)
    independent = None if priors is None else [prior.independent for prior in priors]
    q, k = [b.factor.n_levels for b in blocks], [b.k for b in blocks]
    layout = choose_layout(n, q, k, independent)
    priors = identities(layout) if priors is None else tuple(priors)
    names = tuple(b.factor.name for b in blocks)
    pattern = None
    if _worth_analysing(layout, engine, analysed_from, priors):
        from mixedeffects.crossprod import leaf_pattern

        pattern = leaf_pattern(blocks, layout)
    return _plan(layout, names, priors, columns + 1, n, pattern, engine, available)


def check_engine(engine):
    """Refuse a way to factor the remainder that does not exist."""
    from mixedeffects.engine.remainder import REMAINDERS

    engines = "auto", *(name for name in REMAINDERS if name != "none")
    if engine not in engines:
        raise OptionError(f"engine={engine!r} is not one of {', '.join(engines)}")


def plan_products(stats, engine="auto", available=None):
    """The plan for cross-products whose design is gone (merged or streamed).

    Raises
    ------
    PlanTooLargeError
        When the factorisation would not fit in memory.
    """
    layout, pattern = stats.layout, None
    priors = identities(layout)
    if _worth_analysing(layout, engine, ANALYSE_COLUMNS, priors):
        from mixedeffects.engine.remainder.symbolic import node_pattern

        pattern = node_pattern(stats)
    names = tuple(f"block {f + 1}" for f in range(len(layout.q)))
    plan = _plan(layout, names, priors, stats.xx.shape[0], stats.n, pattern, engine, available)
    require_memory(plan, available)
    return plan


def _worth_analysing(layout, engine, analysed_from, priors):
    if layout.small or layout.leaf is None or not layout.rest:
        return False
    if not all(priors[f].independent for f in layout.rest):  # Q is not on the leaf's pattern
        return False
    if engine == "auto":
        return layout.m > analysed_from
    from mixedeffects.engine.remainder import REMAINDERS

    return REMAINDERS[engine].patterned


def _plan(layout, names, priors, t, n, pattern, engine, available):
    m = layout.m
    if layout.leaf is None:
        kind = "dense" if m else "none"
        words = "one dense matrix (small model)" if layout.small else kind
        cost = float(m) ** 3, m**3 / BLAS_RATE, 24.0 * m * m
        return Plan(layout, names, kind, words, priors, None, m, *cost)
    q, k = layout.q[layout.leaf], layout.k[layout.leaf]
    entries, pairs = _crossing_size(layout, n, pattern)
    flops = q * (6.0 * k**3 + 4.0 * k * k * t + k * t * t)
    seconds = flops / LOOP_RATE
    memory = 8.0 * q * (6 * k * k + 6 * k * t) + entries * (20.0 + 16.0 * k) + 8.0 * m * 6 * t
    memory += sum(
        min(n, layout.q[a] * layout.q[b]) * layout.k[b] * (4.0 + 16.0 * layout.k[a])
        for i, a in enumerate(layout.rest)
        for b in layout.rest[i + 1 :]
    )
    spare = None
    if pattern is not None:
        available = free_memory() if available is None else available
        spare = None if available is None else SHARE * available - memory
    offer = _best_offer(engine, layout, pairs, pattern, spare)
    curvature, wanted = _curvature_cost(layout, m)
    for work, rate in ((curvature, BLAS_RATE), offer.crossing, offer.factor):
        flops += work
        seconds += work / rate
    memory += offer.bytes + wanted
    how = offer.kind, offer.words, priors, offer.prepared, offer.columns
    return Plan(layout, names, *how, flops, seconds, memory)


def _best_offer(engine, layout, pairs, pattern, spare) -> Any:
    """The remainder asked for, else a dense one; for "auto" the fastest that fits in memory."""
    from mixedeffects.engine.remainder import REMAINDERS, Question

    insisted = engine != "auto"
    best, fits, limit = None, False, inf if insisted else LONGEST_SECONDS
    for name in ("none", engine, "dense") if insisted else REMAINDERS:
        found = REMAINDERS[name].offer(Question(layout, pairs, pattern, spare, limit, rivals=fits))
        if found is None or (fits and found.seconds >= limit):
            continue
        if insisted:
            return found
        best, fits = found, spare is None or found.bytes <= spare
        limit = found.seconds if fits else LONGEST_SECONDS
    return best


def _curvature_cost(layout, m):
    """Operations and bytes of one average-information matrix, for unstructured terms.

    With K = k (k + 1) / 2 parameters a block: K derivatives of k x k, the leaf's k^2 x k^2
    moments, and one vector of m numbers per parameter.
    """
    each = [0.5 * k * (k + 1) for k in layout.k]
    total = sum(each)
    memory = 32.0 * (sum(K * k * k for K, k in zip(each, layout.k, strict=True)) + total**2)
    work = 2.0 * total * float(m) ** 2 + 2.0 * total**2 * m
    if layout.leaf is not None:
        q, k = layout.q[layout.leaf], layout.k[layout.leaf]
        memory += 32.0 * k**4 + 16.0 * min(q, 4096) * k * k
        work += 2.0 * q * k**4 + 2.0 * each[layout.leaf] * k**4
    return work, memory + 24.0 * m * total


def _crossing_size(layout, n, pattern):
    """Entries of the leaf's cross-products and pairs of them in a level: known or bounded."""
    q = layout.q[layout.leaf]
    if pattern is None:
        # a leaf level meets at most as many levels of another factor as it has rows
        met = sum(min(n / q, layout.q[f]) * layout.k[f] for f in layout.rest)
        return q * met, 0.5 * q * met * (met + 1.0)
    import numpy as np

    from mixedeffects.engine.remainder.symbolic import nodes_of

    indptr, index = pattern
    before = np.concatenate([[0], np.cumsum(nodes_of(layout)[index])])
    width = np.diff(before[indptr]).astype(float)
    return float(width.sum()), float(0.5 * (width @ (width + 1.0)))


def require_memory(plan, available=None):
    """Refuse a plan that would not fit in memory.

    Parameters
    ----------
    available : float, optional
        Bytes that are free; asked of the operating system if not given.

    Raises
    ------
    PlanTooLargeError
        With the number, before anything is allocated.
    """
    if available is None:
        if plan.bytes < ALWAYS_FREE:
            return
        available = free_memory()
    if available is None or plan.bytes <= SHARE * available:
        return
    layout = plan.layout
    reason = "its cross-products alone take most of it"
    if plan.remainder == "dense":
        names = " + ".join(plan.names[f] for f in layout.rest)
        dense = 16.0 * layout.m**2
        if dense > 0.5 * plan.bytes and layout.leaf is not None:
            reason = (
                f"after eliminating '{plan.names[layout.leaf]}', {layout.m:,} columns of {names} "
                f"remain, which form one dense matrix ({dense / 1e9:.1f} GB with its inverse; "
                "no sparse order is feasible either)"
            )
    raise PlanTooLargeError(
        f"this model needs about {plan.bytes / 1e9:.1f} GB and {available / 1e9:.1f} GB are free: "
        f"{reason}.\nUse fewer levels or terms, or a machine with more memory."
    )


def free_memory():
    """Bytes of memory that are free, or None where the system does not tell."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable"):
                    return 1024.0 * float(line.split()[1])
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None
