"""New responses from a fitted model."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.options import check_count, generator

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def simulate(fit: Fit, n=1, rng=None, *, groups="new"):
    """Draw responses for the rows of the fit.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    n : int
        Number of data sets.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from, or a seed for it.
    groups : {"new", "conditional"}
        Draw new random effects for every data set (the model's own distribution), or keep the
        modes of those of the fit.

    Returns
    -------
    (n_rows, n) array
        Successes among the row's trials, codes 0, 1, … of ordered categories, or the response
        itself: what `refit` takes.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.simulate(3, rng=1).shape
    (180, 3)
    """
    if groups not in ("new", "conditional"):
        raise OptionError(f"groups={groups!r} is not one of new, conditional")
    n, rng = check_count(n), generator(rng)
    out = np.empty((n, fit.design.n))
    for i, y in enumerate(simulated(fit, n, rng, groups=groups)):
        out[i] = y
    return out.T


def simulated(fit: Any, n, rng, *, groups="new"):
    """Yield n new responses, one (n_rows,) array at a time."""
    from mixedeffects.family import require_means

    family, response = fit.family, fit.response
    blocks = [(b.factor.codes, b.Z) for b, _, _, _ in fit.random_effects]
    fixed = list(fit.fixed_predictors)
    for row, (_, owner, _, modes) in zip(blocks, fit.random_effects, strict=True):
        if groups == "conditional":
            fixed[owner] = fixed[owner] + random_part([row], [modes])
    for _ in range(n):
        predictors = list(fixed)
        if groups == "new":
            for row, (block, owner, factor, _) in zip(blocks, fit.random_effects, strict=True):
                drawn = rng.standard_normal((block.factor.n_levels, block.k)) @ factor.T
                predictors[owner] = predictors[owner] + random_part([row], [drawn])
        with np.errstate(over="ignore"):  # means that are too large for a number
            require_means(family, predictors[0])
            if family.ordinal:
                yield family.sample_categories(rng, predictors[0], fit.extras["thresholds"])
                continue
            y = family.sample(rng, predictors, response)
        yield finite_responses(y, family)


def finite_responses(y, family):
    """Simulated responses, refused where they are too large for a number."""
    if isfinite(y.sum()):
        return y
    bad = int((~np.isfinite(y)).sum())
    if not bad:  # only their sum is too large
        return y
    raise NotAvailableError(
        f"{bad:,} of {y.size:,} simulated responses are too large for a number: the {family.name} "
        "distribution's mean is next to infinite there\nlook at the standard deviations and at "
        "predictors far from the data, and at fit.certificate"
    )
