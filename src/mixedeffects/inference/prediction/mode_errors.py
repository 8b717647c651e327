"""Errors of a generalised model's linear predictors: of coefficients, variances and modes.

With psi all parameters and u^(psi) the mode, the error of a linear function of predictors,
t = a'psi-columns + c'u, has the variance

    c'M^-1 c + (dt^/dpsi)' V (dt^/dpsi)

M the curvature at the mode and V the covariance of psi^ (Kass & Steffey 1989,
doi:10.1080/01621459.1989.10478825; it is also what TMB's sdreport computes, Kristensen et al. 2016,
doi:10.18637/jss.v070.i05). dt^/dpsi has the way through the mode: M du^ = d(scores), by implicit
differentiation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.prediction.uncertainty import chunks_of, rows_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import GeneralisedFit


class ModeErrors:
    """The `Uncertainty` of a generalised model; refused where its information is not positive."""

    def __init__(self, fit: GeneralisedFit):
        self.fit = fit
        self.groups = {group.name: group for group in fit.coefficients}
        self.half = fit.parameters.half
        if self.half is None:
            raise NotAvailableError(
                "the observed information is not positive definite, so that errors of predictions "
                "are not known\nsimplify the model, or predict without interval="
            )

    @property
    def slopes(self):
        """Per block, the (q, k, P) derivatives of the random effects by the parameters."""
        with threads_for(self.fit.plan.columns):
            return self.fit.mode_curvature.slopes

    def variance(self, rows, weights, *, conditional, spread=None, also=()):
        """(n,) variance of the error of sum_v weights_v predictor_v."""
        fit, P = self.fit, self.fit.estimates.size
        names = fit.family.predictor_names
        scales = [weights.get(names[owner]) for _, owner, _, _ in fit.random_effects]
        conditional = conditional and any(s is not None for s in scales)
        width = P + sum(b.k for b in fit.all_blocks) * (P if conditional else 1)
        out = np.empty(rows.n)
        by_theta = None if not spread else self.spread_slopes(rows, spread)
        for part in chunks_of(rows.n, width):
            size = part.stop - part.start
            g = np.zeros((size, P))
            for name, weight in weights.items():
                group = self.groups[name]
                X = np.asarray(rows.parts[name][0][part])
                g[:, group.part] += weight[part, None] * (X @ group.T)
            for place, weight in also:
                g[:, place] += weight[part]
            if by_theta is not None:
                g += by_theta(part)
            if conditional:
                for f, scale in enumerate(scales):
                    if scale is None:
                        continue
                    codes, Z = rows.blocks[f]
                    c = np.asarray(codes[part])
                    z = rows_of(Z, part, size) * scale[part, None]
                    z[c < 0] = 0.0
                    g += np.einsum("nk,nkp->np", z, self.slopes[f][c])
            half = g @ self.half
            out[part] = np.einsum("nr,nr->n", half, half)
        if conditional:
            out += self._of_modes(rows, scales)
        return np.maximum(out, 0.0)

    def effects(self):
        """Per block of the main formula, the (q, k) variances of b^ - b."""
        own = self.fit.conditional_covariances()
        moved = [slope @ self.half for slope in self.slopes[: len(own)]]
        return tuple(
            np.maximum(np.einsum("jaa->ja", cov), 0.0) + np.einsum("qar,qar->qa", half, half)
            for cov, half in zip(own, moved, strict=True)
        )

    def quantile(self, rows, level, *, between=False, residual=None):
        """Of the normal distribution."""
        return z_quantile(level)

    def spread_slopes(self, rows, spread):
        """By rows, the derivatives by the parameters of the weighted variances of new groups."""
        fit = self.fit
        names, P = fit.family.predictor_names, fit.estimates.size
        parameters, T_blocks = fit.parameters, fit.covariance_parameters.T_blocks
        ends = P - fit.theta.size + np.cumsum([len(dG) for dG in parameters.dG])

        def of(part):
            size = part.stop - part.start
            g = np.zeros((size, P))
            for f, (_, owner, _, _) in enumerate(fit.random_effects):
                weight, dG = spread.get(names[owner]), parameters.dG[f]
                if weight is None:
                    continue
                codes, Z = rows.blocks[f]
                z = rows_of(Z, part, size) @ T_blocks[f]
                new = (np.asarray(codes[part]) < 0) * weight[part]
                of_block = new[:, None] * np.einsum("na,lab,nb->nl", z, dG, z)
                g[:, ends[f] - len(dG) : ends[f]] += of_block
            return g

        return of

    def _of_modes(self, rows, scales):
        """c'M^-1 c of every row."""
        fit = self.fit
        with threads_for(fit.plan.columns):
            if rows.own:
                return own_mode_variance(fit, scales)
            used = [f for f, scale in enumerate(scales) if scale is not None]
            return fit.mode_curvature.joint(
                {f: np.asarray(rows.blocks[f][0]) for f in used},
                {
                    f: rows_of(rows.blocks[f][1], slice(None), rows.n) * scales[f][:, None]
                    for f in used
                },
            )


def own_mode_variance(fit: GeneralisedFit, scales):
    """c'M^-1 c of the rows of the fit; `scales` are one per block, alike within a predictor."""
    weight = {}
    for (_, owner, _, _), scale in zip(fit.random_effects, scales, strict=True):
        weight[owner] = scale
    total = 0.0
    for (a, b), value in fit.mode_curvature.row_products().items():
        if weight[a] is None or weight[b] is None:
            continue
        value = value if fit.row_of is None else value[fit.row_of]
        total = total + (1.0 if a == b else 2.0) * weight[a] * weight[b] * value
    return total
