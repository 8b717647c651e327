"""Contract tests that anyone can run on their own plug-ins; the package never imports them."""

from mixedeffects.testing.family import check_family

__all__ = ["check_family"]
