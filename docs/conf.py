"""Sphinx' settings. `make docs` builds the site; see docs/_generate for the pages that come from the code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
# The sources are staged in build/, so the packages are found where `python -m docs._generate` was started.
sys.path.insert(0, str(Path.cwd()))

project = "winburn"
author = "the winburn authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_generate/**", "**/__pycache__/**"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the shapes are said in the text, and ArrayLike says less
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "winburn"
html_static_path = ["_static"]
html_css_files = ["winburn.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None  # no date: the same sources give the same site
html_theme_options = {"sidebar_hide_name": False, "top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _absolute_values(_app: object, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """|x| is an absolute value in our docstrings, and a substitution in reStructuredText."""
    lines[:] = [line.replace("|", "\\|") for line in lines]


def _reachable(_app: object, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """What axe-core finds serious: tables that scroll without the keyboard, headings of the tree without a level."""
    body = context.get("body", "")
    context["body"] = body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> None:
    """Pygments has no lexer for PromQL; without this the runbooks' queries would be warnings."""
    app.add_lexer("promql", TextLexer)
    app.connect("html-page-context", _reachable, priority=900)  # after the theme has made its tree
    app.connect("autodoc-process-docstring", _absolute_values)
