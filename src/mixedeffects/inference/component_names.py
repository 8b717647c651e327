"""Variance components one by one: which there are, in which order, and what they are called."""

from __future__ import annotations

from mixedeffects.covariance import structure_of

# standard deviations and correlations, or variances and covariances
PREFIXES = {"sdcor": ("sd", "cor"), "vcov": ("var", "cov")}


def component_name(first=None, second=None, *, scale="sdcor"):
    """The name of a component as in R's broom.mixed.

    Parameters
    ----------
    first : str or None
        Column of the random effect; None for the residual.
    second : str, optional
        The other column of a correlation or covariance.
    scale : {"sdcor", "vcov"}

    Examples
    --------
    >>> component_name("x"), component_name("x", "z"), component_name(scale="vcov")
    ('sd__x', 'cor__x.z', 'var__Observation')
    """
    alone, together = PREFIXES[scale]
    if first is None:
        return f"{alone}__Observation"
    return f"{alone}__{first}" if second is None else f"{together}__{first}.{second}"


def component_places(design):
    """Where the variances and covariances stand, term by term; variances first within a term.

    Parameters
    ----------
    design : Design

    Returns
    -------
    list of (block, term, row, column)
        Positions of the block, of the term among all terms, and in the block's covariance matrix;
        row == column for a variance. The residual variance is not listed.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> component_places(fit.design)
    [(0, 0, 0, 0), (0, 0, 1, 1), (0, 0, 0, 1)]
    """
    return places_of(design.blocks)


def places_of(blocks):
    """`component_places` of any blocks."""
    out, t = [], 0
    for f, block in enumerate(blocks):
        for term in block.terms:
            columns = term.columns
            out += [(f, t, a, a) for a in columns]
            out += [(f, t, columns[i], columns[j]) for i, j in structure_of(term).pairs]
            t += 1
    return out
