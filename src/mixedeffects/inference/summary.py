"""The facts of a summary, unrounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method
from mixedeffects.inference.icc import variance_shares
from mixedeffects.inference.information import aic, bic, loglik, n_parameters
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import VarCorr, varcorr


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """Rows per level of one grouping factor.

    Attributes
    ----------
    name : str
    n_levels : int
    smallest, largest : int
    mean : float
    """

    name: str
    n_levels: int
    smallest: int
    mean: float
    largest: int


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """Everything a summary shows.

    Attributes
    ----------
    formula : str
    reml : bool
    nobs, n_parameters : int
    objective, loglik, aic, bic : float
    groups : tuple of GroupSizes
    varcorr : VarCorr
    icc : Table
    coefficients : Table
    df_method : str
        How the p-values were found.
    level : float
        Coverage of the intervals.
    missing : MissingReport
    aliased : tuple of AliasedColumn
    notes : tuple of str
    certificate : Certificate
    singular : tuple of str
        Directions of zero variance, in words.
    """

    formula: str
    reml: bool
    nobs: int
    n_parameters: int
    objective: float
    loglik: float
    aic: float
    bic: float
    groups: tuple[GroupSizes, ...]
    varcorr: VarCorr
    icc: Table
    coefficients: Table
    df_method: str
    level: float
    missing: object
    aliased: tuple
    notes: tuple[str, ...]
    certificate: object
    singular: tuple[str, ...]


def group_sizes(design):
    """Rows per level of every grouping factor.

    Returns
    -------
    tuple of GroupSizes
    """
    out = []
    for block in design.blocks:
        counts = np.bincount(block.factor.codes, minlength=block.factor.n_levels)
        out.append(
            GroupSizes(
                block.factor.name, counts.size, int(counts.min()), float(counts.mean()),
                int(counts.max()),
            )
        )  # fmt: skip
    return tuple(out)


def singular_words(fit):
    """Each direction of zero variance in words: ``"Subject: (Intercept) - 0.2 Days"``."""
    terms = [(b, t) for b in fit.design.blocks for t in b.terms]
    out = []
    for direction in fit.certificate.singular:
        block, term = terms[direction.term]
        text = ""
        for weight, column in zip(direction.weights, term.columns, strict=True):
            if abs(weight) < 1e-8:
                continue
            sign = (" + " if weight > 0 else " - ") if text else ("" if weight > 0 else "-")
            size = "" if abs(abs(weight) - 1.0) < 5e-4 else f"{abs(weight):.3g}·"
            text += f"{sign}{size}{block.names[column]}"
        out.append(f"{block.factor.name}: {text}")
    return tuple(out)


def summary_facts(fit, *, ddf="satterthwaite", level=0.95):
    """Collect what a summary shows.

    Parameters
    ----------
    fit : FitRecord
    ddf : str
        As in `coefficient_table`.
    level : float

    Returns
    -------
    SummaryFacts
    """
    design = fit.design
    return SummaryFacts(
        formula=design.spec.text,
        reml=fit.reml,
        nobs=design.n,
        n_parameters=n_parameters(fit),
        objective=fit.objective,
        loglik=loglik(fit),
        aic=aic(fit),
        bic=bic(fit),
        groups=group_sizes(design),
        varcorr=varcorr(fit),
        icc=variance_shares(fit),
        coefficients=coefficient_table(fit, ddf=ddf, level=level),
        df_method=df_method(fit, ddf).label,
        level=level,
        missing=design.missing,
        aliased=design.aliased,
        notes=design.notes,
        certificate=fit.certificate,
        singular=singular_words(fit),
    )
