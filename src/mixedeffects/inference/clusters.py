"""Rows in independent clusters, and V^-1 times the columns of a model, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.design import is_nested, rows_used
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.group_names import group_named, read_names

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, LinearFit

# rows whose V^-1 [X e] are held at a time
CHUNK = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """A partition of the rows.

    Attributes
    ----------
    labels : sequence
        One per cluster.
    codes : (n,) int array
    order : (n,) int array
        Rows, cluster by cluster.
    start : (J + 1,) int array
        Cluster c has rows ``order[start[c]:start[c + 1]]``.
    """

    name: str
    labels: Any
    codes: np.ndarray
    order: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, name, labels, codes):
        """Sort the rows by cluster."""
        start = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(labels)))])
        return cls(name, labels, codes, np.argsort(codes, kind="stable"), start)

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def sizes(self) -> np.ndarray:
        return np.diff(self.start)

    def chunks(self, rows=CHUNK) -> Iterator[tuple[int, int]]:
        """Ranges of whole clusters of about so many rows."""
        lo = 0
        while lo < self.n:
            hi = int(np.searchsorted(self.start, self.start[lo] + rows, side="right")) - 1
            hi = min(max(hi, lo + 1), self.n)
            yield lo, hi
            lo = hi


def outermost(design):
    """Position of the grouping factor in which all others are nested, or None.

    Returns int or None.
    """
    factors = [block.factor for block in design.blocks]
    last = min(range(len(factors)), key=lambda f: factors[f].n_levels)
    inner = (f for f in range(len(factors)) if f != last)
    return last if all(is_nested(factors[f].codes, factors[last].codes) for f in inner) else None


def clusters_of_factor(factor):
    """The levels of a grouping factor as clusters."""
    return Clusters.of(factor.name, factor.labels, factor.codes)


def clusters_of_labels(values, n, role):
    """Clusters from a label for each row.

    Raises DataError.

    Parameters
    ----------
    role : str
        Name of the argument, for messages.

    Examples
    --------
    >>> clusters_of_labels(["b", "a", "b"], 3, "cluster").codes
    array([1, 0, 1])
    """
    values = np.asarray(values)
    if values.shape != (n,):
        raise DataError(
            f"{role} has shape {values.shape}; the fit used {n} rows and needs one label for each"
        )
    try:
        labels, codes = np.unique(values, return_inverse=True)
    except TypeError:
        raise DataError(f"{role} labels must be all of one kind, without missing ones") from None
    if labels.dtype.kind in "fc" and np.isnan(labels).any():
        raise DataError(f"{role} labels must not be missing")
    return Clusters.of(role, labels.tolist(), codes.reshape(-1))


def chosen_clusters(design, choice, role):
    """Clusters that a user names, or gives a label of for each row.

    Raises OptionError, DataError.

    Parameters
    ----------
    choice : str or (n,) array
        A grouping factor of the model, or labels.
    role : str
        Name of the argument, for messages.
    """
    if not isinstance(choice, str):
        return clusters_of_labels(rows_used(role, choice, design), design.n, role)
    factors = {block.factor.name: block.factor for block in design.blocks}
    choice = group_named(choice, factors)
    if choice not in factors:
        raise OptionError(
            f"{role}={choice!r} is not a grouping factor of the model: "
            f"{', '.join(read_names(factors).values())}\n"
            "for another one give its labels, one for each row that was used"
        )
    return clusters_of_factor(factors[choice])


def independent_clusters(fit: Fit, cluster=None):
    """Clusters between which the model has no correlation.

    Parameters
    ----------
    cluster : str or (n,) array, optional
        A grouping factor of the model, or a label for each row that was used; the outermost
        grouping factor if not given.

    Raises
    ------
    NotAvailableError
        Where a random effect is shared by several clusters (crossed factors).
    OptionError, DataError
        For a name or labels that cannot be used.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> independent_clusters(fit).n
    18
    """
    factors = [block.factor for block in fit.design.blocks]
    if cluster is None:
        place = outermost(fit.design)
        if place is None:
            names = ", ".join(f"'{factor.name}'" for factor in factors)
            raise NotAvailableError(
                f"the grouping factors {names} are crossed: no factor contains the others, so "
                "no rows are independent of all others, as a cluster-robust covariance needs\n"
                'use ddf="satterthwaite" or "kenward-roger", or vcov(groups=) with labels of '
                "larger units that do contain them"
            )
        chosen = clusters_of_factor(factors[place])
    else:
        chosen = chosen_clusters(fit.design, cluster, "groups")
    for factor in factors:
        if not is_nested(factor.codes, chosen.codes):
            raise NotAvailableError(
                f"levels of '{factor.name}' occur in several clusters of '{chosen.name}', whose "
                f"rows the random effects of '{factor.name}' make dependent\n"
                f"cluster by '{factor.name}', or by units that contain both"
            )
    if chosen.n < 2:
        raise NotAvailableError("a cluster-robust covariance needs at least two clusters")
    return chosen


class GLSRows:
    """Rows of X^, e and V^-1 [X^ e], with X^ = X T^ such that X^'V^-1 X^ = I.

    V is relative to sigma^2, e = y - X beta. V^-1 c = W (c - Z G Z'V^-1 c) comes from the
    scores Z'V^-1 [X^ e] that the factorisation has: no matrix of the size of V is made.

    Attributes
    ----------
    T_hat : (p, p) array
        T^; beta = T^ beta^.
    residual : (n,) array
        e.
    """

    def __init__(self, fit: LinearFit):
        gls, design = fit.gls, fit.design
        self.design, self.p, self.T_hat = design, design.X.shape[1], gls.T_hat
        y = design.y if design.offset is None else design.y - design.offset
        self.residual = y - design.X @ fit.beta
        self._effects = []
        # Z (T_z Lambda~) has the covariance of the random part, and good numbers
        self.roots = []
        groups = zip(gls.fixed_scores, gls.scores, gls.lambdas, gls.T_blocks, strict=True)
        for fixed, scores, Lam, T in groups:
            both = np.concatenate([fixed, scores[:, :, None]], axis=2)
            self._effects.append((T @ Lam @ Lam.T) @ both)
            self.roots.append(T @ Lam)

    def columns(self, rows):
        """(r, p + 1) array [X^ e] of some rows."""
        out = np.empty((rows.size, self.p + 1))
        np.matmul(self.design.X[rows], self.T_hat, out=out[:, : self.p])
        out[:, self.p] = self.residual[rows]
        return out

    def solved(self, rows, columns):
        """(r, p + 1) array V^-1 [X^ e] of some rows, given their `columns`."""
        out = columns.copy()
        for block, effects in zip(self.design.blocks, self._effects, strict=True):
            own = effects[block.factor.codes[rows]]
            if block.Z is None:
                out -= own[:, 0]
            else:
                out -= np.einsum("rk,rkt->rt", block.Z[rows], own)
        if self.design.weights is not None:
            out *= self.design.weights[rows, None]
        return out


def cluster_products(gls, clusters):
    """Sums over the rows of every cluster.

    Returns
    -------
    information : (J, p, p) array
        X^_c'(V^-1 X^)_c; they add up to the identity.
    scores : (J, p) array
        X^_c'(V^-1 e)_c.
    """
    p = gls.p
    information, scores = np.empty((clusters.n, p, p)), np.empty((clusters.n, p))
    for lo, hi in clusters.chunks():
        rows = clusters.order[clusters.start[lo] : clusters.start[hi]]
        columns = gls.columns(rows)
        solved = gls.solved(rows, columns)
        first = clusters.start[lo:hi] - clusters.start[lo]
        for a in range(p):
            sums = np.add.reduceat(columns[:, a, None] * solved, first, axis=0)
            information[lo:hi, a], scores[lo:hi, a] = sums[:, :p], sums[:, p]
    return information, scores
