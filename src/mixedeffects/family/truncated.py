"""Counts that cannot be zero: those that are recorded only if there is something to count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_counts
from mixedeffects.family.compois import ConwayMaxwellPoisson
from mixedeffects.family.compois_sums import drawn
from mixedeffects.family.draws import TINY, gamma_rates, log_series_counts, poisson_counts
from mixedeffects.family.limits import all_ones, log_series, simpler
from mixedeffects.family.nbinom1 import NegativeBinomial1
from mixedeffects.family.nbinom2 import NegativeBinomial2
from mixedeffects.family.poisson import Poisson
from mixedeffects.family.rules import log_cloglog as log_cloglog_rule
from mixedeffects.family.smooth import Smooth
from mixedeffects.family.taylor import space

log_cloglog = Smooth(log_cloglog_rule)


@dataclass(frozen=True)
class Truncated(Family):
    """A family of counts given that the count is not zero; the link is of the mean before that.

    A subclass names the family, which gives ``log_minus_log_zero(*predictors)``, the logarithm
    of ``-log P(Y = 0)``.
    """

    base_class: ClassVar[Any]
    base: ClassVar[Any]

    links = ("log",)
    discrete = True
    support = (1.0, np.inf)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "base", self.base_class(self.link))

    def outside(self, eta):
        return None  # the link is the logarithm, of a mean before the zeros are taken away

    def check(self, response, name="y"):
        check_counts(response, name, self, smallest=1)

    def log_density(self, response, *predictors):
        return self.base.log_density(response, *predictors) - log_cloglog(
            self.base.log_minus_log_zero(*predictors)
        )

    def derivatives(self, response, predictors, order, random=(0,)):
        predictors = [np.asarray(x, dtype=float) for x in predictors]
        plain = response.unweighted()
        with np.errstate(all="ignore"):
            out = dict(self.base.derivatives(plain, predictors, order, random))
            if order == 0:
                return self._weighted(
                    response,
                    {(): out[()] - log_cloglog(self.base.log_minus_log_zero(*predictors))},
                )
            variables = space(len(predictors), order, tuple(random)).variables(predictors)
            some = log_cloglog(self.base.log_minus_log_zero(*variables))
            for key, d in some.derivatives().items():
                out[key] = out[key] - d if key in out else -d
        return self._weighted(response, out)

    def start(self, response):
        _, extras = self.base.start(response)
        return self._link_of_mean(np.maximum(response.y - 0.5, 0.3)), extras

    def mean(self, *predictors):
        some = log_cloglog(self.base.log_minus_log_zero(*predictors))
        return np.exp(self.link.log_inverse(predictors[0]) - some)

    def variance(self, *predictors, size=None):
        mean = self.mean(*predictors)
        untruncated = self.base.mean(*predictors)
        # E y² = (V + mu²)/(1 - p0) = mean (V/mu + mu)
        ratio = self.base.variance(*predictors) / untruncated
        # next to a mean of one nothing is left of the difference but its rounding, of either sign
        return mean * np.maximum(ratio + untruncated - mean, np.finfo(float).eps)

    def sample(self, rng, predictors, response):
        predictors = [np.broadcast_to(np.asarray(x, float), response.y.shape) for x in predictors]
        rate = np.exp(self.base.log_minus_log_zero(*predictors))
        return self._sample_some(rng, rate, predictors)

    def _sample_some(self, rng, rate, predictors):
        """Counts that are not zero, given -log P(Y = 0)."""
        raise NotImplementedError

    def cdf(self, response, *predictors):
        # by what lies above, over P(Y > 0): a difference of nearly one and one has no digits left
        some = -np.expm1(-np.exp(self.base.log_minus_log_zero(*predictors)))
        y = np.floor(response.y)
        above = self.base.above(type(response)(np.maximum(y, 0.0)), *predictors)
        below = 1.0 - above / np.maximum(some, TINY)
        return np.where(y < 1, 0.0, np.clip(below, 0.0, 1.0))

    def cdf_below(self, response, *predictors):
        return self.cdf(type(response)(response.y - 1.0), *predictors)


def _sample_positive_poisson(rng, rate):
    """Poisson counts that are not zero: the time of the first event, then the rest of the time."""
    first = -np.log1p(rng.random(len(rate)) * np.expm1(-rate))
    return 1 + poisson_counts(rng, np.maximum(rate - first, 0.0))


def _sample_log_series_sum(rng, clusters, log_odds):
    """Sums of logarithmic variates, `clusters` of them in each row, with p = expit(log_odds)."""
    ends = np.cumsum(clusters)
    sums = np.concatenate([[0], np.cumsum(log_series_counts(rng, np.repeat(log_odds, clusters)))])
    return (sums[ends] - sums[ends - clusters]).astype(float)


def _sample_positive_nbinom(rng, rate, log_odds, draw):
    """Negative binomial counts that are not zero.

    Where zeros are common, as a Poisson number of clusters of logarithmic size (Fisher's log
    series), which is zero only if there is no cluster; elsewhere by drawing again.
    """
    out = np.zeros(len(rate))
    rare = rate < 1.0
    clusters = _sample_positive_poisson(rng, rate[rare]).astype(np.int64)
    out[rare] = _sample_log_series_sum(rng, clusters, log_odds[rare])
    left = np.flatnonzero(~rare)
    while len(left):
        out[left] = draw(left)
        left = left[out[left] == 0]
    return out


@dataclass(frozen=True)
class TruncatedPoisson(Truncated):
    """Poisson counts that are not zero.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> np.exp(TruncatedPoisson().log_density(Response([1.0]), np.zeros(1)))  # 1/(e - 1)
    array([0.58197671])
    """

    name = "truncated_poisson"
    base_class = Poisson
    limits = (all_ones(("conditional", -1)),)

    def _sample_some(self, rng, rate, predictors):
        return _sample_positive_poisson(rng, rate).astype(float)


@dataclass(frozen=True)
class TruncatedNegativeBinomial2(Truncated):
    """Negative binomial counts (quadratic variance before truncation) that are not zero."""

    name = "truncated_nbinom2"
    extras = ("dispersion",)
    dispersion_name = "theta"
    base_class = NegativeBinomial2
    limits = (
        log_series(("conditional", -1), ("dispersion", -1)),
        simpler("dispersion", 1, "truncated Poisson counts", "truncated_poisson"),
        all_ones(("conditional", -1)),
    )

    def _sample_some(self, rng, rate, predictors):
        eta, tau = predictors
        theta, mu = np.exp(tau), self.base.mean(eta)

        def draw(rows):
            return poisson_counts(rng, gamma_rates(rng, theta[rows], mu[rows]))

        return _sample_positive_nbinom(rng, rate, np.log(mu) - tau, draw)


@dataclass(frozen=True)
class TruncatedNegativeBinomial1(Truncated):
    """Negative binomial counts (linear variance before truncation) that are not zero."""

    name = "truncated_nbinom1"
    extras = ("dispersion",)
    dispersion_name = "phi"
    base_class = NegativeBinomial1
    limits = (
        all_ones(("conditional", -1), ("dispersion", -1)),
        simpler("dispersion", -1, "truncated Poisson counts", "truncated_poisson"),
        log_series(("conditional", -1)),
    )

    def _sample_some(self, rng, rate, predictors):
        eta, log_phi = predictors
        phi, mu = np.exp(log_phi), self.base.mean(eta)

        def draw(rows):
            return poisson_counts(rng, gamma_rates(rng, mu[rows] / phi[rows], mu[rows]))

        return _sample_positive_nbinom(rng, rate, log_phi, draw)


@dataclass(frozen=True)
class TruncatedConwayMaxwellPoisson(Truncated):
    """Conway–Maxwell–Poisson counts that are not zero; the mean is that before truncation."""

    name = "truncated_compois"
    extras = ("dispersion",)
    dispersion_name = "phi"
    base_class = ConwayMaxwellPoisson
    limits = (all_ones(("conditional", -1)),)

    def _sample_some(self, rng, rate, predictors):
        eta, dispersion = predictors
        none = np.exp(-rate)
        u = none + (1.0 - none) * rng.random(len(rate))
        return np.maximum(drawn(np.minimum(u, 1.0 - 2.0**-53), eta, -dispersion), 1.0)
