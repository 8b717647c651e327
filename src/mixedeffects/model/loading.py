"""`load`: a fit that was saved."""

from __future__ import annotations

from mixedeffects.fitting import read


def load(path):
    """Read a fit that `save` wrote.

    Parameters
    ----------
    path : str or path
        Of a file that `fit.save` wrote.

    Returns
    -------
    LMM or GLMM

    Raises
    ------
    DataError
        When the file is not one that `save` wrote.
    """
    return read(path, _record_of)


def _record_of(kind):
    """The class of a fitted model; that of generalised ones is imported when one is read."""
    if kind == "glmm":
        from mixedeffects.model.generalised import GLMM

        return GLMM
    from mixedeffects.model.lmm import LMM

    return LMM
