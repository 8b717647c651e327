"""Contract tests that anyone can run on their own plug-ins; the package never imports them."""

from mixedeffects.testing.family import check_family
from mixedeffects.testing.refits import check_refits
from mixedeffects.testing.remainder import check_remainder
from mixedeffects.testing.structure import check_structure

__all__ = ["check_family", "check_refits", "check_remainder", "check_structure"]
