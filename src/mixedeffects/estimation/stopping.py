"""When to stop a search: rules of the user's own, and ready-made ones.

A rule is a function of a `State`, asked after every iteration the optimiser accepted; the search
stops where it returns True. Small steps prove nothing: an optimiser that creeps, such as EM, or a
derivative-free one, makes small steps far from the optimum too. So a fit stopped by a rule says
that it was, and what the objective can still fall by.

>>> import mixedeffects as me
>>> rule = me.stopping.any_of(me.stopping.no_effect_moves(0.1), me.stopping.after(seconds=60))
>>> rule.description
'no effect moves by more than 0.1 or 60 s have passed'
>>> fit = me.lmm(
...     "Reaction ~ Days + (Days | Subject)",
...     me.datasets.sleepstudy(),
...     optimizer="L-BFGS-B",
...     converged=rule,
... )
>>> fit.certificate.rule, fit.certificate.proved
('no effect moves by more than 0.1 or 60 s have passed', False)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.estimation.state import State
from mixedeffects.formula import close_match


@dataclass(frozen=True, slots=True)
class Rule:
    """A ready-made rule.

    Attributes
    ----------
    description : str
        What a summary says of it.
    test : callable
        Of a `State`.
    """

    description: str
    test: Callable[[State], bool]

    def __call__(self, state: State) -> bool:
        return self.test(state)


def no_effect_moves(delta, terms=None):
    """Stop when no fixed effect changed by more than `delta` in an iteration.

    Parameters
    ----------
    delta : float
        In units of the effects: 0.1 for a tenth of a day, where they are in days.
    terms : str or sequence of str, optional
        The effects meant; all by default.

    Returns
    -------
    Rule

    Notes
    -----
    Where the design is balanced the effects do not depend on the variances: the rule is then met
    after the first iteration, whatever the variances are. Combine it with another by `all_of`.

    Examples
    --------
    >>> no_effect_moves(0.1).description
    'no effect moves by more than 0.1'
    >>> no_effect_moves(0.1, ["Days"]).description
    'Days does not move by more than 0.1'
    """
    delta = positive(delta, "no_effect_moves(delta)")
    chosen = None if terms is None else ([terms] if isinstance(terms, str) else list(terms))
    if chosen is not None and not (chosen and all(isinstance(t, str) for t in chosen)):
        raise OptionError(
            f"no_effect_moves(terms={terms!r}): terms must be one or more names of fixed effects"
        )

    def test(state):
        if state.previous is None:
            return False
        now, before = state.fixef, state.previous.fixef
        if not now:
            raise OptionError("no_effect_moves(): the model has no fixed effects")
        for name in now if chosen is None else chosen:
            if name not in now:
                near = close_match(name, list(now))
                meant = f"; did you mean {near!r}?" if near else ""
                raise OptionError(
                    f"no_effect_moves(terms=): no fixed effect {name!r}{meant}\n"
                    f"effects: {', '.join(now)}"
                )
            if not abs(now[name] - before[name]) <= delta:
                return False
        return True

    if chosen is None:
        return Rule(f"no effect moves by more than {delta:g}", test)
    verb = "does" if len(chosen) == 1 else "do"
    return Rule(f"{', '.join(chosen)} {verb} not move by more than {delta:g}", test)


def objective_falls_less_than(delta):
    """Stop when an iteration lowered the objective (-2 log-likelihood) by less than `delta`.

    Examples
    --------
    >>> objective_falls_less_than(0.01).description
    'the objective falls by less than 0.01'
    """
    delta = positive(delta, "objective_falls_less_than(delta)")

    def test(state):
        before = state.previous
        return before is not None and before.objective - state.objective < delta

    return Rule(f"the objective falls by less than {delta:g}", test)


def gradient_below(x):
    """Stop when no derivative of the objective, in the engine's coordinates, is larger than `x`.

    It never stops an optimiser that does without derivatives.

    Examples
    --------
    >>> gradient_below(1e-3).description
    'the gradient is below 0.001'
    """
    x = positive(x, "gradient_below(x)")
    return Rule(
        f"the gradient is below {x:g}",
        lambda state: state.gradient is not None and state.gradient < x,
    )


def after(*, seconds):
    """Stop after the first iteration that ends later than this.

    Examples
    --------
    >>> after(seconds=60).description
    '60 s have passed'
    """
    seconds = positive(seconds, "after(seconds=)")
    return Rule(f"{seconds:g} s have passed", lambda state: state.seconds >= seconds)


def any_of(*rules):
    """Stop as soon as one of several rules would.

    Parameters
    ----------
    *rules : callable
        Ready-made ones or functions of your own.
    """
    rules = _all_callable(rules, "any_of")
    return Rule(_joined(rules, " or "), lambda state: any(_verdicts(rules, state)))


def all_of(*rules):
    """Stop when all of several rules would, after the same iteration.

    Parameters
    ----------
    *rules : callable
        Ready-made ones or functions of your own.

    Examples
    --------
    >>> all_of(gradient_below(0.1), objective_falls_less_than(1e-3)).description
    'the gradient is below 0.1 and the objective falls by less than 0.001'
    """
    rules = _all_callable(rules, "all_of")
    return Rule(_joined(rules, " and "), lambda state: all(_verdicts(rules, state)))


def _verdicts(rules, state):
    """What each rule says; all are asked every time, as one of a user's own may keep count."""
    return [verdict(rule, state) for rule in rules]


