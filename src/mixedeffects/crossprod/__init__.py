"""Cross-products: rows become sums, in one pass, mergeable and subtractable."""

from mixedeffects.crossprod.layout import Layout
from mixedeffects.crossprod.products import CrossProducts
from mixedeffects.crossprod.reference import Reference
from mixedeffects.crossprod.together import Rows, leaf_pattern, rows_against

__all__ = ["CrossProducts", "Layout", "Reference", "Rows", "leaf_pattern", "rows_against"]
