"""Predictions for the rows of the fit or of another table."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError, OptionError

GROUPS = ("conditional", "population")
NEW_LEVELS = ("error", "population", "marginal")


def random_part(blocks, b):
    """Sum over blocks of Z b, a level of -1 contributing nothing.

    Parameters
    ----------
    blocks : iterable of (codes (n,), Z (n, k) or None)
    b : sequence of (q, k) arrays

    Returns
    -------
    (n,) array or 0.0
    """
    total = 0.0
    for (codes, Z), modes in zip(blocks, b, strict=True):
        rows = modes[codes, 0] if Z is None else np.einsum("nk,nk->n", Z, modes[codes])
        unseen = codes < 0
        total = total + (np.where(unseen, 0.0, rows) if unseen.any() else rows)
    return total


def fitted(fit, *, groups="conditional"):
    """Fitted values of the rows that were used.

    Parameters
    ----------
    fit : FitRecord
    groups : {"conditional", "population"}

    Returns
    -------
    (n,) array
    """
    design = fit.design
    out = design.X @ fit.beta
    if design.offset is not None:
        out += design.offset
    if groups == "conditional":
        out += random_part([(b.factor.codes, b.Z) for b in design.blocks], fit.b)
    return out


def predict(fit, data=None, *, groups="conditional", new_levels="error"):
    """Predicted means.

    Parameters
    ----------
    fit : FitRecord
    data : table, optional
        Rows to predict; the rows of the fit if not given. The response may be absent.
    groups : {"conditional", "population"}
        With the groups' own effects, or for an average group.
    new_levels : {"error", "population", "marginal"}
        What a group level not seen in the fit gets: an error, the prediction for a group
        whose effects are zero, or the mean over the distribution of groups. In a linear
        model the last two have the same mean.

    Returns
    -------
    (n_rows,) array
        One value per row of `data`, nan where a predictor is missing.

    Raises
    ------
    DataError
        For new levels, with ``new_levels="error"``.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> new = {"Days": [0, 10], "Subject": ["308", "somebody else"]}
    >>> fit.predict(new, new_levels="population").round(1)
    array([253.7, 356.1])
    """
    if groups not in GROUPS:
        raise OptionError(f"groups={groups!r} is not one of {', '.join(GROUPS)}")
    if new_levels not in NEW_LEVELS:
        raise OptionError(f"new_levels={new_levels!r} is not one of {', '.join(NEW_LEVELS)}")
    if data is None:
        return fitted(fit, groups=groups)
    new = fit.design.spec.rebuild(data, groups=groups == "conditional")
    out = new.X @ fit.beta
    if new.offset is not None:
        out += new.offset
    if groups == "conditional":
        if new_levels == "error":
            for (codes, _), block in zip(new.blocks, fit.design.blocks, strict=True):
                n_new = int((codes < 0).sum())
                if n_new:
                    raise DataError(
                        f"{n_new} of {codes.size} rows have a level of '{block.factor.name}' that "
                        "was not in the fit\n"
                        'use new_levels="population" to predict them for an average group, or '
                        'groups="population" for all rows'
                    )
        out += random_part(new.blocks, fit.b)
    if new.kept is not None:
        full = np.full(new.kept.size, np.nan)
        full[new.kept] = out
        out = full
    return out
