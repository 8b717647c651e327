"""Formula + table → arrays.  The only room that touches tables."""

from mixedeffects.design.build import build_design
from mixedeffects.design.nesting import nesting
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
    "AliasedColumn", "Block", "Design", "Factor", "MissingReport", "ModelSpec", "RandomTerm",
    "Rebuilt", "build_design", "nesting", "open_table", "to_frame",
]  # fmt: skip
