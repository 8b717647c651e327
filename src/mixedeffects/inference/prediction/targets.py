"""What is predicted: a function of a row's linear predictors, averaged over new groups or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.family import Link, link_of
from mixedeffects.inference.averages import average

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

COMPONENTS = ("response", "conditional", "zi", "dispersion")
# step of central differences on the scale of the linear predictors
STEP = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class PredictionTarget:
    """A mean, probability or parameter as a function of predictors.

    Attributes
    ----------
    names : tuple of str
        The predictors it depends on, in the order of the arguments of `mean`.
    mean : callable
        On the scale of the response.
    link : Link
        On whose scale intervals are symmetric.
    plain : bool
        Whether `mean` is the inverse link of the one predictor there is.
    complement : callable, optional
        One minus a probability, as `mean`: its logit has digits next to one only with this.
    """

    names: tuple[str, ...]
    mean: Any
    link: Link
    plain: bool = False
    complement: Any = None

    def value(self, predictors, spread):
        """(n,) means, averaged over the predictors' normal distributions with SD `spread`.

        `spread` has only predictors with new groups.
        """
        order = [name for name in self.names if spread.get(name) is not None]
        arrays = [predictors[name] for name in self.names]
        if not order:
            return self.mean(*arrays)
        if len(order) == 1:
            return self._over(order[0], arrays, spread)

        # a zero-inflated mean is a function of one predictor times a function of the other
        def at_zero(*which):
            return [
                np.zeros_like(a) if name in which else a
                for name, a in zip(self.names, arrays, strict=True)
            ]

        first, second = order
        alone = self._over(first, at_zero(second), spread)
        return alone * self._over(second, at_zero(first), spread) / self.mean(*at_zero(*order))

    def _over(self, name, arrays, spread):
        place = self.names.index(name)
        others = [a for i, a in enumerate(arrays) if i != place]

        def mean(at, *rest):
            return self.mean(*rest[:place], at, *rest[place:])

        return average(mean, arrays[place], spread[name], *others)

    def on_link(self, predictors, spread):
        """(n,) values on the link scale."""
        if self.plain and not any(s is not None for s in spread.values()):
            return np.asarray(predictors[self.names[0]], dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.value(predictors, spread)
            if self.complement is None:
                return self.link.link(value)
            rest = replace(self, mean=self.complement).value(predictors, spread)
            return np.log(value) - np.log(rest)

    def slopes(self, predictors, spread):
        """(n,) derivatives of `on_link` by predictors, and by the variances of new groups.

        Both by the predictors' names, only what is not zero.
        """
        if self.plain and not any(s is not None for s in spread.values()):
            return {self.names[0]: np.ones_like(predictors[self.names[0]])}, {}
        by_predictor, by_variance = {}, {}
        for name in self.names:
            up, down = (
                self.on_link({**predictors, name: predictors[name] + d}, spread)
                for d in (STEP, -STEP)
            )
            slope = (up - down) / (2.0 * STEP)
            if np.any(slope):
                by_predictor[name] = slope
        for name, sd in spread.items():
            if sd is None or name not in self.names:
                continue
            # d/dv of E f(x + sqrt(v) Z) is half of E f'', which needs no sd above zero
            h = np.maximum(sd * sd, 1.0) * STEP
            up = self.on_link(predictors, {**spread, name: np.sqrt(sd * sd + h)})
            base = self.on_link(predictors, {**spread, name: sd})
            upper = self.on_link(predictors, {**spread, name: np.sqrt(sd * sd + 2.0 * h)})
            by_variance[name] = (4.0 * up - upper - 3.0 * base) / (2.0 * h)
        return by_predictor, by_variance


def target_of(fit: Fit, component, predictors):
    """What one of `COMPONENTS` is, as a `PredictionTarget`.

    The values of the predictors show whether the mean is the inverse link itself.
    """
    family = fit.family
    has_zi = "zi" in family.extras
    if component not in COMPONENTS:
        raise OptionError(f"component={component!r} is not one of {', '.join(COMPONENTS)}")
    if component in ("zi", "dispersion"):
        if component not in family.extras:
            raise OptionError(
                f"the {family.name} family has no {component} part; leave component= out"
            )
        link = link_of("logit" if component == "zi" else "log")
        return PredictionTarget((component,), lambda x: family.natural(component, x), link, True)
    inner = family.base if has_zi and component == "conditional" else family
    names = inner.predictor_names
    eta = predictors["conditional"]
    with np.errstate(all="ignore"):
        mean = inner.mean(*(predictors[name] for name in names))
        plain = "zi" not in names and np.array_equal(mean, family.link.inverse(eta), equal_nan=True)
    if plain:
        return PredictionTarget(("conditional",), family.link.inverse, family.link, True)
    return PredictionTarget(names, inner.mean, family.link)


def refuse_no_average(family):
    """Refuse to average what has no average over a normal distribution."""
    if family.link.name in ("inverse", "1/mu^2"):
        raise NotAvailableError(
            f"with the {family.link.name} link the mean is infinite where the linear predictor "
            "is 0, so that it has no average over a normal distribution of groups\n"
            'use new_levels="population", or a log link'
        )
