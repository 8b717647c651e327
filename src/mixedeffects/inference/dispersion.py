"""Dispersion and other parameters of a family on the scale on which they are spoken of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.coefficient_parts import place

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit


def dispersion(fit: Fit):
    """The family's dispersion parameter: sigma, phi, theta, ….

    Returns
    -------
    float, (n,) array or None
        One per row where the model has a formula for it; None where the family has none. What it
        is says ``fit.family.dispersion_name``, and the family's description what the variance is.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> fit = me.glmm("Reaction ~ Days + (1 | Subject)", data, family="gaussian")
    >>> round(fit.dispersion, 2)  # the residual standard deviation
    30.9
    """
    if "dispersion" not in fit.extras:
        return None
    if "dispersion" not in fit.design.others:
        return float(fit.family.natural("dispersion", fit.extras["dispersion"][0]))
    return fit.family.natural("dispersion", extra_predictor(fit, "dispersion"))


def extra_predictor(fit: Fit, name, values=None):
    """Fixed part of another linear predictor, row by row; a number where it is constant.

    Returns float or (n,) array.

    Parameters
    ----------
    name : str
        "dispersion", "zi", "df" or another of the family's extras.
    values : array, optional
        Other coefficients than the fit's.
    """
    values, part = fit.extras[name] if values is None else values, fit.design.others.get(name)
    if part is None:
        return float(values[0])
    out = part.X @ values
    return out if part.offset is None else out + part.offset


def natural_parameters(fit: GeneralisedFit):
    """Constant parameters of the family with standard errors, on their natural scale.

    Returns
    -------
    list of (label, value, standard error)
        Of each extra predictor without a formula, or with the formula ``~ 1``; the error is by the
        delta method.
    """
    out = []
    symbol = fit.family.dispersion_name or ""
    labels = {
        "dispersion": f"dispersion {symbol}".strip() if symbol in ("", "phi", "theta") else symbol,
        **fit.family.extra_names,
        "zi": f"probability of {'zero' if fit.family.zeros == 'all' else 'an extra zero'}",
    }
    for name, values in fit.extras.items():
        part = fit.design.others.get(name)
        constant = part is None or (
            part.x_names == ("(Intercept)",) and part.offset is None and not part.blocks
        )
        if name not in labels or not constant:
            continue
        at = place(fit, name)
        value = float(fit.family.natural(name, values[0]))
        step = 1e-5
        ends = [fit.family.natural(name, values[0] + d) for d in (-step, step)]
        slope = (ends[1] - ends[0]) / (2.0 * step)
        error = float(abs(slope) * np.sqrt(fit.vcov_parameters[at, at][0, 0]))
        if fit.part_of_recession(at) is not None:  # a parameter at its limit has none
            error = np.nan
        out.append((labels[name], value, error))
    return out
