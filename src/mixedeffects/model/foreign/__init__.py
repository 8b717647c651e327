"""Names and options of other packages: what they are called here."""

from mixedeffects.model.foreign.options import refusing, understood

__all__ = ["refusing", "understood"]
