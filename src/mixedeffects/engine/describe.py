"""A plan in words."""

from __future__ import annotations


def describe(plan):
    """The plan of a factorisation, one step a line."""
    layout = plan.layout
    lines = ["random effects:"]
    width = max((len(name) for name in plan.names), default=0)
    for name, q, k in zip(plan.names, layout.q, layout.k, strict=True):
        lines.append(f"  {name:<{width}}  {_count(q, 'level')} x {_count(k, 'column')}")
    lines.append("elimination:")
    step = 1
    if layout.leaf is not None:
        name, q, k = (v[layout.leaf] for v in (plan.names, layout.q, layout.k))
        lines.append(
            f"  {step}. eliminate {name}: {_count(q, 'level')}, {_count(k, 'column')} each, "
            "block-diagonal"
        )
        step += 1
    if layout.m:
        names = " + ".join(plan.names[f] for f in layout.rest)
        lines.append(f"  {step}. remainder ({names}): {_count(layout.m, 'column')}, {plan.words}")
    lines.append(f"cost of one evaluation with its gradient: {_operations(plan.flops)} operations,")
    lines.append(f"  {_seconds(plan.seconds)} on one core; memory {_bytes(plan.bytes)}")
    return "\n".join(lines)


def _count(n, noun):
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _operations(flops):
    for size, word in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if flops >= size:
            return f"{flops / size:.3g}{word}"
    return f"{flops:,.0f}"


def _seconds(seconds):
    if seconds < 1e-3:
        return "less than a millisecond"
    if seconds < 1.0:
        return f"about {1e3 * seconds:.0f} ms"
    return f"about {seconds:.3g} s" if seconds < 120 else f"about {seconds / 60:.3g} minutes"


def _bytes(size):
    if size < 1e9:
        return f"{max(size / 1e6, 0.1):,.1f} MB"
    return f"{size / 1e9:,.1f} GB"
