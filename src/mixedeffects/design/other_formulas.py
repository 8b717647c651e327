"""The formulas of the other linear predictors: of the extra zeros and the dispersion."""

from __future__ import annotations

from typing import Any

from mixedeffects.design.names import replace_dot
from mixedeffects.design.table import SourceTable
from mixedeffects.errors import FormulaError, OptionError
from mixedeffects.formula import Formula, column_names, parse

#: The other linear predictors, and whether random terms are allowed there.
OTHERS = {"zi": True, "dispersion": False}


def other_formulas(
    main: Formula, table: SourceTable, excluded: tuple[Any, ...], **given: Formula | str | None
) -> dict[str, tuple[Formula, tuple[str, ...] | None]]:
    """The one-sided formulas, and what a ``.`` stands for in each."""
    found: dict[str, tuple[Formula, tuple[str, ...] | None]] = {}
    for name, formula in given.items():
        if formula is None:
            continue
        if not isinstance(formula, str | Formula):
            raise OptionError(
                f"{name}={formula!r} is not a formula; write {name}='~ 1' for one number, or "
                f"{name}='~ x'"
            )
        if isinstance(formula, str):
            if "~" not in formula:
                raise FormulaError(
                    f"the formula of {name} has no '~'", formula, 0, len(formula) or 1,
                    f"write {name}='~ {formula.strip() or 1}'",
                )  # fmt: skip
            formula = parse(formula, response=False)
        if formula.response is not None:
            raise FormulaError(
                f"the formula of {name} has a response", formula.text,
                formula.response.start, formula.response.end,
                f"write only what is on the right: {name}='~ {formula.fixed}'",
            )  # fmt: skip
        if formula.random and not OTHERS[name]:
            term = formula.random[0]
            raise FormulaError(
                f"the {name} cannot have random effects", formula.text, term.start, term.end,
                f"leave {term.text} out of {name}=; in zi= and the main formula it can stand",
            )  # fmt: skip
        response = [] if main.response is None else column_names(main.response)
        found[name] = replace_dot(formula, table, *excluded, *(c.name for c in response))
    return found
