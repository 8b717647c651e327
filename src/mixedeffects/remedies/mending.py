"""`remedy=True`: a fit that is returned as it is when it is sound, and mended when it is not."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.display.fit_call import options_words
from mixedeffects.errors import ConvergenceWarning, OptionError, depth_of_package
from mixedeffects.inference.checkup import lost_columns
from mixedeffects.remedies.diagnosing import diagnose


def remedied(fit_it, remedy=True):
    """Fit; where the fit is singular, not certified or lost a predictor, the doctor's advice.

    Parameters
    ----------
    fit_it : callable
        Without arguments: makes the fit that was asked for.

    Returns
    -------
    LMM or GLMM
        With every predictor that can be fitted. Where the doctor was asked, ``remedies`` is its
        Diagnosis, whose ``asked`` is the original fit; a fit that is saved and loaded has it no
        more.

    Warns
    -----
    ConvergenceWarning
        What was changed, with both AICs; or that nothing helps.
    """
    if not isinstance(remedy, bool | np.bool_):
        raise OptionError(
            f"remedy={remedy!r} must be False, or True to mend a fit that is singular or not "
            "converged"
        )
    if not remedy:
        return fit_it()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = fit_it()
    certificate = fit.certificate
    sound = certificate.converged and not certificate.is_singular and not certificate.flat
    if sound and not lost_columns(fit):
        return fit
    diagnosis = diagnose(fit)
    best = diagnosis.fit
    best.cache["remedies"] = diagnosis
    best.cache["remarks"] = (remark(diagnosis),)
    if diagnosis.changed or not certificate.converged or certificate.flat:
        warnings.warn(
            f"{remark(diagnosis)}\nfit.remedies has what was tried",
            ConvergenceWarning, stacklevel=depth_of_package(),
        )  # fmt: skip
    return best


def remark(diagnosis):
    """What was changed and why, for a summary and a warning."""
    asked = f"Remedied: asked for {diagnosis.asked.formula}"
    if not diagnosis.changed:
        return f"{asked}; nothing was changed. {diagnosis.reason}"
    call = f"{diagnosis.formula}{options_words(diagnosis.options)}"
    return f"{asked}; fitted {call}. {diagnosis.reason}"
