"""Cross-products: rows become sums, in one pass, mergeable and subtractable."""

from mixedeffects.crossprod.layout import Layout
from mixedeffects.crossprod.products import CrossProducts, Rows
from mixedeffects.crossprod.reference import Reference

__all__ = ["CrossProducts", "Layout", "Reference", "Rows"]
