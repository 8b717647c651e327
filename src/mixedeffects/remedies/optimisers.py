"""Remedy 5, another optimiser."""

from __future__ import annotations

from mixedeffects.estimation import OPTIMIZERS
from mixedeffects.remedies.record import BY_RULE, NO_OPTIMISER, Trial

NAME = "another optimiser"
# those with derivatives come first: they are the quickest and the surest
FIRST = ("newton", "L-BFGS-B")
# to try until one is certified
MOST = 3


def another_optimiser(bench):
    """Other optimisers, until one finds a certified optimum. Returns list of Trial."""
    if bench.spanned:
        return [Trial.needless(NAME, NO_OPTIMISER)]
    certificate = bench.asked.certificate
    if certificate.short:
        return [Trial.needless(NAME, BY_RULE)]
    if certificate.converged:
        why = "the optimum is certified (all_fit() compares every optimiser)"
        return [Trial.needless(NAME, why)]
    order = [*FIRST, *(name for name in OPTIMIZERS if name not in FIRST)]
    out = []
    for name in [n for n in order if n != certificate.optimizer][:MOST]:
        what = f"{name} instead of {certificate.optimizer}"
        out.append(bench.attempt(NAME, what, same_model=True, optimizer=name))
        if out[-1].fit is not None and out[-1].fit.certificate.converged:
            break
    return out
