"""What the data say of the variances and covariances of a fit, where they do not say all of it.

Along the flat directions of `fit.certificate` the likelihood is constant: every number that moves
along one is arbitrary, every number that does not is in the data. Variances, shares of variance,
predicted effects and standard errors are functions of the covariance matrices, and are asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.estimation.identification import CONSTANT, constant_along
from mixedeffects.inference.row_sums import AT_ESTIMATES, summed

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, LinearFit

NOT_IN_DATA = "not in the data: the likelihood is the same whatever its value"


@dataclass(frozen=True, slots=True)
class CovarianceEntry:
    """One variance or covariance of a random term.

    Attributes
    ----------
    block, term : int
        Positions of the block, and of the term among its terms.
    group : str
        As in the table of variances: ``"zi: site"`` in the part of the zeros.
    a, b : int
        Columns of the block; equal for a variance.
    first, second : str
        Their names.
    value : float
        Where the optimiser stopped.
    known : bool
        Whether it is in the data.
    """

    block: int
    term: int
    group: str
    a: int
    b: int
    first: str
    second: str
    value: float
    known: bool

    @property
    def is_variance(self) -> bool:
        return self.a == self.b


class Identification:
    """What can be said of the covariance parameters of a fit with flat directions.

    Attributes
    ----------
    flat : tuple of FlatDirection
    entries : tuple of CovarianceEntry
        All variances and covariances, in the order of `varcorr`.
    residual_known : bool
        Whether the residual variance is in the data.
    """

    def __init__(self, fit: LinearFit):
        self.fit, self.flat = fit, fit.certificate.flat
        self.entries = tuple(self._entries())
        residual = [f.residual for f in self.flat]
        size = max(float(np.abs(b).max()) for f in self.flat for b in f.blocks)
        self.residual_known = all(abs(r) <= CONSTANT * size for r in residual)

    def _entries(self):
        parameters, blocks = self.fit.parameters, self.fit.all_blocks
        before = np.cumsum([0, *(len(block.terms) for block in blocks)]).tolist()
        for c, value in zip(parameters.components, parameters.variances.tolist(), strict=True):
            if c.block < 0:  # the residual variance
                continue
            weights = np.zeros((blocks[c.block].k,) * 2)
            weights[c.row, c.column] = 1.0
            yield CovarianceEntry(
                c.block, c.term - before[c.block], c.label, c.row, c.column, c.first,
                c.second or c.first, value, self.knows({c.block: weights}),
            )  # fmt: skip

    def knows(self, weights, residual=0.0):
        """Whether a weighted sum of variances and covariances is in the data.

        Parameters
        ----------
        weights : dict of int to (k, k) array
            Per block, W of the sum <W, G>.
        residual : float
            Weight of the residual variance.
        """
        return all(
            constant_along(
                [(W, flat.blocks[f]) for f, W in weights.items()], residual * flat.residual
            )
            for flat in self.flat
        )

    def known_entries(self, f):
        """(k, k) whether each variance and covariance of a block is in the data."""
        k = self.fit.all_blocks[f].k
        out = np.ones((k, k), dtype=bool)
        for e in self.entries:
            if e.block == f:
                out[e.a, e.b] = out[e.b, e.a] = e.known
        return out

    def moves_errors(self, L):
        """(m,) whether the standard error of L beta is not in the data.

        Of a linear model fitted by REML: the criterion knows the fixed effects' covariance up to
        what it projects out. That of the coefficients of X^ (`GLS`) changes along a flat direction
        by sum_j F_j'(dG)F_j + (I - sum_j F_j'G F_j) d sigma^2, F_j = Z_j'V^-1X^.
        """
        fit = self.fit
        moved = np.zeros(L.shape[0], dtype=bool)
        if not fit.reml:
            return moved
        gls = fit.gls
        inner = gls.T_hat.T @ L.T
        size = np.einsum("pm,pm->m", inner, inner)
        scores = [s @ inner for s in gls.fixed_scores]  # (q, k, m)
        for flat in self.flat:
            changes = [
                np.linalg.solve(T, np.linalg.solve(T, change).T)
                for T, change in zip(gls.T_blocks, flat.blocks, strict=True)
            ]
            change = flat.residual * size
            # a change this small next to the variance itself is rounding, too
            total = size * max([abs(flat.residual), *(np.abs(c).max() for c in changes)])
            for s, dG, Lam in zip(scores, changes, gls.lambdas, strict=True):
                change = change + np.einsum("qam,ab,qbm->m", s, dG, s)
                change = change - flat.residual * np.einsum("qam,ab,qbm->m", s, Lam @ Lam.T, s)
                total = total + np.einsum("qam,ab,qbm->m", np.abs(s), np.abs(dG), np.abs(s))
            moved |= np.abs(change) > CONSTANT * total
        return moved

    def combinations(self):
        """A basis of what the data do say where single numbers are not in them.

        Variances at each of the few rows that a term's columns have; for the rest sums of variances
        and covariances. Returns tuple of Combination.
        """
        from mixedeffects.inference.combinations import Combination, combinations_of

        def compute():
            return [[c.words, c.value, c.is_variance] for c in combinations_of(self)]

        plain = summed(self.fit, AT_ESTIMATES + "known combinations", compute)
        return tuple(Combination(*one) for one in plain)

    def reasons(self):
        """Why, where it is one of the usual reasons: sentences without a full stop.

        Returns list of str.
        """
        from mixedeffects.inference.flat_reasons import reasons_of

        return summed(self.fit, "why not in the data", lambda: reasons_of(self))


def unknown_components(fit: Fit, *, correlations=True):
    """(c,) whether each component of ``fit.parameters`` is not in the data.

    Parameters
    ----------
    correlations : bool
        Whether a component of two columns is their correlation, which takes both variances, or
        their covariance.
    """
    found = identification(fit)
    if found is None:
        return np.zeros(len(fit.parameters.components), dtype=bool)
    variances = {(e.block, e.a): e.known for e in found.entries if e.is_variance}
    known = [
        e.known and (not correlations or (variances[e.block, e.a] and variances[e.block, e.b]))
        for e in found.entries
    ]
    if fit.parameters.has_residual:
        known.append(found.residual_known)
    return ~np.array(known, dtype=bool)


def unknown_names(fit: Fit):
    """Names, as those of a profile, of the parameters that are not in the data.

    Examples
    --------
    >>> import mixedeffects as me
    >>> unknown_names(me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()))
    []
    """
    found = identification(fit)
    if found is None:
        return []
    out = []
    for e, unknown in zip(found.entries, unknown_components(fit), strict=False):
        if unknown:
            out.append(
                f"sd_{e.first}|{e.group}" if e.is_variance
                else f"cor_{e.second}.{e.first}|{e.group}"
            )  # fmt: skip
    return out if found.residual_known else [*out, "sigma"]


def known_covariance(fit: Fit, L, covariance):
    """The covariance of L beta, nan for what of it is not in the data.

    Takes L (m, p) array; covariance (m, m) array. Returns (m, m) array.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> known_covariance(fit, np.eye(2), fit.vcov_beta) is fit.vcov_beta
    True
    """
    found = identification(fit)
    if found is None or not fit.reml:
        return covariance
    out, lost = covariance.copy(), found.moves_errors(L)
    out[lost], out[:, lost] = np.nan, np.nan
    known = np.flatnonzero(~lost)
    for i in known:  # of two known variances the covariance is known where that of the sum is
        apart = known[found.moves_errors(L[i] + L[known])]
        out[i, apart] = out[apart, i] = np.nan
    return out


def identification(fit: Fit):
    """What the data say of the variances of a fit; None where they say all of it.

    Returns Identification or None.

    Examples
    --------
    >>> import warnings
    >>> import mixedeffects as me
    >>> from mixedeffects.errors import ConvergenceWarning
    >>> table = me.datasets.flipped_classrooms()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ConvergenceWarning)
    ...     fit = me.lmm("score ~ style + (1 + style | professor)", table)
    >>> for found in identification(fit).combinations():
    ...     print(found.words, round(found.sd, 1))
    professor where style = No 5.8
    professor where style = Some 0.0
    professor where style = Fully 4.4
    """
    if not fit.certificate.flat:
        return None
    if "identification" not in fit.cache:
        fit.cache["identification"] = Identification(cast("LinearFit", fit))
    return fit.cache["identification"]