def _all_callable(rules, name):
    if not rules:
        raise OptionError(f"{name}() needs at least one rule")
    for rule in rules:
        check_rule(rule, f"{name}()")
    return rules


def _joined(rules, word):
    inner = " and " if word == " or " else " or "
    parts = [description_of(r) for r in rules]
    if len(parts) > 1:
        parts = [f"({part})" if inner in part else part for part in parts]
    return word.join(parts)


def positive(value, name):
    """A finite positive number.

    Raises
    ------
    OptionError
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionError(f"{name}: {value!r} is not a number")
    number = float(value)
    if not (isfinite(number) and number > 0):
        raise OptionError(f"{name}: {value!r} must be positive and finite")
    return number


def description_of(rule) -> str:
    """A rule in words: its `description`, or the name of the function.

    Examples
    --------
    >>> def small_enough(state):
    ...     return state.objective < 1800
    >>> description_of(small_enough)
    'small_enough'
    """
    words = getattr(rule, "description", None)
    if isinstance(words, str):
        return words
    name = getattr(rule, "__name__", type(rule).__name__)
    return "a function of your own" if name == "<lambda>" else name


def check_rule(rule, name="converged="):
    """Refuse what is not a function.

    Raises
    ------
    OptionError
    """
    if not callable(rule) or isinstance(rule, type):
        raise OptionError(
            f"{name}: {rule!r} is not a rule; give a function of the optimiser's state that says "
            "whether to stop, such as mixedeffects.stopping.no_effect_moves(0.1)"
        )
    return rule


def verdict(rule, state) -> bool:
    """What a rule says of a state.

    Raises
    ------
    OptionError
        It fails, or does not return True or False.
    """
    try:
        answer = rule(state)
    except OptionError:
        raise
    except Exception as problem:
        raise OptionError(
            f"the stopping rule {description_of(rule)!r} failed after iteration "
            f"{state.iteration}: {type(problem).__name__}: {problem}"
        ) from problem
    if not isinstance(answer, bool | np.bool_):
        raise OptionError(
            f"the stopping rule {description_of(rule)!r} returned {answer!r}; it must return "
            "True (stop) or False"
        )
    return bool(answer)


class UserRule:
    """A user's rule, and the coordinates it is asked in.

    Parameters
    ----------
    rule : callable
        Of a `State`.
    coordinates : UserCoordinates
        From the optimiser's parameters to the user's.

    Attributes
    ----------
    words : str
        The rule's description.
    """

    def __init__(self, rule, coordinates: Any):
        self._rule, self._coordinates = check_rule(rule), coordinates
        self._last: State | None = None
        self.words = description_of(rule)

    def __call__(self, steps) -> bool:
        """Whether to stop after the last of these iterations."""
        state, last = State(steps, len(steps) - 1, self._coordinates), self._last
        if last is not None and len(steps) > 1 and last._step is steps[-2]:
            last._previous, state._previous = None, last  # what it computed is not lost
        self._last = state
        return verdict(self._rule, state)


__all__ = [
    "Rule",
    "State",
    "after",
    "all_of",
    "any_of",
    "gradient_below",
    "no_effect_moves",
    "objective_falls_less_than",
]
