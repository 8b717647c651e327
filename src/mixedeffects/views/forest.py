"""The coefficients of the fixed effects with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.errors import ModelError, OptionError
from mixedeffects.inference.coefficient_parts import MAIN, check_flag
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method
from mixedeffects.inference.interpretation.effects import column_meanings
from mixedeffects.inference.table import Table
from mixedeffects.views.record import View

MOST_TERMS = 50


def coefficients_view(
    fit, *, ddf=None, level=0.95, intercept=False, exponentiate=False, component=MAIN,
    most=MOST_TERMS,
):  # fmt: skip
    """The coefficient table without what a forest does not need.

    Parameters
    ----------
    ddf, level, exponentiate
        As in `coefficient_table`.
    intercept : bool
        Keep the intercept.
    component : str
        Of a generalised model with several parts: which; not "all".
    most : int
        Coefficients shown: of more, those whose statistics are largest, in the formula's order.

    Returns
    -------
    View
        "data": term, position, estimate, std_error, df, statistic, p_value, lower, upper, verdict
        ("above", "below" or "unclear": whether the interval leaves out no effect). Facts: null
        (the value of no effect), label (of the df method), coverage, exponentiate, n_terms,
        references (factor to the level that its coefficients are differences from), kinds
        ("number", "category", "both" or "other": what the coefficients are of).

    Raises
    ------
    ModelError
        There is no coefficient to show.
    OptionError

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = coefficients_view(fit)
    >>> view.tables["data"].columns["term"].tolist(), view.facts["label"]
    (['Days'], 't (Satterthwaite)')
    """
    check_flag("intercept", intercept)
    if component == "all":
        raise OptionError(
            "component='all': the parts of a model are on different scales; draw them one by one"
        )
    found = coefficient_table(
        fit, ddf=ddf, level=level, component=component, exponentiate=exponentiate
    ).columns
    terms = np.array(found["term"], dtype=object)
    rows = np.flatnonzero((terms != "(Intercept)") | intercept)
    if not rows.size:
        raise ModelError(
            "the fixed effects have no coefficient but the intercept\nintercept=True shows it"
            if terms.size
            else "the model has no fixed effects to show"
        )
    notes, n_terms = [], rows.size
    if rows.size > most:
        size = np.nan_to_num(np.abs(np.asarray(found["statistic"])[rows]))
        rows = np.sort(rows[np.argsort(-size, kind="stable")[:most]])
        notes.append(f"{most:,} of {n_terms:,} coefficients, those with the largest statistics")
    null = 1.0 if exponentiate else 0.0
    columns = {"term": terms[rows], "position": np.arange(1, rows.size + 1)}
    names = ("estimate", "std_error", "df", "statistic", "p_value", "lower", "upper")
    columns |= {name: np.asarray(found[name])[rows] for name in names}
    verdict = np.full(rows.size, "unclear", dtype=object)
    verdict[columns["lower"] > null] = "above"
    verdict[columns["upper"] < null] = "below"
    columns["verdict"] = verdict
    label = df_method(fit, ddf).label if component == MAIN else "z (Wald)"
    facts = {
        "null": null, "label": label, "coverage": level, "exponentiate": bool(exponentiate),
        "n_terms": n_terms, "component": component,
        **_meanings(fit, component, set(columns["term"])),
    }  # fmt: skip
    return View({"data": Table(columns)}, tuple(notes), facts)


def _meanings(fit, component, shown):
    """References of the factors, and whether coefficients are of numbers or of categories."""
    other = {"references": {}, "kinds": "other"}
    part = fit.design if component == MAIN else fit.design.others.get(component)
    if part is None or part.sources is None:
        return other
    names = part.x_names
    references: dict[str, str] = {}
    kinds: set[str] = set()
    meanings: list[Any] = column_meanings(part.spec, part.sources, len(names))
    for name, (_, pieces, _, _) in zip(names, meanings, strict=True):
        if name not in shown or not pieces:
            continue
        for piece in pieces:
            if piece.kind == "difference":
                references[piece.variable] = piece.reference
        own = {piece.kind for piece in pieces}
        kinds.add("category" if "difference" in own else "number" if own == {"number"} else "other")
    if "other" in kinds or not kinds:
        return {"references": references, "kinds": "other"}
    return {"references": references, "kinds": kinds.pop() if len(kinds) == 1 else "both"}
