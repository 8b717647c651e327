"""Cross-products: rows become sums, in one pass, mergeable and subtractable."""

from typing import TYPE_CHECKING

from mixedeffects.crossprod.crossed import Rows, leaf_pattern, rows_against
from mixedeffects.crossprod.layout import Layout
from mixedeffects.crossprod.products import CrossProducts
from mixedeffects.crossprod.reference import Reference
from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.crossprod.stored import from_arrays, to_arrays

__getattr__ = late(__name__, dict.fromkeys(("from_arrays", "to_arrays"), "stored"))

__all__ = [
    "CrossProducts",
    "Layout",
    "Reference",
    "Rows",
    "from_arrays",
    "leaf_pattern",
    "rows_against",
    "to_arrays",
]
