"""The scale that a chart of means or predictions is on, and the response on that scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.transformation import (
    SCALES,
    refuse_unknown_inverse,
    transformation,
    unknown_inverse,
)

PROBABILITY = "probability of "
# rows on which the mean is compared with the inverse link
SEEN = 64


def chosen_scale(fit, scale=None):
    """The scale of means: the response's by default, where there is a way back to it.

    Takes scale {"response", "link"}, optional.

    Raises
    ------
    OptionError
        Another scale, or the response's for a transformation without a known inverse.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("log(Reaction) ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> chosen_scale(fit), mean_title(fit, "response"), mean_title(fit, "link")
    ('response', 'Reaction', 'log(Reaction)')
    """
    if scale is not None and scale not in SCALES:
        raise OptionError(f"scale={scale!r} is not one of {', '.join(SCALES)}")
    refuse_unknown_inverse(fit, "scale", scale)
    return scale or ("link" if unknown_inverse(fit) else "response")


def mean_title(fit, scale):
    """What an axis of means is called."""
    response = fit.design.spec.response
    change = transformation(fit)
    if change is not None:
        return change.response if scale == "response" else change.text
    response = unquoted(response) + event_words(fit)
    if scale != "response":
        return response + scale_words(fit)
    chance = fit.family.ordinal or is_binary(fit)
    return f"{PROBABILITY}{response}" if chance else response


def mean_axis(fit, scale):
    """What an axis of means is called: a probability by its name, other means as such.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> mean_axis(fit, "response")
    'mean of Reaction'
    """
    title = mean_title(fit, scale)
    return title if title.startswith(PROBABILITY) else f"mean of {title}"


def event_words(fit):
    """Which of two categories probabilities are of, as it goes behind the response's name.

    Examples
    --------
    >>> import mixedeffects as me
    >>> table = {"status": ["alive", "dead"] * 20, "ward": [1, 1, 2, 2, 2, 3, 3, 3] * 5}
    >>> fit = me.glmm("status ~ 1 + (1 | ward)", table, family="binomial")
    >>> event_words(fit), mean_title(fit, "response")
    (' = dead', 'probability of status = dead')
    """
    if not is_binary(fit):
        return ""
    labels, response = fit.design.spec.answer.labels, fit.design.spec.response
    if labels is not None:
        return f" = {labels[len(labels) - 1]}"
    # a comparison says by itself what it is true of
    return " = 1" if response.isidentifier() or unquoted(response) != response else ""


def is_binary(fit):
    """Whether every row of the response is one of two categories."""
    answer = fit.design.spec.answer
    return answer is not None and answer.kind == "binomial" and fit.response.size is None


def scale_words(fit):
    """The scale of the link, as it goes behind a name; none where there is one scale only."""
    link = fit.family.link.name
    return "" if link == "identity" else f", {link} scale"


def unquoted(text):
    """A column name without the quotes of the formula; other text as it is.

    Examples
    --------
    >>> unquoted("`Body Mass (g)`"), unquoted("`a` - `b`"), unquoted("log(x)")
    ('Body Mass (g)', '`a` - `b`', 'log(x)')
    """
    quoted = len(text) > 2 and text[0] == text[-1] == "`" and "`" not in text[1:-1]
    return text[1:-1] if quoted else text


def mean_options(fit, scale) -> dict[str, Any]:
    """Options of `emmeans` that make its means comparable with the data on a scale."""
    return {"scale": scale, "component": mean_component(fit) if scale == "response" else MAIN}


MAIN = "conditional"


def mean_component(fit):
    """The part of the model whose mean is that of the response, extra zeros included."""
    if fit.kind.residual or fit.family.ordinal:
        return MAIN
    some = tuple(np.asarray(p[:SEEN]) for p in fit.predictors)
    with np.errstate(all="ignore"):
        plain = np.array_equal(
            fit.family.mean(*some), fit.family.link.inverse(some[0]), equal_nan=True
        )
    return MAIN if plain else "response"


def typical_note(fit, scale):
    """What a mean of a nonlinear model is not: the average over groups."""
    plain = fit.family.link.name == "identity" or scale == "link"
    return () if plain else ("fixed effects: a group with effects of zero, not a mean over groups",)


def response_on(fit, scale):
    """The response of the rows used on a scale, or None where it has none on it.

    Returns
    -------
    (n,) array or None
        Proportions of successes among trials; None for the scale of a link.
    """
    y, size, change = fit.response.y, fit.response.size, transformation(fit)
    if change is not None:
        return y if scale == "link" else change.inverse(y)
    if scale == "link" and fit.family.link.name != "identity":
        return None
    return y if size is None else y / np.maximum(size, 1.0)


def refuse_ordinal(fit, what, instead):
    """Refuse ordered categories, which have no mean to draw. Raises NotAvailableError."""
    if fit.family.ordinal:
        raise NotAvailableError(
            f"{what}: the response '{fit.design.spec.response}' has ordered categories and no "
            f"mean to draw\n{instead}"
        )
