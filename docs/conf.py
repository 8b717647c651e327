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
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "numpydoc",
    "myst_nb",
]
exclude_patterns = ["_build", "jupyter_execute", "**/.ipynb_checkpoints"]

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

# --- looks --------------------------------------------------------------------------------------
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
html_sidebars = dict.fromkeys(("install", "getting_started", "faq", "glossary", "limits"), [])
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
templates_path = []
