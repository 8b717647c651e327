"""Links between the mean of a response and its linear predictor.

A link says what its inverse is, and, because a log likelihood needs logarithms of means that are
too small for themselves, what the logarithms of the mean and of one minus the mean are. All of
them accept Taylor jets.
"""

# A Smooth in the place of a method is a function of eta alone, which pyright cannot know.
# pyright: reportAssignmentType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.family import rules
from mixedeffects.family.smooth import Smooth, derivatives_of

REAL = (-np.inf, np.inf)
POSITIVE = (0.0, np.inf)
UNIT = (0.0, 1.0)


@dataclass(frozen=True)
class Link:
    """Base of all links; a user's own link subclasses it.

    A subclass gives :meth:`link` and :meth:`inverse`, the latter written with NumPy ufuncs. It
    should also give :meth:`log_inverse` (and :meth:`log_complement` if the mean is a probability)
    where these are more accurate than the logarithm of the inverse.

    Attributes
    ----------
    name : str
    range : tuple of float
        Open interval of the means that `inverse` gives.
    domain : tuple of float
        Open interval of the linear predictors that it takes.
    symmetric : bool
        Whether ``1 - inverse(eta) == inverse(-eta)``.

    Examples
    --------
    >>> import numpy as np
    >>> class Squared(Link):
    ...     name, range, domain = "squared", (0.0, np.inf), (0.0, np.inf)
    ...
    ...     def link(self, mu):
    ...         return mu**2
    ...
    ...     def inverse(self, eta):
    ...         return np.sqrt(eta)
    >>> Squared().inverse(np.array([9.0]))
    array([3.])
    """

    name: ClassVar[str]
    range: ClassVar[tuple[float, float]] = REAL
    domain: ClassVar[tuple[float, float]] = REAL
    symmetric: ClassVar[bool] = False

    def link(self, mu) -> Any:
        """The linear predictor of these means."""
        raise NotImplementedError

    def inverse(self, eta) -> Any:
        """The means of these linear predictors (arrays or jets)."""
        raise NotImplementedError

    def slope(self, eta) -> np.ndarray:
        """d mean / d eta, (n,)."""
        with np.errstate(all="ignore"):
            return derivatives_of(self.inverse, np.asarray(eta, dtype=float), 1)[1]

    def log_inverse(self, eta) -> Any:
        """``log(inverse(eta))``."""
        return np.log(self.inverse(eta))

    def log_complement(self, eta) -> Any:
        """``log(1 - inverse(eta))``."""
        return np.log1p(-self.inverse(eta))

    def both_logs(self, eta, order) -> tuple[list, list]:
        """Derivatives of :meth:`log_inverse` and of :meth:`log_complement` at an array."""
        return (
            derivatives_of(self.log_inverse, eta, order),
            derivatives_of(self.log_complement, eta, order),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __str__(self) -> str:
        return self.name


def _negated(rule):
    """The rule of ``x -> f(-x)``."""

    def of(x, order):
        values = rule(-x, order)
        return [v if k % 2 == 0 else -v for k, v in enumerate(values)]

    return of


class Logit(Link):
    """``log(mu / (1 - mu))``."""

    name, range, symmetric = "logit", UNIT, True
    inverse = Smooth(rules.expit)
    log_inverse = Smooth(rules.log_expit)
    log_complement = Smooth(_negated(rules.log_expit))

    def link(self, mu):
        return np.log(mu) - np.log1p(-mu)

    def both_logs(self, eta, order):
        # one exponential and one logarithm for both
        _, small, log1p = rules.tails(eta)
        mu, nu = [np.minimum(eta, 0.0) - log1p], [np.minimum(-eta, 0.0) - log1p]
        if order >= 1:
            large = 1.0 - small
            right = eta > 0
            mu.append(np.where(right, small, large))
            nu.append(np.where(right, -large, -small))
        if order >= 2:
            second = -small * large
            mu.append(second)
            nu.append(second)
        if order >= 3:
            third = second * (mu[1] + nu[1])
            mu.append(third)
            nu.append(third)
        return mu, nu


class Probit(Link):
    """The quantile of the standard normal distribution."""

    name, range, symmetric = "probit", UNIT, True
    inverse = Smooth(rules.ndtr)
    log_inverse = Smooth(rules.log_ndtr)
    log_complement = Smooth(_negated(rules.log_ndtr))

    def link(self, mu):
        from scipy.special import ndtri

        return ndtri(mu)


class Cauchit(Link):
    """The quantile of the standard Cauchy distribution."""

    name, range, symmetric = "cauchit", UNIT, True
    inverse = Smooth(rules.cauchy)
    log_inverse = Smooth(rules.log_cauchy)
    log_complement = Smooth(_negated(rules.log_cauchy))

    def link(self, mu):
        return np.tan(np.pi * (np.asarray(mu) - 0.5))


def _cloglog(x, order):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        h = np.exp(np.minimum(x, 6.7))  # beyond, exp(-h) is below 1e-350
        e = h * np.exp(-h)
        return [-np.expm1(-h), e, e * (1.0 - h), e * (1.0 - 3.0 * h + h * h)][: order + 1]


def _loglog(x, order):
    f = _cloglog(-x, order)
    with np.errstate(over="ignore", under="ignore"):
        return [np.exp(-np.exp(-x)), *(v if k % 2 else -v for k, v in enumerate(f) if k)]


class Cloglog(Link):
    """Complementary log-log, ``log(-log(1 - mu))``: proportional hazards in grouped time."""

    name, range = "cloglog", UNIT
    inverse = Smooth(_cloglog)
    log_inverse = Smooth(rules.log_cloglog)
    log_complement = Smooth(rules.minus_exp)

    def link(self, mu):
        return np.log(-np.log1p(-mu))


class Loglog(Link):
    """``-log(-log(mu))``, the complementary log-log link of the other outcome."""

    name, range = "loglog", UNIT
    inverse = Smooth(_loglog)
    log_inverse = Smooth(_negated(rules.minus_exp))
    log_complement = Smooth(_negated(rules.log_cloglog))

    def link(self, mu):
        return -np.log(-np.log(mu))


class Log(Link):
    """``log(mu)``; with probabilities, only negative predictors are possible."""

    name, range = "log", POSITIVE
    inverse = Smooth(rules.exp)
    log_complement = Smooth(rules.log1mexp)

    def link(self, mu):
        return np.log(mu)

    def log_inverse(self, eta):
        return eta


class Identity(Link):
    """The mean itself."""

    name = "identity"

    def link(self, mu):
        return np.asarray(mu, dtype=float)

    def inverse(self, eta):
        return eta


class Inverse(Link):
    """``1 / mu``; predictors must be positive where means are."""

    name, range, domain = "inverse", POSITIVE, POSITIVE
    inverse = Smooth(rules.reciprocal)

    def link(self, mu):
        return 1.0 / np.asarray(mu)

    def log_inverse(self, eta):
        return -np.log(eta)


class Sqrt(Link):
    """``sqrt(mu)``; predictors must be positive for the mean to determine them."""

    name, range, domain = "sqrt", POSITIVE, POSITIVE

    def link(self, mu):
        return np.sqrt(mu)

    def inverse(self, eta):
        return np.square(eta)

    def log_inverse(self, eta):
        return 2.0 * np.log(np.abs(eta))


class InverseSquare(Link):
    """``1 / mu²``, the canonical link of the inverse Gaussian; predictors must be positive."""

    name, range, domain = "1/mu^2", POSITIVE, POSITIVE

    def link(self, mu):
        return np.asarray(mu, dtype=float) ** -2

    def inverse(self, eta):
        return eta**-0.5

    def log_inverse(self, eta):
        return -0.5 * np.log(eta)


LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        Logit(),
        Probit(),
        Cloglog(),
        Loglog(),
        Cauchit(),
        Log(),
        Identity(),
        Inverse(),
        Sqrt(),
        InverseSquare(),
    )
}


def link_of(link, offered=None, family: str | None = None) -> Link:
    """A link from its name, or the instance itself.

    Parameters
    ----------
    link : str or Link
        The name of a link, or a link, which is returned.
    offered : tuple of str, optional
        The names that `family` takes; instances of the user's own classes are always taken.
    family : str, optional
        For the error message.

    Raises
    ------
    OptionError
        If there is no link of that name, or the family does not have it.

    Examples
    --------
    >>> link_of("probit")
    Probit()
    """
    if isinstance(link, Link):
        if LINKS.get(link.name) == link and offered and link.name not in offered:
            raise OptionError(_not_offered(link.name, offered, family))
        return link
    if not isinstance(link, str):
        raise OptionError(f"link={link!r} is neither the name of a link nor a Link")
    found = LINKS.get(link)
    if found is None or (offered and link not in offered):
        raise OptionError(_not_offered(link, offered or tuple(LINKS), family))
    return found


def _not_offered(name, offered, family):
    whose = f"the {family} family has" if family else "there are"
    return f"link={name!r} is not offered; {whose} {', '.join(offered)}"
