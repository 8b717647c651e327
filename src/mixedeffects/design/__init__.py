"""Formula + table → arrays.  The only room that touches tables.

What a generalised model needs besides is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from mixedeffects.design.build import build_design
from mixedeffects.design.code_names import is_code
from mixedeffects.design.column_matrix import dense, pieces, rows_of, select_columns
from mixedeffects.design.integer_codes import code_numbers
from mixedeffects.design.labels import text_array
from mixedeffects.design.nesting import is_nested, nesting
from mixedeffects.design.rank import triangle
from mixedeffects.design.records import (
    MAIN,
    AliasedColumn,
    Block,
    Design,
    Factor,
    LinearPredictor,
    MissingReport,
    RandomTerm,
)  # fmt: skip
from mixedeffects.design.row_index import (
    as_labels,
    in_order,
    index_from_dict,
    index_to_dict,
    label_text,
    row_labels,
    rows_used,
)  # fmt: skip
from mixedeffects.design.sources import SourceColumns
from mixedeffects.design.spec import ModelSpec, Rebuilt
from mixedeffects.design.table import open_table, to_frame
from mixedeffects.design.term_coding import TermCoding, term_codings
from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.design.collapsing import collapse
    from mixedeffects.design.left_out import LeftOut, has_rows, require_rows, without_rows
    from mixedeffects.design.new_groups import group_codes
    from mixedeffects.design.rebuilding import rebuild_all
    from mixedeffects.design.redesign import redesigned
    from mixedeffects.design.response_form import ResponseForm
    from mixedeffects.design.row_keys import Collapsed, equal_rows
    from mixedeffects.design.some_rows import take_rows
    from mixedeffects.design.stacked import assemble, stack

__getattr__ = late(
    __name__,
    {
        "collapse": "collapsing",
        **dict.fromkeys(("LeftOut", "has_rows", "require_rows", "without_rows"), "left_out"),
        **dict.fromkeys(("Collapsed", "equal_rows"), "row_keys"),
        "ResponseForm": "response_form",
        "group_codes": "new_groups",
        "rebuild_all": "rebuilding",
        "redesigned": "redesign",
        "take_rows": "some_rows",
        **dict.fromkeys(("assemble", "stack"), "stacked"),
    },
)  # fmt: skip

__all__ = [
    "MAIN", "AliasedColumn", "Block", "Collapsed", "Design", "Factor", "LeftOut", "LinearPredictor",
    "MissingReport", "ModelSpec", "RandomTerm", "Rebuilt", "ResponseForm", "SourceColumns",
    "TermCoding", "as_labels", "assemble", "build_design", "code_numbers", "collapse", "dense",
    "equal_rows", "group_codes", "has_rows", "in_order", "index_from_dict", "index_to_dict",
    "is_code", "is_nested", "label_text", "nesting", "open_table", "pieces", "rebuild_all",
    "redesigned", "require_rows", "row_labels", "rows_of", "rows_used", "select_columns", "stack",
    "take_rows", "term_codings", "text_array", "to_frame", "triangle", "without_rows",
]  # fmt: skip
