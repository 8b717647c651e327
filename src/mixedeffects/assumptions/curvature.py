"""Whether the effect of a numeric predictor is curved: score tests of its square.

With q the square, e the residuals at the random effects' modes and q^ what the model itself fits to
q as if it were a response (its variances and weights as they are), the score of q's coefficient is
q'We and its variance q'W(q - q^): the random effects are taken into account on both sides, so that
a predictor of groups is tested as one (Rao 1948, doi:10.1017/S0305004100023987). No model is
fitted again. A generalised model's score is the exact one of its Laplace approximation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.covariates import numeric_predictors
from mixedeffects.assumptions.limits import critical, verdict
from mixedeffects.assumptions.moments import LEAST
from mixedeffects.engine import make_plan, threads_for
from mixedeffects.estimation import GLS, LMMObjective
from mixedeffects.inference.checkup.record import FINE, Check
from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.prediction.uncertainty import effect_variance

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# how far the curved part moves the fitted values, in standard deviations of what they leave, that
# is worth knowing, and plainly wrong
BENT, VERY_BENT = 0.2, 0.5
# share of a square that other columns leave, below which they contain it (poly, I(x^2), factor)
CONTAINED = 1e-6
# share of a square within groups above which the residual is the measure, not the groups too
WITHIN = 0.5


def curvature(fit: Fit, excess=1.0):
    """Score tests of the squares of the numeric predictors.

    Returns list of Check.

    Parameters
    ----------
    excess : float
        How many times as variable as the model says the response is; statistics are divided by its
        root.
    """
    columns = numeric_predictors(fit)
    if not columns or fit.design.n < LEAST or fit.design.X.shape[1] == 0:
        return []
    setting = _setting(fit)
    scores = {name: score_of_square(fit, x, excess, setting) for name, x in columns.items()}
    found = [(name, *one) for name, one in scores.items() if one is not None]
    if not found:
        return []
    limit = critical(fit.design.n - fit.design.X.shape[1], len(found))
    bent = [(size, name, t) for name, t, size in found if abs(t) > limit and size >= BENT]
    if not bent:
        largest = max(size for *_, size in found)
        names = ", ".join(f"'{name}'" for name, *_ in found)
        words = f"a parabola of {names} would move fitted values by at most {largest:.2g} "
        words += fit.kind.noise
        return [Check("curvature", largest, FINE, words, "assumptions")]
    size, name, t = max(bent)
    others = [f"'{other}'" for _, other, _ in sorted(bent, reverse=True)[1:]]
    also = f" (so {'is' if len(others) == 1 else 'are'} {', '.join(others)})" if others else ""
    shape = "like a valley" if t > 0 else "like a hill"
    words = (
        f"the effect of '{name}' is curved, {shape}{also}: a parabola moves the fitted values by "
        f"{size:.2g} {fit.kind.noise} (score test z = {t:+.1f}). Add I({name}^2), or write "
        f"poly({name}, 2) or bs({name}) in place of {name}"
    )
    return [Check("curvature", size, verdict(True, size, BENT, VERY_BENT), words, "assumptions")]


def score_of_square(fit: Fit, x, excess=1.0, setting=None):
    """Score test of the square of one column.

    Parameters
    ----------
    excess : float
        As in `curvature`.
    setting : tuple, optional
        What does not depend on the column.

    Returns
    -------
    statistic : float
        Standard normal where the effect is a straight line.
    size : float
        Standard deviation of the curved part, in standard deviations of what the fitted values
        leave.

    None where other columns contain the square.
    """
    scale = float(x.std())
    if not scale > 0:
        return None
    setting = _setting(fit) if setting is None else setting
    return _square(fit, ((x - x.mean()) / scale) ** 2, *setting, excess)


def _setting(fit: Fit):
    """Scores and weights of the rows, and the projection that goes with them."""
    score, weights = _score_and_weights(fit)
    return score, weights, _Projection(fit, weights)


def _score_and_weights(fit: Fit):
    """(n,) derivatives of the log-likelihood by the rows' predictors, and information."""
    w = np.asarray(fit.family.expected_information(fit.response, fit.predictors), dtype=float)
    return fit.row_scores(), np.maximum(w, 1e-10 * max(float(w.max()), 1e-300))


class _Projection:
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


def _square(fit: Fit, q, score, weights, projection, excess):
    """(statistic, size) of one square; None where other columns contain it."""
    q = q - q.mean()
    fixed, whole = projection(q)
    free = q - fixed
    total = float(weights @ (free * free))
    if not total > CONTAINED * float(weights @ (q * q)):
        return None
    information = float((weights * free) @ (q - whole))
    if not information > CONTAINED * total:
        return None  # the random effects contain it
    # what the fixed effects fit has no score at the estimates
    t = float(free @ score) / np.sqrt(information * excess)
    slope = float(free @ score) / information
    noise = 1.0 / float(weights.mean())
    if information < WITHIN * total:
        noise += float(np.mean(_between(fit)))
    size = abs(slope) * np.sqrt(total / float(weights.sum())) / np.sqrt(noise * excess)
    return t, size


def _between(fit: Fit):
    """(n,) variance that the random effects add to the main predictor."""
    every, out = np.arange(fit.design.n), np.zeros(fit.design.n)
    for block, owner, factor, _ in fit.random_effects:
        if owner == 0:
            out += effect_variance(block.Z, factor, every)
    return out
