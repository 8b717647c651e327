"""Every error and warning the package raises on purpose.

One base class, so `except MixedEffectsError` catches all of them; each is also the
builtin a Python user would expect.
"""

from __future__ import annotations

import sys


class MixedEffectsError(Exception):
    """Base of all errors: what happened, where, and what to do next."""


class FormulaError(MixedEffectsError, ValueError):
    """The formula cannot be read, or names something the table does not have.

    Parameters
    ----------
    message : str
        One sentence in the user's words.
    formula : str, optional
        The formula text; shown with carets under ``formula[start:end]``.
    start, end : int, optional
        The span that is at fault.
    hint : str, optional
        What to do next, for instance ``"did you mean 'Days'?"``.

    Examples
    --------
    >>> print(
    ...     FormulaError("no column 'dayz' in the table", "y ~ dayz", 4, 8, "did you mean 'days'?")
    ... )
    no column 'dayz' in the table
        y ~ dayz
            ^^^^
    did you mean 'days'?
    """

    def __init__(
        self,
        message: str,
        formula: str | None = None,
        start: int | None = None,
        end: int | None = None,
        hint: str | None = None,
    ) -> None:
        lines = [message]
        if formula is not None:
            shown, start, end = _window(formula.replace("\n", " "), start, end)
            lines.append("    " + shown)
            if start is not None:
                lines.append("    " + " " * start + "^" * max(1, end - start))
        if hint:
            lines.append(hint)
        super().__init__("\n".join(lines))


def _window(
    formula: str, start: int | None, end: int | None, width: int = 90
) -> tuple[str, int | None, int]:
    """The part of a long formula around a span, and the span within it."""
    first = 0 if start is None else start
    last = first + 1 if end is None else end
    if len(formula) <= width:
        return formula, start, last
    left = max(0, min(first - width // 3, len(formula) - width))
    head, tail = "…" * (left > 0), "…" * (left + width < len(formula))
    shown = head + formula[left : left + width] + tail
    if start is None:
        return shown, None, last
    start = start - left + len(head)
    return shown, start, min(last - left + len(head), len(shown))


class DataError(MixedEffectsError, ValueError):
    """The table, a column or a weight cannot be used as asked."""


class ModelError(MixedEffectsError, ValueError):
    """The model is not estimable from these data (too few rows, too few levels, …)."""


class OptionError(MixedEffectsError, ValueError):
    """An option has a value that is not offered."""


class UnknownOptionError(OptionError, TypeError):
    """An option that a function does not have, or one without the name it needs."""


class MissingFileError(MixedEffectsError, FileNotFoundError):
    """There is no file of that name."""


class ColumnTypeError(MixedEffectsError, TypeError):
    """A column or argument has a type that cannot be used here."""


class PlanTooLargeError(MixedEffectsError, MemoryError):
    """The factorisation would not fit in memory; the message carries the number."""


class MissingDependencyError(MixedEffectsError, ImportError):
    """An optional package is needed; the message carries its install line."""


class NotAvailableError(MixedEffectsError, NotImplementedError):
    """A method that cannot be computed honestly for this fit, with the reason."""


class MixedEffectsWarning(UserWarning):
    """Base of all warnings."""


class ConvergenceWarning(MixedEffectsWarning):
    """The optimiser stopped before its certificate held; says what was tried and what to try."""


class DataWarning(MixedEffectsWarning):
    """Something about the data the user must know: rows or columns left out, …"""


def depth_of_package() -> int:
    """How many frames up the first caller outside this package is: where a warning belongs."""
    frame, depth = sys._getframe(1), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith("mixedeffects"):
        frame, depth = frame.f_back, depth + 1
    return depth
