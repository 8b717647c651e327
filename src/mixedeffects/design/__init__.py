"""Formula + table → arrays.  The only room that touches tables."""

from mixedeffects.design.build import build_design
from mixedeffects.design.codings import TermCoding, term_codings
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
from mixedeffects.design.spec import ModelSpec, Rebuilt
from mixedeffects.design.table import open_table, to_frame

__all__ = [
    "AliasedColumn", "Block", "Design", "Factor", "MissingReport", "ModelSpec", "Predictors",
    "RandomTerm", "Rebuilt", "TermCoding", "build_design", "is_nested", "nesting",
    "open_table", "term_codings", "to_frame", "triangle",
]  # fmt: skip
