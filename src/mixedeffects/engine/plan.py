"""Which block is eliminated first, how the remainder is factored, and what that will cost.

Nothing here runs the model: the plan is made from counts, so that a user can read it, and
a machine can refuse it, before anything is computed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from mixedeffects.crossprod import Layout
from mixedeffects.errors import OptionError, PlanTooLargeError

SMALL_COLUMNS = 100
SMALL_WORK = 2e7
ENGINES = ("auto", "dense")
# of the memory that is free, the share a plan may take
SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Plan:
    """An elimination order with its predicted cost.

    Attributes
    ----------
    layout : Layout
    names : tuple of str
        Grouping factors, in the design's order.
    remainder : str
        ``"none"`` or ``"dense"``.
    flops : float
        Floating-point operations of one evaluation of the objective with its gradient.
    bytes : float
        Memory at the peak, beyond the design's own arrays.
    """

    layout: Layout
    names: tuple[str, ...]
    remainder: str
    flops: float
    bytes: float

    @property
    def columns(self) -> int:
        """Order of the largest dense matrix."""
        return self.layout.m


def choose_layout(n, q, k):
    """The block with most columns is eliminated level by level; the others remain.

    A factor nested in another has more levels than it, so the finest nested factor is
    eliminated first, which fills nothing in.

    Parameters
    ----------
    n : int
        Rows.
    q, k : sequences of int
        Levels and columns per level of every block.

    Returns
    -------
    Layout

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
    leaf = widths.index(max(widths))
    return Layout(q, k, leaf, tuple(f for f in range(len(q)) if f != leaf))


def make_plan(design, engine="auto"):
    """Plan the factorisation of a design's model.

    Parameters
    ----------
    design : Design
    engine : {"auto", "dense"}

    Returns
    -------
    Plan

    Raises
    ------
    OptionError
        For an engine that does not exist.
    """
    if engine not in ENGINES:
        raise OptionError(f"engine={engine!r} is not one of {', '.join(ENGINES)}")
    q = [b.factor.n_levels for b in design.blocks]
    k = [b.k for b in design.blocks]
    layout = choose_layout(design.n, q, k)
    t = design.X.shape[1] + 1
    n, m = design.n, layout.m
    flops = float(m) ** 3
    memory = 16.0 * m * m
    met = 0.0
    if layout.leaf is not None:
        kl, ql = k[layout.leaf], q[layout.leaf]
        # a leaf level meets at most as many columns as it has rows, per other factor
        met = sum(min(n / ql, q[f]) * k[f] for f in layout.rest)
        flops += 3.0 * ql * (kl**3 + kl * met**2 + kl * t * (met + t))
        memory += 8.0 * ql * (kl * kl + 4 * kl * t) + ql * met * (4 + 16 * kl)
    memory += 8.0 * m * 4 * t
    names = tuple(b.factor.name for b in design.blocks)
    return Plan(layout, names, "dense" if m else "none", flops, memory)


def require_memory(plan, available=None):
    """Refuse a plan that would not fit in memory.

    Parameters
    ----------
    plan : Plan
    available : float, optional
        Bytes that are free; asked of the operating system if not given.

    Raises
    ------
    PlanTooLargeError
        With the number, before anything is allocated.
    """
    available = free_memory() if available is None else available
    if available is not None and plan.bytes > SHARE * available:
        names = " + ".join(plan.names[f] for f in plan.layout.rest)
        raise PlanTooLargeError(
            f"this model needs about {plan.bytes / 1e9:.1f} GB: after eliminating "
            f"'{plan.names[plan.layout.leaf]}', {plan.layout.m:,} columns of {names} remain and "
            f"would be factored as one dense matrix; {available / 1e9:.1f} GB are free.\n"
            "Use fewer levels or terms, or a machine with more memory."
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
