"""Remedy 4, more iterations."""

from __future__ import annotations

from mixedeffects.estimation import BY_EVALUATIONS
from mixedeffects.remedies.record import NO_OPTIMISER, Trial

NAME = "more iterations"
# times as many as were used, and at least
MORE, AT_LEAST = 4, 200


def more_iterations(bench):
    """The same optimiser, allowed four times as many iterations; as many as it needs after a rule.

    Returns list of Trial.
    """
    if bench.spanned:
        return [Trial.needless(NAME, NO_OPTIMISER)]
    certificate = bench.asked.certificate
    options = {} if certificate.optimizer == "newton" else {"optimizer": certificate.optimizer}
    if certificate.short:
        what = "on to the optimum, without your rule"
        return [bench.attempt(NAME, what, same_model=True, times=MORE, **options)]
    if certificate.converged:
        return [Trial.needless(NAME, "the optimum is certified")]
    if not certificate.ran_out:
        why = f"it stopped by itself after {certificate.iterations:,} iterations"
        return [Trial.needless(NAME, why)]
    by_evaluations = certificate.optimizer in BY_EVALUATIONS
    used = certificate.evaluations if by_evaluations else certificate.iterations
    allowed = max(AT_LEAST, MORE * used)
    unit = "evaluations" if by_evaluations else "iterations"
    return [
        bench.attempt(
            NAME, f"up to {allowed:,} {unit} of {certificate.optimizer} instead of {used:,}",
            same_model=True, times=min(MORE, allowed / max(used, 1)), max_iterations=allowed,
            **options,
        )
    ]  # fmt: skip
