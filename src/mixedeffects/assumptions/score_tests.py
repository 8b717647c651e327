"""Score tests of further columns in the fixed effects, at the estimates of a fit.

With q the column, e the residuals at the random effects' modes and q^ what the model itself fits to
q as if it were a response (its variances and weights as they are), the score of q's coefficient is
q'We and its variance q'W(q - q^): the random effects are taken into account on both sides, so that
a predictor of groups is tested as one (Rao 1948, doi:10.1017/S0305004100023987). No model is
fitted again. A generalised model's score is the exact one of its Laplace approximation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import make_plan, threads_for
from mixedeffects.estimation import GLS, LMMObjective
from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.prediction.uncertainty import effect_variance

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# share of a column that other columns leave, below which they contain it
CONTAINED = 1e-6
# share of a column within groups above which the residual is the measure, not the groups too
WITHIN = 0.5


def setting_of(fit: Fit):
    """Scores and weights of the rows, and the projection that goes with them."""
    score, weights = _score_and_weights(fit)
    return score, weights, Projection(fit, weights)


def _score_and_weights(fit: Fit):
    """(n,) derivatives of the log-likelihood by the rows' predictors, and information."""
    w = np.asarray(fit.family.expected_information(fit.response, fit.predictors), dtype=float)
    return fit.row_scores(), np.maximum(w, 1e-10 * max(float(w.max()), 1e-300))


class Projection:
    """What the model fits to a column, its variances and weights being known."""

    def __init__(self, fit: Fit, weights):
        design = replace(fit.design.changed(offset=None, aliased=()), weights=weights)
        self.design = design
        if not design.blocks:
            return
        self.plan = make_plan(design) if fit.cross_products is None else fit.plan
        self.theta = fit.theta * fit.sigma

    def __call__(self, q):
        """(fixed part, all) of what is fitted to q, (n,) each."""
        design = replace(self.design, y=np.ascontiguousarray(q))
        X, w = design.X, design.weights
        if not design.blocks:
            X = np.asarray(X)
            root = np.sqrt(np.asarray(w))
            beta = np.linalg.lstsq(X * root[:, None], q * root, rcond=None)[0]
            return X @ beta, X @ beta
        with threads_for(self.plan.columns):
            objective = LMMObjective.of(design, self.plan, True)
            parameters = objective.parameters
            theta = parameters.from_user(self.theta[: parameters.n_theta])
            gls = GLS(objective.evaluate(theta))
            b = gls.modes
        fixed = X @ gls.beta
        return fixed, fixed + random_part([(k.factor.codes, k.Z) for k in design.blocks], b)


def score_of_columns(fit: Fit, columns, setting, excess=1.0):
    """Score test of some columns together.

    Parameters
    ----------
    columns : list of (n,) arrays
        What may be missing in the fixed effects.
    setting : tuple
        Of `setting_of`.
    excess : float
        How many times as variable as the model says the response is.

    Returns
    -------
    statistic : float
        Chi-squared with as many degrees of freedom as columns, where none has an effect.
    slopes : (k,) array
        Coefficients that the columns would have, everything else as it is.
    size : float
        Standard deviation of what they would add, as of `score_of_square`.

    None where other columns, fixed or random, contain one of them.
    """
    score, weights, projection = setting
    centred = [q - q.mean() for q in columns]
    fits = [projection(q) for q in centred]
    free = np.column_stack([q - fixed for q, (fixed, _) in zip(centred, fits, strict=True)])
    left = np.column_stack([q - whole for q, (_, whole) in zip(centred, fits, strict=True)])
    total = weights @ (free * free)
    if not (total > CONTAINED * np.array([weights @ (q * q) for q in centred])).all():
        return None
    information = (weights[:, None] * free).T @ left
    information = 0.5 * (information + information.T)
    if not (np.diagonal(information) > CONTAINED * total).all():
        return None  # the random effects contain it
    # what the fixed effects fit has no score at the estimates
    U = free.T @ score
    try:
        slopes = np.linalg.solve(information, U)
    except np.linalg.LinAlgError:
        return None
    noise = 1.0 / float(weights.mean())
    if (np.diagonal(information) < WITHIN * total).any():
        noise += float(np.mean(_between(fit)))
    added = free @ slopes
    size = np.sqrt(float(weights @ (added * added)) / float(weights.sum()) / (noise * excess))
    return max(float(U @ slopes) / excess, 0.0), slopes, float(size)


def _between(fit: Fit):
    """(n,) variance that the random effects add to the main predictor."""
    every, out = np.arange(fit.design.n), np.zeros(fit.design.n)
    for block, owner, factor, _ in fit.random_effects:
        if owner == 0:
            out += effect_variance(block.Z, factor, every)
    return out
