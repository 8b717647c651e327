"""Which families are cases of others: a parameter at the end of its range, or at a value within."""

from __future__ import annotations

# smaller family -> larger ones, of which it is the limit as one parameter goes to its end
LIMITS = {
    "poisson": ("nbinom1", "nbinom2"),
    "truncated_poisson": ("truncated_nbinom1", "truncated_nbinom2"),
    "binomial": ("betabinomial",),
    "gaussian": ("t",),
    "gamma": ("tweedie",),
}
# the same, where the parameter has a value within its range, as any coefficient of zero does
CASES = {
    "poisson": ("compois",),
    "truncated_poisson": ("truncated_compois",),
}


def family_limits(small, large, parts):
    """Parameters of the larger model's family that are at the end of their range in the smaller.

    Parameters
    ----------
    parts : dict of str to ModelPart
        Of the larger model.

    Returns
    -------
    reason : str
        Why one family is not a case of the other; may be empty.
    names : tuple of str
        The linear predictors that hold these parameters.
    within : int
        How many more parameters have a value within their range.
    """
    kinds = [_kind(family) for family in (small, large)]
    (zeros, name), (more_zeros, larger) = kinds
    if small.link != large.link and small.link.name != large.link.name:
        return f"their links are {small.link.name} and {large.link.name}", (), 0
    within = larger in CASES.get(name, ())
    if name != larger and not within and larger not in LIMITS.get(name, ()):
        return f"{small.name} is not a case of {large.name}", (), 0
    if zeros != more_zeros and (zeros, more_zeros) != (None, "extra"):
        return f"{small.name} is not a case of {large.name}", (), 0
    found = tuple(extra for extra in large.extras if extra not in small.extras)
    for extra in found:
        if not parts[extra].is_constant:
            reason = (
                f"in the smaller model the coefficients of {extra} of the larger have no meaning, "
                "and no reference distribution is known"
            )
            return reason, (), 0
    ends = tuple(extra for extra in found if extra == "zi" or not within)
    return "", ends, len(found) - len(ends)


def _kind(family):
    """Which zeros have a probability of their own, and the name of the family of the rest."""
    return family.zeros, family.name if family.zeros is None else family.base.name
