"""Formula + table → arrays.  The only room that touches tables.

What a generalised model needs besides is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from mixedeffects.design.build import build_design
from mixedeffects.design.code_names import is_code
from mixedeffects.design.coding import code_numbers
from mixedeffects.design.codings import TermCoding, term_codings
from mixedeffects.design.column_matrix import dense, pieces, rows_of, select_columns
from mixedeffects.design.nesting import is_nested, nesting
from mixedeffects.design.predictors import Predictors
from mixedeffects.design.rank import triangle
from mixedeffects.design.records import (
    AliasedColumn,
    Block,
    Design,
    Factor,
    MissingReport,
    RandomTerm,
)  # fmt: skip
from mixedeffects.design.row_index import (
    as_labels,
    in_order,
    index_from_dict,
    index_to_dict,
    label_text,
    places_of,
    row_labels,
    rows_used,
)  # fmt: skip
from mixedeffects.design.spec import ModelSpec, Rebuilt
from mixedeffects.design.table import open_table, to_frame
from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.design.collapsing import collapse, rows_of_design, take_rows
    from mixedeffects.design.glmm_spec import GLMMSpec, RebuiltParts
    from mixedeffects.design.parts import ExtraPart, GLMMDesign, build_glmm_design
    from mixedeffects.design.redesign import redesigned
    from mixedeffects.design.response_form import ResponseForm
    from mixedeffects.design.row_keys import Collapsed, equal_rows
    from mixedeffects.design.stacked import assemble, stack

__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("collapse", "rows_of_design", "take_rows"), "collapsing"),
        **dict.fromkeys(("GLMMSpec", "RebuiltParts"), "glmm_spec"),
        **dict.fromkeys(("ExtraPart", "GLMMDesign", "build_glmm_design"), "parts"),
        **dict.fromkeys(("Collapsed", "equal_rows"), "row_keys"),
        "ResponseForm": "response_form",
        "redesigned": "redesign",
        **dict.fromkeys(("assemble", "stack"), "stacked"),
    },
)  # fmt: skip

__all__ = [
    "AliasedColumn", "Block", "Collapsed", "Design", "ExtraPart", "Factor",
    "GLMMDesign", "GLMMSpec", "MissingReport", "ModelSpec", "Predictors", "RandomTerm", "Rebuilt",
    "RebuiltParts", "ResponseForm", "TermCoding",
    "as_labels", "assemble", "build_design", "build_glmm_design", "code_numbers", "collapse",
    "dense", "equal_rows", "in_order", "index_from_dict", "index_to_dict", "is_code", "is_nested",
    "label_text", "nesting", "open_table", "pieces", "places_of", "redesigned", "row_labels",
    "rows_of", "rows_of_design", "rows_used", "select_columns", "stack", "take_rows",
    "term_codings", "to_frame", "triangle",
]  # fmt: skip
