"""What tables say of coefficients without a finite estimate (separation)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import DataWarning, depth_of_package

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import HasCoefficients

MOST_NAMES = 6
# what to do instead of a standard error or a Wald test
PROFILE = (
    'confint(method="profile") has the finite limit; lrt() of the models with and without the '
    "predictor tests it"
)
LIMIT = 'confint(method="profile") has the finite limit'
LRT = "lrt() of the models with and without the term tests it"
# predictors whose limit is a simpler family, with a spread that is known
SPREADS = ("dispersion", "df", "power")
# what the names of their coefficients begin with
WIDTHS = tuple(f"{name}:" for name in SPREADS)


def limits_of(fit: HasCoefficients, L):
    """What becomes of combinations of the coefficients; see `Recession.limits`.

    Takes L (m, p) array.

    Returns
    -------
    (m,) array
        0 where the estimate is finite, inf or -inf, nan where it is undetermined.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> limits_of(fit, np.eye(2))
    array([0., 0.])
    """
    L = np.atleast_2d(L)
    return np.zeros(L.shape[0]) if fit.recession is None else fit.recession.limits(L)


def at_the_limits(values, limits):
    """Finite values as they are, the others inf, -inf or nan."""
    return np.where(limits != 0, limits, values)


def fixed_estimates(fit: HasCoefficients):
    """(p,) estimates of the fixed effects: inf, -inf or nan where there is no finite one.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fixed_estimates(fit).round(2)
    array([251.41,  10.47])
    """
    if fit.recession is None:
        return fit.beta
    return at_the_limits(fit.beta, fit.recession.limits(np.eye(fit.beta.size)))


def said_of(names, limits):
    """The names of what has no finite estimate, in one sentence; "" if all have one.

    Takes limits (m,) array.

    Examples
    --------
    >>> import numpy as np
    >>> said_of(["a", "b", "c"], np.array([0.0, -np.inf, np.nan]))
    "no finite estimate (separation): 'b' is -∞, 'c' is undetermined"
    >>> said_of(["a", "dispersion: (Intercept)"], np.array([0.0, np.inf]))
    "no finite estimate: 'dispersion: (Intercept)' is ∞"
    """
    if not limits.any():
        return ""
    lost = np.flatnonzero(limits).tolist()
    words = {np.inf: "is ∞", -np.inf: "is -∞"}
    said = [f"'{names[i]}' {words.get(float(limits[i]), 'is undetermined')}" for i in lost]
    shown = ", ".join(said[:MOST_NAMES])
    if len(said) > MOST_NAMES:
        shown += f" and {len(said) - MOST_NAMES} more"
    return f"no finite estimate{because(names[i] for i in lost)}: {shown}"


def because(names):
    """Why parameters have no finite estimate: separation, unless they are all of the family's.

    A dispersion at infinity is no predictor that tells responses apart, but a simpler family.

    Examples
    --------
    >>> because(["x"]), because(["dispersion: x", "df: (Intercept)"])
    (' (separation)', '')
    """
    return "" if all(name.startswith(WIDTHS) for name in names) else " (separation)"


def warn_separated(names, limits, advice=PROFILE):
    """One warning that names what has no finite estimate; none if all have one.

    Warns DataWarning.

    Parameters
    ----------
    limits : (m,) array
        As `limits_of`.
    advice : str
        What to ask for instead.
    """
    names, limits = list(names), np.asarray(limits)
    said = said_of(names, limits)
    if said:
        lost = [name for name, limit in zip(names, limits, strict=True) if limit != 0]
        if advice is PROFILE and not because(lost):
            advice = LIMIT
        warnings.warn(f"{said}\n{advice}", DataWarning, stacklevel=depth_of_package())
