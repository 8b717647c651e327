"""Factors of a model matrix: their levels, and the coding asked for in ``C(f, …)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.design.chunks import take
from mixedeffects.design.columns import Column
from mixedeffects.design.contrasts import Contrast
from mixedeffects.design.integer_codes import narrow
from mixedeffects.design.labels import Labels, match_labels, text_array
from mixedeffects.errors import DataError
from mixedeffects.formula import CONTRASTS, Call, Literal, Name, strip, unparse

if TYPE_CHECKING:
    from mixedeffects.design.evaluate import Evaluator


#: What a spec keeps of the codes.
NO_CODES = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A factor in the model matrix: (n,) codes, labels, and how it is coded."""

    codes: np.ndarray
    labels: Labels
    contrast: Contrast


def code_factor(values: Evaluator, column: Column, text: str, contrast: Contrast) -> Coded:
    """A column as a factor; on new rows, in the levels and coding of training."""
    codes, labels, unused = column.coded()
    codes = narrow(codes, len(labels))
    if values.training:
        if unused:
            shown = ", ".join(str(label) for label in unused[:5])
            more = ", …" if len(unused) > 5 else ""
            why = column.why_unused(values.kept)
            values.notes.append(f"levels of '{column.name}' {why}: {shown}{more}")
        coded = Coded(codes, labels, contrast)
        values.levels[text] = Coded(NO_CODES, labels, contrast)
        return coded
    known = values.levels[text]
    place = match_labels(labels, known.labels)
    if (place < 0).any():
        new = [str(label) for label, at in zip(labels, place, strict=True) if at < 0]
        raise DataError(
            f"column '{column.name}' has levels the model was not fitted to: "
            f"{', '.join(new[:5])}{', …' if len(new) > 5 else ''}\n"
            f"known levels: {', '.join(known.labels.as_text()[:20])}"
        )
    return Coded(take(place, codes), known.labels, known.contrast)


def factor_call(values: Evaluator, node: Call, text: str) -> Coded:
    """``factor(x)`` or ``C(x, …)``."""
    if not node.args:
        raise values.error(f"{node.function}() needs a column", node)
    inner = strip(node.args[0])
    while isinstance(inner, Call) and inner.function in ("factor", "as.factor") and inner.args:
        inner = strip(inner.args[0])
    if isinstance(inner, Name):
        column = values.columns[inner.name]
    else:
        column = Column(unparse(inner), "number", values.vector(inner))
    contrast = Contrast("poly" if column.kind == "ordered" else "treatment")
    levels = dict(node.kwargs).get("levels")
    if levels is not None:
        column = releveled(values, column, _as_list(values.option(levels)), node)
    coded = code_factor(values, column, text, contrast)
    if not values.training:
        return coded
    contrast = _contrast(values, node, coded.labels.as_text(), contrast)
    values.levels[text] = Coded(NO_CODES, coded.labels, contrast)
    return Coded(coded.codes, coded.labels, contrast)


def releveled(values: Evaluator, column: Column, levels: list[Any], node: Call) -> Column:
    """The column with its levels in the order given."""
    levels = [str(level) for level in levels]
    codes, labels, _ = column.coded()
    place = match_labels(Labels(text_array(labels.as_text())), levels)
    if (place < 0).any():
        lost = [text for text, at in zip(labels.as_text(), place, strict=True) if at < 0]
        raise values.error(f"levels= leaves out {', '.join(lost[:5])}", node)
    return Column(column.name, "category", take(place, codes), Labels(text_array(levels)))


def _contrast(values: Evaluator, node: Call, labels: list[str], default: Contrast) -> Contrast:
    """The coding asked for in ``C(f, …)``."""
    kind, options = default.kind, dict(node.kwargs)
    options.pop("levels", None)
    given = list(node.args[1:])
    if not given and "contr" in options:
        given = [options.pop("contr")]
    if given:
        spec = strip(given[0])
        if isinstance(spec, Call):
            name = spec.function
            options.update(spec.kwargs)
            if spec.args:
                options["reference"] = spec.args[0]
        elif isinstance(spec, Name | Literal):
            name = spec.name if isinstance(spec, Name) else str(spec.value)
        else:
            name = unparse(spec)
        by_word = {word.lower(): word for word in CONTRASTS.values()}
        if name not in CONTRASTS and name.lower() not in by_word:
            raise values.error(f"unknown coding '{name}'", spec, f"codings: {', '.join(CONTRASTS)}")
        kind = CONTRASTS.get(name) or by_word[name.lower()]
    base = 0
    for key in ("reference", "ref", "base"):
        if key not in options:
            continue
        kind = kind if given else "treatment"
        wanted = values.option(options.pop(key))
        if key == "base" and isinstance(wanted, int):
            base = wanted - 1
        elif str(wanted) in labels:
            base = labels.index(str(wanted))
        else:
            base = -1
        if not 0 <= base < len(labels):
            raise values.error(
                f"'{wanted}' is not a level of {unparse(node.args[0])}", node,
                f"levels: {', '.join(labels[:20])}",
            )  # fmt: skip
    if options:
        raise values.error(f"{node.function}() has no option '{next(iter(options))}'", node)
    return Contrast(kind, base)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
