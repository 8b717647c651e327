"""New responses from a fitted model."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.predict import fitted, random_part
from mixedeffects.options import check_count, generator


def simulate(fit, n=1, rng=None, *, groups="new"):
    """Draw responses for the rows of the fit.

    Parameters
    ----------
    fit : FitRecord
    n : int
        Number of data sets.
    rng : numpy.random.Generator or int, optional
    groups : {"new", "conditional"}
        Draw new random effects for every data set (the model's own distribution), or keep
        the predicted ones and draw residuals only.

    Returns
    -------
    (n_rows, n) array

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
    design = fit.design
    out = np.empty((n, design.n))
    mean = fitted(fit, groups="population" if groups == "new" else "conditional")
    noise = fit.sigma if design.weights is None else fit.sigma / np.sqrt(design.weights)
    rows = [(b.factor.codes, b.Z) for b in design.blocks]
    for i in range(n):
        out[i] = mean + noise * rng.standard_normal(design.n)
        if groups == "new":
            b = [
                fit.sigma * rng.standard_normal((block.factor.n_levels, block.k)) @ Lam.T
                for block, Lam in zip(design.blocks, fit.lambdas, strict=True)
            ]
            out[i] += random_part(rows, b)
    return out.T
