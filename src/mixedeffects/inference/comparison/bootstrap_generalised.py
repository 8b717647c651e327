"""Both models fitted to responses drawn from the smaller of two generalised ones."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError


def simulated_gains(small, large, n, rng):
    """Likelihood-ratio statistics of data drawn from the smaller model.

    Parameters
    ----------
    small, large : Fit
        Generalised, on the same rows.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    (n,) array
        nan where a fit failed.

    Raises
    ------
    NotAvailableError
        For a linear model against a generalised one.
    """
    from mixedeffects.estimation.laplace.refits import LaplaceRefits

    if small.linear or large.linear:
        raise NotAvailableError(
            "the bootstrap draws from one kind of model\nfit both with me.lmm or both with me.glmm"
        )
    one, other = (LaplaceRefits.of(fit).worker() for fit in (small, large))
    zero = np.zeros(large.evaluation.mode.u.size)
    out = np.empty(n)
    for i in range(n):
        y, u = one.draw(rng)
        ends = [objective_of(one.refit(y, u)), objective_of(other.refit(y, zero))]
        out[i] = ends[0] - ends[1]
    return out


def objective_of(refit):
    """-2 log-likelihood of a refit, nan if it failed."""
    return np.nan if refit.evaluation is None else float(refit.evaluation.value)
