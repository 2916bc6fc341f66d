"""How Sphinx builds the site. tools/site.py lays the pages beside this file, in build/docs/source."""

import os
import re
from datetime import timedelta

from docutils import nodes
from latex2mathml.converter import convert

import lossary

project = "lossary"
author = "The lossary maintainers"
copyright = "The lossary maintainers"
version = release = lossary.__version__
extensions = ["myst_nb", "sphinx_copybutton"]
templates_path: list[str] = []
exclude_patterns: list[str] = []

myst_enable_extensions = ["attrs_inline", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 4
myst_dmath_allow_digits = myst_dmath_allow_space = False
nb_execution_mode = os.environ.get("LOSSARY_NOTEBOOKS", "cache")
nb_execution_cache_path = os.environ.get("LOSSARY_NOTEBOOK_CACHE", "")
nb_execution_timeout = int(timedelta(minutes=5).total_seconds())
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/svg+xml", 5)]

highlight_language = "text"
pygments_style, pygments_dark_style = "github-light-high-contrast", "github-dark-high-contrast"
add_module_names = False
copybutton_prompt_text = ">>> "
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "furo"
html_title = f"lossary {version}"
html_static_path = ["_static"]
html_css_files = ["lossary.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2928d7", "color-brand-content": "#2928d7"},
    "dark_css_variables": {"color-brand-primary": "#899ef5", "color-brand-content": "#899ef5"},
}


def _inline(writer, node: nodes.math) -> None:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(writer, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def _by_keyboard(app, page: str, template: str, context: dict, doctree) -> None:
    """What may scroll can be focused; the captions of the navigation are headings, which have a level."""
    boxes = r'<(?=pre\b|div class="(?:math|table-wrapper)|div style="overflow-x)(\w+)'
    context["body"] = re.sub(boxes, r'<\1 tabindex="0"', context.get("body", ""))
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app) -> dict[str, bool]:
    """Formulas as MathML, which browsers show by themselves: no script, no font, no network."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("html-page-context", _by_keyboard, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
