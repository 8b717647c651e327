"""The likelihood-ratio test by parametric bootstrap: no asymptotics, no mixture to know.

Responses are drawn from the smaller model at its estimates and both models are fitted to each;
the p-value is the rank of the observed statistic among the simulated ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import ModelError, NotAvailableError
from mixedeffects.options import check_count, generator

# doubles of simulated responses held at once
BATCH = 4e6
# share of failed replicates above which there is no p-value
MOST_FAILED = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapTest:
    """Simulated statistics of a likelihood-ratio test.

    Attributes
    ----------
    statistics : (n,) array
        Of the replicates in which both models could be fitted.
    n, n_failed : int
        Replicates drawn, and those in which a fit failed; they count neither way.
    p_value : float
        (1 + number of simulated statistics not below the observed) / (1 + replicates).
    """

    statistics: np.ndarray
    n: int
    n_failed: int
    p_value: float


def bootstrap_test(small, large, statistic, *, n=1000, rng=None):
    """Parametric-bootstrap p-value of a likelihood-ratio statistic.

    Returns a `BootstrapTest`.

    Parameters
    ----------
    small, large : Fit
        Nested, on the same rows, by the same criterion.
    statistic : float
        Observed.
    n : int
        Data sets to draw.

    Raises
    ------
    OptionError
    ModelError
        When more than a fifth of the replicates fail.

    References
    ----------
    Davison & Hinkley (1997), section 4.2.3, doi:10.1017/CBO9780511802843.
    """
    n, rng = check_count(n), generator(rng)
    if small.kind is not large.kind:
        raise NotAvailableError(
            "the bootstrap draws from one kind of model\nfit both with me.lmm or both with me.glmm"
        )
    step = int(max(1, BATCH // small.design.n))
    parts = []
    for lo in range(0, n, step):
        drawn = small.refits.draw(min(step, n - lo), rng)
        parts.append(objectives(small, drawn) - objectives(large, drawn.y))
    gains = np.concatenate(parts)
    ok = np.isfinite(gains)
    failed = int((~ok).sum())
    if failed > MOST_FAILED * n:
        raise ModelError(
            f"{failed} of {n} simulated data sets could not be fitted by both models, too many to "
            "leave out\nsimplify the larger model"
        )
    gains = np.maximum(gains[ok], 0.0)
    # equal up to the optimisers' tolerance counts as not below
    above = int((gains >= statistic - 1e-6).sum())
    return BootstrapTest(gains, n, failed, (1 + above) / (1 + gains.size))


def objectives(fit, Y):
    """(R,) -2 log-likelihood (or REML criterion) of a model fitted to responses, nan if failed."""
    results = fit.refits.responses(Y)
    return np.where(results.ok, results.objective, np.nan)
