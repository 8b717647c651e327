"""Profiles: one parameter held at values, all others free; linear and generalised models alike.

`constraint` says which parameter is held, `path` finds the points of its profile one after the
other, and `problem` is what that needs from a model: a linear one has it in `linear`, a generalised
one in `laplace`, one with coefficients that have no finite estimate in `separated`.
"""

from mixedeffects.estimation.profile.constraint import Constraint, parameters_of
from mixedeffects.estimation.profile.path import LowerPointError, interpolated


def constraints(fit):
    """Every parameter of a fit as what may be held, in the order of a profile's values."""
    sizes = [fit.beta.size, *(values.size for values in fit.extras.values())]
    return parameters_of(fit.covariance_parameters.terms, _kind(fit).has_sigma, sizes)


def check_profile(fit, reml):
    """Refuse a fit, or a criterion, that has no profile. Raises NotAvailableError."""
    _kind(fit).check(fit, reml)


def optimum_of(fit, reml):
    """Where the profiles of a fit start, by the REML or the ML criterion."""
    return _kind(fit).of(fit, reml)


def _kind(fit):
    """The `ProfileOptimum` for a fit."""
    if fit.linear:
        from mixedeffects.estimation.profile.linear import LinearOptimum

        return LinearOptimum
    if fit.certificate.recession is not None:
        from mixedeffects.estimation.profile.separated import SeparatedOptimum

        return SeparatedOptimum
    from mixedeffects.estimation.profile.laplace import LaplaceOptimum

    return LaplaceOptimum


__all__ = [
    "Constraint",
    "LowerPointError",
    "check_profile",
    "constraints",
    "interpolated",
    "optimum_of",
]
