"""Responses with more zeros than their distribution has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.checks import check_zeros
from mixedeffects.family.limits import Limit
from mixedeffects.family.nbinom2 import softplus
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.taylor import Jet, space, where
from mixedeffects.family.with_zeros import WithZeros, log_expit

NO_MORE_ZEROS = Limit(
    (("zi", -1),),
    "there are no more zeros than the counts have by themselves in the rows concerned",
    "leave out zi=, or the predictor of it that finds such rows",
)


@dataclass(frozen=True, init=False)
class ZeroInflated(WithZeros):
    """A response that is zero for another reason with probability expit(zi), else of `base`.

    Parameters
    ----------
    base : Family
        A family of counts, or another one that has zeros: ``Tweedie()``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Poisson, Response
    >>> family = ZeroInflated(Poisson())
    >>> family.extras
    ('zi',)
    >>> np.exp(family.log_density(Response([0.0]), np.zeros(1), np.zeros(1)))  # (1 + 1/e)/2
    array([0.68393972])
    """

    prefix, zeros = "zero_inflated", "extra"

    @staticmethod
    def takes(base):
        return base.can_be_zero and not (base.has_size or base.ordinal)

    @classmethod
    def refusal(cls, base):
        return (
            f"base={base!r} of {cls.__name__} must be a family of counts, such as Poisson() or "
            "NegativeBinomial2(), or another one that has zeros, such as Tweedie(); where a "
            "family has none, all zeros are Hurdle(base)'s"
        )

    @staticmethod
    def limits_of(base):
        return (*base.limits, NO_MORE_ZEROS)

    def check(self, response, name="y"):
        self.base.check(response, name)
        check_zeros(response, name, self)

    def log_density(self, response, *predictors):
        *inner, zi = predictors
        density = self.base.log_density(response.unweighted(), *inner)
        at_zero = _or_zero(zi, density)
        return where(response.y == 0, at_zero, density + log_expit(-zi))

    def derivatives(self, response, predictors, order, random=(0,)):
        *inner, zi = (np.asarray(x, dtype=float) for x in predictors)
        z = len(inner)
        plain = response.unweighted()
        base_random = tuple(v for v in random if v != z) or (0,)
        with np.errstate(all="ignore"):
            parts = self.base.derivatives(plain, inner, order, base_random)
            of = space(z + 1, order, tuple(random))
            out = {key: parts[key] for key in of.keys if key in parts}
            none = log_expit_rule(-zi, order)
            for k in range(order + 1):
                if (key := (z,) * k) in of.position:
                    term = none[k] if k % 2 == 0 else -none[k]
                    out[key] = out[key] + term if key in out else term
            zeros = response.remember("zeros", lambda: np.flatnonzero(response.y == 0))
            density = of.from_derivatives({key: d[zeros] for key, d in parts.items()})
            parts0 = {(): zi[zeros], (z,): 1.0}
            mixed = _or_zero(of.jet(parts0[()], parts0), density)
            found = mixed.derivatives() if isinstance(mixed, Jet) else {(): mixed}
            for key, d in found.items():
                whole = np.array(out[key]) if key in out else np.zeros(len(zi))
                whole[zeros] = d
                out[key] = whole
        return self._weighted(response, out)

    def start(self, response):
        y = response.y
        eta, extras = self.base.start(response.unweighted())
        zeros = float(np.mean(y == 0))
        # half of the zeros, as neither part is likely to have all of them
        share = float(np.clip(0.5 * zeros, 0.02, 0.9))
        return eta, {**extras, "zi": float(np.log(share) - np.log1p(-share))}


def _or_zero(zi, density):
    """``log(pi + (1 - pi) f)`` by the logit zi of pi and the log density of a zero."""
    return np.logaddexp(zi, density) - softplus(zi)
