"""Variance components one by one: which there are, in which order, what they are called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        Whether it is named as a standard deviation or correlation, or a variance or covariance.

    Examples
    --------
    >>> component_name("x"), component_name("x", "z"), component_name(scale="vcov")
    ('sd__x', 'cor__x.z', 'var__Observation')
    """
    alone, together = PREFIXES[scale]
    if first is None:
        return f"{alone}__Observation"
    return f"{alone}__{first}" if second is None else f"{together}__{first}.{second}"


@dataclass(frozen=True, slots=True)
class Component:
    """A variance or covariance of random effects, or the residual variance.

    Attributes
    ----------
    block : int
        Position among all blocks; -1 for the residual.
    term : int
        Position among the terms of all blocks; -1 for the residual.
    row, column : int
        Columns of the block; equal for a variance.
    predictor : str
        Linear predictor: "conditional", or "zi".
    group : str
        Grouping factor, or "Residual".
    first, second : str or None
        Names of the columns; `second` is None for a variance, both are for the residual.
    """

    block: int
    term: int
    row: int
    column: int
    predictor: str
    group: str
    first: str | None
    second: str | None

    @property
    def is_variance(self) -> bool:
        return self.second is None

    @property
    def label(self) -> str:
        """The group, and the predictor where it is not the main one: ``"zi: site"``."""
        return self.group if self.predictor == "conditional" else f"{self.predictor}: {self.group}"

    def name(self, scale="sdcor") -> str:
        """As in `component_name`."""
        return component_name(self.first, self.second, scale=scale)


RESIDUAL = Component(-1, -1, -1, -1, "conditional", "Residual", None, None)


def components_of(blocks, n_main, *, residual):
    """The variance components of some blocks, term by term; variances first within a term.

    Returns tuple of Component.

    Parameters
    ----------
    n_main : int
        How many of them belong to the main formula; the others are those of extra zeros.
    residual : bool
        Whether the residual variance comes last.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> [c.name("vcov") for c in components_of(fit.all_blocks, 1, residual=True)]
    ['var__(Intercept)', 'var__Days', 'cov__(Intercept).Days', 'var__Observation']
    """
    out, t = [], 0
    for f, block in enumerate(blocks):
        predictor, group, names = (
            "conditional" if f < n_main else "zi",
            block.factor.name,
            block.names,
        )
        for term in block.terms:
            columns = term.columns
            out += [Component(f, t, a, a, predictor, group, names[a], None) for a in columns]
            for i, j in structure_of(term).pairs:
                a, b = columns[i], columns[j]
                out.append(Component(f, t, a, b, predictor, group, names[a], names[b]))
            t += 1
    return (*out, RESIDUAL) if residual else tuple(out)


def component_values(blocks, theta, sigma, *, residual, scale="sdcor"):
    """Values of the components of some blocks for many theta, in the order of `components_of`.

    Parameters
    ----------
    theta : (R, n_theta) array
        In the user's columns, lme4's order.
    sigma : (R,) array
        What the covariances are relative to: ones for a generalised model.
    residual : bool
        Whether the residual comes last, as in `components_of`.
    scale : {"sdcor", "vcov"}
        Standard deviations and correlations, or variances and covariances.

    Returns
    -------
    (R, c) array
        A correlation with a standard deviation of zero is nan.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> sigma = np.array([fit.sigma])
    >>> component_values(fit.all_blocks, fit.theta[None], sigma, residual=True).round(3)
    array([[24.74 ,  5.922,  0.066, 25.592]])
    """
    columns, at = [], 0
    for block in blocks:
        for term in block.terms:
            form = structure_of(term)
            Lam = form.factors(theta[:, at : at + form.n_theta])
            at += form.n_theta
            variance = (Lam * Lam).sum(axis=2)
            sd = np.sqrt(variance)
            columns.append(
                sigma[:, None] ** 2 * variance if scale == "vcov" else sigma[:, None] * sd
            )
            if form.pairs:
                i, j = np.array(form.pairs).T
                both = (Lam @ Lam.transpose(0, 2, 1))[:, i, j]
                if scale == "vcov":
                    columns.append(sigma[:, None] ** 2 * both)
                    continue
                with np.errstate(invalid="ignore", divide="ignore"):
                    columns.append(np.clip(both / (sd[:, i] * sd[:, j]), -1.0, 1.0))
    if residual:
        columns.append(sigma[:, None] ** (2 if scale == "vcov" else 1))
    return np.concatenate(columns, axis=1) if columns else np.empty((sigma.size, 0))
