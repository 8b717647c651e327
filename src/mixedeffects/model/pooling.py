"""`baselines`: what pooling does to one question."""

from __future__ import annotations

from mixedeffects import inference
from mixedeffects.display import Baselines
from mixedeffects.model.foreign import understood
from mixedeffects.model.lmm import lmm


@understood
def baselines(formula, data, *, weights=None, reml=True):
    """Fit a formula with complete, no and partial pooling.

    Parameters
    ----------
    formula, data, weights, reml
        As in `lmm`; the random terms say what the groups are.

    Returns
    -------
    Baselines
        Prints side by side: least squares without groups, least squares with a dummy for every
        group (its condition number, and the columns that the dummies determine), and the mixed
        model, with notes in words.

    Raises
    ------
    FormulaError, DataError, ModelError, OptionError
        As `lmm`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> three = me.baselines("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> three.condition_number > 1e15
    True
    >>> three.aliased["style[Some]"]
    'style[Some] is a sum of professor columns'
    """
    fit = lmm(formula, data, weights=weights, reml=reml)
    return Baselines(inference.baselines(fit), fit)
