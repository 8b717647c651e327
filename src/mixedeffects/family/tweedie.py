"""Amounts that are often exactly zero: Poisson numbers of gamma amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_finite, check_weights, refuse
from mixedeffects.family.draws import TINY, gamma_rates, poisson_counts
from mixedeffects.family.limits import Limit
from mixedeffects.family.rules import expit as expit_rule
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.smooth import Smooth
from mixedeffects.family.taylor import Jet, scatter
from mixedeffects.family.tweedie_sum import compound_cdf, saturated, saturated_slopes

expit = Smooth(expit_rule)
log_expit = Smooth(log_expit_rule)
expm1 = np.expm1
DISPERSION, POWER = 1, 2


@dataclass(frozen=True)
class Tweedie(Family):
    """Zeros and positive amounts with variance ``phi mu^p / weights``, 1 < p < 2.

    A Poisson number of gamma amounts, zero where the number is. The predictors after eta are
    log phi and the logit of p - 1.

    References
    ----------
    Jørgensen (1987), doi:10.1111/j.2517-6161.1987.tb01685.x; Dunn & Smyth (2005), *Series
    evaluation of Tweedie exponential dispersion model densities*, doi:10.1007/s11222-005-4070-y.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> zero = np.zeros(1)  # mu = phi = 1, p = 1.5: P(y = 0) = exp(-2)
    >>> np.exp(Tweedie().log_density(Response([0.0]), zero, zero, zero))
    array([0.13533528])
    """

    name = "tweedie"
    links = ("log",)
    extras = ("dispersion", "power")
    support = (0.0, np.inf)
    atoms = (0.0,)
    weights_scale_dispersion = True
    dispersion_name = "dispersion phi"
    extra_names: ClassVar = {"power": "power p of the variance"}
    limits = (
        Limit(
            (("power", 1),),
            "there are no zeros, or too few for a total of separate amounts, and p goes to 2",
            'use a family without zeros, or with zeros of another making: family="gamma" or '
            '"hurdle_gamma"',
        ),
        Limit(
            (("power", -1),),
            "the responses are whole multiples of one number, as counts are, and p goes to 1",
            'use a family of counts: family="poisson" or "nbinom2"',
        ),
    )

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name, positive=True)
        y = response.y
        refuse(response, y < 0.0, name, f"the {self.name} family needs numbers of at least 0")
        if not y.any():
            raise ModelError(
                f"{name}: all responses are zero, so there is nothing to estimate (the mean would "
                "go to zero)"
            )

    def log_density(self, response, eta, dispersion, power):
        rows, zeros = _positive(response), _zeros(response)
        n, y = len(response), response.y
        eta, t, w = (_all_rows(x, n) for x in (eta, dispersion - _log_weights(response), power))
        out = 0.0
        if len(zeros):
            at = expit(-w[zeros]) * eta[zeros] - t[zeros] - log_expit(-w[zeros])
            out = scatter(-np.exp(at), zeros, n)
        if len(rows):
            logy = np.log(y[rows])
            q, r = expit(-w[rows]), expit(w[rows])
            log_rate = q * logy - t[rows] - log_expit(-w[rows])
            s = eta[rows] - logy
            distance = np.exp(log_rate) * (expm1(q * s) + np.exp(-w[rows]) * expm1(-r * s))
            found = saturated(log_rate, -w[rows]) - distance - logy
            out = scatter(found, rows, n) + out
        return out

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, dispersion, power = (np.asarray(x, dtype=float) for x in predictors)
        n = len(response)
        eta, power = _all_rows(eta, n), _all_rows(power, n)
        t = _all_rows(dispersion - _log_weights(response), n)
        keys: list = [(0,) * k for k in range(order + 1)]
        if order >= 3:
            keys += [(*key, e) for e in (DISPERSION, POWER) for key in ((), (0,), (0, 0))]
        out = {key: np.zeros(n) for key in keys}
        with np.errstate(all="ignore"):
            for rows, part in ((_zeros(response), _at_zero), (_positive(response), _above_zero)):
                if len(rows):
                    found = part(response, rows, eta[rows], t[rows], power[rows], order)
                    for key, d in found.items():
                        out[key][rows] = d
        return out

    def natural(self, extra, value):
        return 1.0 + np.exp(log_expit(value)) if extra == "power" else super().natural(extra, value)

    def start(self, response):
        y = response.y
        mean = float(np.mean(y))
        phi = float(np.clip(np.var(y) / mean**1.5, 1e-6, 1e6))
        eta = self._link_of_mean(np.maximum(0.5 * y + 0.5 * mean, TINY))
        return eta, {"dispersion": float(np.log(phi)), "power": 0.0}

    def variance(self, eta, dispersion, power, size=None):
        return np.exp(dispersion + (1.0 + expit(power)) * self.link.log_inverse(eta))

    def relative_width(self, response, eta, dispersion, power):
        return np.exp(0.5 * (dispersion - expit(-np.asarray(power)) * eta))

    def sample(self, rng, predictors, response):
        eta, dispersion, power = predictors
        n = len(response)
        eta, w = _all_rows(eta, n), _all_rows(power, n)
        t = _all_rows(dispersion - _log_weights(response), n)
        with np.errstate(over="ignore", under="ignore"):
            rate = np.exp(expit(-w) * eta - t - log_expit(-w))
            number = poisson_counts(rng, rate)
            shape = np.where(number > 0, number * np.exp(-w), 1.0)
            mean = np.where(number > 0, np.exp(eta) * number / np.maximum(rate, TINY), 0.0)
            drawn = gamma_rates(rng, shape, mean)
        return np.where(number > 0, np.maximum(drawn, TINY), 0.0)

    def cdf(self, response, eta, dispersion, power):
        n = len(response)
        eta, w = _all_rows(eta, n), _all_rows(power, n)
        t = _all_rows(dispersion - _log_weights(response), n)
        log_rate = expit(-w) * eta - t - log_expit(-w)
        return compound_cdf(response.y, np.exp(eta), np.exp(log_rate), np.exp(-w))


def _all_rows(x, n):
    """A predictor, array or jet, with one entry per row."""
    return x if isinstance(x, Jet) else np.broadcast_to(np.asarray(x, dtype=float), (n,))


def _log_weights(response):
    if response.weights is None:
        return 0.0
    return response.remember("log weights", lambda: np.log(response.weights))


def _positive(response):
    return response.remember("positive", lambda: np.flatnonzero(response.y > 0.0))


def _zeros(response):
    return response.remember("zeros", lambda: np.flatnonzero(response.y == 0.0))


def _at_zero(response, rows, eta, t, w, order):
    """``-mu^q / (phi q)``, q = 2 - p, of rows that are zero."""
    q, r = expit(-w), expit(w)
    value = -np.exp(q * eta - t - log_expit(-w))
    out: dict = {(0,) * k: value * q**k for k in range(order + 1)}
    if order >= 3:
        # by w: q moves by -q r, so that the exponent moves by r (1 - q eta)
        by = r * (1.0 - q * eta)
        out[DISPERSION,], out[0, DISPERSION] = -value, -value * q
        out[0, 0, DISPERSION] = -value * q * q
        out[POWER,] = value * by
        out[0, POWER] = value * q * (by - r)
        out[0, 0, POWER] = value * q * q * (by - 2.0 * r)
    return out


def _above_zero(response, rows, eta, t, w, order):
    """The saturated log density less ``lambda (expm1(q s) + a expm1(-r s))``, s = eta - log y."""
    logy = response.remember("log y above 0", lambda: np.log(response.y[rows]))
    q, r, a = expit(-w), expit(w), np.exp(-w)
    log_rate = q * logy - t - log_expit(-w)
    rate, s = np.exp(log_rate), eta - logy
    up, down = expm1(q * s), expm1(-r * s)
    # what depends on phi and p alone is the same at every eta of a search for modes
    known = _remembered(response, log_rate, -w, slopes=order >= 3)
    out: dict = {(): known[0] - rate * (up + a * down) - logy}
    if order >= 1:
        out[0,] = -rate * q * (up - down)
    if order >= 2:
        out[0, 0] = -rate * q * (q * (up + 1.0) + r * (down + 1.0))
    if order >= 3:
        out[0, 0, 0] = -rate * q * (q * q * (up + 1.0) - r * r * (down + 1.0))
        distance = rate * (up + a * down)
        out[DISPERSION,] = -known[1] + distance
        out[0, DISPERSION], out[0, 0, DISPERSION] = -out[0,], -out[0, 0]
        # q and r move by -q r and q r, a by -a, log rate by r - q r log y
        by = r * (1.0 - q * logy)
        qr = q * r
        spread = -qr * s * (up + 1.0) - a * down - a * qr * s * (down + 1.0)
        out[POWER,] = known[1] * by - known[2] - distance * by - rate * spread
        rise = (up - down) * (by - r) - qr * s * (up - down)
        out[0, POWER] = -rate * q * rise
        bend = q * (up + 1.0) + r * (down + 1.0)
        moved = qr * (down - up) - qr * s * bend
        out[0, 0, POWER] = -rate * q * (bend * (by - r) + moved)
    return out


def _remembered(response, log_rate, log_shape, slopes):
    """`saturated_slopes` of these rows, found again where phi and p have not moved."""
    last = response.constants.get("saturated")
    if last is not None and len(last[2]) >= 1 + 2 * slopes:
        if np.array_equal(last[0], log_rate) and np.array_equal(last[1], log_shape):
            return last[2]
    found = saturated_slopes(log_rate, log_shape) if slopes else [saturated(log_rate, log_shape)]
    response.constants["saturated"] = (log_rate, log_shape, found)
    return found
