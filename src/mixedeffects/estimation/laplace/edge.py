"""Fits that stop where a mean comes to the edge of what its family has.

A log link gives means above 1, and the binomial family has none there; an identity link gives
negative ones, and counts have none. Where the likelihood is highest at that edge its gradient is
not zero there, and no optimiser finds a stationary point: it is the link that does not suit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.family import open_ends

# how close to the edge a mean is at it, relative to 1
CLOSE = 1e-4


def at_edge(family, eta):
    """The end that means are at, and how many of them.

    Takes eta (n,) array. Returns (float, int) or None.
    """
    ends = [end for end in open_ends(family) if np.isfinite(end)]
    if not ends:
        return None
    with np.errstate(all="ignore"):
        mean = np.asarray(family.link.inverse(np.asarray(eta, dtype=float)))
    found = [(end, int((np.abs(mean - end) < CLOSE).sum())) for end in ends]
    end, count = max(found, key=lambda one: one[1])
    return (end, count) if count else None


def edged(certificate, evaluation):
    """The certificate, or another that names the edge where the search ended.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    """
    if certificate.converged or not np.isfinite(evaluation.value):
        return certificate
    family = evaluation.objective.problem.family
    found = at_edge(family, evaluation.predictors[0])
    if found is None:
        return certificate
    return replace(certificate, message=edge_words(family, *found), advice=edge_advice(family))


def edge_words(family, end, count):
    """Where the search ended, and why it went no further."""
    kind = "probabilities" if family.has_size else "means"
    rows = f"{count:,} row{'s' * (count != 1)}"
    return (
        f"it ended where fitted {kind} are {end:g} ({rows}), the edge of "
        f"what {kind} can be: the link '{family.link.name}' does not keep them inside, and the "
        "likelihood is highest at the edge, where its gradient is not zero"
    )


def edge_advice(family):
    """What to fit instead."""
    if family.support[1] == 1.0:
        first = 'use link="logit", which keeps the mean between 0 and 1'
        if not family.has_size:
            return (first,)
        if family.link.name == "log":
            return (
                first,
                'for ratios of probabilities fit the 0 / 1 response by family="poisson" (Zou 2004, '
                "doi:10.1093/aje/kwh090), with standard errors that do not rest on it: "
                'fit.bootstrap(method="cluster")',
            )
        return (
            first,
            "for differences of probabilities average its predictions: "
            'emmeans(…, average="response")',
        )
    return (
        'use link="log", which keeps means above zero',
        "or leave out the predictor that takes them there",
    )
