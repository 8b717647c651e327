"""Variance components: standard deviations and correlations of the random effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.combinations import Combination
from mixedeffects.inference.identification import identification
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@dataclass(frozen=True, slots=True, eq=False)
class TermCovariance:
    """Covariance of one random-effects term.

    Attributes
    ----------
    group : str
    names : tuple of str
    covariance : (k, k) array
        In units of the response squared, per units of the columns.
    correlated : bool
        Whether the model lets several columns covary (``|``) or not (``||``).
    component : str
        Of which linear predictor: "conditional", or "zi" of a generalised model.
    """

    group: str
    names: tuple[str, ...]
    covariance: np.ndarray
    correlated: bool
    component: str = "conditional"

    @property
    def label(self) -> str:
        """The group, and the component where it is not the main one: ``"zi: site"``."""
        return self.group if self.component == "conditional" else f"{self.component}: {self.group}"

    @property
    def sd(self) -> np.ndarray:
        """(k,) standard deviations."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def corr(self) -> np.ndarray:
        """(k, k) correlations; nan where a standard deviation is zero."""
        sd = self.sd
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = self.covariance / np.outer(sd, sd)
        corr[np.diag_indices_from(corr)] = 1.0
        return np.clip(corr, -1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class VarCorr:
    """Variance components of a fit.

    Attributes
    ----------
    terms : tuple of TermCovariance
    sigma : float or None
        Residual standard deviation; None for a generalised model, which has none.
    known : tuple of Combination
        Where some variances or covariances are not in the data (and nan here), what is.
    """

    terms: tuple[TermCovariance, ...]
    sigma: float | None
    known: tuple[Combination, ...] = ()

    @property
    def sd(self) -> dict[str, np.ndarray]:
        """Group → standard deviations, in the order of the terms; "Residual" last.

        A group of the extra zeros is called "zi: group". A generalised model has no "Residual".
        """
        out: dict[str, np.ndarray] = {}
        for t in self.terms:
            out[t.label] = np.concatenate([out[t.label], t.sd]) if t.label in out else t.sd
        if self.sigma is not None:
            out["Residual"] = np.array([self.sigma])
        return out

    @property
    def corr(self) -> dict[str, np.ndarray]:
        """Group → correlation matrix, for terms of more than one column."""
        return {t.label: t.corr for t in self.terms if t.correlated and len(t.names) > 1}

    def table(self) -> Table:
        """group, term1, term2, vcov (variance or covariance), sdcor (sd or correlation).

        A generalised model's has component first.
        """
        names = ("component", "group", "term1", "term2", "vcov", "sdcor")
        columns = {name: [] for name in names}

        def row(*values):
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)

        for t in self.terms:
            k = len(t.names)
            sd, corr = t.sd, t.corr
            for i in range(k):
                row(
                    t.component, t.group, t.names[i], None, float(t.covariance[i, i]),
                    float(sd[i]),
                )  # fmt: skip
            for i in range(k if t.correlated else 0):
                for j in range(i + 1, k):
                    row(
                        t.component, t.group, t.names[i], t.names[j],
                        float(t.covariance[j, i]), float(corr[j, i]),
                    )  # fmt: skip
        if self.sigma is not None:
            row("conditional", "Residual", None, None, self.sigma**2, self.sigma)
            del columns["component"]
        return Table(columns)


def varcorr(fit: Fit):
    """Variance components of a fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.

    Returns
    -------
    VarCorr

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.varcorr.sd["Subject"].round(2)
    array([24.74,  5.92])
    """
    terms = []
    main = len(fit.design.blocks)
    found = identification(fit)
    for f, (block, G) in enumerate(zip(fit.all_blocks, fit.parameters.covariances, strict=True)):
        for term in block.terms:
            columns = list(term.columns)
            covariance = G[np.ix_(columns, columns)]
            if found is not None:
                known = found.known_entries(f)[np.ix_(columns, columns)]
                covariance = np.where(known, covariance, np.nan)
            terms.append(
                TermCovariance(
                    block.factor.name,
                    tuple(block.names[c] for c in columns),
                    covariance,
                    bool(structure_of(term).pairs),
                    "conditional" if f < main else "zi",
                )
            )
    sigma = fit.sigma if fit.parameters.has_residual else None
    if found is None:
        return VarCorr(tuple(terms), sigma)
    if sigma is not None and not found.residual_known:
        sigma = float("nan")
    return VarCorr(tuple(terms), sigma, found.combinations())
