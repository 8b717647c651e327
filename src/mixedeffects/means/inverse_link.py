"""Back from the linear predictor of a generalised model: the inverse of its link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.averages import average
from mixedeffects.inference.row_sums import mean_squares

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# what exp of a difference of linear predictors is, by link
RATIOS = {"logit": "odds ratio", "log": "ratio", "cloglog": "hazard ratio"}
ADJUSTMENTS = (False, True, "integrate")


@dataclass(frozen=True, slots=True)
class InverseLink:
    """The mean as a function of the linear predictor, the random effects at zero or averaged over.

    Attributes
    ----------
    response : str
        What the inverse gives, in words.
    ratios : bool
        Whether exp of a difference has a name.
    sd : float
        Standard deviation of the random effects that means are adjusted for; 0 for no adjustment.
    integrate : bool
        The normal integral instead of the second-order approximation.
    ends : tuple of float
        Smallest and largest mean of the family, where the link does not keep to them.
    """

    link: Any
    response: str
    ratios: bool = True
    sd: float = 0.0
    integrate: bool = False
    ends: tuple[float, float] = (-np.inf, np.inf)

    is_transformation = False

    @property
    def text(self):
        """The model's scale."""
        return f"the {self.link.name}"

    @property
    def ratio_name(self):
        """What exp of a difference is; empty where it is nothing."""
        return RATIOS.get(self.link.name, "") if self.ratios else ""

    @property
    def ratio_names(self):
        """The plural of `ratio_name`."""
        return f"{self.ratio_name}s"

    def term(self, label):
        """A mean's name in a ratio."""
        return label

    def inverse(self, eta):
        """From the model's scale to the response's."""
        return self._derivative(eta, 0)

    def beyond(self, means):
        """Which means the family does not have."""
        return (means < self.ends[0]) | (means > self.ends[1])

    def derivative(self, eta):
        """Of the inverse."""
        return self._derivative(eta, 1)

    def ratio(self, difference):
        """exp of a difference of linear predictors."""
        return np.exp(np.asarray(difference))

    def _derivative(self, eta, k):
        eta = np.asarray(eta, dtype=float)
        flat = eta.ravel()
        if not self.sd:
            out = self._plain(flat, k)[k]
        elif self.integrate:
            out = average(lambda x: self._plain(x, k)[k], flat, np.full(flat.size, self.sd))
        else:
            found = self._plain(flat, k + 2)
            out = found[k] + 0.5 * self.sd**2 * found[k + 2]
        return out.reshape(eta.shape)

    def _plain(self, eta, order):
        """The inverse link and its derivatives."""
        from mixedeffects.family.smooth import derivatives_of

        with np.errstate(all="ignore"):
            return derivatives_of(self.link.inverse, eta, order)


def adjusted_for_random(fit: Fit, change, bias_adjust):
    """The inverse link with the random effects averaged over, and what that is in words.

    Returns change (InverseLink), words (str). Raises OptionError.

    Parameters
    ----------
    change : InverseLink or None
        None where there is nothing to adjust.
    bias_adjust : {False, True, "integrate"} or float
        True: h(eta) + sd^2 h''(eta) / 2; "integrate": the mean of h(eta + sd z) over standard
        normal z; a number: the sd of the former.
    """
    number = None
    if isinstance(bias_adjust, int | float) and not isinstance(bias_adjust, bool):
        number = float(bias_adjust)
        if not 0 <= number < np.inf:
            raise OptionError(
                f"bias_adjust={bias_adjust!r} must be a standard deviation, not negative"
            )
    elif bias_adjust not in ADJUSTMENTS:
        raise OptionError(
            f"bias_adjust={bias_adjust!r} is not one of False, True, 'integrate', or a standard "
            "deviation"
        )
    elif not bias_adjust:
        return change, ""
    if not isinstance(change, InverseLink):
        raise OptionError(
            "bias_adjust= is for means of a generalised model on the response's scale"
        )
    sd = float(np.sqrt(total_variance(fit))) if number is None else number
    how = "integrated over" if bias_adjust == "integrate" else "adjusted to second order for"
    words = f"{how} random effects with a standard deviation of {sd:.4g}"
    return replace(change, sd=sd, integrate=bias_adjust == "integrate"), words


def total_variance(fit: Fit):
    """Variance of the random part of the main predictor, its mean over the rows.

    References
    ----------
    Johnson (2014), doi:10.1111/2041-210X.12225.
    """
    total = 0.0
    for f, (_, predictor, *_) in enumerate(fit.random_effects):
        if predictor == 0:
            G = fit.parameters.covariances[f]
            total += float(np.einsum("ab,ab->", G, mean_squares(fit, f)))
    return total


def words_of_mean(fit: Fit):
    """What the inverse link of the main predictor gives."""
    response, family = fit.design.spec.response, fit.family
    if family.has_size:
        return "the probability"
    if family.zeros == "extra":
        return f"the mean of {response} without the extra zeros"
    if family.discrete and (family.zeros == "all" or family.support == (1.0, np.inf)):
        return f"the mean of {response} before truncation"
    return f"the {family.centre} of {response}{family.part}"
