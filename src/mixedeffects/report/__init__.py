"""A fitted model as a document that stands alone: a page, Markdown, a Word file.

What it is made of is in `sections`; a writer per kind of file.
"""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.report.write import check_packages, check_path, report

__getattr__ = late(__name__, dict.fromkeys(("check_packages", "check_path", "report"), "write"))

__all__ = ["check_packages", "check_path", "report"]
