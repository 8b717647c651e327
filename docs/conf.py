"""Sphinx: pydata theme, pages executed at build, API reference from numpydoc docstrings."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

# The pages multiply small dense matrices, for which BLAS threads are only slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The pages' kernel inherits this process's path only through the installed package; the reference
# is read from the sources, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "_extensions"))

project = "mixedeffects"
author = "the mixedeffects developers"
copyright = author
try:
    release = metadata.version("mixedeffects")
except metadata.PackageNotFoundError:
    release = "development"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "numpydoc",
    "myst_nb",
]
exclude_patterns = ["_build", "_extensions", "jupyter_execute", "**/.ipynb_checkpoints"]

# --- executed pages -----------------------------------------------------------------------------
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_render_markdown_format = "myst"
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath", "smartquotes"]
myst_heading_anchors = 3

# --- reference ----------------------------------------------------------------------------------
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def without_fit(app, what, name, obj, options, lines):
    """Methods of a fit are functions whose first parameter is the fit: readers need not see it."""
    if what == "method" and name.startswith(("mixedeffects.LMM.", "mixedeffects.GLMM.")):
        for at, line in enumerate(lines):
            if line.startswith("fit, "):
                lines[at] = line.removeprefix("fit, ")
                break
            if line.startswith("fit : "):
                end = at + 1
                while end < len(lines) and lines[end].startswith(" "):
                    end += 1
                del lines[at:end]
                break
        text = "\n".join(lines)
        lines[:] = text.replace("Parameters\n----------\n\n", "").split("\n")


def setup(app):
    """Before numpydoc, which reads the sections."""
    app.connect("autodoc-process-docstring", without_fit, priority=100)


# --- looks --------------------------------------------------------------------------------------
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "mixedeffects"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages that stand alone have no section to navigate.
html_sidebars = {name: [] for name in ("install", "getting_started", "faq", "glossary", "limits")}
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
templates_path = []
