"""Counts with less variance than a Poisson distribution has, or more: Conway–Maxwell–Poisson."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_counts
from mixedeffects.family.compois_sums import drawn, sums, tails
from mixedeffects.family.poisson import log_factorial
from mixedeffects.family.response import Response
from mixedeffects.family.taylor import Jet


@dataclass(frozen=True)
class ConwayMaxwellPoisson(Family):
    """Counts of mean mu with probabilities as ``lambda^y / (y!)^nu``; the dispersion is phi = 1/nu.

    The variance is about ``phi mu``: below one the counts vary less than Poisson counts of the
    same mean, above one more. The dispersion predictor is log phi.

    References
    ----------
    Huang (2017), *Mean-parametrized Conway–Maxwell–Poisson regression models for dispersed
    counts*, doi:10.1177/1471082X17697749.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Poisson, Response
    >>> response, eta = Response([0.0, 3.0]), np.array([0.5, 1.0])
    >>> same = ConwayMaxwellPoisson().log_density(response, eta, np.zeros(2))
    >>> np.allclose(same, Poisson().log_density(response, eta), rtol=1e-12)
    True
    """

    name = "compois"
    links = ("log",)
    extras = ("dispersion",)
    discrete = True
    support = (0.0, np.inf)
    dispersion_name = "phi"

    def check(self, response, name="y"):
        check_counts(response, name, self)

    def log_density(self, response, eta, dispersion):
        value = getattr(eta, "value", eta), getattr(dispersion, "value", dispersion)
        if not (isinstance(eta, Jet) or isinstance(dispersion, Jet)):
            return self._closed(response, *value, 0)[()]
        return _composed(self._closed(response, *value, 3), eta, dispersion)

    def log_minus_log_zero(self, eta, dispersion):
        """``log(-log P(Y = 0))``, of arrays or jets."""
        values = [np.asarray(getattr(x, "value", x), dtype=float) for x in (eta, dispersion)]
        if not any(v.ndim for v in values):
            return self.log_minus_log_zero(*(v[None] for v in values))[0]
        zeros = Response(np.zeros(max(v.size for v in values)))
        return np.log(-self.log_density(zeros, eta, dispersion))

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, dispersion = (np.asarray(x, dtype=float) for x in predictors)
        return self._weighted(response, self._closed(response, eta, dispersion, order))

    def _closed(self, response, eta, dispersion, order):
        """Derivatives of y theta - nu log y! - A, by cumulants; g is the slope of theta by eta."""
        y = response.y
        eta, dispersion = np.broadcast_arrays(
            np.asarray(eta, dtype=float), np.asarray(dispersion, dtype=float)
        )
        with np.errstate(all="ignore"):
            nu, mu = np.exp(-dispersion), np.exp(eta)
            at = response.remember("sums", dict)  # of the last predictors
            key = (eta.tobytes(), dispersion.tobytes())
            if at.get("key") != key:
                at["key"], at["sums"] = key, sums(eta, -dispersion)
            k = at["sums"]
            t = -log_factorial(response)
            out: dict = {(): y * k.theta + nu * t - k.log_total}
            if order == 0:
                return out
            gap, g = y - mu, mu / k.k20
            out[0,] = gap * g
            c = k.k30 / k.k20
            g1 = g * (1.0 - c * g)
            if order >= 2:
                out[0, 0] = -mu * g + gap * g1
            if order >= 3:
                c1 = g * (k.k40 / k.k20 - c * c)
                g2 = g1 * (1.0 - 2.0 * c * g) - g * g * c1
                out[0, 0, 0] = -mu * (g + 2.0 * g1) + gap * g2
                # by nu, the mean held: theta moves by -k11/k20
                s = -k.k11 / k.k20
                v = (k.k21 + k.k30 * s) / k.k20
                g_nu = -g * v
                c_nu = (k.k31 + k.k40 * s) / k.k20 - c * v
                g1_nu = g_nu * (1.0 - 2.0 * c * g) - c_nu * g * g
                out[1,] = -nu * (t - k.mean_t + gap * s)
                out[0, 1] = -nu * gap * g_nu
                out[0, 0, 1] = -nu * (-mu * g_nu + gap * g1_nu)
        return out

    def expected_information(self, response, predictors):
        eta, dispersion = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in predictors))
        with np.errstate(all="ignore"):
            information = np.exp(2.0 * eta) / sums(eta, -dispersion).k20
        return information if response.weights is None else information * response.weights

    def start(self, response):
        y = response.y
        mean, variance = float(np.mean(y)), float(np.var(y))
        phi = np.clip(variance / max(mean, 1e-12), 0.2, 5.0)
        return self._link_of_mean(0.8 * y + 0.2 * mean + 0.1), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        value = sums(np.atleast_1d(eta), -np.atleast_1d(np.asarray(dispersion, dtype=float))).k20
        return value if np.ndim(eta) else value[0]

    def sample(self, rng, predictors, response):
        eta, dispersion = predictors
        return drawn(rng.random(len(response)), eta, -np.asarray(dispersion))

    def cdf(self, response, eta, dispersion):
        y = np.floor(response.y)
        below = tails(np.maximum(y, 0.0), eta, -np.asarray(dispersion))[0]
        return np.where(y < 0, 0.0, np.minimum(below, 1.0))

    def above(self, response, eta, dispersion):
        """P(Y > y) of each row, with all digits where it is small."""
        y = np.floor(response.y)
        return np.where(y < 0, 1.0, tails(np.maximum(y, 0.0), eta, -np.asarray(dispersion))[1])


def _composed(d, eta, dispersion):
    """The Taylor polynomial of a function of jets, given its derivatives as families return them.

    Of first order in the dispersion, as fits need it.
    """
    x = eta - eta.value if isinstance(eta, Jet) else 0.0
    z = dispersion - dispersion.value if isinstance(dispersion, Jet) else 0.0
    by_x = d[0,] * x + (0.5 * d[0, 0]) * x * x + (d[0, 0, 0] / 6.0) * x * x * x
    by_z = (d[1,] + d[0, 1] * x + (0.5 * d[0, 0, 1]) * x * x) * z
    return d[()] + by_x + by_z
