"""Ordered categories: cumulative link models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import DataError, ModelError, NotAvailableError
from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_finite, check_weights, refuse
from mixedeffects.family.response import Response
from mixedeffects.family.rules import log1mexp as log1mexp_rule
from mixedeffects.family.rules import log_cloglog, log_expit
from mixedeffects.family.smooth import Smooth, derivatives_of
from mixedeffects.family.taylor import where

log1mexp = Smooth(log1mexp_rule)


@dataclass(frozen=True)
class Ordinal(Family):
    """Categories 0..K-1 with ``P(Y <= k) = F(threshold_k - eta)``, F the inverse link.

    The extra predictors of a row are the thresholds above (``upper``, infinite in the last
    category) and below (``lower``, minus infinity in the first) its own category; eta has no
    intercept. A larger eta means higher categories, as in R's ``ordinal::clmm``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> low, high = np.array([-np.inf, -1.0, 1.0]), np.array([-1.0, 1.0, np.inf])
    >>> p = np.exp(Ordinal().log_density(Response([0, 1, 2]), np.zeros(3), high, low))
    >>> p.round(4), float(p.sum().round(12))
    (array([0.2689, 0.4621, 0.2689]), 1.0)
    """

    name = "ordinal"
    links = ("logit", "probit", "cloglog", "loglog", "cauchit")
    extras = ("upper", "lower")
    discrete = True
    ordinal = True
    support = (0.0, np.inf)

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name)
        y = response.y
        refuse(
            response,
            (y < 0) | (y != np.floor(y)),
            name,
            "the codes of ordered categories are whole numbers from 0 on",
        )
        present = np.unique(y)
        if len(present) < 2:
            raise ModelError(
                f"{name}: all rows are in one category, so there is nothing to estimate"
            )
        if present[-1] + 1 != len(present):
            empty = np.setdiff1d(np.arange(present[-1] + 1), present)[0]
            raise DataError(
                f"{name}: no row is in category {empty:g} (of 0..{present[-1]:g}), so its "
                "thresholds cannot be told apart; drop empty categories"
            )

    def log_density(self, response, eta, upper, lower):
        first, last = np.isneginf(_values(lower)), np.isposinf(_values(upper))
        # infinite thresholds stand in rows that `where` does not take
        a = where(last, 1.0, upper) - eta
        b = where(first, -1.0, lower) - eta
        below_a, above_a = self.link.log_inverse(a), self.link.log_complement(a)
        below_b, above_b = self.link.log_inverse(b), self.link.log_complement(b)
        flip = _values(below_b) > _values(above_a)  # in the upper half: a difference of tails
        ends = where(first | last, -1.0, where(flip, above_a - above_b, below_b - below_a))
        middle = where(flip, above_b, below_a) + log1mexp(ends)
        both = first & last
        return where(both, 0.0, where(first, below_a, where(last, above_b, middle)))

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, upper, lower = (np.asarray(x, dtype=float) for x in predictors)
        closed = _CLOSED.get(self.link.name, _by_tails)
        with np.errstate(all="ignore"):
            out = closed(self.link, eta, upper, lower, order)
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        """Observed curvature of the row's category, or its squared score where that is negative.

        The expectation needs all thresholds; both have it as their mean.
        """
        d = self.derivatives(Response(response.y), predictors, 2)
        observed = -d[0, 0]
        information = np.where(observed > 1e-10, observed, np.maximum(d[0,] ** 2, 1e-10))
        return information if response.weights is None else information * response.weights

    def start(self, response):
        """Zero, and under "thresholds" the K - 1 thresholds of the shares of the categories."""
        counts = np.bincount(response.y.astype(int), response.weights)
        shares = np.cumsum(counts)[:-1] / counts.sum()
        return np.zeros(len(response)), {"thresholds": self.link.link(shares)}

    def example(self, rng, n):
        """Responses and predictors to try (``testing.check_family``)."""
        thresholds = np.array([-np.inf, -1.2, 0.1, 1.5, np.inf])
        eta = rng.uniform(-1.5, 1.5, n)
        codes = self.sample_categories(rng, eta, thresholds[1:-1])
        at = codes.astype(int)
        return Response(codes), (eta, thresholds[at + 1], thresholds[at])

    def natural(self, extra, value):
        return value

    def mean(self, *predictors):
        raise NotAvailableError(
            "ordered categories have no mean; ask for probabilities(eta, thresholds)"
        )

    def variance(self, *predictors, size=None):
        raise NotAvailableError(
            "ordered categories have no variance; ask for probabilities(eta, thresholds)"
        )

    def probabilities(self, eta, thresholds) -> np.ndarray:
        """Probabilities of all categories.

        Parameters
        ----------
        eta : (n,) array
            Linear predictors.
        thresholds : (K - 1,) array
            Increasing.

        Returns
        -------
        (n, K) array
        """
        eta = np.asarray(eta, dtype=float)
        ends = np.concatenate([[-np.inf], np.asarray(thresholds, dtype=float), [np.inf]])
        out = np.empty((len(eta), len(ends) - 1))
        for k in range(len(ends) - 1):
            with np.errstate(all="ignore"):
                out[:, k] = np.exp(
                    self.log_density(
                        None, eta, np.full(len(eta), ends[k + 1]), np.full(len(eta), ends[k])
                    )
                )
        return out

    def sample_categories(self, rng, eta, thresholds) -> np.ndarray:
        """New category codes, (n,), of linear predictors and the (K - 1,) thresholds."""
        u, out = rng.random(len(eta)), np.zeros(len(eta))
        for threshold in thresholds:
            out += u > self.link.inverse(threshold - eta)
        return out

    def sample(self, rng, predictors, response):
        raise NotAvailableError(
            "the thresholds of a row's own category do not say how the others are distributed; "
            "ask for sample_categories(rng, eta, thresholds)"
        )

    def cdf(self, response, eta, upper, lower):
        return np.where(np.isposinf(upper), 1.0, self.link.inverse(_finite(upper) - eta))

    def cdf_below(self, response, eta, upper, lower):
        return np.where(np.isneginf(lower), 0.0, self.link.inverse(_finite(lower) - eta))


def _values(x):
    return np.asarray(getattr(x, "value", x))


def _finite(x):
    return np.where(np.isfinite(x), x, 0.0)


def _assemble(order, up, low, *, scale=1.0):
    """Derivatives from those of a function of (upper - eta) and one of (lower - eta).

    Parameters
    ----------
    up, low : list of (n,) array
        Value, first, … derivative; the log density is their sum.
    """
    out: dict = {}
    for k in range(order + 1):
        total = up[k] + low[k]
        out[(0,) * k] = total if k % 2 == 0 else -total
    if order >= 3:
        for e, part in ((1, up), (2, low)):
            out[e,] = part[1]
            out[0, e] = -part[2]
            out[0, 0, e] = part[3]
    return out


def _logit(link, eta, upper, lower, order):
    """Logit: P = F(a) (1 - F(b)) (1 - exp(-(upper - lower))), a product without differences."""
    a = log_expit(upper - eta, order)
    b = log_expit(eta - lower, order)
    out = _assemble(order, a, [v if k % 2 == 0 else -v for k, v in enumerate(b)])
    width = log1mexp_rule(lower - upper, 1 if order >= 3 else 0)
    out[()] = out[()] + width[0]
    if order >= 3:
        out[1,] = out[1,] - width[1]
        out[2,] = out[2,] + width[1]
    return out


def _cloglog(link, eta, upper, lower, order):
    """Complementary log-log: P = exp(-e^b) (1 - exp(-(e^a - e^b)))."""
    width = lower - upper
    last, first = np.isposinf(upper), np.isneginf(lower)
    w = np.where(last, 0.0, upper + log1mexp_rule(width, 0)[0])
    c = log_cloglog(w - eta, order)
    if last.any():
        c = [np.where(last, 0.0, v) for v in c]
    b = np.where(first, 0.0, np.exp(lower - eta))
    out: dict = {}
    for k in range(order + 1):
        total = c[k] - b
        out[(0,) * k] = total if k % 2 == 0 else -total
    if order >= 3:
        w_upper = np.where(last, 0.0, -1.0 / np.expm1(width))
        w_lower = np.where(last | first, 0.0, -1.0 / np.expm1(-width))
        out[1,], out[2,] = c[1] * w_upper, c[1] * w_lower - b
        out[0, 1], out[0, 2] = -c[2] * w_upper, -c[2] * w_lower + b
        out[0, 0, 1], out[0, 0, 2] = c[3] * w_upper, c[3] * w_lower - b
    return out


def _loglog(link, eta, upper, lower, order):
    """Log-log: the complementary log-log of the categories in reverse order."""
    reverse = _cloglog(link, -eta, -lower, -upper, order)
    swap = {0: 0, 1: 2, 2: 1}
    return {
        tuple(sorted(swap[v] for v in key)): d if len(key) % 2 == 0 else -d
        for key, d in reverse.items()
    }


def _by_tails(link, eta, upper, lower, order):
    """Any link: a difference of probabilities or of their complements, whichever is smaller.

    With K the smaller of F and 1 - F, P = ±(K(a) - K(b)); all derivatives of log P are ratios to P
    of the derivatives of K, which come from those of log K.
    """
    first, last = np.isneginf(lower), np.isposinf(upper)
    ends = order + 1
    out_keys = {(0,) * k: np.zeros(len(eta)) for k in range(ends)}
    if order >= 3:
        out_keys |= {key: np.zeros(len(eta)) for e in (1, 2) for key in ((e,), (0, e), (0, 0, e))}
    zeros = [0.0] * 4
    for rows, function, threshold, is_upper in (
        (first & ~last, link.log_inverse, upper, True),
        (last & ~first, link.log_complement, lower, False),
    ):
        if rows.any():
            part = derivatives_of(function, threshold[rows] - eta[rows], order)
            pair = (part, zeros) if is_upper else (zeros, part)
            for key, d in _assemble(order, *pair).items():
                out_keys[key][rows] = d
    rows = np.flatnonzero(~(first | last))
    if len(rows):
        found = _middle(link, upper[rows] - eta[rows], lower[rows] - eta[rows], order)
        for key, d in found.items():
            out_keys[key][rows] = d
    return out_keys


def _middle(link, a, b, order):
    flip = a + b > 0.0 if link.symmetric else link.inverse(a) + link.inverse(b) > 1.0
    if link.symmetric:  # 1 - F(x) = F(-x)
        sign = np.where(flip, -1.0, 1.0)
        high = derivatives_of(link.log_inverse, np.where(flip, -b, a), order)
        low = derivatives_of(link.log_inverse, np.where(flip, -a, b), order)
        for part in (high, low):
            part[1:] = [v if k % 2 == 0 else sign * v for k, v in enumerate(part) if k]
    else:
        f, g = link.log_inverse, link.log_complement
        fa, fb, ga, gb = (derivatives_of(h, x, order) for h in (f, g) for x in (a, b))
        high = [np.where(flip, v, u) for u, v in zip(fa, gb, strict=True)]
        low = [np.where(flip, v, u) for u, v in zip(fb, ga, strict=True)]
    gap = low[0] - high[0]
    out: dict = {(): high[0] + log1mexp_rule(gap, 0)[0]}
    if order == 0:
        return out
    # K(high)/P and K(low)/P
    weights = (-1.0 / np.expm1(gap), 1.0 / np.expm1(-gap))
    ratios = []
    for (_, *d), weight in zip((high, low), weights, strict=True):
        own = [weight * d[0]]
        if order >= 2:
            own.append(weight * (d[1] + d[0] * d[0]))
        if order >= 3:
            own.append(weight * (d[2] + 3.0 * d[0] * d[1] + d[0] ** 3))
        ratios.append(own)
    one = ratios[0][0] - ratios[1][0]  # -P′/P by eta
    out[0,] = -one
    if order >= 2:
        two = ratios[0][1] - ratios[1][1]
        out[0, 0] = two - one * one
    if order >= 3:
        three = ratios[0][2] - ratios[1][2]
        out[0, 0, 0] = -three + 3.0 * two * one - 2.0 * one**3
        by = []
        for sign_of, (n0, n1, n2) in zip((1.0, -1.0), ratios, strict=True):
            by.append(
                (
                    sign_of * n0,
                    sign_of * (n0 * one - n1),
                    sign_of * (n2 - 2.0 * n1 * one - n0 * two + 2.0 * n0 * one * one),
                )
            )
        for e, mine, other in ((1, 0, 1), (2, 1, 0)):
            for key, u, v in zip(((e,), (0, e), (0, 0, e)), by[mine], by[other], strict=True):
                out[key] = np.where(flip, v, u)
    return out


_CLOSED = {"logit": _logit, "cloglog": _cloglog, "loglog": _loglog}
