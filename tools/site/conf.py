"""Sphinx's configuration of the manual; `build.py` prepares the folder of sources that it reads."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from source import TITLES  # noqa: E402

import yttria  # noqa: E402
import yttria.sources  # noqa: E402

project = "yttria"
author = "the yttria authors"
project_copyright = "the yttria authors, MIT or Apache-2.0"
version = release = yttria.__version__
language = "en"
# Two hyphens are an option, and never a dash.
smartquotes = False

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["**/GALLERY_HEADER.rst", "**/sg_execution_times.rst", "sg_execution_times.rst", "**/*.py"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

# Single backticks of docstrings are names and short expressions: a link if the name is known, code if not.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r"(?s).*"),
    # Types of numpy and of the standard library: no inventory is downloaded.
    ("py:class", r"(?!yttria\b).*"),
    ("py:class", r"yttria\.(_foundation|_core)\b.*"),
]

autosummary_generate = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]

html_theme = "furo"
html_title = f"yttria {release}"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
# A page opened from a file cannot read other files, so that search shows titles and no excerpts.
html_show_search_summary = False
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

sphinx_gallery_conf = {
    "examples_dirs": [str(HERE.parents[1] / "docs" / name) for name in TITLES],
    "gallery_dirs": list(TITLES),
    "filename_pattern": r"\.py$",
    "copyfile_regex": r"nothing",
    "within_subsection_order": "ordering.by_order",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 5,
    "remove_config_comments": True,
    "abort_on_example_error": False,
    "reset_modules": ("matplotlib", "figures.prepare"),
    "matplotlib_animations": False,
    "only_warn_on_example_error": True,
    "image_scrapers": ("figures.of_reports", "matplotlib"),
    "thumbnail_size": (400, 280),
}

# Sphinx shows what any library logs; highdicom logs each module that it copies.
logging.getLogger("highdicom").setLevel(logging.WARNING)
# Scripts are executed in the build, and a warning of theirs is a defect of the manual.
warnings.filterwarnings("error", module=r"yttria\b")


def skip_inherited_exceptions(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the methods that every exception inherits from Python."""
    return True if name in ("add_note", "with_traceback", "args") else None


def link_references(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Link the citation keys of a docstring's References to their rows in the table of sources."""
    keys = yttria.sources.sources()
    inside = False
    for n, line in enumerate(lines):
        if line.strip().startswith(".. rubric::"):
            inside = line.strip() == ".. rubric:: References"
        elif inside and (cited := re.findall(r"[\w.-]+", line)):
            inside = all(key in keys for key in cited)
            if inside:
                indent = line[: len(line) - len(line.lstrip())]
                lines[n] = indent + ", ".join(f":ref:`{key} <{key.replace('.', '-')}>`" for key in cited) + ","


def mark_options(app: Any, doctree: Any) -> None:
    """Mark code with an option, whose words are not broken at their hyphens unless they are too long (site.css)."""
    for literal in doctree.findall(lambda node: node.tagname == "literal"):
        words = literal.astext().split()
        longest = max(map(len, words), default=0)
        if longest <= 40 and any(re.match("--[a-z]", word) for word in words):
            literal["classes"].append("option" if longest <= 20 else "long-option")


def setup(app: Any) -> None:
    """Register the functions of this file."""
    app.connect("doctree-read", mark_options)
    app.connect("autodoc-skip-member", skip_inherited_exceptions)
    # After numpydoc, whose sections these are.
    app.connect("autodoc-process-docstring", link_references, priority=900)
