"""How many dimensions of a random term the data support: its principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import Invariance, structure_of
from mixedeffects.errors import OptionError
from mixedeffects.estimation import NEGLIGIBLE
from mixedeffects.inference.identification import identification
from mixedeffects.inference.row_sums import block_triangle, column_moments
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# standard deviation, relative to the residual's, below which a dimension is not there; that of
# lme4's isSingular, too
ABSENT = NEGLIGIBLE


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalComponents:
    """Principal components of the random effects of one grouping factor.

    Attributes
    ----------
    sd : (k,) array
        Standard deviations, largest first, in residual standard deviations (of a generalised
        model: on the scale of the linear predictor).
    loadings : (k, k) array
        Column i: of what the component i is made, of unit length.
    """

    group: str
    names: tuple[str, ...]
    sd: np.ndarray
    loadings: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """(k,) share of the variance; nan where there is none at all."""
        total = float(self.sd @ self.sd)
        return self.sd**2 / total if total > 0 else np.full(self.sd.size, np.nan)

    @property
    def supported(self) -> int:
        """Dimensions whose standard deviation is not zero."""
        return int(np.count_nonzero(self.sd > ABSENT))


def random_pca(fit: Fit, *, units="response"):
    """Principal components of the random effects: how many dimensions the data support.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    units : {"response", "formula"}
        "response": a component's standard deviation is the root mean square of what it adds to
        the response, in residual standard deviations, so that neither the units of the columns
        nor where they have their zeros matter. "formula": of the random effects as they are
        (intercept, slopes), as in lme4's ``rePCA``; shares then depend on the units.

    Returns
    -------
    Table
        group, component ("PC1", …), sd, share (of the variance of all random effects of the
        grouping factor), cumulative, and the loadings, one column for each random effect: of what
        the component is made, squares adding up to one; nan for effects of other groups. A
        component whose sd is zero is a dimension that the data do not support.

    Raises
    ------
    OptionError

    Notes
    -----
    With Z = Q R the columns of the grouping factor and Lambda their relative factor, "response"
    decomposes R Lambda / sqrt(n), whose squared singular values add up to the mean variance that
    the random effects give the response; loadings are of the columns times their root mean
    squares.

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), arXiv 1506.04967.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.random_pca()[["component", "share"]].round(2).values.tolist()
    [['PC1', 0.93], ['PC2', 0.07]]
    """
    found = random_components(fit, units=units)
    effects = list(dict.fromkeys(name for c in found for name in c.names))
    columns = {name: [] for name in ("group", "component", "sd", "share", "cumulative", *effects)}
    for c in found:
        for i in range(c.sd.size):
            columns["group"].append(c.group)
            columns["component"].append(f"PC{i + 1}")
            columns["sd"].append(float(c.sd[i]))
            columns["share"].append(float(c.share[i]))
            columns["cumulative"].append(float(c.share[: i + 1].sum()))
            for name in effects:
                at = [j for j, own in enumerate(c.names) if own == name]
                size = float(c.loadings[at[0], i]) if at else np.nan
                columns[name].append(size)
    return Table(columns)


def random_components(fit: Fit, *, units="response"):
    """The components of every grouping factor; see `random_pca`.

    Returns tuple of PrincipalComponents.
    """
    if units not in ("response", "formula"):
        raise OptionError(f"units={units!r} is not one of response, formula")
    out = []
    doubted = doubted_blocks(fit)
    for f, (block, Lam) in enumerate(zip(fit.all_blocks, fit.lambdas, strict=True)):
        if units == "formula":
            U, sd, _ = np.linalg.svd(Lam)
            loadings = U
        else:
            R = block_triangle(fit, f)
            sd, loadings = in_response(Lam, R, np.sqrt(np.einsum("ij,ij->j", R, R)))
        if f in doubted:  # not in the data
            sd, loadings = np.full(sd.shape, np.nan), np.full(loadings.shape, np.nan)
        else:
            loadings = upright(loadings)
        out.append(PrincipalComponents(fit.parameters.groups[f], block.names, sd, loadings))
    return tuple(out)


def in_response(Lam, R, rms):
    """Standard deviations of the components in the response, and their loadings.

    Returns sd (k,) array, loadings (k, k) array.

    Parameters
    ----------
    Lam : (k, k) array
        Relative factor, in the columns of the formula.
    R : (k, k) array
        Of the columns, divided by sqrt(n).
    rms : (k,) array
        Root mean squares of the columns.

    Examples
    --------
    >>> import numpy as np
    >>> sd, loadings = in_response(np.diag([1.0, 0.5]), np.diag([1.0, 4.0]), np.array([1.0, 4.0]))
    >>> sd, abs(loadings)
    (array([2., 1.]), array([[0., 1.],
           [1., 0.]]))
    """
    U, sd, _ = np.linalg.svd(R @ Lam)
    pattern = np.linalg.lstsq(R, U, rcond=None)[0] * rms[:, None]
    return sd, pattern / np.maximum(np.linalg.norm(pattern, axis=0), 1e-300)


def upright(loadings):
    """The same, the largest loading of each component positive."""
    largest = np.argmax(np.abs(loadings), axis=0)
    signs = np.sign(loadings[largest, np.arange(loadings.shape[1])])
    return loadings * np.where(signs == 0, 1.0, signs)


def contributions(fit: Fit):
    """What each random effect alone adds to the response.

    Returns
    -------
    list of (k,) arrays
        Per block of `all_blocks`: standard deviation of the effect times the column's root mean
        square about its mean (about zero where it is constant or uncorrelated, ``||``), in
        residual standard deviations; nan where that is not in the data.
    """
    out = []
    found = identification(fit)
    for f, (block, Lam) in enumerate(zip(fit.all_blocks, fit.lambdas, strict=True)):
        sd = np.sqrt(np.einsum("ij,ij->i", Lam, Lam))
        sizes = np.ones(1)
        if block.Z is not None:
            moments = [column_moments(fit, j, f) for j in range(block.k)]
            _, spread, rms = np.array(moments).T
            about_zero = spread == 0.0
            for term in block.terms:
                if structure_of(term).invariance is not Invariance.ANY:
                    # no intercept takes up a column's mean
                    about_zero[list(term.columns)] = True
            sizes = np.where(about_zero, rms, spread)
        if found is not None:
            sd = np.where(found.known_entries(f).diagonal() & found.residual_known, sd, np.nan)
        out.append(sd * sizes)
    return out


def doubted_blocks(fit: Fit):
    """Positions of the blocks some variance or covariance of which is not in the data."""
    found = identification(fit)
    return set() if found is None else {e.block for e in found.entries if not e.known}
