"""What a family of distributions is, and what it gives when it only knows its log density.

A family's rows are independent given their linear predictors. It says how dense an observation is
(:meth:`Family.log_density`); everything that a fit needs beyond that, its derivatives above all, is
derived here by Taylor arithmetic unless a family knows a faster or more accurate way.

What does not depend on the predictors (log binomial coefficients, ``gammaln(y + 1)``) is computed
once per :class:`Response`, by ``response.remember(key, compute)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.family.checks import check_weights
from mixedeffects.family.limits import Limit
from mixedeffects.family.links import LINKS, link_of
from mixedeffects.family.response import Response
from mixedeffects.family.taylor import Jet, space


@dataclass(frozen=True)
class Family:
    """Base of all families; a user's own family subclasses it.

    A subclass gives :meth:`log_density`, :meth:`check`, :meth:`mean`, :meth:`variance` and
    :meth:`sample`, and should give :meth:`start` and :meth:`cdf` (and :meth:`cdf_below` if it is
    discrete).

    Parameters
    ----------
    link : str or Link, optional
        Of the mean; the first of `links` unless given.

    Attributes
    ----------
    name : str
        As in ``me.glmm(..., family=name)``.
    links : tuple of str
        Names of the links offered, the default first; empty for all.
    extras : tuple of str
        Names of the linear predictors after the first, in the order of `log_density`'s arguments.
    discrete : bool
        Whether the response has probabilities, not densities.
    support : tuple of float
        Smallest and largest response (discrete) or the ends between which it lies (continuous).
    atoms : tuple of float
        Ends of `support` that a response which is continuous otherwise takes with a probability
        of their own: 0 of rainfall, 0 and 1 of a slider's position.
    weights_scale_dispersion : bool
        Whether prior weights divide the dispersion (then `log_density` uses them) in place of
        multiplying the log density.
    has_size : bool
        Whether the response counts successes among trials.
    ordinal : bool
        Whether the response is the code of an ordered category, so that it has no mean.
    zeros : {None, "extra", "all"}
        Which zeros the predictor "zi" is about.
    dispersion_name : str or None
        What the dispersion is called in a summary.
    extra_names : dict of str to str
        What the other extras are called there, those that are shown.
    centre, part : str
        What the link is of, in the words of a sentence, "mean" or "median", and of which part
        of the responses: " where it is not zero", or nothing for all.
    hurdle_name : str or None
        Name of the family with zeros of their own (`Hurdle`), where it is another than "hurdle" and
        `name` with an underscore between them.
    limits : tuple of Limit
        Simpler distributions that the family tends to as predictors go to infinity.

    Examples
    --------
    A geometric distribution (failures before the first success) with mean exp(eta):

    >>> import numpy as np
    >>> from mixedeffects.family import Family, Response, checks
    >>> class Geometric(Family):
    ...     name, links, discrete, support = "geometric", ("log",), True, (0, np.inf)
    ...
    ...     def check(self, response, name="y"):
    ...         checks.check_counts(response, name, self)
    ...
    ...     def log_density(self, response, eta):
    ...         return response.y * eta - (response.y + 1) * np.logaddexp(0.0, eta)
    ...
    ...     def mean(self, eta):
    ...         return np.exp(eta)
    ...
    ...     def variance(self, eta, size=None):
    ...         return np.exp(eta) + np.exp(2 * eta)
    ...
    ...     def sample(self, rng, predictors, response):
    ...         return rng.geometric(1 / (1 + np.exp(predictors[0]))) - 1.0
    ...
    ...     def cdf(self, response, eta):
    ...         return 1 - (1 + np.exp(-eta)) ** -(np.floor(response.y) + 1)
    >>> d = Geometric().derivatives(Response([0.0, 3.0]), (np.zeros(2),), order=2)
    >>> d[0,], d[0, 0]
    (array([-0.5,  1. ]), array([-0.25, -1.  ]))
    >>> from mixedeffects.testing import check_family
    >>> check_family(Geometric())
    """

    link: Any = None

    name: ClassVar[str]
    links: ClassVar[tuple[str, ...]] = ()
    extras: ClassVar[tuple[str, ...]] = ()
    discrete: ClassVar[bool] = False
    support: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    atoms: ClassVar[tuple[float, ...]] = ()
    weights_scale_dispersion: ClassVar[bool] = False
    has_size: ClassVar[bool] = False
    ordinal: ClassVar[bool] = False
    zeros: ClassVar[str | None] = None
    dispersion_name: ClassVar[str | None] = None
    extra_names: ClassVar[dict[str, str]] = {}
    centre: ClassVar[str] = "mean"
    part: ClassVar[str] = ""
    hurdle_name: ClassVar[str | None] = None
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __post_init__(self) -> None:
        link = self.link
        if link is None:
            link = LINKS[self.links[0]] if self.links else LINKS["identity"]
        else:
            link = link_of(link, self.links, self.name)
        object.__setattr__(self, "link", link)

    def __str__(self) -> str:
        return f"{self.name} ({self.link})"

    @property
    def predictor_names(self) -> tuple[str, ...]:
        """Names of the linear predictors, in the order of `log_density`'s arguments."""
        return ("conditional", *self.extras)

    # what a subclass gives -----------------------------------------------------------------

    def check(self, response: Response, name: str = "y") -> None:
        """Refuse what this family cannot be the distribution of.

        Raises
        ------
        DataError
            In the user's words: what, in which row first, what to do.
        ModelError
            If the response leaves nothing to estimate.
        """
        check_weights(response, name, positive=self.weights_scale_dispersion)

    def log_density(self, response: Response, *predictors) -> Any:
        """Log density of each row, constants included, frequency weights not.

        Written with NumPy and SciPy ufuncs, for predictors that may be arrays or jets.
        """
        raise NotImplementedError

    def mean(self, *predictors) -> Any:
        """Mean of one unit of the response (binomial: the probability); the link's by default."""
        return self.link.inverse(predictors[0])

    def variance(self, *predictors, size=None) -> Any:
        """Variance of the response (binomial: of the count of `size` trials)."""
        raise NotImplementedError

    def sample(self, rng, predictors, response: Response) -> np.ndarray:
        """New responses, (n,), on the scale of ``response.y``; sizes, weights from `response`."""
        raise NotImplementedError

    def cdf(self, response: Response, *predictors) -> np.ndarray:
        """P(Y <= y) of each row."""
        raise NotAvailableError(f"the {self.name} family gives no distribution function")

    def cdf_below(self, response: Response, *predictors) -> np.ndarray:
        """P(Y < y) of each row; of continuous families the same as :meth:`cdf`, but at atoms."""
        if not self.discrete:
            up_to = self.cdf(response, *predictors)
            if not self.atoms:
                return up_to
            with np.errstate(all="ignore"):
                here = np.exp(self.log_density(response.unweighted(), *predictors))
            return np.where(self.at_atoms(response.y), np.maximum(up_to - here, 0.0), up_to)
        below = Response(response.y - 1.0, response.size, response.weights)
        return np.where(response.y > 0, self.cdf(below, *predictors), 0.0)

    def start(self, response: Response) -> tuple[np.ndarray, dict[str, float]]:
        """Linear predictors to start from, by y alone, and constants for the other predictors."""
        return self._link_of_mean(_shrunk(response.y)), dict.fromkeys(self.extras, 0.0)

    def outside(self, eta) -> np.ndarray | None:
        """Rows whose mean is none that this family can have; None where the link sees to that.

        A Poisson mean with an identity link can come out negative, where the formula of the log
        density may still give a number.
        """
        low, high = self.support
        first, last = self.link.range
        if low <= first and last <= high:
            return None
        mean = self.link.inverse(np.asarray(eta, dtype=float))
        return ~((mean >= low) & (mean <= high))

    def relative_width(self, response: Response, *predictors) -> np.ndarray | None:
        """(n,) spread of a row's distribution relative to that of the responses, about.

        Where it is next to nothing the model fits the response exactly, and the likelihood of a
        continuous family has no maximum. None where it cannot vanish or is not known.
        """
        return None

    def at_atoms(self, y) -> np.ndarray:
        """Where a response is one of the values of `atoms`."""
        return np.isin(y, self.atoms)

    @property
    def can_be_zero(self) -> bool:
        """Whether zero has a probability."""
        return 0.0 in self.atoms or (self.discrete and self.support[0] == 0.0)

    # what follows from the log density -----------------------------------------------------

    def derivatives(
        self,
        response: Response,
        predictors,
        order: int,
        random: tuple[int, ...] = (0,),
    ) -> dict[tuple[int, ...], np.ndarray]:
        """Derivatives by the linear predictors of the weighted log density of each row.

        Parameters
        ----------
        response : Response
            The response of the rows.
        predictors : sequence of (n,) array
            Variable 0 is eta, the others are `extras` in their order.
        order : int
            0 to 3: the highest total order in the random predictors.
        random : tuple of int
            Variables with random effects.

        Returns
        -------
        dict of tuple to (n,) array
            Keys are sorted tuples of variables: ``()`` the value, ``(0,)``, ``(0, 0)``, …. With
            ``order=3`` also, for every other variable e, ``(e,)``, ``(a, e)`` and ``(a, b, e)``
            for a, b in `random`. A missing key is identically zero. Arrays may be read-only and
            may be the same under several keys: do not write into them.
        """
        predictors = [np.asarray(x, dtype=float) for x in predictors]
        variables = space(len(predictors), order, tuple(random)).variables(predictors)
        with np.errstate(all="ignore"):
            value = self.log_density(response, *variables)
            if isinstance(value, Jet):
                return self._weighted(response, value.derivatives())
            return self._weighted(response, {(): np.asarray(value, dtype=float)})

    def expected_information(self, response: Response, predictors) -> np.ndarray:
        """Fisher information about eta, (n,): positive where the observed curvature is not.

        Unless a family knows better, that of its mean and variance alone (its quasi-likelihood),
        which the Fisher information is never below.
        """
        eta, *others = (np.asarray(x, dtype=float) for x in predictors)
        slope, size = self.mean_slope(eta, *others), response.size
        with np.errstate(all="ignore"):
            variance = self.variance(eta, *others, size=size)
            slope = slope if size is None else slope * size
            # a mean at the end of its range has neither variance nor slope
            information = np.where(slope == 0.0, 0.0, slope**2 / variance)
        return information if response.weights is None else information * response.weights

    def mean_slope(self, eta, *others) -> np.ndarray:
        """(n,) derivative of the mean by eta, (n,)."""
        with np.errstate(all="ignore"):
            mean = self.mean(*space(1, 1, (0,)).variables([eta]), *others)
        return mean.derivatives()[0,] if isinstance(mean, Jet) else np.zeros(len(eta))

    def natural(self, extra: str, value):
        """An extra predictor on the scale a summary shows it on: its exponential."""
        return np.exp(value)

    # for subclasses ------------------------------------------------------------------------

    def _weighted(self, response: Response, derivatives: dict) -> dict:
        if response.weights is None or self.weights_scale_dispersion:
            return derivatives
        w = response.weights
        if response.remember("zero weight", lambda: not w.all()):
            # a row left out may have a log density of -inf
            return {key: np.where(w > 0, d * w, 0.0) for key, d in derivatives.items()}
        return {key: d * w for key, d in derivatives.items()}

    def _link_of_mean(self, mu):
        """Linear predictors of starting means, moved inside what the link can take."""
        low, high = self.link.range
        if np.isfinite(low):
            mu = np.maximum(mu, low + 1e-3)
        if np.isfinite(high):
            mu = np.minimum(mu, high - 1e-3)
        return self.link.link(mu)


def _shrunk(y, share: float = 0.1):
    """Responses moved a tenth of the way to their mean, as starting means."""
    return (1.0 - share) * y + share * np.mean(y)


def spread(response):
    """Largest distance of a response from the mean of all."""
    return response.remember("spread", lambda: float(np.abs(response.y - response.y.mean()).max()))
