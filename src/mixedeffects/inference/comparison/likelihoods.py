"""Refuse to compare models whose likelihoods are not the same quantity."""

from __future__ import annotations

from mixedeffects.errors import ModelError


def refuse_other_likelihoods(fits, names):
    """Check that all densities are of the same kind, computed by the same approximation.

    Parameters
    ----------
    fits : sequence of Fit
        On the same rows.

    Raises
    ------
    ModelError
        Probabilities against densities; other numbers of quadrature points; prior weights that
        mean different things.
    """
    for fit, name in zip(fits[1:], names[1:], strict=True):
        first = fits[0]
        pair = f"{names[0]} and {name}"
        if first.family.discrete != fit.family.discrete:
            kinds = ["probabilities" if f.family.discrete else "densities" for f in (first, fit)]
            raise ModelError(
                f"{pair} are of the families {first.family} and {fit.family}: the likelihood of "
                f"one is made of {kinds[0]}, of the other of {kinds[1]}, which have other units\n"
                "compare models of one kind of response"
            )
        apart = set(first.family.atoms) ^ set(fit.family.atoms)
        if taken := sorted(apart & set(fit.response.y.tolist())):
            one, other = (first, fit) if taken[0] in first.family.atoms else (fit, first)
            raise ModelError(
                f"{pair} are of the families {first.family} and {fit.family}: responses of "
                f"{taken[0]:g} have a probability in {one.family.name} and a density in "
                f"{other.family.name}, which have other units\n"
                "compare models of one kind of response"
            )
        scaled = [f.family.weights_scale_dispersion for f in (first, fit)]
        if first.response.weights is not None and scaled[0] != scaled[1]:
            raise ModelError(
                f"{pair}: prior weights divide the dispersion of one family and count rows of the "
                "other, so that their likelihoods cannot be compared\nfit both without weights"
            )
    known = [(f, name) for f, name in zip(fits, names, strict=True) if not f.exact]
    for fit, name in known[1:]:
        one, other = known[0]
        if one.nagq != fit.nagq:
            raise ModelError(
                f"{other} was fitted with nagq={one.nagq} and {name} with nagq={fit.nagq}: these "
                "approximations of the likelihood differ by more than the models may\n"
                "fit all with the same nagq"
            )


def model_text(fit):
    """The formula, for a generalised model with its family and its other parts.

    Examples
    --------
    >>> import mixedeffects as me
    >>> model_text(me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp()))
    'incidence / size ~ period + (1 | herd), binomial (logit)'
    """
    text = fit.design.spec.text
    if fit.kind.residual:
        return text
    others = [f", {name} {part.spec.text}" for name, part in fit.design.others.items()]
    return f"{text}, {fit.family.name} ({fit.family.link.name}){''.join(others)}"
